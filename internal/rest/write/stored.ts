import { type JsonObject, isObject } from '../../machinery/json.js';
import { assert } from '../../machinery/assert.js';
import { encodeForStorage, parseJson, type StoredForm } from '../../schema/codec/index.js';
import { objectKey } from '../../store/keys.js';
import type { KeyValue } from '../../store/types.js';
import type { Kind, Writing } from './target.js';

/** The key of the object that is being written. */
export function keyOf(kind: Kind, ctx: Writing): string {
  const { group, resource } = kind.def.storage;
  return objectKey(group, resource, ctx.namespace, ctx.name);
}

/** A stored object as one that may be changed. */
export function parseStored(kv: KeyValue): JsonObject {
  const object = parseJson(kv.value);
  assert(isObject(object), 'what is stored is an object');
  return object;
}

/** The bytes that are stored and answered once the revision is known. */
export function withRevision(form: StoredForm, revision: number | string): Buffer {
  const { value, revisionAt } = form;
  const digits = String(revision);
  const out = Buffer.allocUnsafe(value.length + digits.length);
  value.copy(out, 0, 0, revisionAt);
  out.write(digits, revisionAt, 'latin1');
  value.copy(out, revisionAt + digits.length, revisionAt);
  return out;
}

/** The same without any resourceVersion member: the answer to a dry run of a create. */
export function withoutRevision(obj: JsonObject): Buffer {
  const { value, revisionAt } = encodeForStorage(obj);
  // `"resourceVersion":""` and the comma that separates it from its neighbour.
  const member = '"resourceVersion":"'.length;
  let from = revisionAt - member;
  let to = revisionAt + 1;
  if (value[to] === 0x2c) to++;
  else if (value[from - 1] === 0x2c) from--;
  return Buffer.concat([value.subarray(0, from), value.subarray(to)]);
}
