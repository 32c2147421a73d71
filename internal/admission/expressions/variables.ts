import { CelError, CelMap, type CelType, type Value } from '../../cel/index.js';
import type { Compiled } from './compiled.js';
import { admissionEnvironment, type ExpressionOptions, variableType } from './types.js';
import { compileExpression } from './compiled.js';

/** The variables of a policy, in the order in which they are declared; each sees those before it. */
export class PolicyVariables {
  readonly types = new Map<string, CelType>();
  readonly compiled = new Map<string, Compiled>();

  /** Compiles a variable and makes it known to what is compiled afterwards. */
  declare(name: string, expression: string, options: Omit<ExpressionOptions, 'variables'>): Compiled {
    const made = compileExpression(expression, admissionEnvironment({ ...options, variables: this.types }), []);
    this.compiled.set(name, made);
    this.types.set(name, variableType(made.program?.type ?? DYN_TYPE));
    return made;
  }
}

const DYN_TYPE: CelType = { kind: 'dyn', name: 'dyn', params: [] };

/** The value of `variables`: each is evaluated when it is first used, with what the expression that uses it sees. */
export class VariableValues extends CelMap {
  private readonly values = new Map<string, Value>();
  /** What evaluating variables has cost since it was last taken. */
  private cost = 0;

  constructor(
    private readonly variables: PolicyVariables,
    private readonly resolve: (name: string) => Value | undefined,
    private readonly perCallLimit: number,
  ) {
    super();
  }
  override get typeName(): string {
    return 'kubernetes.variables';
  }
  get size(): number {
    return this.variables.compiled.size;
  }
  get(key: Value): Value | undefined {
    return typeof key === 'string' ? this.field(key) : undefined;
  }
  keys(): Value[] {
    return [...this.variables.compiled.keys()];
  }
  override field(name: string): Value | undefined {
    const known = this.values.get(name);
    if (known !== undefined) return known;
    const variable = this.variables.compiled.get(name);
    if (variable === undefined) return undefined;
    const value = this.evaluate(name, variable);
    this.values.set(name, value);
    return value;
  }
  takeCost(): number {
    const { cost } = this;
    this.cost = 0;
    return cost;
  }

  private evaluate(name: string, { program, problem }: Compiled): Value {
    const quoted = JSON.stringify(name);
    if (program === undefined) return new CelError(`composited variable ${quoted} fails to compile: ${problem}`);
    const { value, cost } = program.evaluateSync(this.resolve, this.perCallLimit);
    this.cost += cost;
    return value instanceof CelError
      ? new CelError(`composited variable ${quoted} fails to evaluate: ${value.message}`)
      : value;
  }
}
