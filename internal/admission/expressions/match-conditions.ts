import { children, str } from '../../machinery/access.js';
import type { Flow } from '../../machinery/flow.js';
import type { JsonObject } from '../../machinery/json.js';
import { BOOL, type Environment } from '../../cel/index.js';
import { type Compiled, compileExpression } from './compiled.js';
import { Activation, Budget, evaluate, type Inputs, OutOfBudget } from './evaluate.js';

/** Cost units that the match conditions of one webhook or policy may use together (RuntimeCELCostBudgetMatchConditions). */
const BUDGET = 2_500_000;

/** The conditions of a webhook or policy, compiled. */
export interface MatchCondition extends Compiled {
  readonly name: string;
}

export function matchConditionsOf(owner: JsonObject | undefined, env: Environment): readonly MatchCondition[] {
  return children(owner, 'matchConditions').map((condition) => ({
    ...compileExpression(str(condition, 'expression'), env, [BOOL]),
    name: str(condition, 'name'),
  }));
}

/** Whether a request matches; `error` is set where that could not be found out and the policy fails for it. */
export interface ConditionsResult {
  readonly matches: boolean;
  readonly error?: string;
  /** The condition that was false. */
  readonly failedCondition?: string;
}
const MATCHES: ConditionsResult = { matches: true };
const NO_MATCH: ConditionsResult = { matches: false };

/**
 * Evaluates match conditions: one that is false decides, whatever errors there are; errors are told where the failure
 * policy is Fail, and are no match where it is Ignore. The namespace is not at hand.
 */
export function* matchConditions(
  conditions: readonly MatchCondition[],
  ignoreErrors: boolean,
  inputs: Omit<Inputs, 'namespace' | 'authorizer'>,
): Flow<ConditionsResult> {
  if (conditions.length === 0) return MATCHES;
  const activation = new Activation({ ...inputs, namespace: false, authorizer: true });
  const budget = new Budget(BUDGET);
  const errors: string[] = [];
  const outcomes: { readonly condition: MatchCondition; readonly isFalse: boolean }[] = [];
  try {
    for (const condition of conditions) {
      const { value, error } = yield* evaluate(condition, activation, budget);
      if (error !== '') errors.push(error);
      outcomes.push({ condition, isFalse: value === false });
    }
  } catch (e) {
    if (!(e instanceof OutOfBudget)) throw e;
    return ignoreErrors ? NO_MATCH : { matches: false, error: e.message };
  }
  const failed = outcomes.find((outcome) => outcome.isFalse);
  if (failed !== undefined) return { matches: false, failedCondition: failed.condition.name };
  if (errors.length === 0) return MATCHES;
  return ignoreErrors ? NO_MATCH : { matches: false, error: aggregate(errors) };
}

/** Several errors as one (utilerrors.NewAggregate): the same is said once. */
function aggregate(errors: readonly string[]): string {
  const distinct = [...new Set(errors)];
  return distinct.length === 1 ? (distinct[0] ?? '') : `[${distinct.join(', ')}]`;
}
