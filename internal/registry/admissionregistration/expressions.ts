import { type Compiled, compileExpression } from '../../admission/expressions/compiled.js';
import { admissionEnvironment } from '../../admission/expressions/types.js';
import { PolicyVariables } from '../../admission/expressions/variables.js';
import type { CelType, Environment } from '../../cel/index.js';
import { internalField } from '../../machinery/field.js';
import type { FieldNode } from '../generic/field-node.js';

/** What an expression may use beside what all of admission's may. */
export type ExpressionUse = 'rule' | 'message' | 'patch' | 'condition';

/** Compiles what a webhook or policy says in CEL, and tells its errors at their fields. */
export class AdmissionExpressions {
  private readonly environments = new Map<ExpressionUse, Environment>();
  private variables: PolicyVariables | undefined;

  /** `params`: the policy names a kind of parameters. */
  constructor(private readonly params: boolean) {}

  /** Makes `variables` known to what follows; each is added as it is declared. */
  withVariables(): void {
    this.variables = new PolicyVariables();
  }

  /** The environments are the same for all; variables that are declared later are seen too. */
  private environment(use: ExpressionUse): Environment {
    let environment = this.environments.get(use);
    if (environment === undefined) {
      environment = admissionEnvironment({
        params: this.params,
        authorizer: use !== 'message',
        patches: use === 'patch',
        ...(this.variables === undefined || use === 'condition' ? {} : { variables: this.variables.types }),
      });
      this.environments.set(use, environment);
    }
    return environment;
  }

  /**
   * Checks the expression at a member, which must come to one of the types. `text` is what is compiled, where that is
   * not all of the member.
   */
  check(owner: FieldNode, key: string, use: ExpressionUse, results: readonly CelType[], text = owner.text(key)): void {
    tell(owner, key, compileExpression(text, this.environment(use), results), owner.text(key));
  }
  /** The same without the blanks around it, which its error does not show either. */
  checkTrimmed(owner: FieldNode, key: string, use: ExpressionUse, results: readonly CelType[]): void {
    const text = owner.text(key).trim();
    tell(owner, key, compileExpression(text, this.environment(use), results), text);
  }

  /** Checks the expression of a variable, and declares the variable for what follows. */
  declare(variable: FieldNode): void {
    const text = variable.text('expression');
    const made = this.variables?.declare(variable.text('name'), text, { params: this.params, authorizer: true });
    if (made !== undefined) tell(variable, 'expression', made, text);
  }
}

function tell(owner: FieldNode, key: string, made: Compiled, shown: string): void {
  if (made.problem === '') return;
  if (made.internal) owner.add(internalField(owner.at(key), made.problem));
  else owner.invalid(key, made.problem, shown);
}
