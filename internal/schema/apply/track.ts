import { deepEqual, semanticEqual } from '../../machinery/equal.js';
import { atOnce, drive, type Flow } from '../../machinery/flow.js';
import { isObject, type JsonObject, type JsonValue } from '../../machinery/json.js';
import { compare } from './compare.js';
import { reconcile } from './fields.js';
import { difference, isEmpty, union } from './fieldset.js';
import {
  capUpdaters,
  decodeManaged,
  encodeManaged,
  encodeManager,
  identityOf,
  type Manager,
  type Managers,
} from './managed.js';
import { type Plan, planOf } from './plan.js';
import { type ResetFilter, resetFilter, STRIPPED } from './reset.js';
import { type Rest, takeOwnership, type Versioned } from './updater.js';

/** An object in another of its versions; undefined when that version is not known (its managers are dropped). */
export type ConvertHook = (
  obj: JsonObject,
  apiVersion: string,
) => { readonly typeName: string; readonly obj: JsonObject; readonly plan?: Plan | undefined } | undefined;

/** What both kinds of write say about the type and the writer. */
export interface WriterOptions {
  /** Definition name of the type of the object in the version of the request, e.g. `io.k8s.api.apps.v1.Deployment`. */
  readonly typeName: string;
  /** Custom resources bring their plan (planOfSchema); `typeName` is then not looked up. */
  readonly plan?: Plan | undefined;
  /** `apps/v1`: the version of the request. */
  readonly apiVersion: string;
  /** From `managerName`, or the fieldManager parameter of an apply. */
  readonly manager: string;
  /** '' for the main resource. */
  readonly subresource: string;
  /** RFC 3339, whole seconds, UTC. */
  readonly now: string;
  /** Needed by kinds with several versions (autoscaling). Without it, entries of other versions are dropped. */
  readonly convert?: ConvertHook | undefined;
  /** Which fields this write can own; by default what the built-in kind's strategy does not reset. */
  readonly filter?: ResetFilter | undefined;
}

export interface TrackUpdateOptions extends WriterOptions {
  /** The stored object; undefined when the write creates. */
  readonly old?: JsonObject | undefined;
  /** The object to be written; its metadata.managedFields is replaced (or removed when nothing is owned). */
  readonly obj: JsonObject;
  readonly operation?: 'Update';
}

export const metadataOf = (obj: JsonObject): JsonObject => {
  const metadata = obj['metadata'];
  if (isObject(metadata)) return metadata;
  const fresh: JsonObject = {};
  obj['metadata'] = fresh;
  return fresh;
};
export const managedFieldsOf = (obj: JsonObject | undefined): JsonValue | undefined => {
  const metadata = obj?.['metadata'];
  return isObject(metadata) ? metadata['managedFields'] : undefined;
};

/** Sets obj.metadata.managedFields as kube-apiserver does for create, update, patch and status writes. */
export function trackUpdate(options: TrackUpdateOptions): void {
  if (options.old === undefined && !Array.isArray(managedFieldsOf(options.obj))) trackNew(options);
  else atOnce(track(options, undefined));
}

/** A new object that names no managers: what it holds is its creator's alone. */
function trackNew(options: TrackUpdateOptions): void {
  const { obj, subresource, typeName } = options;
  const { changed, unkeyed } = compare(options.plan ?? planOf(typeName), {}, obj);
  const filter = options.filter ?? resetFilter(typeName, subresource);
  const set = difference(filter(changed), STRIPPED);
  if (unkeyed || isEmpty(set)) setManagedFields(obj, undefined);
  else setManagedFields(obj, [encodeManager({ ...updater(options), time: options.now, set })]);
}

/** Who writes, as an entry names it. */
function updater({ manager, apiVersion, subresource }: WriterOptions): Omit<Manager, 'time' | 'set'> {
  return { name: manager === '' ? 'unknown' : manager, operation: 'Update', apiVersion, subresource };
}

/** The same for a large object: `rest` is waited for between the stages of the work. */
export function trackUpdateInTurns(options: TrackUpdateOptions, rest: () => Promise<unknown>): void | Promise<void> {
  return drive(track(options, rest));
}

function* track(options: TrackUpdateOptions, rest: Rest): Flow<void> {
  const { old, obj } = options;
  const managers = yield* startingManagers(options, rest);
  if (managers.size === 0 && old !== undefined) {
    // An object that nobody tracks stays untracked until somebody applies to it.
    setManagedFields(obj, undefined);
    return;
  }
  if (rest !== undefined) yield rest();
  if (!(yield* updateManagers(options, managers, old ?? {}, obj, rest))) {
    // Nobody can say who owns what of an item without its key: kube-apiserver stops tracking the object.
    setManagedFields(obj, undefined);
    return;
  }
  if (rest !== undefined) yield rest();
  capUpdaters(managers, union);
  setManagedFields(obj, encodeManaged(managers.values()));
}

/** Puts the entries where kube-apiserver has them in the JSON; removes the field when there are none. */
export function setManagedFields(obj: JsonObject, entries: JsonObject[] | undefined): void {
  const metadata = metadataOf(obj);
  if (entries === undefined) delete metadata['managedFields'];
  else metadata['managedFields'] = entries;
}

/**
 * The managers to go on with: those that the client sent when they are readable, else the stored ones. A list of one empty
 * entry resets them. Writes to a subresource cannot change them.
 */
function* startingManagers(options: TrackUpdateOptions, rest: Rest): Flow<Managers> {
  const { old, obj, subresource } = options;
  const stored = managedFieldsOf(old);
  const sent = subresource === '' ? managedFieldsOf(obj) : undefined;
  if (Array.isArray(sent) && !deepEqual(sent, stored)) {
    if (isReset(sent)) return new Map();
    const managers = decodeManaged(sent, false);
    if (rest !== undefined) yield rest();
    if (managers !== undefined && managers.size > 0) return reconciled(options, managers);
  }
  const managers = decodeManaged(stored, true) ?? new Map<string, Manager>();
  // The schema of a custom resource may have changed since; that of a built-in type has not.
  return options.plan === undefined ? managers : reconciled(options, managers);
}

/** Brings the sets of the request's version into line with the type. */
export function reconciled(options: WriterOptions, managers: Managers): Managers {
  const plan = options.plan ?? planOf(options.typeName);
  for (const [id, manager] of managers) {
    if (manager.apiVersion !== options.apiVersion) continue;
    const set = reconcile(plan, manager.set);
    if (set !== manager.set) managers.set(id, { ...manager, set });
  }
  return managers;
}

function isReset(entries: readonly JsonValue[]): boolean {
  const [only] = entries;
  return (
    entries.length === 1 &&
    isObject(only) &&
    Object.values(only).every((v) => v === undefined || v === null || v === '')
  );
}

/**
 * Gives `options.manager` what the change from `before` to `after` adds or changes, and takes it from the others.
 * False when the objects cannot be compared.
 */
export function* updateManagers(
  options: WriterOptions,
  managers: Managers,
  before: JsonObject,
  after: JsonObject,
  rest: Rest,
): Flow<boolean> {
  const plan = options.plan ?? planOf(options.typeName);
  const { changed, unkeyed } = yield* takeOwnership(
    {
      before: { obj: before, plan },
      after: { obj: after, plan },
      apiVersion: options.apiVersion,
      filter: options.filter ?? resetFilter(options.typeName, options.subresource),
      convert: converter(options),
    },
    managers,
    undefined,
    undefined,
    rest,
  );
  if (rest !== undefined) yield rest();
  const set = difference(changed, STRIPPED);
  if (unkeyed || isEmpty(set)) return !unkeyed;
  const self = updater(options);
  const id = identityOf(self);
  const previous = managers.get(id);
  managers.set(id, {
    ...self,
    time: options.now,
    set: previous === undefined ? set : union(previous.set, set),
  });
  return true;
}

/** The conversion that the caller brought; without one only the request's own version is known. */
export function converter(options: WriterOptions): (of: Versioned, apiVersion: string) => Versioned | undefined {
  return (of, apiVersion) => {
    if (of.obj['apiVersion'] === apiVersion) return of;
    const other = options.convert?.(of.obj, apiVersion);
    return other === undefined ? undefined : { obj: other.obj, plan: other.plan ?? planOf(other.typeName) };
  };
}

/**
 * After mutating admission: when obj differs from old only by time stamps in managedFields, takes the old time stamps back,
 * so that the write is a no-op. Both objects in one version. `strict` (custom resources): empty is not the same as absent.
 */
export function keepTimestampsOfNoop(old: JsonObject, obj: JsonObject, strict = false): void {
  const before = managedFieldsOf(old);
  const after = managedFieldsOf(obj);
  if (!Array.isArray(before) || !Array.isArray(after)) return;
  if (before.length !== after.length || after.length === 0) return;
  if (before.every((entry, i) => timeOf(entry) === timeOf(after[i] ?? null))) return;
  if (!before.every((entry, i) => sameExceptTime(entry, after[i] ?? null))) return;
  const same = strict ? deepEqual : semanticEqual;
  if (!same(withoutManagedFields(old), withoutManagedFields(obj))) return;
  setManagedFields(obj, before as JsonObject[]);
}
const timeOf = (entry: JsonValue): JsonValue | undefined => (isObject(entry) ? entry['time'] : undefined);
const sameExceptTime = (a: JsonValue, b: JsonValue): boolean =>
  isObject(a) && isObject(b) && deepEqual({ ...a, time: undefined }, { ...b, time: undefined });
function withoutManagedFields(obj: JsonObject): JsonObject {
  const metadata = obj['metadata'];
  return isObject(metadata) ? { ...obj, metadata: { ...metadata, managedFields: undefined } } : obj;
}
