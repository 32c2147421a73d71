import { compile, kubernetesEnvironment, optionalOf, Program, type Environment } from '../../cel/index.js';
import { str } from '../../machinery/access.js';
import { type Breath, BREATH_STEPS } from '../../machinery/breathe.js';
import type { Flow } from '../../machinery/flow.js';
import type { JsonObject } from '../../machinery/json.js';
import { type DeclType, providerOf, sizesOf } from './decl-type.js';

/** One rule of `x-kubernetes-validations`, compiled. An error is that of the expression it stands beside. */
export interface CompiledRule {
  readonly rule: Program | undefined;
  readonly ruleError: string | undefined;
  readonly message: Program | undefined;
  readonly messageError: string | undefined;
  /** The rule looks at the value before. */
  readonly usesOldSelf: boolean;
}

/** The environments of the rules at one place: with `oldSelf` as it is, and as one that may be missing. */
class Environments {
  private plain: Environment | undefined;
  private optional: Environment | undefined;
  constructor(private readonly self: DeclType) {}

  private make(isOptional: boolean): Environment {
    const { type } = this.self;
    const variables = new Map([
      ['self', type],
      ['oldSelf', isOptional ? optionalOf(type) : type],
    ]);
    return kubernetesEnvironment({ variables, provider: providerOf(this.self) });
  }

  of(isOptional: boolean): Environment {
    if (isOptional) return (this.optional ??= this.make(true));
    return (this.plain ??= this.make(false));
  }
}

function compileRule(rule: JsonObject, environments: Environments): CompiledRule {
  const none: CompiledRule = {
    rule: undefined,
    ruleError: undefined,
    message: undefined,
    messageError: undefined,
    usesOldSelf: false,
  };
  const text = str(rule, 'rule');
  if (text.trim() === '') return none;
  const env = environments.of(rule['optionalOldSelf'] === true);
  const made = compile(text, env);
  if (!(made instanceof Program)) return { ...none, ruleError: made.message };
  if (made.type.kind !== 'bool') return { ...none, ruleError: 'cel expression must evaluate to a bool' };
  const found = { ...none, rule: made, usesOldSelf: made.uses('oldSelf') };
  const message = str(rule, 'messageExpression');
  if (message === '') return found;
  const said = compile(message, env);
  if (!(said instanceof Program)) return { ...found, messageError: `messageExpression ${said.message}` };
  if (said.type.kind !== 'string') return { ...found, messageError: 'messageExpression must evaluate to a string' };
  return { ...found, message: said };
}

/**
 * Compiles the rules at one place of a schema, in their order (apiextensions-apiserver/pkg/apiserver/schema/cel). With a
 * `breath` others get their turn between two rules: a schema may have thousands.
 */
export function* compileRules(rules: readonly JsonObject[], self: DeclType, breath?: Breath): Flow<CompiledRule[]> {
  const environments = new Environments(self);
  const compiled: CompiledRule[] = [];
  for (const rule of rules) {
    compiled.push(compileRule(rule, environments));
    if (breath?.isDue(BREATH_STEPS) === true) yield breath.rest();
  }
  return compiled;
}

/** The most that a program may cost. */
export const maxCost = (program: Program, self: DeclType): number => program.estimate(sizesOf(self)).max;
