import { BOOL, type CelType, NULL, STRING } from '../../cel/index.js';
import { children, str } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import { type Compiled, compileExpression } from '../expressions/compiled.js';
import { matchConditionsOf, type MatchCondition } from '../expressions/match-conditions.js';
import { admissionEnvironment } from '../expressions/types.js';
import { PolicyVariables } from '../expressions/variables.js';

/** A validation of a policy, compiled. */
export interface Validation {
  readonly rule: Compiled;
  readonly message: string;
  readonly messageExpression: Compiled | undefined;
  readonly reason: string;
}

/** An annotation of the audit event that a policy makes. */
export interface AuditAnnotation {
  readonly key: string;
  readonly value: Compiled;
}

/** All expressions of a ValidatingAdmissionPolicy. */
export interface ValidatingPolicy {
  readonly variables: PolicyVariables | undefined;
  readonly conditions: readonly MatchCondition[];
  readonly validations: readonly Validation[];
  readonly annotations: readonly AuditAnnotation[];
}

/** The variables of a policy; undefined when it has none. */
export function policyVariables(spec: JsonObject, params: boolean): PolicyVariables | undefined {
  const declared = children(spec, 'variables');
  if (declared.length === 0) return undefined;
  const variables = new PolicyVariables();
  for (const v of declared) variables.declare(str(v, 'name'), str(v, 'expression'), { params, authorizer: true });
  return variables;
}

/** Compiles a policy. What does not compile (it was stored by an earlier release) is an error at each evaluation. */
export function compileValidating(spec: JsonObject): ValidatingPolicy {
  const params = spec['paramKind'] !== undefined;
  const variables = policyVariables(spec, params);
  const declared = variables === undefined ? {} : { variables: variables.types };
  const rules = admissionEnvironment({ params, authorizer: true, ...declared });
  const messages = admissionEnvironment({ params, authorizer: false, ...declared });
  const rule = (text: string, ...results: readonly CelType[]): Compiled => compileExpression(text, rules, results);
  return {
    variables,
    conditions: matchConditionsOf(spec, rules),
    validations: children(spec, 'validations').map((v) => ({
      rule: rule(str(v, 'expression'), BOOL),
      message: str(v, 'message').trim(),
      messageExpression:
        str(v, 'messageExpression') === ''
          ? undefined
          : compileExpression(str(v, 'messageExpression'), messages, [STRING]),
      reason: str(v, 'reason') || 'Invalid',
    })),
    annotations: children(spec, 'auditAnnotations').map((a) => ({
      key: str(a, 'key'),
      value: rule(str(a, 'valueExpression').trim(), STRING, NULL),
    })),
  };
}
