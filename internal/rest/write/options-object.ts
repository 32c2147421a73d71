import type { JsonObject } from '../../machinery/json.js';
import type { DeleteOptions } from './options.js';

const API_VERSION = 'meta.k8s.io/v1';

/**
 * CreateOptions or UpdateOptions of a request as admission is given them. A patch has those of the operation that it
 * comes to (apiserver's patchToUpdateOptions), without `force`.
 */
export function writeOptionsObject(
  kind: 'CreateOptions' | 'UpdateOptions',
  query: URLSearchParams,
  dryRun: boolean,
): JsonObject {
  const out: JsonObject = { kind, apiVersion: API_VERSION };
  if (dryRun) out['dryRun'] = ['All'];
  for (const field of ['fieldManager', 'fieldValidation']) {
    const value = query.get(field);
    if (value !== null && value !== '') out[field] = value;
  }
  return out;
}

/** DeleteOptions as admission is given them. */
export function deleteOptionsObject(options: DeleteOptions): JsonObject {
  const { gracePeriodSeconds, uid, resourceVersion, orphanDependents, propagationPolicy, dryRun } = options;
  const out: JsonObject = { kind: 'DeleteOptions', apiVersion: API_VERSION };
  if (gracePeriodSeconds !== undefined) out['gracePeriodSeconds'] = gracePeriodSeconds;
  if (uid !== undefined || resourceVersion !== undefined) {
    const preconditions: JsonObject = {};
    if (uid !== undefined) preconditions['uid'] = uid;
    if (resourceVersion !== undefined) preconditions['resourceVersion'] = resourceVersion;
    out['preconditions'] = preconditions;
  }
  if (orphanDependents !== undefined) out['orphanDependents'] = orphanDependents;
  if (propagationPolicy !== undefined) out['propagationPolicy'] = propagationPolicy;
  if (dryRun) out['dryRun'] = ['All'];
  return out;
}
