import type { AdmissionAttributes, AdmissionContext, Operation } from '../../admission/types.js';
import type { JsonObject } from '../../machinery/json.js';
import type { ResourceDef } from '../../schema/types.js';
import type { RestDeps } from '../deps.js';
import type { Writing } from './target.js';

/** What the plugins work with during one attempt of a write. */
export function admissionContext(deps: RestDeps, ctx: Writing): AdmissionContext {
  return { backend: deps.backend, warnings: ctx.warnings, compares: [] };
}

/** What the plugins may know of a write. Both objects are in the storage version; plugins may change the new one. */
export function attributesOf<T extends { readonly object?: JsonObject; readonly oldObject?: JsonObject }>(
  operation: Operation,
  def: ResourceDef,
  ctx: Writing,
  objects: T,
): AdmissionAttributes & T {
  return {
    operation,
    def,
    subresource: ctx.subresource,
    namespace: ctx.namespace,
    name: ctx.name,
    user: ctx.user,
    dryRun: ctx.dryRun,
    ...objects,
  };
}
