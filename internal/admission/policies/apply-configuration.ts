import { isObject, type JsonObject, type JsonValue } from '../../machinery/json.js';
import { merge, misfit, type Plan } from '../../schema/apply/index.js';
import type { GroupVersionKind } from '../../schema/types.js';
import { PatchFailure } from './patch-values.js';

/** Where an apply configuration touches what is only ever set as a whole. */
function findAtomics(plan: Plan, value: JsonValue, path: string, found: string[]): void {
  if (isObject(value) && (plan.k === 'struct' || plan.k === 'map')) {
    if (plan.atomic) found.push(path);
    if (plan.k !== 'struct') return;
    for (const [name, member] of Object.entries(value)) {
      const field = plan.fields.get(name);
      if (field !== undefined && member !== undefined) findAtomics(field.plan, member, `${path}.${name}`, found);
    }
  } else if (Array.isArray(value) && plan.k === 'list') {
    if (plan.rel === 'atomic') found.push(path);
    for (const [i, item] of value.entries()) findAtomics(plan.of, item, `${path}[${i}]`, found);
  }
}

/**
 * Merges an apply configuration into an object, field by field as server-side apply does, without owners. Throws
 * PatchFailure in kube-apiserver's words where it does not fit the type, or touches atomic lists, maps or structs.
 */
export function applyConfiguration(
  plan: Plan | undefined,
  kind: GroupVersionKind,
  object: JsonObject,
  configuration: JsonObject,
): JsonObject {
  const fail = (why: string): PatchFailure => new PatchFailure(`error applying patch: ${why}`);
  if (plan === undefined) {
    const { group, version, kind: name } = kind;
    throw fail(
      `failed to convert patch object to typed object: no corresponding type for ${group}/${version}, Kind=${name}`,
    );
  }
  const patch: JsonObject = { ...configuration, apiVersion: object['apiVersion'] ?? '', kind: object['kind'] ?? '' };
  const wrong = misfit(plan, patch);
  if (wrong !== '') throw fail(`failed to convert patch object to typed object: ${wrong}`);
  const atomics: string[] = [];
  findAtomics(plan, patch, '', atomics);
  if (atomics.length > 0) {
    throw fail(`invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: ${atomics.join(', ')}`);
  }
  const merged = merge(plan, object, patch);
  return isObject(merged) ? merged : object;
}
