import { append } from '../../machinery/append.js';
import { Breath, BREATH_STEPS } from '../../machinery/breathe.js';
import {
  type FieldError,
  invalidValue,
  notSupported,
  OMIT_VALUE,
  required,
  tooLong,
  tooMany,
  typeInvalid,
} from '../../machinery/field.js';
import { deepEqual } from '../../machinery/equal.js';
import { atOnce, type Flow } from '../../machinery/flow.js';
import { type JsonObject, type JsonValue, isObject } from '../../machinery/json.js';
import { compileRe2, Re2CostError, Re2SyntaxError } from '../../machinery/re2.js';
import { hasFormat } from '../../machinery/openapi-formats.js';
import { identity, keyText } from './lists.js';
import { additionalOf, isIntOrString, itemsOf, notOf, propertyOf, type Schema, schemasAt, typeOf } from './schema.js';

// What an OpenAPI v3 schema asks of a value, in the words of kube-apiserver (kube-openapi's validator as
// apiextensions-apiserver reports it). Values are JSON; big integers may be BigInt.

/** Field errors of one value after which no more are looked for: there might be one for each item and each rule of it. */
const MAX_ERRORS = 1_000;

/** Where a field error is: `base` is the field of the root value, `name` the path from there that sentences repeat. */
interface Place {
  readonly base: string;
  readonly name: string;
}

const fieldOf = ({ base, name }: Place): string => (name === '' ? base : base === '' ? name : `${base}.${name}`);
const below = (at: Place, key: string): Place => ({ base: at.base, name: at.name === '' ? key : `${at.name}.${key}` });
const item = (at: Place, i: number): Place => ({ base: at.base, name: `${at.name}[${i}]` });

function jsonType(v: JsonValue): string {
  if (v === null) return 'null';
  if (Array.isArray(v)) return 'array';
  // What int64 does not hold is a float64 to Go's decoder, and too large a one to be taken for an integer.
  if (typeof v === 'bigint') return BigInt.asIntN(64, v) === v ? 'integer' : 'number';
  if (typeof v === 'number') return Number.isSafeInteger(v) ? 'integer' : 'number';
  return typeof v;
}

const isNumber = (v: JsonValue): v is number | bigint => typeof v === 'number' || typeof v === 'bigint';
const numberAt = (s: Schema, key: string): number | undefined => {
  const v = s[key];
  return v === undefined || v === null || !isNumber(v) ? undefined : Number(v);
};

/** What Go's decoder makes of a number, and no other value: kube-openapi calls that its format. */
function formatOfNumber(v: JsonValue): string {
  return isNumber(v) ? (jsonType(v) === 'integer' ? 'int64' : 'float64') : '';
}

function typeErrors(s: Schema, v: JsonValue, at: Place): FieldError[] {
  const types = isIntOrString(s) ? ['integer', 'string'] : typeOf(s) === '' ? [] : [typeOf(s)];
  if (types.length === 0 || (v === null && s['nullable'] === true)) return [];
  const actual = jsonType(v);
  if (types.includes(actual) || (actual === 'integer' && types.includes('number'))) return [];
  const wrong = (wanted: string, is: string): FieldError[] => [
    typeInvalid(fieldOf(at), is, `${at.name} in body must be of type ${wanted}: "${is}"`),
  ];
  const format = s['format'];
  // Of all but texts and lists the format is compared in the place of the type, where the schema names one.
  const byFormat =
    typeof format === 'string' && format !== '' && v !== null && typeof v !== 'string' && !Array.isArray(v);
  return byFormat ? wrong(format, formatOfNumber(v)) : wrong(types.join(','), actual);
}

/** Field errors that name no field of their own are about the root. */
const general = (at: Place, detail: string): FieldError => invalidValue(at.base, '', detail);

const COMPOSITIONS = ['anyOf', 'oneOf', 'allOf', 'not'] as const;
const isComposed = (s: Schema): boolean => COMPOSITIONS.some((key) => s[key] !== undefined);

function* compositionErrors(s: Schema, v: JsonValue, at: Place, breath: Breath | undefined): Flow<FieldError[]> {
  const out: FieldError[] = [];
  const quoted = JSON.stringify(at.name);
  function* outcomes(key: string): Flow<FieldError[][]> {
    const all: FieldError[][] = [];
    for (const sub of schemasAt(s, key)) all.push(yield* errorsAt(sub, v, at, undefined, breath));
    return all;
  }
  const any = yield* outcomes('anyOf');
  if (any.length > 0 && !any.some((errors) => errors.length === 0)) {
    out.push(general(at, `${quoted} must validate at least one schema (anyOf)`), ...best(any));
  }
  const one = yield* outcomes('oneOf');
  const valid = one.filter((errors) => errors.length === 0).length;
  if (one.length > 0 && valid !== 1) {
    const found = valid === 0 ? 'Found none valid' : `Found ${valid} valid alternatives`;
    out.push(general(at, `${quoted} must validate one and only one schema (oneOf). ${found}`));
    if (valid === 0) append(out, best(one));
  }
  const all = yield* outcomes('allOf');
  const failed = all.filter((errors) => errors.length > 0);
  if (failed.length > 0) {
    append(out, failed.flat());
    const none = failed.length === all.length ? '. None validated' : '';
    out.push(general(at, `${quoted} must validate all the schemas (allOf)${none}`));
  }
  const not = notOf(s);
  if (not !== undefined && (yield* errorsAt(not, v, at, undefined, breath)).length === 0) {
    out.push(general(at, `${quoted} must not validate the schema (not)`));
  }
  return out;
}

/** Of several ways to fail, the one that came closest. */
const best = (outcomes: readonly FieldError[][]): FieldError[] =>
  outcomes.reduce((a, b) => (b.length < a.length ? b : a), outcomes[0] ?? []);

function stringErrors(s: Schema, v: string, at: Place): FieldError[] {
  const length = Array.from(v).length;
  const [max, min] = [numberAt(s, 'maxLength'), numberAt(s, 'minLength')];
  if (max !== undefined && length > max) return [tooLong(fieldOf(at), max)];
  if (min !== undefined && length < min) {
    return [invalidValue(fieldOf(at), v, `${at.name} in body should be at least ${min} chars long`)];
  }
  const pattern = s['pattern'];
  return typeof pattern === 'string' && pattern !== '' ? patternErrors(pattern, v, at) : [];
}

/** What cannot be matched is refused: a pattern is what keeps a value out. */
function patternErrors(pattern: string, v: string, at: Place): FieldError[] {
  try {
    if (compileRe2(pattern).test(v)) return [];
  } catch (e) {
    if (!(e instanceof Re2CostError || e instanceof Re2SyntaxError)) throw e;
    return [invalidValue(fieldOf(at), OMIT_VALUE, `${at.name} in body should match '${pattern}', but ${e.message}`)];
  }
  return [invalidValue(fieldOf(at), v, `${at.name} in body should match '${pattern}'`)];
}

function formatErrors(s: Schema, v: string, at: Place): FieldError[] {
  const format = s['format'];
  if (typeof format !== 'string' || hasFormat(format, v)) return [];
  return [typeInvalid(fieldOf(at), v, `${at.name} in body must be of type ${format}: ${JSON.stringify(v)}`)];
}

const INTEGER_RANGES: Readonly<Record<string, readonly [number, number]>> = {
  int32: [-(2 ** 31), 2 ** 31 - 1],
  uint32: [0, 2 ** 32 - 1],
};

function rangeErrors(s: Schema, v: number | bigint, at: Place): FieldError[] {
  if (typeOf(s) !== 'integer') return [];
  const format = typeof s['format'] === 'string' ? s['format'] : '';
  const range = INTEGER_RANGES[format];
  const integral = jsonType(v) === 'integer';
  if (integral && (range === undefined || (v >= range[0] && v <= range[1]))) return [];
  const which = format === '' ? '(default format)' : `with format ${format}`;
  return [general(at, `Checked value must be of type integer ${which} in ${at.name}`)];
}

function numberErrors(s: Schema, v: number | bigint, at: Place): FieldError[] {
  const out = rangeErrors(s, v, at);
  const report = (what: string): void => {
    out.push(invalidValue(fieldOf(at), v, `${at.name} in body should be ${what}`));
  };
  const step = numberAt(s, 'multipleOf');
  if (step !== undefined && !Number.isInteger(Number(v) / step)) report(`a multiple of ${step}`);
  const max = numberAt(s, 'maximum');
  if (max !== undefined) {
    if (s['exclusiveMaximum'] === true ? v >= max : v > max) {
      report(s['exclusiveMaximum'] === true ? `less than ${max}` : `less than or equal to ${max}`);
    }
  }
  const min = numberAt(s, 'minimum');
  if (min !== undefined) {
    if (s['exclusiveMinimum'] === true ? v <= min : v < min) {
      report(s['exclusiveMinimum'] === true ? `greater than ${min}` : `greater than or equal to ${min}`);
    }
  }
  return out;
}

function* listErrors(
  s: Schema,
  v: readonly JsonValue[],
  at: Place,
  old: JsonValue | undefined,
  breath: Breath | undefined,
): Flow<FieldError[]> {
  const before =
    Array.isArray(old) && s['x-kubernetes-list-type'] === 'map'
      ? new Map(old.map((x) => [keyText(x, s), x]))
      : undefined;
  const items = itemsOf(s);
  const out: FieldError[] = [];
  if (items !== undefined) {
    for (const [i, x] of v.entries()) {
      append(out, yield* errorsAt(items, x, item(at, i), before?.get(keyText(x, s)), breath));
      if (out.length > MAX_ERRORS) return out;
    }
  }
  const [min, max] = [numberAt(s, 'minItems'), numberAt(s, 'maxItems')];
  if (min !== undefined && v.length < min) {
    out.push(invalidValue(fieldOf(at), v.length, `${at.name} in body should have at least ${min} items`));
  }
  if (max !== undefined && v.length > max) out.push(tooMany(fieldOf(at), v.length, max));
  if (s['uniqueItems'] === true && new Set(v.map(identity)).size < v.length) {
    out.push(invalidValue(fieldOf(at), v, `${at.name} in body shouldn't contain duplicates`));
  }
  return out;
}

function* objectErrors(
  s: Schema,
  v: JsonObject,
  at: Place,
  old: JsonValue | undefined,
  breath: Breath | undefined,
): Flow<FieldError[]> {
  const before = isObject(old) ? old : undefined;
  const keys = Object.keys(v).filter((k) => v[k] !== undefined);
  const [min, max] = [numberAt(s, 'minProperties'), numberAt(s, 'maxProperties')];
  if (min !== undefined && keys.length < min) {
    return [invalidValue(fieldOf(at), keys.length, `${at.name} in body should have at least ${min} properties`)];
  }
  if (max !== undefined && keys.length > max) return [tooMany(fieldOf(at), keys.length, max)];
  const out: FieldError[] = [];
  const wanted = s['required'];
  for (const k of Array.isArray(wanted) ? wanted : []) {
    if (typeof k !== 'string' || v[k] !== undefined) continue;
    out.push(required(fieldOf(below(at, k))));
    if (out.length > MAX_ERRORS) return out;
  }
  const additional = additionalOf(s);
  const properties: [string, Schema][] = [];
  for (const k of keys.sort()) {
    const property = propertyOf(s, k);
    if (property !== undefined) properties.push([k, property]);
    else if (additional !== undefined) {
      append(out, yield* errorsAt(additional, v[k] ?? null, below(at, k), before?.[k], breath));
    } else if (s['additionalProperties'] === false) {
      const place = below(at, k);
      out.push(invalidValue(fieldOf(place), v[k], `${place.name} in body is a forbidden property`));
    }
    if (out.length > MAX_ERRORS) return out;
  }
  for (const [k, sub] of properties) {
    append(out, yield* errorsAt(sub, v[k] ?? null, below(at, k), before?.[k], breath));
    if (out.length > MAX_ERRORS) return out;
  }
  return out;
}

/** The texts of an enum, and what is said where none fits; made once for each schema. */
interface Allowed {
  readonly texts: ReadonlySet<JsonValue>;
  readonly others: readonly JsonValue[];
  readonly detail: FieldError;
}
const allowedBy = new WeakMap<readonly JsonValue[], Allowed>();

function allowedOf(values: readonly JsonValue[]): Allowed {
  let allowed = allowedBy.get(values);
  if (allowed === undefined) {
    const words = values.map((x) => (typeof x === 'string' ? x : JSON.stringify(x)));
    allowed = {
      texts: new Set(values.filter((x) => typeof x === 'string')),
      others: values.filter((x) => typeof x !== 'string'),
      detail: notSupported('', '', words),
    };
    allowedBy.set(values, allowed);
  }
  return allowed;
}

function enumErrors(s: Schema, v: JsonValue, at: Place): FieldError[] {
  const values = s['enum'];
  if (!Array.isArray(values) || values.length === 0) return [];
  const { texts, others, detail } = allowedOf(values);
  if (typeof v === 'string' ? texts.has(v) : others.some((x) => deepEqual(x, v))) return [];
  return [{ ...detail, field: fieldOf(at), badValue: v }];
}

/** What is asked of a value by itself, not of what is in it. */
function ownErrors(s: Schema, v: JsonValue, at: Place): FieldError[] {
  if (typeof v === 'string') return [...stringErrors(s, v, at), ...formatErrors(s, v, at)];
  return isNumber(v) ? numberErrors(s, v, at) : [];
}

/**
 * `old` is what stood there before: what has not changed is not told as a field error again (ratcheting). Without a
 * `breath` all is looked at in one turn.
 */
function* errorsAt(
  s: Schema,
  v: JsonValue,
  at: Place,
  old: JsonValue | undefined,
  breath: Breath | undefined,
): Flow<FieldError[]> {
  // A pattern may take long, so that the clock is looked at for each.
  if (breath?.isDue(s['pattern'] === undefined ? 1 : BREATH_STEPS) === true) yield breath.rest();
  if (old !== undefined && deepEqual(v, old)) return [];
  const out = typeErrors(s, v, at);
  if (v === null) {
    if (s['nullable'] !== true) append(out, enumErrors(s, v, at));
    return out;
  }
  if (isComposed(s)) append(out, yield* compositionErrors(s, v, at, breath));
  append(out, ownErrors(s, v, at));
  if (Array.isArray(v)) append(out, yield* listErrors(s, v, at, old, breath));
  append(out, enumErrors(s, v, at));
  if (isObject(v)) append(out, yield* objectErrors(s, v, at, old, breath));
  return out;
}

/**
 * Field errors of a value that a schema describes; beyond a thousand no more are looked for. `base` is the field of the
 * value, '' for a whole object. With `old`, what has not changed is not told as a field error again. Others get their
 * turn meanwhile.
 */
export function valueErrors(
  schema: Schema,
  value: JsonValue,
  base: string,
  old?: JsonValue,
  breath = new Breath(),
): Flow<FieldError[]> {
  return errorsAt(schema, value, { base, name: '' }, old, breath);
}

/** The same in one turn. */
export function valueErrorsAtOnce(schema: Schema, value: JsonValue, base: string, old?: JsonValue): FieldError[] {
  return atOnce(errorsAt(schema, value, { base, name: '' }, old, undefined));
}
