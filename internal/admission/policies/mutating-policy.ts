import { listOf, structType } from '../../cel/index.js';
import { child, children, str } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import { type Compiled, compileExpression } from '../expressions/compiled.js';
import { matchConditionsOf, type MatchCondition } from '../expressions/match-conditions.js';
import { admissionEnvironment } from '../expressions/types.js';
import { PolicyVariables } from '../expressions/variables.js';
import { policyVariables } from './validating-policy.js';

/** A mutation of a policy, compiled. */
export interface Mutation {
  readonly type: 'ApplyConfiguration' | 'JSONPatch';
  readonly expression: Compiled;
}

/** All expressions of a MutatingAdmissionPolicy. */
export interface MutatingPolicy {
  readonly variables: PolicyVariables;
  readonly conditions: readonly MatchCondition[];
  readonly mutations: readonly Mutation[];
  /** It may run a second time, when something has changed after it. */
  readonly reinvocable: boolean;
}

const OBJECT = structType('Object');
const JSON_PATCHES = listOf(structType('JSONPatch'));

/** Compiles a policy. What does not compile (it was stored by an earlier release) is an error at each evaluation. */
export function compileMutating(spec: JsonObject): MutatingPolicy {
  const params = spec['paramKind'] !== undefined;
  const variables = policyVariables(spec, params) ?? new PolicyVariables();
  const declared = { params, authorizer: true, variables: variables.types };
  const patches = admissionEnvironment({ ...declared, patches: true });
  return {
    variables,
    conditions: matchConditionsOf(spec, admissionEnvironment(declared)),
    mutations: children(spec, 'mutations').map((m) => {
      const type = str(m, 'patchType') === 'JSONPatch' ? 'JSONPatch' : 'ApplyConfiguration';
      const text = str(child(m, type === 'JSONPatch' ? 'jsonPatch' : 'applyConfiguration'), 'expression');
      return { type, expression: compileExpression(text, patches, [type === 'JSONPatch' ? JSON_PATCHES : OBJECT]) };
    }),
    reinvocable: str(spec, 'reinvocationPolicy') === 'IfNeeded',
  };
}
