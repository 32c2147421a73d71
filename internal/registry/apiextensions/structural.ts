import {
  additionalOf,
  isEmbedded,
  isIntOrString,
  itemsOf,
  notOf,
  preservesUnknown,
  propertiesOf,
  propertyOf,
  type Schema,
  schemasAt,
  typeOf,
} from '../../extensions/structural/schema.js';
import { append } from '../../machinery/append.js';
import { type Breath, BREATH_STEPS } from '../../machinery/breathe.js';
import { deepEqual } from '../../machinery/equal.js';
import { errorText, type FieldError, forbiddenField, invalidValue, required } from '../../machinery/field.js';
import type { Flow } from '../../machinery/flow.js';
import type { JsonValue } from '../../machinery/json.js';
import { patternProblem } from './patterns.js';

// A schema is structural when the type of every field is known without evaluating the schema's logic
// (https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema).

type Level = 'root' | 'item' | 'field';

const TYPE_MISSING: Readonly<Record<Level, string>> = {
  root: 'must not be empty at the root',
  item: 'must not be empty for specified array items',
  field: 'must not be empty for specified object fields',
};

const INT_OR_STRING: JsonValue = [{ type: 'integer' }, { type: 'string' }];
const JUNCTORS = ['anyOf', 'allOf', 'oneOf'] as const;
const property = (at: string, name: string): string => `${at}.properties[${name}]`;

function isEmpty(v: JsonValue | undefined): boolean {
  if (v === undefined || v === null || v === '' || v === false) return true;
  return typeof v === 'object' && Object.keys(v).length === 0;
}

/** What logic over values may not say, because it would say what the value is; and how that is put. */
const FORBIDDEN_IN_LOGIC: readonly (readonly [string, string])[] = [
  ['type', 'must be empty to be structural'],
  ['additionalProperties', 'must be undefined to be structural'],
  ['default', 'must be undefined to be structural'],
  ['title', 'must be empty to be structural'],
  ['description', 'must be empty to be structural'],
  ['nullable', 'must be false to be structural'],
  ['x-kubernetes-preserve-unknown-fields', 'must be false to be structural'],
  ['x-kubernetes-embedded-resource', 'must be false to be structural'],
  ['x-kubernetes-int-or-string', 'must be false to be structural'],
  ['x-kubernetes-list-map-keys', 'must be empty to be structural'],
  ['x-kubernetes-list-type', 'must be undefined to be structural'],
  ['x-kubernetes-map-type', 'must be undefined to be structural'],
  ['x-kubernetes-validations', 'must be empty to be structural'],
];

/** A pattern may take long to compile, so that the clock is looked at for each. */
const stepsOf = (s: Schema): number => (s['pattern'] === undefined ? 1 : BREATH_STEPS);

class Walk {
  readonly errors: FieldError[] = [];
  constructor(private readonly breath: Breath) {}

  /** `skipAnyOf`: the two types of an int-or-string, which are allowed there. */
  private *logic(s: Schema, at: string, skipAnyOf: boolean, skipFirstAllOf: boolean): Flow<void> {
    for (const key of JUNCTORS) {
      if (key === 'anyOf' && skipAnyOf) continue;
      for (const [i, sub] of schemasAt(s, key).entries()) {
        yield* this.nested(sub, `${at}.${key}[${i}]`, key === 'allOf' && i === 0 && skipFirstAllOf);
      }
    }
    const not = notOf(s);
    if (not !== undefined) yield* this.nested(not, `${at}.not`, false);
    const why = patternProblem(s);
    if (why !== '') {
      this.errors.push(
        invalidValue(`${at}.pattern`, s['pattern'], `must be a valid regular expression, but isn't: ${why}`),
      );
    }
  }

  private *nested(s: Schema, at: string, skipAnyOf: boolean): Flow<void> {
    if (this.breath.isDue(stepsOf(s))) yield this.breath.rest();
    yield* this.logic(s, at, skipAnyOf, false);
    const items = itemsOf(s);
    if (items !== undefined) yield* this.nested(items, `${at}.items`, false);
    for (const [name, sub] of propertiesOf(s)) yield* this.nested(sub, property(at, name), false);
    for (const [key, why] of FORBIDDEN_IN_LOGIC) {
      const said = key === 'additionalProperties' || key === 'default' ? s[key] !== undefined : !isEmpty(s[key]);
      if (said) this.errors.push(forbiddenField(`${at}.${key}`, why));
    }
    if (propertyOf(s, 'metadata') !== undefined) {
      this.errors.push(forbiddenField(property(at, 'metadata'), 'must not be specified in a nested context'));
    }
  }

  private extensions(s: Schema, at: string): void {
    if (!isIntOrString(s)) return;
    const clash = 'must be false if x-kubernetes-int-or-string is true';
    for (const key of ['x-kubernetes-preserve-unknown-fields', 'x-kubernetes-embedded-resource']) {
      if (s[key] === true) this.errors.push(invalidValue(`${at}.${key}`, true, clash));
    }
  }

  private type(s: Schema, level: Level, at: string): void {
    const type = typeOf(s);
    const where = `${at}.type`;
    if (isEmbedded(s) && type !== 'object') {
      const why = 'must be object if x-kubernetes-embedded-resource is true';
      this.errors.push(type === '' ? required(where, why) : invalidValue(where, type, why));
    } else if (type === '' && !isIntOrString(s) && !preservesUnknown(s)) {
      this.errors.push(required(where, TYPE_MISSING[level]));
    }
    if (isEmbedded(s) && s['additionalProperties'] !== undefined) {
      const why = 'must not be used if x-kubernetes-embedded-resource is set';
      this.errors.push(forbiddenField(`${at}.additionalProperties`, why));
    }
    if (level === 'root' && type !== '' && type !== 'object') {
      this.errors.push(invalidValue(where, type, 'must be object at the root'));
    }
  }

  /** Kind, apiVersion and metadata of an object are what Kubernetes says they are. */
  private objectFields(s: Schema, level: Level, at: string): void {
    const isObjectRoot = level === 'root' || isEmbedded(s);
    for (const name of ['kind', 'apiVersion']) {
      const sub = propertyOf(s, name);
      if (sub !== undefined && isObjectRoot && typeOf(sub) !== 'string') {
        this.errors.push(invalidValue(`${property(at, name)}.type`, typeOf(sub), 'must be string'));
      }
    }
    const metadata = propertyOf(s, 'metadata');
    if (metadata === undefined) return;
    const where = property(at, 'metadata');
    if (isObjectRoot && typeOf(metadata) !== 'object') {
      this.errors.push(invalidValue(`${where}.type`, typeOf(metadata), 'must be object'));
    }
    if (level !== 'root') return;
    const allowed = (keys: string[], ...known: string[]): boolean => keys.every((key) => known.includes(key));
    const names = propertiesOf(metadata).map(([name]) => name);
    if (!allowed(Object.keys(metadata), 'type', 'default', 'properties') || !allowed(names, 'name', 'generateName')) {
      this.errors.push(
        forbiddenField(
          where,
          'must not specify anything other than name and generateName, but metadata is implicitly specified',
        ),
      );
    }
  }

  *visit(s: Schema, level: Level, at: string): Flow<void> {
    if (this.breath.isDue(stepsOf(s))) yield this.breath.rest();
    const items = itemsOf(s);
    if (typeOf(s) === 'array' && items === undefined) this.errors.push(required(`${at}.items`, 'must be specified'));
    if (items !== undefined) yield* this.visit(items, 'item', `${at}.items`);
    for (const [name, sub] of propertiesOf(s)) yield* this.visit(sub, 'field', property(at, name));
    if (s['additionalProperties'] !== undefined) {
      if (level === 'root')
        this.errors.push(forbiddenField(`${at}.additionalProperties`, 'must not be used at the root'));
      const additional = additionalOf(s);
      if (additional !== undefined) yield* this.visit(additional, 'field', `${at}.additionalProperties`);
    }
    this.extensions(s, at);
    const first = schemasAt(s, 'allOf')[0];
    yield* this.logic(s, at, deepEqual(s['anyOf'], INT_OR_STRING), deepEqual(first?.['anyOf'], INT_OR_STRING));
    this.type(s, level, at);
    this.objectFields(s, level, at);
    if (isEmbedded(s) && !preservesUnknown(s) && propertiesOf(s).length === 0) {
      const why =
        'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields';
      this.errors.push(required(`${at}.properties`, why));
    }
  }

  /**
   * Every field that logic speaks of must be there outside of the logic too. kube-apiserver looks only at the logic of
   * the root, and at what is nested in it.
   */
  *complete(s: Schema, at: string): Flow<void> {
    yield* this.logicComplete(s, s, at, at);
  }

  private *logicComplete(logic: Schema, s: Schema, at: string, logicAt: string): Flow<void> {
    for (const key of JUNCTORS) {
      for (const [i, sub] of schemasAt(logic, key).entries())
        yield* this.nestedComplete(sub, s, at, `${logicAt}.${key}[${i}]`);
    }
    const not = notOf(logic);
    if (not !== undefined) yield* this.nestedComplete(not, s, at, `${logicAt}.not`);
  }

  private *nestedComplete(logic: Schema, s: Schema | undefined, at: string, logicAt: string): Flow<void> {
    if (this.breath.isDue()) yield this.breath.rest();
    if (s === undefined) {
      this.errors.push(required(at, `because it is defined in ${logicAt}`));
      return;
    }
    yield* this.logicComplete(logic, s, at, logicAt);
    const items = itemsOf(logic);
    if (items !== undefined) yield* this.nestedComplete(items, itemsOf(s), `${at}.items`, `${logicAt}.items`);
    for (const [name, sub] of propertiesOf(logic)) {
      yield* this.nestedComplete(sub, propertyOf(s, name), property(at, name), property(logicAt, name));
    }
  }
}

/** Keywords that no structural schema can be made from; other rules tell that they are not supported. */
const NEVER = ['id', '$ref', 'additionalItems', 'patternProperties', 'definitions', 'dependencies'] as const;

/** Whether kube-apiserver could not even read this as a structural schema: it then says nothing about its structure. */
function* isUnreadable(s: Schema, breath: Breath): Flow<boolean> {
  if (breath.isDue()) yield breath.rest();
  if (NEVER.some((key) => !isEmpty(s[key])) || (Array.isArray(s['items']) && s['items'].length > 0)) return true;
  const parts = [itemsOf(s), additionalOf(s), notOf(s), ...propertiesOf(s).map(([, part]) => part)];
  for (const key of JUNCTORS) append(parts, schemasAt(s, key));
  for (const part of parts) if (part !== undefined && (yield* isUnreadable(part, breath))) return true;
  return false;
}

/** Why a schema is not structural, sorted by text as kube-apiserver sorts them; empty when it is. */
export function* structuralErrors(schema: Schema, at: string, breath: Breath): Flow<FieldError[]> {
  if (yield* isUnreadable(schema, breath)) return [];
  const walk = new Walk(breath);
  yield* walk.visit(schema, 'root', at);
  yield* walk.complete(schema, at);
  if (walk.errors.length === 0) return [];
  const texts: { readonly error: FieldError; readonly text: string }[] = [];
  for (const error of walk.errors) {
    texts.push({ error, text: errorText(error) });
    if (breath.isDue()) yield breath.rest();
  }
  return texts.sort((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : 0)).map(({ error }) => error);
}
