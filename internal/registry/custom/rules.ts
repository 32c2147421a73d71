import { Environment, type ParseResult } from '@marcbachmann/cel-js';
import { keyText } from '../../extensions/structural/lists.js';
import { propertyOf } from '../../extensions/structural/schema.js';
import { anyItemsOf, at, below, valuesOf } from '../../extensions/structural/walk.js';
import { children, str } from '../../machinery/access.js';
import { deepEqual } from '../../machinery/equal.js';
import { type FieldError, type FieldErrorType, OMIT_VALUE } from '../../machinery/field.js';
import { isObject, type JsonObject, type JsonValue } from '../../machinery/json.js';
import { logger } from '../../machinery/log.js';
import { celValue } from './cel-values.js';

const log = logger('rules.ts');

/** Bounds of one expression, checked when it is compiled. */
const LIMITS = { maxAstNodes: 10_000, maxDepth: 100, maxListElements: 1_000, maxMapEntries: 1_000 };
/** Rules evaluated for one object; those beyond are not looked at. */
const MAX_EVALUATIONS = 100_000;

const environment = new Environment({
  unlistedVariablesAreDyn: false,
  homogeneousAggregateLiterals: false,
  enableOptionalTypes: true,
  limits: LIMITS,
})
  .registerVariable('self', 'dyn')
  .registerVariable('oldSelf', 'dyn');

interface Rule {
  readonly text: string;
  readonly run: ParseResult;
  readonly message: string;
  readonly messageOf: ParseResult | undefined;
  readonly reason: FieldErrorType;
  /** `.spec.x`, below the place of the rule. */
  readonly fieldPath: string;
  /** Looks at the value before: only checked when there is one. */
  readonly isTransition: boolean;
}

/** The rules of a schema and of what is below it. */
export interface Rules {
  readonly schema: JsonObject;
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

function compile(expression: string): ParseResult | undefined {
  try {
    return environment.parse(expression);
  } catch (e) {
    log.warn(`a validation rule is not enforced: ${expression}: ${e instanceof Error ? e.message : String(e)}`);
    return undefined;
  }
}

function ruleOf(r: JsonObject): Rule[] {
  const text = str(r, 'rule');
  const run = compile(text);
  if (run === undefined) return [];
  const messageExpression = str(r, 'messageExpression');
  const optional = r['optionalOldSelf'] === true;
  return [
    {
      text,
      run,
      message: str(r, 'message').trim() || `failed rule: ${text.trim()}`,
      messageOf: messageExpression === '' ? undefined : compile(messageExpression),
      reason: REASONS.find((reason) => reason === str(r, 'reason')) ?? 'FieldValueInvalid',
      fieldPath: str(r, 'fieldPath'),
      isTransition: !optional && /\boldSelf\b/.test(text.replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/g, '')),
    },
  ];
}

/** Compiles the rules of a schema; those that cannot be compiled here are named in the log and not enforced. */
export function rulesOf(schema: JsonObject): Rules {
  const properties = new Map<string, Rules>();
  if (isObject(schema['properties'])) {
    for (const [name, property] of Object.entries(schema['properties'])) {
      if (isObject(property) && hasRules(property)) properties.set(name, rulesOf(property));
    }
  }
  const values = valuesOf(schema);
  const items = anyItemsOf(schema);
  return {
    schema,
    own: ownRules(schema).flatMap(ruleOf),
    properties,
    values: values !== undefined && hasRules(values) ? rulesOf(values) : undefined,
    items: hasRules(items) ? rulesOf(items) : undefined,
  };
}

/** Complaints of the rules about an object; `old` is what it changes. What has not changed is not looked at again. */
export function ruleErrors(rules: Rules, value: JsonValue | undefined, old: JsonValue | undefined): FieldError[] {
  const out: FieldError[] = [];
  check(rules, value, old, '', out, { left: MAX_EVALUATIONS });
  return out;
}

function check(
  rules: Rules,
  value: JsonValue | undefined,
  old: JsonValue | undefined,
  path: string,
  out: FieldError[],
  budget: { left: number },
): void {
  if (value === undefined || value === null || (old !== undefined && deepEqual(value, old))) return;
  if (rules.own.length > 0) checkOwn(rules, value, old, path, out, budget);
  if (Array.isArray(value)) {
    if (rules.items === undefined) return;
    const isMap = rules.schema['x-kubernetes-list-type'] === 'map';
    const before =
      isMap && Array.isArray(old) ? new Map(old.map((item) => [keyText(item, rules.schema), item])) : undefined;
    for (const [i, item] of value.entries()) {
      check(rules.items, item, before?.get(keyText(item, rules.schema)), at(path, i), out, budget);
    }
    return;
  }
  if (!isObject(value)) return;
  const before = isObject(old) ? old : {};
  for (const [name, member] of Object.entries(value)) {
    const property = rules.properties.get(name);
    if (property !== undefined) check(property, member, before[name], below(path, name), out, budget);
    else if (rules.values !== undefined && propertyOf(rules.schema, name) === undefined) {
      check(rules.values, member, before[name], at(path, name), out, budget);
    }
  }
}

function checkOwn(
  rules: Rules,
  value: JsonValue,
  old: JsonValue | undefined,
  path: string,
  out: FieldError[],
  budget: { left: number },
): void {
  const context = {
    self: celValue(value, rules.schema),
    oldSelf: old === undefined ? null : celValue(old, rules.schema),
  };
  for (const rule of rules.own) {
    if ((rule.isTransition && (old === undefined || old === null)) || budget.left-- <= 0) continue;
    const complain = (detail: string): void => {
      const field = path + (path === '' ? rule.fieldPath.replace(/^\./, '') : rule.fieldPath);
      out.push({ type: rule.reason, field: field === '' ? '<nil>' : field, badValue: OMIT_VALUE, detail });
    };
    try {
      if (rule.run(context) === true) continue;
      complain(messageFor(rule, context));
    } catch (e) {
      const why = e instanceof Error ? (e.message.split('\n')[0] ?? '') : String(e);
      // A function that this release has not: the rule is not enforced.
      if (why.includes('no matching overload')) continue;
      complain(`${why.slice(0, 1).toLowerCase()}${why.slice(1)} evaluating rule: ${rule.message}`);
    }
  }
}

function messageFor(rule: Rule, context: Readonly<Record<string, unknown>>): string {
  if (rule.messageOf === undefined) return rule.message;
  try {
    const text: unknown = rule.messageOf(context);
    const said = typeof text === 'string' ? text.trim() : '';
    return said === '' || said.includes('\n') ? rule.message : said;
  } catch {
    return rule.message; // as the reference: the fixed message stands in
  }
}
