import type { JsonObject } from '../../machinery/json.js';
import { StatusError } from '../../machinery/status.js';
import { assert } from '../../machinery/assert.js';
import {
  checkShape,
  encodeForStorage,
  encodeProtobuf,
  parseStored,
  type StoredForm,
} from '../../schema/codec/index.js';
import { dropNulls, writeNulls } from '../../schema/nulls.js';
import { objectKey } from '../../store/keys.js';
import type { KeyValue } from '../../store/types.js';
import type { Kind, Writing } from './target.js';

/** The key of the object that is being written. */
export function keyOf(kind: Kind, ctx: Writing): string {
  const { group, resource } = kind.def.storage;
  return objectKey(group, resource, ctx.namespace, ctx.name);
}

/** A stored object as one that may be changed, without the nulls of its type (see schema/nulls). */
export function changeable(kv: KeyValue, storedType: string): JsonObject {
  const object = parseStored(kv.value);
  dropNulls(storedType, object);
  return object;
}

/**
 * A stored object as writes see it: where versions are converted in the request's (a webhook may have to be asked), else
 * in the one in which it is stored today.
 */
export function loadStored(kind: Kind, kv: KeyValue): JsonObject | Promise<JsonObject> {
  const object = changeable(kv, kind.storedType);
  const { converter, outdated } = kind.strategy;
  if (converter === undefined) {
    if (outdated !== undefined && kv.modRevision <= outdated.until) outdated.renew(object);
    return object;
  }
  return converter.served([object]).then(([served]) => {
    assert(served !== undefined, 'a conversion answers each object');
    return served;
  });
}

/** What is stored of an object of the request's version, which is not changed by a conversion. See `encodeStored` for the bound. */
export function formOf(kind: Kind, obj: JsonObject, key?: string): StoredForm | Promise<StoredForm> {
  const { converter } = kind.strategy;
  if (converter === undefined) return boundedForm(obj, kind.storedType, key);
  return converter.stored(obj).then((stored) => boundedForm(stored, kind.storedType, key));
}

/** The longest request that etcd takes (its --max-request-bytes), in bytes: the object, its key, and what is around them. */
const MAX_REQUEST_BYTES = 1.5 * 1024 * 1024;
/** The key stands in the request three times (compare, put, get); the rest is the frame of the transaction. */
const requestBytes = (object: number, key: string): number => object + 3 * Buffer.byteLength(key) + 64;

/**
 * What is stored of an object; it gets the nulls of its type. Throws 500 `etcdserver: request is too large`, as
 * kube-apiserver does, for one that its etcd would refuse: built-in kinds are counted as protobuf, in which they would be
 * stored there, custom ones as JSON. 413 for more
 * members than a body may have. Without a key (what is marked for deletion) nothing is refused.
 */
export function encodeStored(obj: JsonObject, storedType: string, key?: string): StoredForm {
  writeNulls(storedType, obj);
  return boundedForm(obj, storedType, key);
}

/** The form of an object that has its nulls. */
function boundedForm(obj: JsonObject, storedType: string, key: string | undefined): StoredForm {
  const form = encodeForStorage(obj);
  if (key === undefined) return form;
  // Patches may have made of it what no single body could bring.
  checkShape(form.value, storedType !== '');
  if (requestBytes(form.value.length, key) > MAX_REQUEST_BYTES && isTooLarge(form, obj, storedType, key)) {
    throw new StatusError(500, '', 'etcdserver: request is too large');
  }
  return form;
}

function isTooLarge({ value }: StoredForm, obj: JsonObject, storedType: string, key: string): boolean {
  // Protobuf spares names and quotes; it has never less than half of the bytes in what anybody stores.
  if (storedType === '' || value.length > 2 * MAX_REQUEST_BYTES) return true;
  return requestBytes(encodeProtobuf(obj, storedType).length, key) > MAX_REQUEST_BYTES;
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
export function withoutRevision({ value, revisionAt }: StoredForm): Buffer {
  // `"resourceVersion":""` and the comma that separates it from its neighbour.
  const member = '"resourceVersion":"'.length;
  let from = revisionAt - member;
  let to = revisionAt + 1;
  if (value[to] === 0x2c) to++;
  else if (value[from - 1] === 0x2c) from--;
  return Buffer.concat([value.subarray(0, from), value.subarray(to)]);
}
