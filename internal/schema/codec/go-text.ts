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

/** Writes some fields of a type's objects, in their order, with commas between them. */
class Members {
  readonly #names: readonly string[];
  readonly #heads: readonly string[];
  readonly #writers: readonly Writer[];
  /** How many were there in the object that was written last. */
  count = 0;

  /** `isOne`: which fields of the type. */
  constructor(type: TypeDef, isOne: (name: string) => boolean) {
    const fields = [...type.fields].filter(([name]) => isOne(name));
    this.#names = fields.map(([name]) => name);
    this.#heads = this.#names.map((name) => `${JSON.stringify(name)}:`);
    this.#writers = fields.map(([, { ref }]) => refWriter(ref));
  }

  text(v: JsonObject): string {
    const names = this.#names;
    let out = '';
    let count = 0;
    for (let i = 0; i < names.length; i++) {
      const value = v[names[i] as string];
      if (value === undefined) continue;
      out += (count++ === 0 ? '' : ',') + (this.#heads[i] as string) + (this.#writers[i] as Writer)(value);
    }
    this.count = count;
    return out;
  }
}

function compile(type: TypeDef): Writer {
  const members = new Members(type, () => true);
  return (v) => {
    if (!isObject(v)) return asItIs(v);
    const text = members.text(v);
    return `{${withUnknown(text, v, members.count, type)}}`;
  };
}

/**
 * Fields that no type knows stand at the end, as they are: rows of another release may have them. `count`: how many fields
 * of `v` the type knows.
 */
function withUnknown(text: string, v: JsonObject, count: number, { fields }: TypeDef): string {
  const names = Object.keys(v);
  if (names.length === count) return text;
  let all = text;
  for (const name of names) {
    const value = v[name];
    if (value === undefined || fields.has(name)) continue;
    all += `${all === '' ? '' : ','}${quoted(name)}:${asItIs(value)}`;
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

/** What stands in a stored object before all others of its fields. */
const FIRST_FIELDS: ReadonlySet<string> = new Set(['kind', 'apiVersion', 'metadata']);

/** Fields of each built-in type behind the first ones; fields of ObjectMeta before and behind resourceVersion. */
const furtherFields = new Map<string, Members>();
let metaFields: { readonly type: TypeDef; readonly before: Members; readonly behind: Members } | undefined;

function furtherFieldsOf(type: TypeDef): Members {
  let members = furtherFields.get(type.name);
  if (members === undefined) {
    furtherFields.set(type.name, (members = new Members(type, (name) => !FIRST_FIELDS.has(name))));
  }
  return members;
}

function metaFieldsOf(): NonNullable<typeof metaFields> {
  if (metaFields === undefined) {
    const type = typeByName(OBJECT_META);
    const names = [...type.fields.keys()];
    const before = new Set(names.slice(0, names.indexOf('resourceVersion')));
    metaFields = {
      type,
      before: new Members(type, (name) => before.has(name)),
      behind: new Members(type, (name) => !before.has(name) && name !== 'resourceVersion'),
    };
  }
  return metaFields;
}

/** The text of an object of a built-in type before and after the digits of its resourceVersion. */
function typedAround(object: JsonObject, metadata: JsonObject, type: TypeDef): [head: string, tail: string] {
  const { type: metaType, before, behind } = metaFieldsOf();
  const head = before.text(metadata);
  const isRevisionIn = metadata['resourceVersion'] !== undefined;
  const known = before.count + (isRevisionIn ? 1 : 0);
  const tail = behind.text(metadata);
  const metaTail = withUnknown(tail, metadata, known + behind.count, metaType);
  const further = furtherFieldsOf(type);
  const text = further.text(object);
  const first = 2 + (object['metadata'] === undefined ? 0 : 1);
  const rest = withUnknown(text, object, first + further.count, type);
  const kind = `{"kind":${asItIs(object['kind'] ?? null)},"apiVersion":${asItIs(object['apiVersion'] ?? null)}`;
  return [
    `${kind},"metadata":{${head === '' ? '' : `${head},`}"resourceVersion":"`,
    `"${metaTail === '' ? '' : ','}${metaTail}}${rest === '' ? '' : ','}${rest}}`,
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
