import { RUNTIME_BUDGET, type Value } from '../../cel/index.js';
import type { Flow } from '../../machinery/flow.js';
import { Activation, Budget, evaluate, type Inputs, OutOfBudget } from '../expressions/evaluate.js';
import { matchConditions } from '../expressions/match-conditions.js';
import type { ValidatingPolicy, Validation } from './validating-policy.js';

/** Bytes of a message that an expression makes (MaxEvaluatedMessageExpressionSizeBytes); a longer one is not used. */
const MAX_MESSAGE_BYTES = 5 * 1024;

/** What a policy says about a request: one for each validation, or one for what failed as a whole. */
export interface Decision {
  readonly denied: boolean;
  readonly message: string;
  /** '' for what failed to be evaluated. */
  readonly reason: string;
  /** Why the evaluation failed, as metrics count it. */
  readonly errorType: ErrorType;
  readonly seconds: number;
}
export type ErrorType = 'no_error' | 'compile_error' | 'invalid_error' | 'out_of_budget';

/** The value of an annotation, or why there is none. */
export interface Annotation {
  readonly key: string;
  readonly value: string;
  readonly error: string;
}

export interface Verdict {
  readonly decisions: readonly Decision[];
  readonly annotations: readonly Annotation[];
}

const NOTHING: Verdict = { decisions: [], annotations: [] };

/** How metrics call an error. */
export function errorTypeOf(message: string): ErrorType {
  if (message.startsWith('compilation')) return 'compile_error';
  return message.startsWith('validation failed due to running out of cost budget') ? 'out_of_budget' : 'invalid_error';
}

const failed = (message: string, ignoreErrors: boolean, seconds = 0): Decision => ({
  denied: !ignoreErrors,
  message,
  reason: '',
  errorType: errorTypeOf(message),
  seconds,
});
const only = (decision: Decision): Verdict => ({ decisions: [decision], annotations: [] });

/** Evaluates a policy for one request and one parameter (apiserver's validating/validator). */
export function* validateRequest(
  policy: ValidatingPolicy,
  ignoreErrors: boolean,
  inputs: Pick<Inputs, 'values' | 'params'>,
): Flow<Verdict> {
  const seen = { ...inputs, variables: policy.variables };
  const conditions = yield* matchConditions(policy.conditions, ignoreErrors, seen);
  if (conditions.error !== undefined) return only(failed(conditions.error, ignoreErrors));
  if (!conditions.matches) return NOTHING;
  try {
    const decisions = yield* decide(policy.validations, ignoreErrors, { ...seen, namespace: true });
    const annotations = yield* annotate(policy, { ...seen, namespace: true });
    return { decisions, annotations };
  } catch (e) {
    if (e instanceof OutOfBudget) return only(failed(e.message, ignoreErrors));
    throw e;
  }
}

function* decide(
  validations: readonly Validation[],
  ignoreErrors: boolean,
  inputs: Omit<Inputs, 'authorizer'>,
): Flow<Decision[]> {
  const activation = new Activation({ ...inputs, authorizer: true });
  const budget = new Budget(RUNTIME_BUDGET);
  const outcomes: { value: Value | undefined; error: string; seconds: number }[] = [];
  for (const { rule } of validations) {
    const started = performance.now();
    const { value, error } = yield* evaluate(rule, activation, budget);
    outcomes.push({ value, error, seconds: (performance.now() - started) / 1000 });
  }
  // Messages are made after all rules have been evaluated, of what is left of the budget.
  let messages: Activation | undefined;
  const left = new Budget(budget.left);
  const decisions: Decision[] = [];
  let outOfMessages = '';
  const texts: (string | undefined)[] = [];
  try {
    for (const [i, { messageExpression }] of validations.entries()) {
      // Where the rule holds nobody reads the message; its cost counts all the same only where it is made.
      if (messageExpression === undefined || outcomes[i]?.value === true) {
        texts.push(undefined);
        continue;
      }
      messages ??= new Activation({ ...inputs, authorizer: false });
      const { value } = yield* evaluate(messageExpression, messages, left);
      texts.push(typeof value === 'string' ? value : undefined);
    }
  } catch (e) {
    if (!(e instanceof OutOfBudget)) throw e;
    outOfMessages = `failed messageExpression: ${e.message}`;
  }
  for (const [i, validation] of validations.entries()) {
    const outcome = outcomes[i];
    if (outcome === undefined) continue;
    const { value, error, seconds } = outcome;
    if (error !== '') decisions.push(failed(error, ignoreErrors, seconds));
    else if (outOfMessages !== '') decisions.push(failed(outOfMessages, ignoreErrors, seconds));
    else if (value === true) decisions.push({ denied: false, message: '', reason: '', errorType: 'no_error', seconds });
    else {
      const message = messageOf(validation, texts[i]);
      const type = errorTypeOf(message);
      decisions.push({ denied: true, message, reason: validation.reason, errorType: type, seconds });
    }
  }
  return decisions;
}

/** The message that an expression made, if it will do, else the fixed one, else the rule itself. */
function messageOf(validation: Validation, made: string | undefined): string {
  const text = made?.trim() ?? '';
  if (text !== '' && !text.includes('\n') && Buffer.byteLength(text) <= MAX_MESSAGE_BYTES) return text;
  return validation.message !== '' ? validation.message : `failed expression: ${validation.rule.text.trim()}`;
}

function* annotate(policy: ValidatingPolicy, inputs: Omit<Inputs, 'authorizer'>): Flow<Annotation[]> {
  if (policy.annotations.length === 0) return [];
  const activation = new Activation({ ...inputs, authorizer: true });
  const budget = new Budget(RUNTIME_BUDGET);
  const annotations: Annotation[] = [];
  for (const { key, value: expression } of policy.annotations) {
    const { value, error } = yield* evaluate(expression, activation, budget);
    if (error !== '') annotations.push({ key, value: '', error });
    else if (typeof value === 'string' && value.trim() !== '')
      annotations.push({ key, value: value.trim(), error: '' });
  }
  return annotations;
}
