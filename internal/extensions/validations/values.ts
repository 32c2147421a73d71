import { CelError, CelList, CelMap, Duration, fromJson, Timestamp, toJson, type Value } from '../../cel/index.js';
import { durationOf } from '../../cel/library/convert.js';
import { ArrayList } from '../../cel/values/value.js';
import { parseTimestamp } from '../../cel/values/time.js';
import { str } from '../../machinery/access.js';
import { isObject, type JsonObject, type JsonValue } from '../../machinery/json.js';
import { identity, keyText } from '../structural/lists.js';
import {
  additionalOf,
  isEmbedded,
  isIntOrString,
  itemsOf,
  preservesUnknown,
  propertyOf,
  type Schema,
  typeOf,
} from '../structural/schema.js';
import { withTypeAndMeta } from './decl-type.js';
import { celName } from './names.js';

/* Values of custom resources as expressions see them (k8s.io/apiserver/pkg/cel/common/valuesunstructured.go). */

const wrong = (message: string): CelError => new CelError(message);

/** Units of durations that Go does not know, in its own. */
const LONG_UNITS: Readonly<Record<string, string>> = { d: '24h', w: '168h' };

function durationText(s: string): Value {
  const plain = durationOf(s);
  if (plain !== undefined) return plain;
  const m = /^(\d+)\s*(d|w|days?|weeks?|wk|hours?|hr|minutes?|min|seconds?|sec)$/i.exec(s);
  const first = m?.[2]?.[0]?.toLowerCase() ?? '';
  const unit = m === null ? undefined : durationOf(LONG_UNITS[first] ?? `1${first}`);
  return unit === undefined ? wrong(`Invalid duration ${s}`) : new Duration(unit.nanos * BigInt(m?.[1] ?? '0'));
}

function timeText(s: string, format: string): Value {
  const text = format === 'date' ? `${s}T00:00:00Z` : s.replace(/[t ]/, 'T').replace(/z$/, 'Z');
  const zoned = /(?:Z|[+-]\d\d:?\d\d)$/.test(text) ? text.replace(/([+-]\d\d)(\d\d)$/, '$1:$2') : `${text}Z`;
  const time = parseTimestamp(zoned);
  return time instanceof Timestamp ? time : wrong(`Invalid ${format} formatted string ${s}`);
}

function textValue(s: string, schema: Schema): Value {
  const format = str(schema, 'format');
  switch (format) {
    case 'duration':
      return durationText(s);
    case 'date':
    case 'date-time':
      return timeText(s, format);
    case 'byte':
      return new Uint8Array(Buffer.from(s, 'base64'));
    default:
      return s;
  }
}

/** A list that a schema describes. Lists of type set or map are equal in any order, and adding to them merges. */
class SchemaList extends CelList {
  constructor(
    readonly items: readonly JsonValue[],
    readonly schema: Schema,
    private readonly itemSchema: Schema,
  ) {
    super();
  }
  get size(): number {
    return this.items.length;
  }
  at(index: number): Value {
    return valueOf(this.items[index], this.itemSchema);
  }
  private get kind(): unknown {
    return this.schema['x-kubernetes-list-type'];
  }
  override get isUnordered(): boolean {
    return this.kind === 'set' || this.kind === 'map';
  }
  private keyOf(item: JsonValue): string {
    return this.kind === 'map' ? keyText(item, this.schema) : identity(item);
  }
  override sameElements(other: CelList): boolean {
    const own = new Map(this.items.map((item) => [this.keyOf(item), identity(item)]));
    return jsonItems(other).every((item) => own.get(this.keyOf(item)) === identity(item));
  }
  override concat(other: CelList): Value {
    if (!this.isUnordered) return super.concat(other);
    const at = new Map(this.items.map((item, i) => [this.keyOf(item), i]));
    const merged = [...this.items];
    for (const item of jsonItems(other)) {
      const key = this.keyOf(item);
      const place = at.get(key);
      if (place !== undefined) merged[place] = item;
      else {
        at.set(key, merged.length);
        merged.push(item);
      }
    }
    return new SchemaList(merged, this.schema, this.itemSchema);
  }
}

function jsonItems(l: CelList): JsonValue[] {
  if (l instanceof SchemaList) return [...l.items];
  const out: JsonValue[] = [];
  for (let i = 0; i < l.size; i++) out.push(toJson(l.at(i)) ?? null);
  return out;
}

/** Names of properties by the name that expressions have for them, for each schema. */
const namesOf = new WeakMap<Schema, ReadonlyMap<string, string>>();

function namesIn(schema: Schema): ReadonlyMap<string, string> {
  let names = namesOf.get(schema);
  if (names === undefined) {
    const properties = isObject(schema['properties']) ? Object.keys(schema['properties']) : [];
    names = new Map(
      properties.flatMap((name): [string, string][] => {
        const field = celName(name);
        return field === undefined ? [] : [[field, name]];
      }),
    );
    namesOf.set(schema, names);
  }
  return names;
}

/** An object with the fields of a schema; what the schema does not name cannot be seen. */
class SchemaObject extends CelMap {
  constructor(
    private readonly object: JsonObject,
    private readonly schema: Schema,
  ) {
    super();
  }
  get size(): number {
    return Object.keys(this.object).length;
  }
  get(key: Value): Value | undefined {
    if (typeof key !== 'string') return undefined;
    const name = namesIn(this.schema).get(key);
    if (name === undefined || !Object.hasOwn(this.object, name)) return undefined;
    const value = this.object[name];
    // A field that is null is one that is not there.
    return value === undefined || value === null ? undefined : valueOf(value, propertyOf(this.schema, name) ?? {});
  }
  keys(): Value[] {
    return Array.from(namesIn(this.schema)).flatMap(([field, name]) =>
      Object.hasOwn(this.object, name) && (this.object[name] ?? undefined) !== undefined ? [field] : [],
    );
  }
  override get typeName(): string {
    return 'map';
  }
}

/** A map whose values have one schema; its keys are data and stand as they are. */
class SchemaMap extends CelMap {
  constructor(
    private readonly object: JsonObject,
    private readonly values: Schema,
  ) {
    super();
  }
  get size(): number {
    return Object.keys(this.object).length;
  }
  get(key: Value): Value | undefined {
    if (typeof key !== 'string' || !Object.hasOwn(this.object, key)) return undefined;
    const value = this.object[key];
    return value === undefined ? undefined : valueOf(value, this.values);
  }
  keys(): Value[] {
    return Object.keys(this.object);
  }
}

/** An embedded object with the fields that all objects have; made once for each schema. */
const roots = new WeakMap<Schema, Schema>();

export function rootOf(schema: Schema): Schema {
  let root = roots.get(schema);
  if (root === undefined) {
    root = withTypeAndMeta(schema);
    roots.set(schema, root);
  }
  return root;
}

/** A JSON value as expressions see it through its schema. What does not fit the schema is an error. */
export function valueOf(v: JsonValue | undefined, schema: Schema): Value {
  if (v === null || v === undefined) {
    return schema['nullable'] === true ? null : wrong('invalid data, got null for schema with nullable=false');
  }
  if (isIntOrString(schema)) return fromJson(v);
  switch (typeOf(schema)) {
    case 'object': {
      if (!isObject(v)) return wrong('invalid data, expected a map for the provided schema with type=object');
      const shown = isEmbedded(schema) ? rootOf(schema) : schema;
      const values = additionalOf(shown);
      return shown['properties'] === undefined && values !== undefined
        ? new SchemaMap(v, values)
        : new SchemaObject(v, shown);
    }
    case 'array': {
      if (!Array.isArray(v)) return wrong('invalid data, expected an array for the provided schema with type=array');
      const items = itemsOf(schema);
      return items === undefined ? new ArrayList([]) : new SchemaList(v, schema, items);
    }
    case 'string':
      return typeof v === 'string' ? textValue(v, schema) : wrong(`invalid data, expected string, got ${typeof v}`);
    case 'number':
      return typeof v === 'number' || typeof v === 'bigint'
        ? Number(v)
        : wrong(`invalid data, expected float, got ${typeof v}`);
    case 'integer':
      if (typeof v === 'bigint') return v;
      return typeof v === 'number' && Number.isInteger(v)
        ? BigInt(v)
        : wrong(`invalid data, expected int, got ${typeof v}`);
    case 'boolean':
      return typeof v === 'boolean' ? v : wrong(`invalid data, expected bool, got ${typeof v}`);
    default:
      if (preservesUnknown(schema)) return fromJson(v);
      return wrong(
        `invalid type, expected object, array, number, integer, boolean or string, or no type with x-kubernetes-int-or-string or x-kubernetes-preserve-unknown-fields is true, got ${typeOf(schema)}`,
      );
  }
}
