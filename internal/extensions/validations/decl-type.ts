import {
  BOOL,
  BYTES,
  type CelType,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  listOf,
  mapOf,
  type SizeOf,
  STRING,
  structType,
  TIMESTAMP,
  type TypeProvider,
} from '../../cel/index.js';
import { str } from '../../machinery/access.js';
import {
  additionalOf,
  isEmbedded,
  isIntOrString,
  itemsOf,
  propertiesOf,
  type Schema,
  typeOf,
} from '../structural/schema.js';
import { namesIn } from '../structural/walk.js';
import { celName } from './names.js';

/* What expressions know of values that a structural schema describes (k8s.io/apiserver/pkg/cel/common/schemas.go). */

/** Bytes of a request that estimates assume; what bounds everything whose size the schema does not. */
export const MAX_REQUEST_BYTES = 3 * 1024 * 1024;
const MAX_STRING = MAX_REQUEST_BYTES - 2;

export interface DeclType {
  readonly type: CelType;
  /** The most elements of a list or map, the most characters of a text; 0 for what has no size. */
  readonly maxElements: number;
  /** The fewest bytes that a value takes in JSON. */
  readonly minSize: number;
  /** Of the elements of a list, or the values of a map. */
  readonly element?: DeclType;
  readonly fields?: ReadonlyMap<string, DeclType>;
}

const simple = (type: CelType, minSize: number, maxElements = 0): DeclType => ({ type, minSize, maxElements });
const bound = (s: Schema, key: string): number | undefined => {
  const n = s[key];
  return typeof n === 'number' || typeof n === 'bigint' ? Math.max(Number(n), 0) : undefined;
};

function textType(s: Schema): DeclType {
  const length = bound(s, 'maxLength');
  switch (str(s, 'format')) {
    case 'byte':
      return simple(BYTES, 2, length ?? MAX_STRING);
    case 'duration':
      return simple(DURATION, 3, 32);
    case 'date':
      return simple(TIMESTAMP, 12, 12);
    case 'date-time':
      return simple(TIMESTAMP, 21, 32);
    default: {
      if (length !== undefined) return simple(STRING, 2, length * 4);
      const values = s['enum'];
      if (!Array.isArray(values) || values.length === 0) return simple(STRING, 2, MAX_STRING);
      return simple(STRING, 2, Math.max(0, ...values.map((v) => (typeof v === 'string' ? Buffer.byteLength(v) : 0))));
    }
  }
}

const TEXT: Schema = { type: 'string' };

/** Fields that every object has at its root, whatever its schema says of them. */
export function withTypeAndMeta(s: Schema): Schema {
  const own = Object.fromEntries(propertiesOf(s));
  const meta = { type: 'object', properties: { name: TEXT, generateName: TEXT } };
  return { ...s, type: 'object', properties: { ...own, apiVersion: TEXT, kind: TEXT, metadata: meta } };
}

function objectType(s: Schema, name: string): DeclType | undefined {
  const additional = additionalOf(s);
  if (additional !== undefined) {
    const element = declTypeOf(additional, isEmbedded(additional), `${name}.@elem`);
    if (element === undefined) return undefined;
    const most = bound(s, 'maxProperties') ?? Math.floor(MAX_STRING / (element.minSize + 6));
    return { type: mapOf(STRING, element.type), maxElements: most, minSize: 2, element };
  }
  const required = new Set(namesIn(s, 'required'));
  const fields = new Map<string, DeclType>();
  let minSize = 2;
  for (const [key, sub] of propertiesOf(s)) {
    const field = celName(key);
    const type = declTypeOf(sub, isEmbedded(sub), `${name}.${field ?? key}`);
    if (type === undefined) continue;
    if (field !== undefined) fields.set(field, type);
    if (required.has(key) && sub['default'] === undefined) minSize += key.length + type.minSize + 4;
  }
  return { type: structType(name), maxElements: 0, minSize, fields };
}

/** The type of a schema's values; undefined for values that expressions cannot see. `name`: of the types in it. */
export function declTypeOf(schema: Schema, isRoot: boolean, name: string): DeclType | undefined {
  if (isIntOrString(schema)) {
    const length = bound(schema, 'maxLength');
    return simple(DYN, 1, length === undefined ? MAX_STRING : length * 4);
  }
  const s = isRoot ? withTypeAndMeta(schema) : schema;
  switch (typeOf(s)) {
    case 'array': {
      const items = itemsOf(s);
      const element = items === undefined ? undefined : declTypeOf(items, isEmbedded(items), `${name}.@idx`);
      if (element === undefined) return undefined;
      const most = bound(s, 'maxItems') ?? Math.floor(MAX_STRING / (element.minSize + 1));
      return { type: listOf(element.type), maxElements: most, minSize: 2, element };
    }
    case 'object':
      return objectType(s, name);
    case 'string':
      return textType(s);
    case 'boolean':
      return simple(BOOL, 4);
    case 'number':
      return simple(DOUBLE, 1);
    case 'integer':
      return simple(INT, 1);
    default:
      return undefined;
  }
}

/** Knows the struct types in a type. */
export function providerOf(root: DeclType): TypeProvider {
  const structs = new Map<string, ReadonlyMap<string, DeclType>>();
  const collect = (t: DeclType): void => {
    if (t.element !== undefined) collect(t.element);
    if (t.fields === undefined) return;
    structs.set(t.type.name, t.fields);
    for (const field of t.fields.values()) collect(field);
  };
  collect(root);
  return {
    hasStruct: (name) => structs.has(name),
    fieldType: (struct, field) => structs.get(struct)?.get(field)?.type,
  };
}

const KEY = simple(STRING, 2);

/** Sizes of what is below `self` and `oldSelf`. */
export function sizesOf(root: DeclType): SizeOf {
  return ({ path }) => {
    if (path.length === 0) return undefined;
    let t: DeclType | undefined = root;
    for (const step of path.slice(1)) {
      if (step === '@items' || step === '@values') t = t.element;
      else if (step === '@keys') t = t.type.kind === 'map' ? KEY : undefined;
      else t = t.fields?.get(step);
      if (t === undefined) return undefined;
    }
    return { min: 0, max: t.maxElements };
  };
}
