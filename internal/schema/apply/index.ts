/**
 * Server-side apply and field ownership (managedFields), to the rules of Kubernetes' structured-merge-diff.
 *
 * Where the verbs call in, in pipeline order:
 *
 * - POST: decode -> defaults -> **trackUpdate({old: undefined})** -> mutating admission -> prepareForCreate -> validate -> store.
 *   What admission or the strategy fills in later (service account volumes, cluster IPs, uid) is owned by nobody.
 * - PUT: decode -> defaults -> **trackUpdate({old: stored})** -> mutating admission -> **keepTimestampsOfNoop** ->
 *   prepareForUpdate -> validate -> store. `obj` is what the client sent (the fields that the strategy will put back are
 *   left out by the reset fields). A PUT that creates passes `old: undefined`.
 * - PATCH (JSON, merge, strategic): patch the stored object -> decode -> defaults -> **trackUpdate({old: stored})**, then as PUT.
 * - PATCH (apply): **requireFieldManager** -> **applyPatch** (calls `defaulter` itself) -> mutating admission ->
 *   **keepTimestampsOfNoop** -> prepareForUpdate or prepareForCreate -> validate -> store.
 * - Writes that the server makes by itself inside another verb (binding, eviction, deletionTimestamp) do not call in.
 *
 * When the object that would be stored equals the stored one the write is a no-op: it answers with the stored object and
 * keeps its resourceVersion.
 *
 * `old`, `obj`, `live` and `patch` are in the version of the request (`typeName`, `apiVersion`), not in the storage version.
 * Stored objects are in normal form (quantities, times, Go's zero structs); `obj` may leave out zero structs and carry zeros.
 *
 * Custom resources pass `plan` (planOfSchema), `filter` (customResourceFilter) and, for apply, `kind`; `convert` answers with
 * the plan of the other version.
 *
 * The scale subresource: `scaleManagedFields` gives the Scale the entries that own its replica count, trackUpdate or
 * applyPatch run on the Scale (subresource `scale`), and `parentManagedFields` brings the outcome back to the scaled object.
 */
export { type ApplyPatchOptions, applyPatch, applyPatchInTurns, unfitObject } from './apply.js';
export { customResourceFilter, planOfSchema } from './custom.js';
export { managerName, requireFieldManager } from './manager.js';
export { type Plan, writtenPlanOf as planOfType } from './plan.js';
export { merge } from './merge.js';
export { misfit } from './validate.js';
export type { ResetFilter } from './reset.js';
export { type ReplicasPaths, parentManagedFields, scaleManagedFields } from './scale.js';
export {
  type ConvertHook,
  keepTimestampsOfNoop,
  type TrackUpdateOptions,
  trackUpdate,
  trackUpdateInTurns,
  type WriterOptions,
} from './track.js';
