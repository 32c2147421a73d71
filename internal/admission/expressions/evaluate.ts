import { CelError, PER_CALL_LIMIT, type Value } from '../../cel/index.js';
import type { Breath } from '../../machinery/breathe.js';
import { type Flow, settled } from '../../machinery/flow.js';
import type { Compiled } from './compiled.js';
import type { RequestValues } from './request-values.js';
import { type PolicyVariables, VariableValues } from './variables.js';

const OUT_OF_BUDGET = 'validation failed due to running out of cost budget, no further validation rules will be run';

/** All expressions of a policy have together cost more than they may: nothing that they said counts. */
export class OutOfBudget extends Error {
  constructor() {
    super(OUT_OF_BUDGET);
  }
}

/** What one expression came to: a value, or the words of its error. */
export interface Outcome {
  readonly value: Value | undefined;
  readonly error: string;
}

/** What expressions see beyond the request. */
export interface Inputs {
  readonly values: RequestValues;
  /** The parameter; null where the binding has none. */
  readonly params: Value;
  /** Messages have none. */
  readonly authorizer: boolean;
  /** Match conditions see null. */
  readonly namespace: boolean;
  readonly variables: PolicyVariables | undefined;
}

/** Resolves names for expressions that are evaluated together; they share their variables. */
export class Activation {
  readonly variables: VariableValues | undefined;
  /** Others get their turn between expressions, however many policies they are of. */
  readonly breath: Breath;

  constructor(private readonly inputs: Inputs) {
    const { variables } = inputs;
    this.breath = inputs.values.breath;
    this.variables = variables === undefined ? undefined : new VariableValues(variables, this.resolve, PER_CALL_LIMIT);
  }

  readonly resolve = (name: string): Value | undefined => {
    const { values } = this.inputs;
    switch (name) {
      case 'object':
        return values.object;
      case 'oldObject':
        return values.oldObject;
      case 'request':
        return values.requestValue;
      case 'params':
        return this.inputs.params;
      case 'namespaceObject':
        return this.inputs.namespace ? values.namespaceValue : null;
      case 'variables':
        return this.variables;
      case 'authorizer':
        return this.inputs.authorizer ? values.authorizerValue : undefined;
      case 'authorizer.requestResource':
        return this.inputs.authorizer ? values.requestResourceValue : undefined;
      default:
        return undefined;
    }
  };
}

/** A budget of cost units that expressions share. */
export class Budget {
  constructor(private remaining: number) {}

  /** What is left, for a budget of its own that begins with it. */
  get left(): number {
    return this.remaining;
  }
  /** Throws OutOfBudget. */
  spend(cost: number): void {
    if (cost > this.remaining) throw new OutOfBudget();
    this.remaining -= cost;
  }
}

/** Evaluates one expression. Throws OutOfBudget. */
export function* evaluate(expression: Compiled, activation: Activation, budget: Budget): Flow<Outcome> {
  const { program, text } = expression;
  if (program === undefined) return { value: undefined, error: `compilation error: ${expression.problem}` };
  const { breath, variables } = activation;
  // Also before the first expression of a policy: others may have been looked at in this turn.
  if (breath.isOver()) yield breath.rest();
  const { value, cost } = yield* settled(program.evaluate(activation.resolve, PER_CALL_LIMIT));
  if (variables !== undefined) budget.spend(variables.takeCost());
  budget.spend(cost);
  if (!(value instanceof CelError)) return { value, error: '' };
  return { value: undefined, error: `expression '${text}' resulted in error: ${value.message}` };
}
