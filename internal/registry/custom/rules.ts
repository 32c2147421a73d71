import { CelError, RUNTIME_BUDGET, Optional, type Value } from '../../cel/index.js';
import { isEmbedded, propertyOf, type Schema, typeOf } from '../../extensions/structural/schema.js';
import { keyText } from '../../extensions/structural/lists.js';
import { anyItemsOf, at, below, valuesOf } from '../../extensions/structural/walk.js';
import { declTypeOf } from '../../extensions/validations/decl-type.js';
import { compileRules, type CompiledRule } from '../../extensions/validations/programs.js';
import { rootOf, valueOf } from '../../extensions/validations/values.js';
import { children, str } from '../../machinery/access.js';
import { deepEqual } from '../../machinery/equal.js';
import { errorText, type FieldError, type FieldErrorType, invalidValue, OMIT_VALUE } from '../../machinery/field.js';
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

function compileOwn(schema: Schema, isRoot: boolean): Rule[] {
  const rules = ownRules(schema);
  const self = rules.length === 0 ? undefined : declTypeOf(schema, isRoot, 'selfType');
  if (self === undefined) return [];
  const compiled = compileRules(rules, self);
  return rules.map((r, i) => ({
    ...(compiled[i] as CompiledRule),
    text: str(r, 'rule').trim(),
    fixedMessage: str(r, 'message').trim(),
    reason: REASONS.find((reason) => reason === str(r, 'reason')) ?? 'FieldValueInvalid',
    fieldPath: fieldOfPath(str(r, 'fieldPath'), schema),
    optionalOldSelf: r['optionalOldSelf'] === true,
  }));
}

/** Compiles the rules of a schema, once for each definition. */
export function rulesOf(schema: Schema, isRoot = true): Rules {
  const isObjectRoot = isRoot || isEmbedded(schema);
  const properties = new Map<string, Rules>();
  if (isObject(schema['properties'])) {
    for (const [name, property] of Object.entries(schema['properties'])) {
      if (isObject(property) && hasRules(property)) properties.set(name, rulesOf(property, false));
    }
  }
  const values = valuesOf(schema);
  const items = anyItemsOf(schema);
  return {
    schema,
    seen: isObjectRoot ? rootOf(schema) : schema,
    own: compileOwn(schema, isObjectRoot),
    properties,
    values: values !== undefined && hasRules(values) ? rulesOf(values, false) : undefined,
    items: hasRules(items) ? rulesOf(items, false) : undefined,
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

class Run {
  readonly errors: FieldError[] = [];
  readonly warnings: string[] = [];
  private budget = RUNTIME_BUDGET;

  /** Looks at a place and what is below it; false when the budget is used up. */
  check(rules: Rules, value: JsonValue | undefined, old: JsonValue | undefined, path: string, c: Correlation): boolean {
    if (value === undefined || value === null) return true;
    if (rules.own.length > 0 && !this.checkOwn(rules, value, old ?? undefined, path, c)) return false;
    if (Array.isArray(value)) return this.checkItems(rules, value, Array.isArray(old) ? old : [], path, c);
    return isObject(value) ? this.checkMembers(rules, value, isObject(old) ? old : {}, path, c) : true;
  }

  private checkItems(rules: Rules, value: JsonValue[], old: JsonValue[], path: string, c: Correlation): boolean {
    const { items, schema } = rules;
    if (items === undefined) return true;
    const isMap = schema['x-kubernetes-list-type'] === 'map';
    const before = isMap ? new Map(old.map((item) => [keyText(item, schema), item])) : undefined;
    return value.every((item, i) => {
      const was = before?.get(keyText(item, schema));
      const here = c.here === undefined ? undefined : pairOf(item, was);
      const below = c.here === undefined ? c : { here, around: c.here };
      return this.check(items, item, was, at(path, i), below);
    });
  }

  private checkMembers(rules: Rules, value: JsonObject, old: JsonObject, path: string, c: Correlation): boolean {
    return Object.entries(value).every(([name, member]) => {
      const property = rules.properties.get(name);
      const isKnown = propertyOf(rules.schema, name) !== undefined;
      const next = property ?? (isKnown ? undefined : rules.values);
      if (next === undefined) return true;
      const was = Object.hasOwn(old, name) ? old[name] : undefined;
      // What kind of object it is does not change, whatever version is asked for.
      const isKind = c.around === undefined && path === '' && (name === 'apiVersion' || name === 'kind');
      const inside = { here: pairOf(member, was), around: c.here };
      const correlation = c.here === undefined ? c : isKind ? NOWHERE : inside;
      return this.check(next, member, was, property === undefined ? at(path, name) : below(path, name), correlation);
    });
  }

  private checkOwn(rules: Rules, value: JsonValue, old: JsonValue | undefined, path: string, c: Correlation): boolean {
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
export function ruleErrors(
  rules: Rules,
  value: JsonValue | undefined,
  old: JsonValue | undefined,
  warnings: string[] = [],
): FieldError[] {
  const run = new Run();
  run.check(rules, value, old, '', { here: pairOf(value, old), around: undefined });
  for (const warning of run.warnings) warnings.push(warning);
  return run.errors;
}
