import { Breath } from '../../machinery/breathe.js';
import { cloneJson, deepEqual } from '../../machinery/equal.js';
import { type JsonObject, type JsonValue, isObject } from '../../machinery/json.js';
import { badRequest, requestEntityTooLarge } from '../../machinery/status.js';
import { patchRejected } from './errors.js';

/** Operations of one JSON patch; more are refused with 413. */
export const MAX_JSON_PATCH_OPERATIONS = 10_000;
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
  if (typeof pointer !== 'string' || !pointer.includes('/')) throw patchRejected();
  return pointer
    .slice(pointer.indexOf('/') + 1)
    .split('/')
    .map((t) => t.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** A place in a list. Negative counts from its end; `length` is where an insertion may go at most. */
function position(token: string, length: number): number {
  if (!/^[+-]?\d+$/.test(token)) throw patchRejected();
  const n = Number(token);
  const at = n < 0 ? n + length : n;
  if (at < 0 || at >= length) throw patchRejected();
  return at;
}

function get(parent: Container, token: string): JsonValue | undefined {
  if (Array.isArray(parent)) return parent[position(token, parent.length)];
  // Not what every object has from its prototype: writing there would change them all.
  return Object.hasOwn(parent, token) ? parent[token] : undefined;
}

/** The container that holds the last token, and that token. */
function locate(doc: JsonObject, pointer: unknown): readonly [Container, string] {
  const path = tokens(pointer);
  let at: Container = doc;
  for (const token of path.slice(0, -1)) {
    const next: JsonValue | undefined = get(at, token);
    if (!isContainer(next)) throw patchRejected();
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
  if (value === undefined) throw patchRejected();
  if (Array.isArray(parent)) parent.splice(position(token, parent.length), 1);
  else delete parent[token];
  return value;
}

/** A member of an object need not be there to be replaced; an item of a list must. The empty path is the whole document. */
function replace(doc: JsonObject, pointer: unknown, value: JsonValue): JsonObject {
  if (pointer === '') {
    if (!isObject(value)) throw patchRejected();
    return value;
  }
  const [parent, token] = locate(doc, pointer);
  if (Array.isArray(parent)) parent[position(token, parent.length)] = value;
  else parent[token] = value;
  return doc;
}

function test(doc: JsonObject, pointer: unknown, value: JsonValue): void {
  if (pointer === '') {
    if (!deepEqual(doc, value)) throw patchRejected();
    return;
  }
  const [parent, token] = locate(doc, pointer);
  // An absent member equals null.
  if (!deepEqual(get(parent, token) ?? null, value)) throw patchRejected();
}

function sizeOf(value: JsonValue): number {
  return Buffer.byteLength(JSON.stringify(value, (_k, v: unknown) => (typeof v === 'bigint' ? Number(v) : v)));
}

/** About how many items an operation at this place moves, in thousands. */
function weight(doc: JsonObject, pointer: unknown): number {
  if (pointer === '') return 0;
  const [parent] = locate(doc, pointer);
  return Array.isArray(parent) ? parent.length >> 10 : 0;
}

/**
 * Applies a JSON patch (RFC 6902, with the liberties of evanphx/json-patch v4) to a copy of `doc`. Lists may be long and
 * operations many: others get their turn in between. Throws StatusError: 400 when the patch is no list of operations,
 * 413 above MAX_JSON_PATCH_OPERATIONS, 422 when an operation does not apply or a test fails.
 */
export async function jsonPatch(doc: JsonObject, patch: JsonValue): Promise<JsonObject> {
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
  const breath = new Breath();
  let copied = 0;
  for (const op of patch) {
    if (breath.isDue(1 + weight(out, op['path']))) await breath.rest();
    const value = op['value'] ?? null;
    const kind = op['op'];
    switch (typeof kind === 'string' ? kind : '') {
      case 'add':
        add(out, op['path'], cloneJson(value));
        break;
      case 'remove':
        remove(out, op['path']);
        break;
      case 'replace':
        out = replace(out, op['path'], cloneJson(value));
        break;
      case 'move':
        add(out, op['path'], remove(out, op['from']));
        break;
      case 'copy': {
        const [parent, token] = locate(out, op['from']);
        // What an object has not is copied as null.
        const source = get(parent, token) ?? null;
        if (source !== null) copied += sizeOf(source);
        if (copied > MAX_COPIED_BYTES) throw patchRejected();
        add(out, op['path'], cloneJson(source));
        break;
      }
      case 'test':
        test(out, op['path'], value);
        break;
      default:
        throw patchRejected();
    }
  }
  return out;
}
