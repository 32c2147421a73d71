import { append } from '../../machinery/append.js';
import {
  additionalOf,
  itemsOf,
  notOf,
  propertiesOf,
  propertyOf,
  type Schema,
  schemasAt,
  typeOf,
} from '../../extensions/structural/schema.js';
import { type FieldError, forbiddenField, invalidValue, notSupported, required } from '../../machinery/field.js';
import type { Breath } from '../../machinery/breathe.js';
import type { Flow } from '../../machinery/flow.js';
import { isObject } from '../../machinery/json.js';
import { cardinalityBelow, expressionErrors, TotalCost } from './expressions.js';
import { ruleErrors } from './rules.js';

const TYPES = ['array', 'boolean', 'integer', 'number', 'object', 'string'];
const LIST_TYPES = ['atomic', 'set', 'map'];
const MAP_TYPES = ['atomic', 'granular'];
const META = new Set(['metadata', 'kind', 'apiVersion']);

/** What an update may keep because the stored definition already has it. */
export interface SchemaLenience {
  /** The schemas that are stored, as JSON: one that stays as it is keeps expressions that are too expensive. */
  readonly storedSchemas?: ReadonlySet<string>;
  readonly keepsCosts?: boolean;
  readonly anyType?: boolean;
  /** Sets of items that are not atomic. */
  readonly anySet?: boolean;
  /** Keys of lists that need not be there. */
  readonly anyKeys?: boolean;
}

/** What holds for a part of the schema because of where it is. */
interface Place {
  readonly noDefaults?: string;
  readonly insideMeta?: boolean;
  readonly noExpressions?: boolean;
  /** Where old and new values stop to be the same thing: below it, rules cannot look at the old one. */
  readonly uncorrelatable?: string;
  /** How often it can occur in an object; undefined when nothing bounds it. */
  readonly cardinality: number | undefined;
  readonly total: TotalCost;
}

/** Keywords of JSON schema that custom resources do not have. */
const UNSUPPORTED: readonly (readonly [string, string])[] = [
  ['id', 'id is not supported'],
  ['additionalItems', 'additionalItems is not supported'],
  ['patternProperties', 'patternProperties is not supported'],
  ['definitions', 'definitions is not supported'],
  ['dependencies', 'dependencies is not supported'],
  ['$ref', '$ref is not supported'],
];

function keywordErrors(s: Schema, at: string, place: Place, lenience: SchemaLenience): FieldError[] {
  const out: FieldError[] = [];
  const type = typeOf(s);
  if (lenience.anyType !== true && type !== '' && !TYPES.includes(type)) {
    out.push(notSupported(`${at}.type`, type, TYPES));
  }
  if (s['default'] !== undefined && place.noDefaults !== undefined) {
    out.push(forbiddenField(`${at}.default`, `must not be set ${place.noDefaults}`));
  }
  for (const [key, why] of UNSUPPORTED) {
    const v = s[key];
    if (
      v !== undefined &&
      v !== null &&
      v !== '' &&
      !(key !== 'dependencies' && isObject(v) && Object.keys(v).length === 0)
    ) {
      out.push(forbiddenField(`${at}.${key}`, why));
    }
  }
  if (type === 'null') {
    out.push(forbiddenField(`${at}.type`, 'type cannot be set to null, use nullable as an alternative'));
  }
  if (Array.isArray(s['items']) && s['items'].length > 0) {
    out.push(forbiddenField(`${at}.items`, 'items must be a schema object and not an array'));
  }
  if (place.insideMeta === true && s['x-kubernetes-embedded-resource'] === true) {
    out.push(forbiddenField(`${at}.x-kubernetes-embedded-resource`, 'must not be used inside of resource meta'));
  }
  if (s['uniqueItems'] === true) {
    const why = 'uniqueItems cannot be set to true since the runtime complexity becomes quadratic';
    out.push(forbiddenField(`${at}.uniqueItems`, why));
  }
  return out;
}

/** The type that an extension is for. */
function typeFor(s: Schema, at: string, extension: string, wanted: string): FieldError[] {
  const type = typeOf(s);
  if (s[extension] === undefined || s[extension] === null || type === wanted) return [];
  const why = `must be ${wanted} if ${extension} is specified`;
  return [type === '' ? required(`${at}.type`, why) : invalidValue(`${at}.type`, type, why)];
}

function mapTypeErrors(s: Schema, at: string): FieldError[] {
  const out = typeFor(s, at, 'x-kubernetes-map-type', 'object');
  const mapType = s['x-kubernetes-map-type'];
  if (typeof mapType === 'string' && !MAP_TYPES.includes(mapType)) {
    out.push(notSupported(`${at}.x-kubernetes-map-type`, mapType, MAP_TYPES));
  }
  return out;
}

/** Items of a set are compared as a whole. */
function setErrors(s: Schema, at: string): FieldError[] {
  const items = itemsOf(s);
  if (items === undefined) return [];
  const why = 'must be atomic as item of a list with x-kubernetes-list-type=set';
  const listType = items['x-kubernetes-list-type'] ?? null;
  if (typeOf(items) === 'array' && listType !== null && listType !== 'atomic') {
    return [invalidValue(`${at}.items.x-kubernetes-list-type`, listType, why)];
  }
  if (typeOf(items) === 'object' && items['x-kubernetes-map-type'] !== 'atomic') {
    return [invalidValue(`${at}.items.x-kubernetes-map-type`, listType, why)];
  }
  return [];
}

function listTypeErrors(s: Schema, at: string, lenience: SchemaLenience): FieldError[] {
  const out = typeFor(s, at, 'x-kubernetes-list-type', 'array');
  const listType = s['x-kubernetes-list-type'];
  const where = `${at}.x-kubernetes-list-type`;
  if (out.length === 0 && lenience.anySet !== true && listType === 'set') append(out, setErrors(s, at));
  if (typeof listType === 'string' && !LIST_TYPES.includes(listType)) {
    out.push(notSupported(where, listType, LIST_TYPES));
  }
  const keys = s['x-kubernetes-list-map-keys'];
  if (Array.isArray(keys) && keys.length > 0 && listType !== 'map') {
    const why = 'must be map if x-kubernetes-list-map-keys is non-empty';
    out.push(listType === undefined ? required(where, why) : invalidValue(where, listType, why));
  }
  if (listType === 'map') append(out, mapListErrors(s, at));
  if (lenience.anyKeys !== true && (listType === 'set' || listType === 'map')) append(out, keyErrors(s, at, listType));
  return out;
}

const keysOf = (s: Schema): string[] => {
  const keys = s['x-kubernetes-list-map-keys'];
  return Array.isArray(keys) ? keys.filter((k) => typeof k === 'string') : [];
};

/** A list of type map is one of objects that its keys tell apart. */
function mapListErrors(s: Schema, at: string): FieldError[] {
  const out: FieldError[] = [];
  const keys = keysOf(s);
  const where = `${at}.x-kubernetes-list-map-keys`;
  const items = itemsOf(s);
  if (keys.length === 0) out.push(required(where, 'must not be empty if x-kubernetes-list-type is map'));
  if (items === undefined) {
    const what = s['items'];
    out.push(
      what === undefined
        ? required(`${at}.items`, 'must have a schema if x-kubernetes-list-type is map')
        : invalidValue(`${at}.items`, what, 'must only have a single schema if x-kubernetes-list-type is map'),
    );
    return out;
  }
  if (typeOf(items) !== 'object') {
    const why = "must be object if parent array's x-kubernetes-list-type is map";
    out.push(invalidValue(`${at}.items.type`, typeOf(items), why));
    return out;
  }
  const seen = new Set<string>();
  for (const key of keys) {
    const sub = propertyOf(items, key);
    if (sub === undefined) out.push(invalidValue(where, keys, 'entries must all be names of item properties'));
    else if (typeOf(sub) === 'array' || typeOf(sub) === 'object') {
      const why = "must be a scalar type if parent array's x-kubernetes-list-type is map";
      out.push(invalidValue(`${at}.items.properties[${key}].type`, typeOf(items), why));
    }
    if (seen.has(key)) out.push(invalidValue(where, keys, 'must not contain duplicate entries'));
    seen.add(key);
  }
  return out;
}

/** What tells items apart is never missing and never null. */
function keyErrors(s: Schema, at: string, listType: string): FieldError[] {
  const items = itemsOf(s);
  if (items === undefined) return [];
  const out: FieldError[] = [];
  if (items['nullable'] === true) {
    out.push(forbiddenField(`${at}.items.nullable`, `cannot be nullable when x-kubernetes-list-type is ${listType}`));
  }
  if (listType !== 'map') return out;
  const always = new Set(Array.isArray(items['required']) ? items['required'] : []);
  for (const key of keysOf(s)) {
    const sub = propertyOf(items, key);
    if (sub === undefined) continue;
    const where = `${at}.items.properties[${key}]`;
    const because = 'this property is in x-kubernetes-list-map-keys, so it';
    if (!always.has(key) && sub['default'] === undefined) {
      out.push(required(`${where}.default`, `${because} must have a default or be a required property`));
    }
    if (sub['nullable'] === true) out.push(forbiddenField(`${where}.nullable`, `${because} cannot be nullable`));
  }
  return out;
}

/** Every schema directly below, with its path and what holds there. */
function* parts(s: Schema, at: string, above: Place, isRoot: boolean): Generator<[Schema, string, Place]> {
  const place = { ...above, cardinality: cardinalityBelow(s, above.cardinality) };
  const additional = additionalOf(s);
  if (additional !== undefined) {
    const noDefaults = 'inside additionalProperties applying to object metadata';
    yield [additional, `${at}.additionalProperties`, place.insideMeta === true ? { ...place, noDefaults } : place];
  }
  for (const [name, sub] of propertiesOf(s)) {
    const isAtomic = s['x-kubernetes-map-type'] === 'atomic';
    const here = isAtomic && place.uncorrelatable === undefined ? { ...place, uncorrelatable: at } : place;
    const isMeta = (isRoot || s['x-kubernetes-embedded-resource'] === true) && META.has(name);
    const meta = isMeta ? { ...here, insideMeta: true } : here;
    yield [sub, `${at}.properties[${name}]`, isMeta && isRoot ? { ...meta, noDefaults: `in top-level ${name}` } : meta];
  }
  const not = notOf(s);
  const logic = { ...place, noExpressions: true };
  if (not !== undefined) yield [not, `${at}.not`, logic];
  for (const key of ['allOf', 'oneOf', 'anyOf']) {
    for (const [i, sub] of schemasAt(s, key).entries()) yield [sub, `${at}.${key}[${i}]`, logic];
  }
  const items = itemsOf(s);
  const isKeyed = s['x-kubernetes-list-type'] === 'map' || place.uncorrelatable !== undefined;
  if (items !== undefined) yield [items, `${at}.items`, isKeyed ? place : { ...place, uncorrelatable: at }];
  for (const [i, sub] of schemasAt(s, 'items').entries()) yield [sub, `${at}.items[${i}]`, place];
}

/** Field errors of a schema, and about the expressions in it: these are worked out only where the schema is sound. */
interface Found {
  readonly schema: FieldError[];
  readonly expressions: FieldError[];
}

function* visit(
  s: Schema,
  at: string,
  lenience: SchemaLenience,
  isRoot: boolean,
  place: Place,
  breath: Breath,
): Flow<Found> {
  if (breath.isDue()) yield breath.rest();
  const out: Found = { schema: keywordErrors(s, at, place, lenience), expressions: [] };
  if (s['additionalProperties'] !== undefined && s['additionalProperties'] !== true && propertiesOf(s).length > 0) {
    const why = 'additionalProperties and properties are mutual exclusive';
    out.schema.push(forbiddenField(`${at}.additionalProperties`, why));
  }
  for (const [sub, where, subPlace] of parts(s, at, place, isRoot)) {
    const found = yield* visit(sub, where, lenience, false, subPlace, breath);
    append(out.schema, found.schema);
    append(out.expressions, found.expressions);
  }
  if (s['x-kubernetes-preserve-unknown-fields'] === false) {
    const where = `${at}.x-kubernetes-preserve-unknown-fields`;
    out.schema.push(invalidValue(where, false, 'must be true or undefined'));
  }
  append(out.schema, mapTypeErrors(s, at));
  append(out.schema, listTypeErrors(s, at, lenience));
  append(out.schema, yield* ruleErrors(s, at, breath));
  if (out.schema.length === 0 && place.noExpressions !== true) {
    append(
      out.expressions,
      yield* expressionErrors(
        s,
        at,
        isRoot,
        { ...place, uncorrelatable: place.uncorrelatable, keepsCosts: lenience.keepsCosts === true },
        breath,
      ),
    );
  }
  return out;
}

/**
 * Field errors of keywords and extensions of a schema and all schemas in it, then about their expressions unless
 * `noExpressions`: there is no telling what they see in a schema that is not structural.
 */
export function* openApiErrors(
  s: Schema,
  at: string,
  lenience: SchemaLenience,
  breath: Breath,
  noExpressions = false,
): Flow<FieldError[]> {
  const total = new TotalCost();
  const keepsCosts = lenience.storedSchemas?.has(JSON.stringify(s)) === true;
  const place = { noExpressions, cardinality: 1, total };
  const found = yield* visit(s, at, { ...lenience, keepsCosts }, true, place, breath);
  return [...found.schema, ...found.expressions, ...total.errors(at)];
}
