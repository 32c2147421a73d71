import { isObject, type JsonObject, type JsonValue } from '../../machinery/json.js';
import { keyText } from '../eval/access.js';
import { formatSeconds, formatTimestamp } from './time.js';
import { CelList, CelMap, Duration, Timestamp, Uint, type Value } from './value.js';

/** A JSON value as CEL sees it when nothing is known of its schema: whole numbers are int, others double. */
export function fromJson(v: JsonValue | undefined): Value {
  switch (typeof v) {
    case 'string':
    case 'boolean':
    case 'bigint':
      return v;
    case 'number':
      return Number.isInteger(v) && Math.abs(v) < 2 ** 63 ? BigInt(v) : v;
    case 'function':
    case 'object':
    case 'symbol':
    case 'undefined':
    default:
      if (Array.isArray(v)) return new JsonList(v);
      return isObject(v) ? new JsonMap(v) : null;
  }
}

/** An array of a JSON document; its items become values when they are read. */
export class JsonList extends CelList {
  constructor(private readonly items: readonly JsonValue[]) {
    super();
  }
  get size(): number {
    return this.items.length;
  }
  at(index: number): Value {
    return fromJson(this.items[index]);
  }
}

/** An object of a JSON document; its members become values when they are read. */
export class JsonMap extends CelMap {
  private names: readonly string[] | undefined;
  constructor(private readonly object: JsonObject) {
    super();
  }
  private get members(): readonly string[] {
    this.names ??= Object.keys(this.object).filter((k) => this.object[k] !== undefined);
    return this.names;
  }
  get size(): number {
    return this.members.length;
  }
  get(key: Value): Value | undefined {
    return typeof key === 'string' ? this.field(key) : undefined;
  }
  override field(name: string): Value | undefined {
    if (!Object.hasOwn(this.object, name)) return undefined;
    const v = this.object[name];
    return v === undefined ? undefined : fromJson(v);
  }
  keys(): Value[] {
    return [...this.members];
  }
}

/** A value as JSON, for what an expression made; undefined for values that JSON has nothing for. */
export function toJson(v: Value): JsonValue | undefined {
  switch (typeof v) {
    case 'bigint':
      return Number.isSafeInteger(Number(v)) ? Number(v) : v;
    case 'string':
    case 'boolean':
    case 'number':
      return v;
    case 'function':
    case 'object':
    case 'symbol':
    case 'undefined':
    default:
      break;
  }
  if (v === null) return null;
  if (v instanceof Uint) return toJson(v.value);
  if (v instanceof Uint8Array) return Buffer.from(v).toString('base64');
  if (v instanceof Timestamp) return formatTimestamp(v);
  if (v instanceof Duration) return formatSeconds(v);
  if (v instanceof CelList) {
    const out: JsonValue[] = [];
    for (let i = 0; i < v.size; i++) out.push(toJson(v.at(i)) ?? null);
    return out;
  }
  if (!(v instanceof CelMap)) return undefined;
  const out: JsonObject = {};
  for (const key of v.keys()) {
    const name = typeof key === 'string' ? key : keyText(key);
    const value = v.get(key);
    // A plain assignment of this name would set the prototype.
    if (value !== undefined)
      Object.defineProperty(out, name, { value: toJson(value), enumerable: true, writable: true, configurable: true });
  }
  return out;
}
