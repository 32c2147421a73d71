import { cloneJson } from './equal.js';
import type { JsonObject, JsonValue } from './json.js';

/**
 * Lists and maps that somebody wrote down empty. What is stored does not know them: an absent one is the same. But Go
 * keeps an empty one apart from none in memory, and field errors of whole objects show which of the two it was.
 */
const emptied = new WeakMap<JsonObject, Readonly<JsonObject>>();

/** Remembers that these members of `o` were an empty list or map each, and have been left out. */
export function rememberEmptied(o: JsonObject, members: Readonly<JsonObject>): void {
  emptied.set(o, members);
}

/** The empty list or map that the member was written down as; undefined when it was not, or has been set since. */
export const emptiedAt = (o: JsonObject, name: string): JsonValue | undefined =>
  o[name] === undefined ? emptied.get(o)?.[name] : undefined;

/** A copy of one level that remembers the same. */
export function copyOf(o: JsonObject): JsonObject {
  const copy = { ...o };
  const members = emptied.get(o);
  if (members !== undefined) emptied.set(copy, members);
  return copy;
}

function carry(from: JsonValue | undefined, to: JsonValue | undefined): void {
  if (typeof from !== 'object' || typeof to !== 'object' || from === null || to === null) return;
  if (Array.isArray(from) || Array.isArray(to)) {
    if (Array.isArray(from) && Array.isArray(to)) for (let i = 0; i < from.length; i++) carry(from[i], to[i]);
    return;
  }
  const members = emptied.get(from);
  if (members !== undefined) emptied.set(to, members);
  for (const name in from) carry(from[name], to[name]);
}

/** A deep copy that remembers the same. */
export function cloneDecoded(o: JsonObject): JsonObject {
  const copy = cloneJson(o);
  carry(o, copy);
  return copy;
}
