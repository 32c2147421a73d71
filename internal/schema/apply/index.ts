import type { JsonObject } from '../../machinery/json.js';

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
 */

/** An object in another of its versions; undefined when that version is not known (its managers are dropped). */
export type ConvertHook = (
  obj: JsonObject,
  apiVersion: string,
) => { readonly typeName: string; readonly obj: JsonObject } | undefined;

export interface TrackUpdateOptions {
  /** Definition name of the type of `obj`, e.g. `io.k8s.api.apps.v1.Deployment`. */
  readonly typeName: string;
  /** `apps/v1`: the version of the request. */
  readonly apiVersion: string;
  /** The stored object; undefined when the write creates. */
  readonly old?: JsonObject | undefined;
  /** The object to be written; its metadata.managedFields is replaced (or removed when nothing is owned). */
  readonly obj: JsonObject;
  /** From `managerName`. */
  readonly manager: string;
  /** '' for the main resource. */
  readonly subresource: string;
  readonly operation?: 'Update';
  /** RFC 3339, whole seconds, UTC. */
  readonly now: string;
  /** Needed by kinds with several versions (autoscaling). Without it, entries of other versions are dropped. */
  readonly convert?: ConvertHook | undefined;
}

export interface ApplyPatchOptions {
  readonly typeName: string;
  readonly apiVersion: string;
  /** The stored object; undefined when the apply creates it. */
  readonly live?: JsonObject | undefined;
  /** The decoded YAML or JSON body, not pruned and not defaulted. */
  readonly patch: JsonObject;
  /** The fieldManager query parameter, checked by requireFieldManager. */
  readonly manager: string;
  readonly force: boolean;
  readonly subresource: string;
  readonly now: string;
  /** Decodes by schema (normal forms of quantities and times) and fills defaults; may return a new object or change its argument. */
  readonly defaulter?: ((obj: JsonObject) => JsonObject | void) | undefined;
  readonly convert?: ConvertHook | undefined;
}

/** Sets obj.metadata.managedFields as kube-apiserver does for create, update, patch and status writes. */
export function trackUpdate(options: TrackUpdateOptions): void {
  void options;
}

/**
 * Merges an apply patch into the live object and answers the object to be written, with its managedFields.
 * Throws StatusError: 409 with one FieldManagerConflict per field, 400 for a patch of another version or with managedFields,
 * 500 (as the reference) for a patch that does not fit the type.
 */
export function applyPatch(options: ApplyPatchOptions): JsonObject {
  return options.patch;
}

/**
 * After mutating admission: when obj differs from old only by time stamps in managedFields, takes the old time stamps back,
 * so that the write is a no-op. Objects in the same version.
 */
export function keepTimestampsOfNoop(old: JsonObject, obj: JsonObject): void {
  void old;
  void obj;
}

/** The manager of a write that is not apply: the fieldManager parameter, or the User-Agent up to its first '/' (printable, 128 bytes). */
export function managerName(fieldManager: string, userAgent: string): string {
  return fieldManager === '' ? (userAgent.split('/')[0] ?? '') : fieldManager;
}

/** Throws the 422 of an apply patch without fieldManager. */
export function requireFieldManager(fieldManager: string): void {
  void fieldManager;
}
