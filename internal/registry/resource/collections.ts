import type { JsonValue } from '../../machinery/json.js';
import type { FieldNode } from '../generic/field-node.js';

/** Calls `check` for each of at most `max` items; a list that is longer is one field error and looked at no further. */
export function checkItems(owner: FieldNode, key: string, max: number, check: (item: FieldNode) => void): boolean {
  const items = owner.list(key);
  if (max >= 0 && items.length > max) {
    owner.tooMany(key, items.length, max);
    return false;
  }
  items.forEach(check);
  return true;
}

/** As `checkItems`, and no two items have the same key. `shown`: the key as a field error prints it, when that is no text. */
export function checkSet(
  owner: FieldNode,
  key: string,
  max: number,
  check: (item: FieldNode) => void,
  keyOf: (item: FieldNode) => string,
  shown: (item: FieldNode) => JsonValue = keyOf,
): void {
  if (!checkItems(owner, key, max, check)) return;
  const items = owner.list(key);
  checkUnique(owner, key, items.map(keyOf), (i) => shown(items[i] ?? owner));
}

/** As `checkSet` for texts; `check` is told where the text is. */
export function checkTextSet(
  owner: FieldNode,
  key: string,
  max: number,
  check: (at: string, value: string) => void,
): void {
  const values = owner.texts(key);
  if (max >= 0 && values.length > max) {
    owner.tooMany(key, values.length, max);
    return;
  }
  for (const [i, value] of values.entries()) check(`${key}[${i}]`, value);
  checkUnique(owner, key, values);
}

function checkUnique(
  owner: FieldNode,
  key: string,
  values: readonly string[],
  shown: (i: number) => JsonValue = (i) => values[i] ?? null,
): void {
  const seen = new Set<string>();
  for (const [i, value] of values.entries()) {
    if (seen.has(value)) owner.duplicate(`${key}[${i}]`, shown(i));
    seen.add(value);
  }
}
