import { RUNTIME_BUDGET } from '../../cel/index.js';
import type { Flow } from '../../machinery/flow.js';
import type { JsonObject } from '../../machinery/json.js';
import { internalError, StatusError } from '../../machinery/status.js';
import type { Plan } from '../../schema/apply/index.js';
import { decodeValue } from '../../schema/codec/index.js';
import { jsonPatch, PatchError } from '../../schema/patch/index.js';
import { isCustom, type GroupVersionKind } from '../../schema/types.js';
import { Activation, Budget, evaluate, type Inputs } from '../expressions/evaluate.js';
import { ObjectValue } from '../expressions/patch-types.js';
import { applyConfiguration } from './apply-configuration.js';
import type { Mutation } from './mutating-policy.js';
import { applyJson, checkTypeNames, jsonPatchOf, PatchFailure } from './patch-values.js';

/** How the object of a request is typed in the version in which a policy matched. */
export interface Typed {
  readonly kind: GroupVersionKind;
  /** Definition name of the type; '' for custom resources. */
  readonly type: string;
  readonly plan: Plan | undefined;
}

/**
 * Evaluates a mutation and applies what it came to; undefined where nothing is to be changed (a JSON patch whose `test`
 * fails). Throws PatchFailure or OutOfBudget for what the failure policy decides about, StatusError 500 for a patch that
 * makes something that is no object of the kind.
 */
export function* mutateObject(
  { type, expression }: Mutation,
  object: JsonObject,
  typed: Typed,
  inputs: Pick<Inputs, 'values' | 'params' | 'variables'>,
): Flow<JsonObject | undefined> {
  if (expression.program === undefined) throw new PatchFailure(expression.problem);
  const activation = new Activation({ ...inputs, authorizer: true, namespace: true });
  const { value, error } = yield* evaluate(expression, activation, new Budget(RUNTIME_BUDGET));
  if (value === undefined) throw new PatchFailure(error);
  if (type === 'JSONPatch') return yield* patched(object, jsonPatchOf(value), typed);
  if (!(value instanceof ObjectValue))
    throw new PatchFailure('unsupported return type from ApplyConfiguration expression');
  checkTypeNames(value);
  return applyConfiguration(typed.plan, typed.kind, object, applyJson(value) as JsonObject);
}

function* patched(object: JsonObject, operations: JsonObject[], typed: Typed): Flow<JsonObject | undefined> {
  let result: JsonObject;
  try {
    result = (yield jsonPatch(object, operations, typed.type)) as JsonObject;
  } catch (e) {
    if (!(e instanceof PatchError)) throw e;
    if (e.why.endsWith(': test failed')) return undefined;
    throw new PatchFailure(`JSON Patch: ${e.why}`);
  }
  if (isCustom(typed)) return result;
  try {
    return decodeValue(result, typed.type, 'Strict', typed.kind).object;
  } catch (e) {
    if (!(e instanceof StatusError)) throw e;
    throw internalError(e.message.replace(/^.*? cannot be handled as a [^:]*: /s, ''));
  }
}
