import { assert } from '../machinery/assert.js';
import type { FieldDef, Scalar, TypeDef, TypeRef } from './types.js';

/**
 * The notation of the tables in ./tables. A type is an object with one line of text per field, in the order of the JSON:
 *
 *   containers: '[]Container 2 required always list=map:name patch=merge:name | Containers of the pod.'
 *
 * that is `<type> <protobuf number> <flags...> | <description>`.
 *
 * Type: a scalar (`string bool int32 int64 double bytes quantity intOrString time microTime duration rawExtension json
 * fieldsV1`, or `resourceAmount`: a quantity of a ResourceList), a type of the same table (`Container`) or of another (`meta.v1.ObjectMeta`); before it `[]` for a list,
 * `map[string]` for a map, `*` where Go has a pointer (absent and zero value differ).
 * Number: 0 = not in protobuf; `2.4` = field 4 of the message that is embedded as field 2.
 * Flags:
 *   required              listed in OpenAPI's `required`
 *   always                written even when zero (Go: no `omitempty`); a struct that is no pointer is written anyway,
 *   omitzero              unless it says so
 *   list=atomic|set|map:key,key     map=atomic|granular     patch=strategy,strategy:mergeKey
 *   default=JSON          OpenAPI default when it is not the plain zero value
 *   wrapped               the list is a message of its own in protobuf
 *   enum=A,B              allowed values (of the items, for a list or map); the last flag, values may hold spaces
 *
 * The line '' describes the type itself: `kind` (has kind and apiVersion), `map=atomic`,
 * `union=discriminator(field:Value,...)`, `oneOf=array|bool|strings` (see TypeDef.oneOf).
 */
export type TypeTable = Readonly<Record<string, Readonly<Record<string, string>>>>;

const SCALARS: ReadonlyMap<string, TypeRef> = new Map<string, TypeRef>(
  (
    [
      'string',
      'bool',
      'int32',
      'int64',
      'double',
      'bytes',
      'quantity',
      'intOrString',
      'time',
      'microTime',
      'duration',
      'rawExtension',
      'json',
      'fieldsV1',
    ] satisfies Scalar[]
  ).map((scalar): [string, TypeRef] => [scalar, { k: 'scalar', scalar }]),
).set('resourceAmount', { k: 'scalar', scalar: 'quantity', milli: true });

/** Scalars that are Go structs: without a pointer they are written even when zero, `omitempty` or not. */
const STRUCT_SCALARS: ReadonlySet<Scalar> = new Set(['quantity', 'intOrString', 'time', 'microTime', 'rawExtension']);

/** Turns the type names of one table into definition names. */
export type Resolve = (shortName: string) => string;

function parseRef(text: string, resolve: Resolve): TypeRef {
  if (text.startsWith('[]')) return { k: 'list', of: parseRef(text.slice(2), resolve) };
  if (text.startsWith('map[string]')) return { k: 'map', of: parseRef(text.slice(11), resolve) };
  return SCALARS.get(text) ?? { k: 'message', type: resolve(text) };
}

type Mutable = { -readonly [K in keyof FieldDef]: FieldDef[K] };

function applyFlag(field: Mutable, flag: string): void {
  const eq = flag.indexOf('=');
  const key = eq < 0 ? flag : flag.slice(0, eq);
  const value = eq < 0 ? '' : flag.slice(eq + 1);
  const colon = value.indexOf(':');
  switch (key) {
    case 'required':
      field.required = true;
      return;
    case 'always':
      field.always = true;
      return;
    case 'omitzero':
      delete field.always;
      return;
    case 'empty':
      field.keepsEmpty = true;
      return;
    case 'wrapped':
      field.wrapped = true;
      return;
    case 'list':
      field.listType = (colon < 0 ? value : value.slice(0, colon)) as 'atomic' | 'set' | 'map';
      if (colon >= 0) field.listMapKeys = value.slice(colon + 1).split(',');
      return;
    case 'map':
      field.mapType = value as 'atomic' | 'granular';
      return;
    case 'patch':
      field.patchStrategy = colon < 0 ? value : value.slice(0, colon);
      if (colon >= 0) field.patchMergeKey = value.slice(colon + 1);
      if (field.patchStrategy === '') delete field.patchStrategy;
      return;
    case 'default':
      field.default = JSON.parse(value);
      return;
    default:
      assert(false, `unknown flag ${flag} of field ${field.name} in the type tables`);
  }
}

/** Splits `head | description`. */
export function splitLine(line: string): { head: string; description: string } {
  const bar = line.indexOf('|');
  assert(bar >= 0, `no | in the type table line "${line}"`);
  return { head: line.slice(0, bar).trimEnd(), description: line.slice(bar + 1).trimStart() };
}

function parseField(name: string, line: string, resolve: Resolve): FieldDef {
  const { head, description } = splitLine(line);
  const enumAt = head.indexOf(' enum=');
  const words = (enumAt < 0 ? head : head.slice(0, enumAt)).split(' ');
  const typeText = words[0] ?? '';
  const pointer = typeText.startsWith('*');
  const ref = parseRef(pointer ? typeText.slice(1) : typeText, resolve);
  const numbers = (words[1] ?? '').split('.').map(Number);
  const number = numbers.pop() ?? Number.NaN;
  assert(Number.isInteger(number), `no protobuf number in the type table line "${name}: ${line}"`);
  const field: Mutable = { name, ref, number, required: false, description };
  if (numbers.length > 0) field.embedded = numbers;
  if (pointer) field.pointer = true;
  else if (ref.k === 'message' || (ref.k === 'scalar' && STRUCT_SCALARS.has(ref.scalar))) field.always = true;
  for (const flag of words.slice(2)) applyFlag(field, flag);
  if (enumAt >= 0) field.enum = head.slice(enumAt + 6).split(',');
  return field;
}

const typeMetaField = (name: string, description: string): FieldDef => ({
  name,
  ref: { k: 'scalar', scalar: 'string' },
  number: 0,
  required: false,
  description,
});
const KIND = typeMetaField(
  'kind',
  'Kind is a string value that names what the object is, in CamelCase; the server infers it from the endpoint.',
);
const API_VERSION = typeMetaField(
  'apiVersion',
  'APIVersion defines the schema that this object is written in: its group and version.',
);

function parseUnion(text: string): unknown {
  const open = text.indexOf('(');
  const discriminator = text.slice(0, open);
  const pairs = text.slice(open + 1, -1).split(',');
  const fields = Object.fromEntries(pairs.map((pair) => pair.split(':') as [string, string]));
  return [{ ...(discriminator === '' ? {} : { discriminator }), 'fields-to-discriminateBy': fields }];
}

/** Parses one type of a table; meant to be done once, at its first use (well under a millisecond). */
export function parseType(name: string, table: Readonly<Record<string, string>>, resolve: Resolve): TypeDef {
  const { head, description } = splitLine(table[''] ?? '|');
  const fields = new Map<string, FieldDef>();
  let typeMeta = false;
  let mapType: TypeDef['mapType'];
  let oneOf: TypeDef['oneOf'];
  let extensions: TypeDef['extensions'];
  for (const flag of head === '' ? [] : head.split(' ')) {
    if (flag === 'kind') typeMeta = true;
    else if (flag.startsWith('map=')) mapType = flag.slice(4) as NonNullable<TypeDef['mapType']>;
    else if (flag.startsWith('oneOf=')) oneOf = flag.slice(6) as NonNullable<TypeDef['oneOf']>;
    else if (flag.startsWith('union=')) extensions = { 'x-kubernetes-unions': parseUnion(flag.slice(6)) };
    else assert(false, `unknown flag ${flag} of type ${name} in the type tables`);
  }
  if (typeMeta) fields.set('kind', KIND).set('apiVersion', API_VERSION);
  for (const [field, line] of Object.entries(table)) {
    if (field !== '') fields.set(field, parseField(field, line, resolve));
  }
  return {
    name,
    description,
    fields,
    typeMeta,
    ...(mapType === undefined ? {} : { mapType }),
    ...(oneOf === undefined ? {} : { oneOf }),
    ...(extensions === undefined ? {} : { extensions }),
  };
}
