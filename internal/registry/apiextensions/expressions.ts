import { type DeclType, declTypeOf, MAX_REQUEST_BYTES } from '../../extensions/validations/decl-type.js';
import { type CompiledRule, compileRules, maxCost } from '../../extensions/validations/programs.js';
import { isEmbedded, type Schema } from '../../extensions/structural/schema.js';
import { type Program, UNBOUNDED } from '../../cel/index.js';
import { children } from '../../machinery/access.js';
import { type Breath, BREATH_STEPS } from '../../machinery/breathe.js';
import { type FieldError, forbiddenField } from '../../machinery/field.js';
import type { Flow } from '../../machinery/flow.js';
import { FieldNode } from '../generic/field-node.js';

/** The most that one expression, and all of one schema together, may be estimated to cost (kube-apiserver's limits). */
const COST_LIMIT = 10_000_000;
const TOTAL_COST_LIMIT = 100_000_000;
/** How many of the most expensive rules are named when the total is too much. */
const MOST_EXPENSIVE = 4;

/** The estimated costs of the rules of one schema. */
export class TotalCost {
  private total = 0;
  private expensive: { path: string; cost: number }[] = [];

  add(path: string, cost: number): void {
    this.total = Math.min(this.total + cost, UNBOUNDED);
    if (cost < TOTAL_COST_LIMIT / 100) return;
    this.expensive = [...this.expensive, { path, cost }].sort((a, b) => b.cost - a.cost).slice(0, MOST_EXPENSIVE);
  }

  /** What is wrong with all rules together. */
  errors(at: string): FieldError[] {
    if (this.total <= TOTAL_COST_LIMIT) return [];
    const contributed = 'contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema';
    const whole = 'x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema';
    return [
      ...this.expensive.map(({ path }) => forbiddenField(path, contributed)),
      forbiddenField(at, costMessage(whole, this.total, TOTAL_COST_LIMIT)),
    ];
  }
}

function costMessage(what: string, cost: number, limit: number): string {
  const factor = cost / limit;
  const text = factor > 100 ? 'more than 100x' : factor < 1.5 ? `${factor.toFixed(6)}x` : `${factor.toFixed(1)}x`;
  const advice =
    'try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared';
  return `${what} exceeds budget by factor of ${text} (${advice})`;
}

/** What rules can tell of the place where they stand. */
export interface ExpressionPlace {
  /** How often the place can occur in an object; undefined when nothing bounds it. */
  readonly cardinality: number | undefined;
  readonly uncorrelatable: string | undefined;
  readonly total: TotalCost;
  /** A definition whose schema stays as it is keeps rules that would now be too expensive. */
  readonly keepsCosts: boolean;
}

/** The rule as an error about all of it prints it. */
const asInGo = (rule: FieldNode): Record<string, unknown> => ({
  Rule: rule.text('rule'),
  Message: rule.text('message'),
  MessageExpression: rule.text('messageExpression'),
  Reason: rule.get('reason') ?? null,
  FieldPath: rule.text('fieldPath'),
  OptionalOldSelf: rule.get('optionalOldSelf') ?? null,
});

/** How often a place can occur where no schema bounds it: as often as its smallest value fits into a request. */
const cardinalityOf = (self: DeclType): number => Math.floor(MAX_REQUEST_BYTES / (self.minSize + 1));

function checkRule(rule: FieldNode, compiled: CompiledRule, self: DeclType, place: ExpressionPlace, at: string): void {
  const isTooMuch = (what: string, key: string, cost: number): void => {
    if (cost > COST_LIMIT && !place.keepsCosts) rule.forbidden(key, costMessage(what, cost, COST_LIMIT));
    place.total.add(`${at}.${key}`, cost);
  };
  if (compiled.rule !== undefined) {
    const times = place.cardinality ?? cardinalityOf(self);
    const cost = costOf(compiled.rule, self);
    isTooMuch('estimated rule cost', 'rule', cost === 0 ? 0 : Math.min(cost * times, UNBOUNDED));
  }
  if (compiled.ruleError !== undefined) rule.invalid('rule', compiled.ruleError, asInGo(rule));
  if (compiled.messageError !== undefined) rule.invalid('messageExpression', compiled.messageError, asInGo(rule));
  else if (compiled.message !== undefined) {
    isTooMuch('estimated messageExpression cost', 'messageExpression', costOf(compiled.message, self));
  }
  if (!compiled.usesOldSelf) {
    if (rule.has('optionalOldSelf')) rule.invalid('optionalOldSelf', 'may not be set if oldSelf is not used in rule');
  } else if (place.uncorrelatable !== undefined) {
    rule.invalid(
      'rule',
      `oldSelf cannot be used on the uncorrelatable portion of the schema within ${place.uncorrelatable}`,
    );
  }
}

const costs = new WeakMap<Program, number>();

/** The most that a program may cost at its place; estimated once. */
function costOf(program: Program, self: DeclType): number {
  let cost = costs.get(program);
  if (cost === undefined) {
    cost = maxCost(program, self);
    costs.set(program, cost);
  }
  return cost;
}

const compiledAt = new WeakMap<Schema, readonly CompiledRule[]>();

/** Compiles the rules at a schema, and estimates their costs, ahead of `expressionErrors`. Others get their turn meanwhile. */
export function* compileExpressionsAt(schema: Schema, isRoot: boolean, breath: Breath): Flow<void> {
  const rules = children(schema, 'x-kubernetes-validations');
  const self = rules.length === 0 ? undefined : declTypeOf(schema, isRoot || isEmbedded(schema), 'selfType');
  if (self === undefined) return;
  const compiled = yield* compileRules(rules, self, breath);
  compiledAt.set(schema, compiled);
  for (const program of compiled.flatMap(({ rule, message }) => [rule ?? [], message ?? []].flat())) {
    costOf(program, self);
    if (breath.isDue(BREATH_STEPS)) yield breath.rest();
  }
}

/** What is wrong with the expressions of the rules at a schema: their names, types and estimated costs. */
export function* expressionErrors(
  schema: Schema,
  at: string,
  isRoot: boolean,
  place: ExpressionPlace,
  breath: Breath,
): Flow<FieldError[]> {
  const rules = children(schema, 'x-kubernetes-validations');
  if (rules.length === 0) return [];
  const self = declTypeOf(schema, isRoot || isEmbedded(schema), 'selfType');
  if (self === undefined) {
    const why = 'internal error: failed to retrieve type information for x-kubernetes-validations';
    return [{ type: 'InternalError', field: `${at}.x-kubernetes-validations`, detail: why }];
  }
  const compiled = compiledAt.get(schema) ?? (yield* compileRules(rules, self, breath));
  const here = new FieldNode(schema, at);
  for (const [i, rule] of here.list('x-kubernetes-validations').entries()) {
    const its = compiled[i];
    if (its !== undefined) checkRule(rule, its, self, place, `${at}.x-kubernetes-validations[${i}]`);
    if (breath.isDue()) yield breath.rest();
  }
  return here.problems;
}

/** How often what is directly below a schema can occur; undefined when nothing bounds it. */
export function cardinalityBelow(s: Schema, here: number | undefined): number | undefined {
  if (here === undefined) return undefined;
  const bound = (key: string): number | undefined => {
    const n = s[key];
    return typeof n === 'number' || typeof n === 'bigint'
      ? Math.min(here * Math.max(Number(n), 0), UNBOUNDED)
      : undefined;
  };
  if (s['type'] === 'array') return bound('maxItems');
  return s['type'] === 'object' && s['additionalProperties'] !== undefined ? bound('maxProperties') : here;
}
