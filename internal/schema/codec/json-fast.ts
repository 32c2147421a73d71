import { rememberEmptied } from '../../machinery/emptied.js';
import type { JsonObject, JsonValue } from '../../machinery/json.js';
import { canonicalAmount, canonicalQuantity } from '../../machinery/quantity.js';
import { canonicalMicroTime, canonicalTime, formatDuration, parseDuration } from '../../machinery/time.js';
import { typeByName } from '../index.js';
import type { FieldDef, Scalar, TypeDef, TypeRef } from '../types.js';
import { canonicalBase64 } from './base64.js';
import { alwaysOf, omitsZero, zeroOf } from './zero.js';

/**
 * The fast path of decoding: a type compiled once into closures that check a natively parsed value and bring it to the
 * form in which Go would write it (zero values dropped or added, quantities and times canonical). The value is changed
 * in place. Whatever is not plainly right makes it give up: the slow path then says what is wrong.
 */
export type Walk = (v: JsonValue) => JsonValue | undefined;

/** Thrown (without a stack) when the slow path must look. */
export const SLOW = Symbol('slow');

/** Object members seen since the caller last cleared it: to be compared with the names in the text. */
export const seen = { names: 0 };

function giveUp(): never {
  // oxlint-disable-next-line no-throw-literal -- control flow on a hot path: an Error would cost its stack.
  throw SLOW;
}

/** Counts the members of a value that has no schema. */
export function countNames(v: JsonValue | undefined): void {
  if (typeof v !== 'object' || v === null) return;
  if (Array.isArray(v)) {
    for (const item of v) if (typeof item === 'object') countNames(item);
    return;
  }
  for (const name in v) {
    seen.names++;
    const child = v[name];
    if (typeof child === 'object') countNames(child);
  }
}

const untyped: Walk = (v) => {
  countNames(v);
  return v;
};

/** Runs what may throw a field error of text; any field error goes to the slow path. */
function orGiveUp<T>(f: () => T): T {
  try {
    return f();
  } catch {
    return giveUp();
  }
}

const MIN_INT64 = -(2n ** 63n);
const MAX_INT64 = 2n ** 63n - 1n;

const SCALARS: Readonly<Record<Scalar, Walk>> = {
  string: (v) => (typeof v === 'string' ? v : giveUp()),
  bool: (v) => (typeof v === 'boolean' ? v : giveUp()),
  int32: (v) => (typeof v === 'number' && (v | 0) === v ? v : giveUp()),
  int64: (v) =>
    (typeof v === 'number' && Number.isSafeInteger(v)) || (typeof v === 'bigint' && v >= MIN_INT64 && v <= MAX_INT64)
      ? v
      : giveUp(),
  double: (v) => (typeof v === 'number' ? v : giveUp()),
  bytes: (v) => (typeof v === 'string' ? (canonicalBase64(v) ?? giveUp()) : giveUp()),
  quantity: (v) =>
    typeof v === 'string' || typeof v === 'number' ? orGiveUp(() => canonicalQuantity(String(v))) : giveUp(),
  intOrString: (v) => (typeof v === 'string' || (typeof v === 'number' && (v | 0) === v) ? v : giveUp()),
  time: (v) => (typeof v === 'string' ? orGiveUp(() => canonicalTime(v)) : giveUp()),
  microTime: (v) => (typeof v === 'string' ? orGiveUp(() => canonicalMicroTime(v)) : giveUp()),
  duration: (v) => (typeof v === 'string' ? orGiveUp(() => formatDuration(parseDuration(v))) : giveUp()),
  rawExtension: untyped,
  json: untyped,
  fieldsV1: untyped,
};

const AMOUNT: Walk = (v) =>
  typeof v === 'string' || typeof v === 'number' ? orGiveUp(() => canonicalAmount(String(v))) : giveUp();

function walkOfRef(ref: TypeRef): Walk {
  if (ref.k === 'scalar') return ref.milli === true ? AMOUNT : SCALARS[ref.scalar];
  if (ref.k === 'message') return messageWalk(ref.type);
  const item = walkOfRef(ref.of);
  // Where Go's zero value is written as null, null is a value; elsewhere it stands for the zero value.
  const nullable = ref.of.k === 'scalar' && zeroOf(ref.of) === undefined;
  if (ref.k === 'list') {
    return (v) => {
      if (!Array.isArray(v)) giveUp();
      for (let i = 0; i < v.length; i++) {
        const x = v[i] as JsonValue;
        if (x === null) {
          if (nullable) continue;
          giveUp();
        }
        const y = item(x);
        if (y !== x) v[i] = y ?? null;
      }
      return v;
    };
  }
  return (v) => {
    if (typeof v !== 'object' || v === null || Array.isArray(v)) giveUp();
    for (const name in v) {
      seen.names++;
      const x = v[name] as JsonValue;
      if (x === null) {
        if (nullable) continue;
        giveUp();
      }
      const y = item(x);
      if (y !== x) v[name] = y ?? null;
    }
    return v;
  };
}

function isEmptyObject(v: JsonValue | undefined): boolean {
  for (const _ in v as JsonObject) return false;
  return true;
}

/** The walk of a field, which drops the zero value where Go does. */
function walkOfField(field: FieldDef): Walk {
  const walk = walkOfRef(field.ref);
  if (!omitsZero(field)) return walk;
  const { ref } = field;
  if (ref.k === 'message') return walk;
  if (ref.k === 'list') {
    return (v) => {
      const out = walk(v);
      return (out as JsonValue[]).length === 0 ? undefined : out;
    };
  }
  if (ref.k === 'map') {
    return (v) => {
      const out = walk(v);
      return isEmptyObject(out) ? undefined : out;
    };
  }
  const { scalar } = ref;
  if (scalar === 'string') return (v) => (typeof v === 'string' ? (v === '' ? undefined : v) : giveUp());
  if (scalar === 'bool') return (v) => (v === true ? true : v === false ? undefined : giveUp());
  if (scalar !== 'bytes' && scalar !== 'int32' && scalar !== 'int64' && scalar !== 'double') return walk;
  return (v) => {
    const out = walk(v);
    return out === 0 || out === '' ? undefined : out;
  };
}

function compileMessage(type: TypeDef): Walk {
  const walks = new Map<string, Walk>();
  for (const field of type.fields.values()) walks.set(field.name, walkOfField(field));
  const always = alwaysOf(type);
  return (v) => {
    if (typeof v !== 'object' || v === null || Array.isArray(v)) giveUp();
    let dropped = false;
    let empty: JsonObject | undefined;
    let names = 0;
    for (const name in v) {
      const walk = walks.get(name);
      if (walk === undefined) giveUp();
      names++;
      const x = v[name] as JsonValue;
      const y = x === null || x === undefined ? undefined : walk(x);
      if (y !== x) {
        v[name] = y;
        if (y === undefined) {
          dropped = true;
          if (typeof x === 'object' && x !== null) (empty ??= {})[name] = x;
        }
      }
    }
    seen.names += names;
    let out = v;
    if (dropped) {
      out = {};
      for (const name in v) {
        const x = v[name];
        if (x !== undefined) out[name] = x;
      }
      if (empty !== undefined) rememberEmptied(out, empty);
    }
    for (let i = 0; i < always.length; i++) {
      const zero = always[i];
      if (zero !== undefined && out[zero.name] === undefined) out[zero.name] = zero.make();
    }
    return out;
  };
}

/** JSONSchemaPropsOr…: a schema, or a list of schemas, a boolean, or a list of strings. */
function compileOneOf(type: TypeDef): Walk {
  const field = [...type.fields.values()].find((f) => f.ref.k === 'message');
  const schema = field === undefined ? giveUp : walkOfRef(field.ref);
  return (v) => {
    if (typeof v === 'boolean' && type.oneOf === 'bool') return v;
    if (Array.isArray(v)) {
      if (type.oneOf === 'array') return v.map((item) => schema(item) ?? null);
      if (type.oneOf === 'strings' && v.every((item) => typeof item === 'string')) return v;
    }
    return typeof v === 'object' && v !== null && !Array.isArray(v) ? schema(v) : giveUp();
  };
}

const compiled = new Map<string, Walk>();

/** The walk of a type by its definition name, compiled at its first use. */
export function messageWalk(name: string): Walk {
  const known = compiled.get(name);
  if (known !== undefined) return known;
  // Types refer to each other in cycles (JSONSchemaProps) and are many: each is compiled when a value of it turns up.
  let walk: Walk | undefined;
  const lazy: Walk = (v) => {
    if (walk === undefined) {
      const type = typeByName(name);
      walk = type.oneOf === undefined ? compileMessage(type) : compileOneOf(type);
    }
    return walk(v);
  };
  compiled.set(name, lazy);
  return lazy;
}
