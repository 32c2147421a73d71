import { CelError, RUNTIME_BUDGET, Optional, type Value } from '../../cel/index.js';
import { isEmbedded, propertyOf, type Schema, typeOf } from '../../extensions/structural/schema.js';
import { keyText } from '../../extensions/structural/lists.js';
import { anyItemsOf, at, below, valuesOf } from '../../extensions/structural/walk.js';
import { declTypeOf } from '../../extensions/validations/decl-type.js';
import { compileRules, type CompiledRule } from '../../extensions/validations/programs.js';
import { rootOf, valueOf } from '../../extensions/validations/values.js';
import { children, str } from '../../machinery/access.js';
import { Breath } from '../../machinery/breathe.js';
import { deepEqual } from '../../machinery/equal.js';
import { errorText, type FieldError, type FieldErrorType, invalidValue, OMIT_VALUE } from '../../machinery/field.js';
import type { Flow } from '../../machinery/flow.js';
import { isObject, type JsonObject, type JsonValue } from '../../machinery/json.js';
import { fieldOfPath } from './rule-paths.js';

const NO_OLD_SELF = new CelError('no such overload');

/** Bytes of a message that an expression makes; a longer one is not used. */
const MAX_MESSAGE_BYTES = 5 * 1024;

interface Rule extends CompiledRule {
  readonly text: string;
  readonly fixedMessage: string;
  readonly reason: FieldErrorType;
  /** `spec.x`, below the place of the rule; empty for the place itself. */
  readonly fieldPath: string;
  /** `oldSelf` may be missing: the rule is looked at also when there was no value before. */
  readonly optionalOldSelf: boolean;
}

/** The rules of a schema and of what is below it. */
export interface Rules {
  readonly schema: Schema;
  /** The schema that expressions see: with the fields of every object at a root. */
  readonly seen: Schema;
  readonly own: readonly Rule[];
  readonly properties: ReadonlyMap<string, Rules>;
  readonly values: Rules | undefined;
  readonly items: Rules | undefined;
}

const ownRules = (schema: JsonObject): JsonObject[] => children(schema, 'x-kubernetes-validations');

/** Whether a schema has validation rules anywhere. */
export function hasRules(schema: JsonObject): boolean {
  if (ownRules(schema).length > 0) return true;
  const properties = isObject(schema['properties']) ? Object.values(schema['properties']) : [];
  return [...properties, schema['items'], schema['additionalProperties']].some((s) => isObject(s) && hasRules(s));
}

const REASONS: readonly FieldErrorType[] = ['FieldValueRequired', 'FieldValueForbidden', 'FieldValueDuplicate'];

function* compileOwn(schema: Schema, isRoot: boolean, breath: Breath | undefined): Flow<Rule[]> {
  const rules = ownRules(schema);
  const self = rules.length === 0 ? undefined : declTypeOf(schema, isRoot, 'selfType');
  if (self === undefined) return [];
  const compiled = yield* compileRules(rules, self, breath);
  return rules.map((r, i) => ({
    ...(compiled[i] as CompiledRule),
    text: str(r, 'rule').trim(),
    fixedMessage: str(r, 'message').trim(),
    reason: REASONS.find((reason) => reason === str(r, 'reason')) ?? 'FieldValueInvalid',
    fieldPath: fieldOfPath(str(r, 'fieldPath'), schema),
    optionalOldSelf: r['optionalOldSelf'] === true,
  }));
}

/** Compiles the rules of a schema, once for each definition. With a `breath` others get their turn meanwhile. */
export function* rulesOf(schema: Schema, breath?: Breath, isRoot = true): Flow<Rules> {
  const isObjectRoot = isRoot || isEmbedded(schema);
  const properties = new Map<string, Rules>();
  if (isObject(schema['properties'])) {
    for (const [name, property] of Object.entries(schema['properties'])) {
      if (isObject(property) && hasRules(property)) properties.set(name, yield* rulesOf(property, breath, false));
    }
  }
  const values = valuesOf(schema);
  const items = anyItemsOf(schema);
  return {
    schema,
    seen: isObjectRoot ? rootOf(schema) : schema,
    own: yield* compileOwn(schema, isObjectRoot, breath),
    properties,
    values: values !== undefined && hasRules(values) ? yield* rulesOf(values, breath, false) : undefined,
    items: hasRules(items) ? yield* rulesOf(items, breath, false) : undefined,
  };
}

/** A value and what it was before, where the two belong together. */
interface Pair {
  readonly value: JsonValue;
  readonly old: JsonValue;
}

/** Where errors of a place are forgiven because nothing has changed there, or in what is around it. */
interface Correlation {
  readonly here: Pair | undefined;
  readonly around: Pair | undefined;
}

const NOWHERE: Correlation = { here: undefined, around: undefined };
const isSame = (pair: Pair | undefined): boolean => pair !== undefined && deepEqual(pair.value, pair.old);
const isForgiven = ({ here, around }: Correlation): boolean => isSame(here ?? around);

/** Whether the old value at a place can be told. */
function pairOf(value: JsonValue | undefined, old: JsonValue | undefined): Pair | undefined {
  return value === undefined || old === undefined || old === null ? undefined : { value, old };
}

/** A value that is still to be looked at, with what is below it. */
interface Place {
  readonly rules: Rules;
  readonly value: JsonValue | undefined;
  readonly old: JsonValue | undefined;
  readonly path: string;
  readonly c: Correlation;
}

/** Cost units of which an evaluation takes about as long as the check of one small value. */
const COST_OF_A_STEP = 300;

class Run {
  readonly errors: FieldError[] = [];
  readonly warnings: string[] = [];
  private budget = RUNTIME_BUDGET;
  private readonly breath = new Breath();

  /**
   * Looks at a value and what is below it, until the budget is used up. Others get their turn between two rules, for all
   * of an object's may take a second.
   */
  *check(first: Place): Flow<void> {
    // The last is looked at next: what is below a value comes before what follows it.
    const open = [first];
    for (let place = open.pop(); place !== undefined; place = open.pop()) {
      const { rules, value } = place;
      if (value === undefined || value === null) continue;
      if (rules.own.length > 0 && !(yield* this.checkOwn(place, value))) return;
      if (this.breath.isDue()) yield this.breath.rest();
      const inside = Array.isArray(value) ? itemsIn(place, value) : isObject(value) ? membersIn(place, value) : [];
      for (let next = inside.pop(); next !== undefined; next = inside.pop()) open.push(next);
    }
  }

  /** Looks at the rules of one place; false when the budget is used up. */
  private *checkOwn({ rules, old: before, path, c }: Place, value: JsonValue): Flow<boolean> {
    const old = before ?? undefined;
    const type = typeOf(rules.schema);
    const here = path === '' ? '<nil>' : path;
    const wrong = (detail: string): void => void this.errors.push(invalidValue(here, type, detail));
    const self = valueOf(value, rules.seen);
    const oldSelf = old === undefined ? undefined : valueOf(old, rules.seen);
    const plain = (name: string): Value | undefined => (name === 'self' ? self : oldSelf);
    const withoutOld = (name: string): Value => (name === 'self' ? self : NO_OLD_SELF);
    const optional = (name: string): Value => (name === 'self' ? self : new Optional(oldSelf));
    for (const rule of rules.own) {
      if (this.budget <= 0) {
        wrong(OUT_OF_BUDGET);
        return false;
      }
      if (rule.ruleError !== undefined) wrong(`rule compile error: ${rule.ruleError}`);
      if (rule.rule === undefined) continue;
      if (rule.usesOldSelf && old === undefined && !rule.optionalOldSelf) continue;
      const evaluation = rule.rule.evaluateSync(rule.optionalOldSelf ? optional : plain);
      if (evaluation.cost > this.budget) {
        wrong(OUT_OF_BUDGET);
        return false;
      }
      this.budget -= evaluation.cost;
      if (this.breath.isDue(1 + evaluation.cost / COST_OF_A_STEP)) yield this.breath.rest();
      if (evaluation.value instanceof CelError) {
        wrong(evaluationError(rule, evaluation.value.message, evaluation.exceeded));
        if (evaluation.exceeded) return false;
        continue;
      }
      if (evaluation.value === true) continue;
      const add = (e: FieldError): void => {
        if (!rule.usesOldSelf && isForgiven(c)) this.warnings.push(errorText(e));
        else this.errors.push(e);
      };
      const where = rule.fieldPath === '' ? here : below(path, rule.fieldPath);
      // The message of a rule whose `oldSelf` may be missing sees it as it is, which its functions do not take.
      const said = this.messageOf(rule, rule.optionalOldSelf ? withoutOld : plain);
      if (said.end) {
        add(invalidValue(where, type, said.text));
        return false;
      }
      const shown = type === 'object' || type === 'array' ? OMIT_VALUE : value;
      // Kubernetes says of a duplicate only which value it is.
      const detail = rule.reason === 'FieldValueDuplicate' ? '' : said.text;
      add({ type: rule.reason, field: where, badValue: shown, detail });
    }
    return true;
  }

  /** What a rule that failed says; `end`: its own message used up the budget. */
  private messageOf(rule: Rule, resolve: (name: string) => Value | undefined): { text: string; end?: true } {
    const fixed = rule.fixedMessage === '' ? `failed rule: ${rule.text}` : rule.fixedMessage;
    if (rule.message === undefined) return { text: fixed };
    const { value, cost, exceeded } = rule.message.evaluateSync(resolve);
    const source = JSON.stringify(rule.message.text);
    if (cost > this.budget)
      return { text: `messageExpression ${OUT_OF_BUDGET.replace('validation', 'evaluation')}`, end: true };
    if (exceeded) {
      const text = `no further validation rules will be run due to call cost exceeds limit for messageExpression: ${source}`;
      return { text, end: true };
    }
    this.budget -= cost;
    const text = typeof value === 'string' ? value.trim() : '';
    const isUsable = text !== '' && !text.includes('\n') && Buffer.byteLength(text) <= MAX_MESSAGE_BYTES;
    return { text: isUsable ? text : fixed };
  }
}

function itemsIn({ rules, old, path, c }: Place, value: readonly JsonValue[]): Place[] {
  const { items, schema } = rules;
  if (items === undefined) return [];
  const isMap = schema['x-kubernetes-list-type'] === 'map' && Array.isArray(old);
  const before = isMap ? new Map(old.map((item) => [keyText(item, schema), item])) : undefined;
  return value.map((item, i) => {
    const was = before?.get(keyText(item, schema));
    const here = c.here === undefined ? undefined : pairOf(item, was);
    return {
      rules: items,
      value: item,
      old: was,
      path: at(path, i),
      c: c.here === undefined ? c : { here, around: c.here },
    };
  });
}

function membersIn({ rules, old: before, path, c }: Place, value: JsonObject): Place[] {
  const old = isObject(before) ? before : {};
  const places: Place[] = [];
  for (const [name, member] of Object.entries(value)) {
    const property = rules.properties.get(name);
    const isKnown = propertyOf(rules.schema, name) !== undefined;
    const next = property ?? (isKnown ? undefined : rules.values);
    if (next === undefined) continue;
    const was = Object.hasOwn(old, name) ? old[name] : undefined;
    // What kind of object it is does not change, whatever version is asked for.
    const isKind = c.around === undefined && path === '' && (name === 'apiVersion' || name === 'kind');
    const inside = { here: pairOf(member, was), around: c.here };
    places.push({
      rules: next,
      value: member,
      old: was,
      path: property === undefined ? at(path, name) : below(path, name),
      c: c.here === undefined ? c : isKind ? NOWHERE : inside,
    });
  }
  return places;
}

const OUT_OF_BUDGET = 'validation failed due to running out of cost budget, no further validation rules will be run';

function evaluationError(rule: Rule, why: string, exceeded: boolean): string {
  const about = rule.fixedMessage === '' ? rule.text : rule.fixedMessage;
  if (exceeded)
    return `'${why}': no further validation rules will be run due to call cost exceeds limit for rule: ${about}`;
  if (why.startsWith('no such overload')) {
    return `'${why}': call arguments did not match a supported operator, function or macro signature for rule: ${about}`;
  }
  return `${why} evaluating rule: ${about}`;
}

/**
 * What the rules find wrong with an object; `old` is what it changes. What was wrong before and has not changed goes to
 * `warnings` instead. All rules together may cost RUNTIME_BUDGET; then no further ones are looked at.
 */
export function* ruleErrors(
  rules: Rules,
  value: JsonValue | undefined,
  old: JsonValue | undefined,
  warnings: string[] = [],
): Flow<FieldError[]> {
  const run = new Run();
  yield* run.check({ rules, value, old, path: '', c: { here: pairOf(value, old), around: undefined } });
  for (const warning of run.warnings) warnings.push(warning);
  return run.errors;
}
