import { cloneJson } from '../../machinery/equal.js';
import { type JsonObject, type JsonValue, isObject } from '../../machinery/json.js';
import { badRequest, StatusError } from '../../machinery/status.js';
import { findType } from '../index.js';
import type { FieldDef, TypeDef, TypeRef } from '../types.js';
import { patchFailed, patchRejected } from './errors.js';
import { goText, orderMerged, Positions } from './order.js';

// The directives of a strategic merge patch (apimachinery's util/strategicpatch).
const PATCH = '$patch';
const RETAIN_KEYS = '$retainKeys';
const DELETE_FROM_LIST = '$deleteFromPrimitiveList';
const SET_ORDER = '$setElementOrder';

const badFormat = (what: string): StatusError => badRequest(`invalid patch format of ${what}`);
const noMergeKey = (m: JsonObject, key: string): StatusError =>
  patchFailed(`map: ${goText(m)} does not contain declared merge key: ${key}`);

/** How values below one place are merged: a struct knows its fields, a map's values are all alike. */
type Schema = { readonly struct: TypeDef } | { readonly map: TypeRef } | { readonly opaque: string };

interface FieldSchema {
  readonly schema: Schema;
  readonly strategies: readonly string[];
  readonly mergeKey: string;
}

function schemaOf(ref: TypeRef): Schema {
  switch (ref.k) {
    case 'message': {
      const type = findType(ref.type);
      return type === undefined ? { opaque: ref.type } : { struct: type };
    }
    case 'map':
      return { map: ref.of };
    case 'list':
      return schemaOf(ref.of);
    case 'scalar':
      return { opaque: ref.scalar };
  }
}

/** Values without a schema are structs in Go, in which no member is found. */
const OPAQUE_STRUCTS: Readonly<Record<string, string>> = {
  rawExtension: 'RawExtension',
  json: 'JSON',
  fieldsV1: 'FieldsV1',
};

const noField = (struct: string, key: string): StatusError =>
  patchFailed(`unable to find api field in struct ${struct} for the json field ${JSON.stringify(key)}`);

function fieldSchema(schema: Schema, key: string): FieldSchema {
  if ('struct' in schema) {
    const field: FieldDef | undefined = schema.struct.fields.get(key);
    if (field === undefined) throw noField(goName(schema.struct), key);
    return {
      schema: schemaOf(field.ref),
      strategies: field.patchStrategy?.split(',') ?? [],
      mergeKey: field.patchMergeKey ?? '',
    };
  }
  if ('map' in schema) return { schema: schemaOf(schema.map), strategies: [], mergeKey: '' };
  const struct = OPAQUE_STRUCTS[schema.opaque];
  if (struct !== undefined) throw noField(struct, key);
  return { schema, strategies: [], mergeKey: '' };
}

/** `PodSpec` of `io.k8s.api.core.v1.PodSpec`. */
function goName(type: TypeDef): string {
  return type.name.slice(type.name.lastIndexOf('.') + 1);
}

/** `list` of `$setElementOrder/list`. */
function listKey(key: string, prefix: string, what: string): string {
  if (!key.startsWith(`${prefix}/`)) throw badFormat(what);
  return key.slice(prefix.length + 1);
}

/**
 * A value that the document did not have: maps with `$patch` do not become part of it (undefined), nor do nulls in maps.
 * Other directives in it are members like any others, and unknown to every type.
 */
function fresh(v: JsonValue): JsonValue | undefined {
  if (Array.isArray(v)) {
    const out: JsonValue[] = [];
    for (const x of v) {
      const kept = fresh(x);
      if (kept !== undefined) out.push(kept);
    }
    return out;
  }
  if (!isObject(v)) return v;
  if (v[PATCH] !== undefined) return undefined;
  const out: JsonObject = {};
  for (const k in v) {
    const x = v[k];
    const kept = x === undefined || x === null ? undefined : fresh(x);
    if (kept !== undefined) out[k] = kept;
  }
  return out;
}

function setFresh(original: JsonObject, key: string, v: JsonValue): void {
  const kept = fresh(v);
  if (kept === undefined) delete original[key];
  else original[key] = kept;
}

function retainKeys(original: JsonObject, patch: JsonObject): void {
  const keys = patch[RETAIN_KEYS];
  if (keys === undefined) return;
  if (!Array.isArray(keys)) throw badFormat('retainKeys');
  const retained = new Set(keys);
  for (const k in patch) {
    if (k === RETAIN_KEYS || patch[k] === null || patch[k] === undefined) continue;
    if (k.startsWith(DELETE_FROM_LIST) || k.startsWith(SET_ORDER)) continue;
    if (!retained.has(k)) throw badFormat('retainKeys');
  }
  for (const k of Object.keys(original)) if (!retained.has(k)) delete original[k];
}

/** Every item that the patch has must be in its order list, and in the order of it. */
function checkOrder(patchList: readonly JsonValue[], order: readonly JsonValue[], mergeKey: string): void {
  const positions = new Positions(order, mergeKey);
  let last = -1;
  for (const item of patchList) {
    if (isObject(item) && item[PATCH] !== undefined) continue;
    if (mergeKey !== '' && isObject(item) && item[mergeKey] === undefined) throw noMergeKey(item, mergeKey);
    const at = positions.of(item);
    if (at < 0 || at < last) {
      throw patchFailed(
        `The order in patch list:\n${goText([...patchList])}\n doesn't match $setElementOrder list:\n${goText([...order])}\n`,
      );
    }
    last = at;
  }
}

/** Merges every list that has an order directive; answers the keys of `patch` that are done with. */
function mergeOrdered(original: JsonObject, patch: JsonObject, schema: Schema): Set<string> {
  const done = new Set<string>([RETAIN_KEYS]);
  for (const directive of Object.keys(patch)) {
    if (!directive.startsWith(SET_ORDER)) continue;
    done.add(directive);
    const order = patch[directive];
    if (!Array.isArray(order)) throw badFormat('setElementOrder list');
    const key = listKey(directive, SET_ORDER, 'setElementOrder list');
    const live = original[key];
    const change = patch[key];
    const field = fieldSchema(schema, key);
    const liveList = Array.isArray(live) ? live : undefined;
    const changeList = Array.isArray(change) ? change : undefined;
    if (changeList !== undefined) checkOrder(changeList, order, field.mergeKey);
    let merged: JsonValue[];
    if (changeList === undefined) {
      if (liveList === undefined) continue;
      merged = liveList;
    } else if (liveList === undefined) merged = asList(fresh(changeList) ?? []);
    else merged = mergeField(liveList, changeList, field, false);
    original[key] = orderMerged(merged, order, liveList ?? [], field.mergeKey);
    done.add(key);
  }
  return done;
}

const asList = (v: JsonValue): JsonValue[] => (Array.isArray(v) ? v : []);

function mergeField(live: JsonValue[], change: JsonValue[], field: FieldSchema, deletion: boolean): JsonValue[] {
  return deletion || field.strategies.includes('merge') ? mergeList(live, change, field, deletion) : cloneJson(change);
}

function mergeList(live: JsonValue[], change: JsonValue[], field: FieldSchema, deletion: boolean): JsonValue[] {
  if (live.length === 0 && change.length === 0) return live;
  const all = [...live, ...change];
  if (all.some(Array.isArray)) throw patchRejected();
  const maps = all.filter(isObject).length;
  if (maps === 0) {
    const changed = new Set(change);
    if (deletion) return live.filter((x) => !changed.has(x));
    return orderMerged([...new Set(all)], change, live, '');
  }
  if (maps !== all.length) throw patchFailed('list element types are not identical');
  const { mergeKey } = field;
  if (mergeKey === '') {
    const name = 'struct' in field.schema ? goName(field.schema.struct) : '';
    throw patchFailed(`cannot merge lists without merge key for ${name}`);
  }
  const gone = new Set<JsonValue>();
  const rest: JsonObject[] = [];
  let replace = false;
  for (const item of change.filter(isObject)) {
    const directive = item[PATCH];
    if (directive === undefined) rest.push(item);
    else if (directive === 'replace') replace = true;
    else if (directive === 'delete') {
      const value = item[mergeKey];
      if (value === undefined) throw noMergeKey(item, mergeKey);
      gone.add(value);
    } else if (directive === 'merge') throw patchFailed('merging lists cannot yet be specified in the patch');
    else throw patchFailed(`unknown patch type: ${goText(directive)} in map: ${goText(item)}`);
  }
  if (replace) return rest.map((item) => cloneJson(item));
  const base = live.filter(isObject).filter((x) => gone.size === 0 || !gone.has(x[mergeKey] ?? null));
  const merged: JsonObject[] = [...base];
  const positions = new Positions(merged, mergeKey);
  for (const item of rest) {
    if (item[mergeKey] === undefined) throw noMergeKey(item, mergeKey);
    const at = positions.of(item);
    const found = merged[at];
    if (found === undefined) {
      const added = cloneJson(item);
      positions.add(added, merged.length);
      merged.push(added);
    } else merged[at] = mergeMap(found, item, field.schema);
  }
  return orderMerged(merged, rest, base, mergeKey);
}

/** Merges into `original` itself: the caller has made it its own. Nothing of `patch`, which may be applied again, is shared. */
function mergeMap(original: JsonObject, patch: JsonObject, schema: Schema): JsonObject {
  const directive = patch[PATCH];
  if (directive === 'replace') {
    const replacement = cloneJson(patch);
    delete replacement[PATCH];
    return replacement;
  }
  if (directive === 'delete') return {};
  if (directive !== undefined) throw patchFailed(`unknown patch type: ${goText(directive)} in map: ${goText(patch)}`);
  retainKeys(original, patch);
  const done = mergeOrdered(original, patch, schema);
  for (const name of Object.keys(patch)) {
    if (done.has(name)) continue;
    const deletion = name.startsWith(DELETE_FROM_LIST);
    const key = deletion ? listKey(name, DELETE_FROM_LIST, 'primitive list') : name;
    const change = patch[name];
    if (change === undefined) continue;
    if (change === null) {
      delete original[key];
      continue;
    }
    const live = original[key];
    if (isObject(live) && isObject(change)) {
      const field = fieldSchema(schema, key);
      original[key] = field.strategies.includes('replace') ? cloneJson(change) : mergeMap(live, change, field.schema);
    } else if (Array.isArray(live) && Array.isArray(change)) {
      original[key] = mergeField(live, change, fieldSchema(schema, key), deletion);
    } else if (!deletion) setFresh(original, key, change);
  }
  return original;
}

/**
 * Applies a strategic merge patch to a copy of `doc`, an object of the named type. Lists merge by their merge key where
 * the type says so; `$patch`, `$retainKeys`, `$deleteFromPrimitiveList/...` and `$setElementOrder/...` are understood.
 * Throws StatusError with kube-apiserver's codes: 400 malformed directive, 422 does not apply, 500 the rest.
 */
export function strategicMergePatch(doc: JsonObject, patch: JsonObject, typeName: string): JsonObject {
  const struct = findType(typeName);
  const merged = mergeMap(cloneJson(doc), patch, struct === undefined ? { opaque: typeName } : { struct });
  for (const { name, ref } of struct?.fields.values() ?? []) {
    const v = merged[name];
    if (ref.k === 'scalar' && ref.scalar === 'rawExtension' && v !== undefined) merged[name] = inOrder(v);
  }
  return merged;
}

/** A value without a schema as Go writes it anew: the members of objects in order. */
function inOrder(v: JsonValue): JsonValue {
  if (Array.isArray(v)) return v.map(inOrder);
  if (!isObject(v)) return v;
  const names = Object.keys(v).sort();
  return Object.fromEntries(names.map((name) => [name, inOrder(v[name] ?? null)]));
}
