import { Breath } from '../../machinery/breathe.js';
import { cloneJson, deepEqual } from '../../machinery/equal.js';
import { type JsonObject, type JsonValue, isObject } from '../../machinery/json.js';
import { badRequest, requestEntityTooLarge } from '../../machinery/status.js';
import { MAX_VALUES } from '../codec/body-shape.js';
import { writeNulls } from '../nulls.js';
import { PatchError, patchRejected } from './errors.js';

/** Operations of one JSON patch; more are refused with 413. */
export const MAX_JSON_PATCH_OPERATIONS = 10_000;
/** Characters of one path: no document is so deep, no name so long. */
const MAX_POINTER = 65_536;
/** Bytes that all `copy` operations of one patch may add together, as JSON text. */
export const MAX_COPIED_BYTES = 3 * 1024 * 1024;

type Container = JsonObject | JsonValue[];

function isContainer(v: JsonValue | undefined): v is Container {
  return typeof v === 'object' && v !== null;
}

/**
 * The reference tokens of a JSON pointer (RFC 6901), as evanphx/json-patch v4 reads it: what stands before the first
 * slash counts for nothing.
 */
function tokens(pointer: unknown): string[] {
  if (typeof pointer !== 'string' || pointer.length > MAX_POINTER || !pointer.includes('/')) throw new MissingPath();
  return pointer
    .slice(pointer.indexOf('/') + 1)
    .split('/')
    .map((t) => t.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** A place in a list. Negative counts from its end; `length` is where an insertion may go at most. */
function position(token: string, length: number): number {
  if (!/^[+-]?\d+$/.test(token)) throw patchRejected(`strconv.Atoi: parsing ${JSON.stringify(token)}: invalid syntax`);
  const n = Number(token);
  const at = n < 0 ? n + length : n;
  if (at < 0 || at >= length) {
    throw patchRejected(`Unable to access invalid index: ${n}: invalid index referenced`);
  }
  return at;
}

function get(parent: Container, token: string): JsonValue | undefined {
  if (Array.isArray(parent)) return parent[position(token, parent.length)];
  // Not what every object has from its prototype: writing there would change them all.
  return Object.hasOwn(parent, token) ? parent[token] : undefined;
}

/** The place to which an operation points has no container. */
class MissingPath extends PatchError {
  constructor() {
    super('missing value');
  }
}

/** On the way to a place: an index that there is not leads nowhere. */
function peek(parent: Container, token: string): JsonValue | undefined {
  if (!Array.isArray(parent)) return get(parent, token);
  const n = /^[+-]?\d+$/.test(token) ? Number(token) : Number.NaN;
  return parent[n < 0 ? n + parent.length : n];
}

/** The container that holds the last token, and that token. */
function locate(doc: JsonObject, pointer: unknown): readonly [Container, string] {
  const path = tokens(pointer);
  let at: Container = doc;
  for (const token of path.slice(0, -1)) {
    const next: JsonValue | undefined = peek(at, token);
    if (!isContainer(next)) throw new MissingPath();
    at = next;
  }
  return [at, path.at(-1) ?? ''];
}

function add(doc: JsonObject, pointer: unknown, value: JsonValue): void {
  const [parent, token] = locate(doc, pointer);
  if (!Array.isArray(parent)) parent[token] = value;
  else if (token === '-') parent.push(value);
  else parent.splice(position(token, parent.length + 1), 0, value);
}

function remove(doc: JsonObject, pointer: unknown): JsonValue {
  const [parent, token] = locate(doc, pointer);
  const value = get(parent, token);
  if (value === undefined) throw patchRejected(`Unable to remove nonexistent key: ${token}: missing value`);
  if (Array.isArray(parent)) parent.splice(position(token, parent.length), 1);
  else delete parent[token];
  return value;
}

/** A member of an object need not be there to be replaced; an item of a list must. The empty path is the whole document. */
function replace(doc: JsonObject, pointer: unknown, value: JsonValue): JsonObject {
  if (pointer === '') {
    if (!isObject(value)) throw patchRejected('replace operation value must be object or array: %!w(<nil>)');
    return value;
  }
  const [parent, token] = locate(doc, pointer);
  if (Array.isArray(parent)) parent[position(token, parent.length)] = value;
  else parent[token] = value;
  return doc;
}

function test(doc: JsonObject, pointer: unknown, value: JsonValue): void {
  if (pointer === '') {
    if (!deepEqual(doc, value)) throw patchRejected('testing value  failed: test failed');
    return;
  }
  const [parent, token] = locate(doc, pointer);
  // An absent member equals null.
  if (!deepEqual(get(parent, token) ?? null, value)) {
    throw patchRejected(`testing value ${textOf(pointer)} failed: test failed`);
  }
}

const textOf = (pointer: unknown): string => (typeof pointer === 'string' ? pointer : '');

/** The error of one operation in the words of evanphx/json-patch v4, which differ a little from each other. */
function explained(error: PatchError, kind: string, op: JsonObject): PatchError {
  const [path, from] = [textOf(op['path']), textOf(op['from'])];
  const { why } = error;
  if (error instanceof MissingPath) {
    switch (kind) {
      case 'add':
      case 'remove':
        return patchRejected(`${kind} operation does not apply: doc is missing path: "${path}": ${why}`);
      case 'replace':
        return patchRejected(`replace operation does not apply: doc is missing path: ${path}: ${why}`);
      case 'test':
        return patchRejected(`test operation does not apply: is missing path: ${path}: ${why}`);
      default:
        return patchRejected(`${kind} operation does not apply: doc is missing from path: ${from}: ${why}`);
    }
  }
  if (why.startsWith('testing ') || why.startsWith('replace ') || why.startsWith('Unexpected ')) return error;
  switch (kind) {
    case 'replace':
      return patchRejected(`replace operation does not apply: doc is missing key: ${path}: missing value`);
    case 'move':
      return patchRejected(`error in move for path: '${from.split('/').at(-1)}': ${why}`);
    case 'copy':
      return patchRejected(`error in copy for from: '${from}': ${why}`);
    default:
      return patchRejected(`error in ${kind} for path: '${path}': ${why}`);
  }
}

function sizeOf(value: JsonValue): number {
  return Buffer.byteLength(JSON.stringify(value, (_k, v: unknown) => (typeof v === 'bigint' ? Number(v) : v)));
}

/** Members and items of a value, nested ones included; counting ends above `limit`. */
function valuesIn(value: JsonValue, limit: number): number {
  if (!isContainer(value)) return 1;
  let count = 1;
  for (const inner of Array.isArray(value) ? value : Object.values(value)) {
    count += valuesIn(inner ?? null, limit - count);
    if (count > limit) break;
  }
  return count;
}

/** About how many items an operation at this place moves, in thousands. */
function weight(doc: JsonObject, pointer: unknown): number {
  if (pointer === '') return 0;
  const [parent] = locate(doc, pointer);
  return Array.isArray(parent) ? parent.length >> 10 : 0;
}

/** Applies one operation; the document is changed in place, or another is answered. */
function apply(doc: JsonObject, kind: string, op: JsonObject, counted: { copied: number; values: number }): JsonObject {
  const value = op['value'] ?? null;
  switch (kind) {
    case 'add':
      add(doc, op['path'], cloneJson(value));
      return doc;
    case 'remove':
      remove(doc, op['path']);
      return doc;
    case 'replace':
      return replace(doc, op['path'], cloneJson(value));
    case 'move':
      add(doc, op['path'], remove(doc, op['from']));
      return doc;
    case 'copy': {
      const [parent, token] = locate(doc, op['from']);
      // What an object has not is copied as null.
      const source = get(parent, token) ?? null;
      counted.values += valuesIn(source, MAX_VALUES - counted.values);
      if (counted.values > MAX_VALUES) throw requestEntityTooLarge(`limit is ${MAX_VALUES} values`);
      if (source !== null) counted.copied += sizeOf(source);
      if (counted.copied > MAX_COPIED_BYTES) {
        throw patchRejected(`Unable to copy, the accumulated size increase of copy operations is ${counted.copied}`);
      }
      add(doc, op['path'], cloneJson(source));
      return doc;
    }
    case 'test':
      test(doc, op['path'], value);
      return doc;
    default:
      throw patchRejected(`Unexpected kind: ${kind}`);
  }
}

/**
 * Applies a JSON patch (RFC 6902, with the liberties of evanphx/json-patch v4) to a copy of `doc`, which has the nulls that
 * Go writes for an object of the named type: operations may test and remove them. Lists may be long and
 * operations many: others get their turn in between. Throws StatusError: 400 when the patch is no list of operations,
 * 413 above MAX_JSON_PATCH_OPERATIONS, 422 when an operation does not apply or a test fails.
 */
export async function jsonPatch(doc: JsonObject, patch: JsonValue, typeName = ''): Promise<JsonObject> {
  if (!Array.isArray(patch) || !patch.every(isObject)) {
    const what = Array.isArray(patch) ? 'value' : patch === null ? 'null' : typeof patch;
    throw badRequest(`json: cannot unmarshal ${what} into Go value of type jsonpatch.Patch`);
  }
  if (patch.length > MAX_JSON_PATCH_OPERATIONS) {
    throw requestEntityTooLarge(
      `The allowed maximum operations in a JSON patch is ${MAX_JSON_PATCH_OPERATIONS}, got ${patch.length}`,
    );
  }
  let out = cloneJson(doc);
  writeNulls(typeName, out);
  const breath = new Breath();
  const counted = { copied: 0, values: 0 };
  for (const op of patch) {
    const kind = typeof op['op'] === 'string' ? op['op'] : '';
    try {
      if (breath.isDue(1 + weight(out, op['path']))) await breath.rest();
      out = apply(out, kind, op, counted);
    } catch (error) {
      throw error instanceof PatchError ? explained(error, kind, op) : error;
    }
  }
  return out;
}
