import { assert } from '../../machinery/assert.js';
import { type JsonObject, type JsonValue, isObject } from '../../machinery/json.js';
import { typeByKind, typeByName } from '../index.js';
import { tableOf } from '../names.js';
import type { TypeDef, TypeRef } from '../types.js';
import { escapeHtml, jsonText } from './json-encode.js';

// JSON text byte by byte as kube-apiserver writes it (Go's encoding/json): fields of built-in types in the order of
// their structs, keys of maps sorted, `<`, `>`, `&`, U+2028 and U+2029 escaped. Custom resources are maps in Go: all of
// their keys are sorted. Each type is compiled once, at its first use.

type Writer = (v: JsonValue) => string;

/** Text between quotes that is written as it is. */
// oxlint-disable-next-line no-control-regex -- control characters are what it must not hold
const PLAIN = /^[^\u0000-\u001f"\\<>&\u2028\u2029\ud800-\udfff]*$/;

/** Up to this many characters a loop is faster than the pattern. */
const SHORT = 48;

function isPlain(text: string): boolean {
  if (text.length > SHORT) return PLAIN.test(text);
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    // Control characters, then `"`, `&`, `<`, `>`, the backslash, and all that is not printable ASCII.
    if (c < 0x20 || c === 0x22 || c === 0x26 || c === 0x3c || c === 0x3e || c === 0x5c || c > 0x7e) return false;
  }
  return true;
}

function quoted(text: string): string {
  return isPlain(text) ? `"${text}"` : escapeHtml(JSON.stringify(text));
}

/** A value of which nothing is known but what it is: keys stay in their order. */
const asItIs: Writer = (v) => (typeof v === 'string' ? quoted(v) : escapeHtml(jsonText(v)));

/** A value of a custom resource: the keys of every object in it are sorted. */
function sorted(v: JsonValue): string {
  if (typeof v === 'string') return quoted(v);
  if (typeof v !== 'object' || v === null) return jsonText(v);
  if (Array.isArray(v)) return listText(v, sorted);
  return mapText(v, sorted);
}

function listText(list: readonly JsonValue[], write: Writer): string {
  let out = '[';
  for (let i = 0; i < list.length; i++) out += (i === 0 ? '' : ',') + write(list[i] ?? null);
  return `${out}]`;
}

function mapText(map: JsonObject, write: Writer): string {
  let out = '';
  for (const name of Object.keys(map).sort()) {
    const value = map[name];
    if (value !== undefined) out += `${out === '' ? '{' : ','}${quoted(name)}:${write(value)}`;
  }
  return out === '' ? '{}' : `${out}}`;
}

const writers = new Map<string, Writer>();

function writerOf(typeName: string): Writer {
  let writer = writers.get(typeName);
  if (writer === undefined) {
    const type = typeByName(typeName);
    writer = type.oneOf === undefined ? compile(type) : compileOneOf(type);
    writers.set(typeName, writer);
  }
  return writer;
}

function refWriter(ref: TypeRef): Writer {
  switch (ref.k) {
    case 'scalar':
      return asItIs;
    case 'message': {
      // Types may hold themselves: their writer is looked up when there is a value.
      let write: Writer | undefined;
      return (v) => (write ??= writerOf(ref.type))(v);
    }
    case 'list': {
      const write = refWriter(ref.of);
      return (v) => (Array.isArray(v) ? listText(v, write) : asItIs(v));
    }
    case 'map': {
      const write = refWriter(ref.of);
      return (v) => (isObject(v) ? mapText(v, write) : asItIs(v));
    }
  }
}

interface Fields {
  readonly names: readonly string[];
  readonly heads: readonly string[];
  readonly writers: readonly Writer[];
  readonly known: ReadonlySet<string>;
}

function fieldsOf(type: TypeDef): Fields {
  const names = [...type.fields.keys()];
  return {
    names,
    heads: names.map((name) => `${JSON.stringify(name)}:`),
    writers: [...type.fields.values()].map((field) => refWriter(field.ref)),
    known: new Set(names),
  };
}

function compile(type: TypeDef): Writer {
  const fields = fieldsOf(type);
  const { names, heads, writers: write } = fields;
  return (v) => {
    if (!isObject(v)) return asItIs(v);
    let out = '';
    let written = 0;
    for (let i = 0; i < names.length; i++) {
      const value = v[names[i] as string];
      if (value === undefined) continue;
      written++;
      out += (out === '' ? '{' : ',') + (heads[i] as string) + (write[i] as Writer)(value);
    }
    out = withUnknown(out, v, written, fields);
    return out === '' ? '{}' : `${out}}`;
  };
}

/** Fields that no type knows stand at the end, as they are: rows of another release may have them. */
function withUnknown(out: string, v: JsonObject, written: number, { known }: Fields): string {
  const members = Object.keys(v);
  if (members.length === written) return out;
  let all = out;
  for (const name of members) {
    const value = v[name];
    if (value === undefined || known.has(name)) continue;
    all += `${all === '' ? '{' : ','}${quoted(name)}:${asItIs(value)}`;
  }
  return all;
}

function compileOneOf(type: TypeDef): Writer {
  const ref = type.fields.get('schema')?.ref;
  assert(ref !== undefined, `${type.name} is a schema or something else`);
  const schema = refWriter(ref);
  return (v) => {
    if (Array.isArray(v)) return listText(v, type.oneOf === 'array' ? schema : asItIs);
    return isObject(v) ? schema(v) : asItIs(v);
  };
}

const builtIn = new Map<string, TypeDef>();

/** The built-in type of an object by its kind and apiVersion; undefined for custom resources. */
function builtInType(object: JsonObject): TypeDef | undefined {
  const { kind, apiVersion } = object;
  if (typeof kind !== 'string' || typeof apiVersion !== 'string') return undefined;
  const key = `${apiVersion} ${kind}`;
  const known = builtIn.get(key);
  if (known !== undefined) return known;
  const slash = apiVersion.indexOf('/');
  const group = slash < 0 ? '' : apiVersion.slice(0, slash);
  const version = apiVersion.slice(slash + 1);
  // A custom resource may have the name of a kind that is found in every group (Status).
  const own = tableOf(group, version) !== undefined || group === 'meta.k8s.io';
  const type = own ? typeByKind(group, version, kind) : undefined;
  if (type !== undefined) builtIn.set(key, type);
  return type;
}

/** The text of a whole object, found by its kind and apiVersion; without a line end. */
export function objectText(object: JsonObject): string {
  const type = builtInType(object);
  return type === undefined ? sorted(object) : writerOf(type.name)(object);
}

/** Bytes of `objectText`. */
export function encodeObjectJson(object: JsonObject): Buffer {
  return Buffer.from(objectText(object));
}

const OBJECT_META = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';

/** The text of an ObjectMeta. */
export function metaText(meta: JsonObject): string {
  return writerOf(OBJECT_META)(meta);
}

/** The text of a list's items and the like, whose type is known and which have no kind and apiVersion. */
export function typedText(object: JsonObject, typeName: string): string {
  return writerOf(typeName)(object);
}

export interface StoredForm {
  readonly value: Buffer;
  /** Byte offset between the quotes of the empty resourceVersion. */
  readonly revisionAt: number;
}

const EMPTY_REVISION = '"resourceVersion":""';

/**
 * The JSON that is stored and answered, with an empty resourceVersion whose place is `revisionAt` (see store Op).
 * The object is not changed.
 */
export function encodeForStorage(object: JsonObject): StoredForm {
  const { kind, apiVersion, metadata } = object;
  assert(typeof kind === 'string' && typeof apiVersion === 'string', 'a stored object has a kind and an apiVersion');
  const meta: JsonObject = isObject(metadata) ? metadata : {};
  const type = builtInType(object);
  const [head, tail] = type === undefined ? sortedAround(object, meta) : typedAround(object, meta, type);
  return { value: Buffer.from(head + tail), revisionAt: Buffer.byteLength(head) };
}

/** The text of an object of a built-in type before and after the digits of its resourceVersion. */
function typedAround(object: JsonObject, metadata: JsonObject, type: TypeDef): [head: string, tail: string] {
  const rest: JsonObject = { ...object };
  delete rest['kind'];
  delete rest['apiVersion'];
  delete rest['metadata'];
  const after = writerOf(type.name)(rest);
  const meta = metaText({ ...metadata, resourceVersion: '' });
  // Before it stand texts only (name to uid), in which a quote is escaped: the first of these is the field.
  const at = meta.indexOf(EMPTY_REVISION) + EMPTY_REVISION.length - 1;
  return [
    `{"kind":${asItIs(object['kind'] ?? null)},"apiVersion":${asItIs(object['apiVersion'] ?? null)},"metadata":${meta.slice(0, at)}`,
    meta.slice(at) + (after === '{}' ? '}' : `,${after.slice(1)}`),
  ];
}

/** The same for a custom resource, whose keys are sorted. */
function sortedAround(object: JsonObject, metadata: JsonObject): [head: string, tail: string] {
  const [before, after] = sortedMembers(object, 'metadata');
  const [metaBefore, metaAfter] = sortedMembers(metadata, 'resourceVersion');
  const head = [...before, `"metadata":{${[...metaBefore, '"resourceVersion":"'].join(',')}`].join(',');
  return [`{${head}`, `${['"', ...metaAfter].join(',')}${['}', ...after].join(',')}}`];
}

/** The members of an object whose names come before and after `name`, which is left out. */
function sortedMembers(object: JsonObject, name: string): [before: string[], after: string[]] {
  const before: string[] = [];
  const after: string[] = [];
  for (const key of Object.keys(object).sort()) {
    const value = object[key];
    if (value !== undefined && key !== name) (key < name ? before : after).push(`${quoted(key)}:${sorted(value)}`);
  }
  return [before, after];
}
