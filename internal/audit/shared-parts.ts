import type { JsonObject } from '../machinery/json.js';

// Most events say the same of how they were answered and why they were allowed. Such parts are the same objects for all
// of them, so that their JSON is made once.

/** Parts that are kept, of each kind; all are forgotten beyond so many. Reasons longer than so many characters are not kept. */
const MAX_PARTS = 1024;
const MAX_REASON = 1024;
const encoded = new WeakMap<object, Buffer>();

/** The JSON of a part that many events share; undefined for other parts. */
export const sharedBytes = (part: object): Buffer | undefined => encoded.get(part);

/** The part of this name, made when it is asked for first. */
function kept<K, V extends object>(parts: Map<K, V>, key: K, make: () => V, text: (part: V) => string): V {
  let part = parts.get(key);
  if (part === undefined) {
    part = make();
    encoded.set(part, Buffer.from(text(part)));
    if (parts.size >= MAX_PARTS) parts.clear();
    parts.set(key, part);
  }
  return part;
}

const statuses = new Map<number, JsonObject>();

/** What events say of an answer that is no Status. */
export function plainStatus(code: number): JsonObject {
  return kept(statuses, code, () => ({ metadata: {}, code }), JSON.stringify);
}

const allowed = new Map<string, ReadonlyMap<string, string>>();
const forbidden = new Map<string, ReadonlyMap<string, string>>();

/** The annotations of requests of which only the authorizers have something to say. */
export function authorizationNotes(isAllowed: boolean, reason: string): ReadonlyMap<string, string> {
  const notes = (): ReadonlyMap<string, string> => annotated(new Map(), isAllowed, reason);
  if (reason.length > MAX_REASON) return notes();
  return kept(isAllowed ? allowed : forbidden, reason, notes, annotationsJson);
}

/** Adds what the authorizers said. */
export function annotated(notes: Map<string, string>, isAllowed: boolean, reason: string): Map<string, string> {
  notes.set('authorization.k8s.io/decision', isAllowed ? 'allow' : 'forbid');
  return notes.set('authorization.k8s.io/reason', reason);
}

/** Annotations as JSON: Go writes the keys of a map in byte order. */
export function annotationsJson(annotations: ReadonlyMap<string, string>): string {
  const keys = [...annotations.keys()].sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${JSON.stringify(annotations.get(key))}`).join(',')}}`;
}
