import { cloneJson, deepEqual } from '../../machinery/equal.js';
import { atOnce, drive, type Flow } from '../../machinery/flow.js';
import { isObject, type JsonObject, type JsonValue } from '../../machinery/json.js';
import { badRequest, StatusError } from '../../machinery/status.js';
import { compare } from './compare.js';
import { conflictError } from './conflict.js';
import { claimedFields, removeFields, withNamedFields } from './fields.js';
import { difference, type FieldSet, intersection, isEmpty, union } from './fieldset.js';
import { buildLastApplied, lastAppliedOf, setLastApplied } from './lastapplied.js';
import { decodeManaged, encodeManaged, identityOf, type Manager, type Managers } from './managed.js';
import { merge } from './merge.js';
import { type Plan, writtenPlanOf } from './plan.js';
import { type ResetFilter, resetFilter, STRIPPED } from './reset.js';
import {
  converter,
  managedFieldsOf,
  reconciled,
  setManagedFields,
  updateManagers,
  type WriterOptions,
} from './track.js';
import { type Conflict, type Conflicts, type Convert, ownedBy, type Rest, takeOwnership } from './updater.js';
import { misfit } from './validate.js';

export interface ApplyPatchOptions extends WriterOptions {
  /** The stored object; undefined when the apply creates it. */
  readonly live?: JsonObject | undefined;
  /** The decoded YAML or JSON body, not pruned and not defaulted. */
  readonly patch: JsonObject;
  readonly force: boolean;
  /** Kind that the patch must have; by default the last part of `typeName`. */
  readonly kind?: string | undefined;
  /** Decodes by schema (normal forms of quantities and times) and fills defaults; may return a new object or change its argument. */
  readonly defaulter?: ((obj: JsonObject) => JsonObject | void) | undefined;
}

/** Entry for the fields of an object that was written before anybody tracked it. */
const BEFORE_FIRST_APPLY = 'before-first-apply';

interface Context {
  readonly options: ApplyPatchOptions;
  readonly plan: Plan;
  readonly live: JsonObject;
  readonly filter: ResetFilter;
  readonly convert: Convert;
  readonly id: string;
  /** Waited for between two stages; undefined where all is done in one turn. */
  readonly rest: Rest;
}
interface Applied {
  readonly conflicts?: undefined;
  readonly obj: JsonObject;
  readonly managers: Managers;
}

/**
 * Merges an apply patch into the live object and answers the object to be written, with its managedFields.
 * Throws StatusError: 409 with one FieldManagerConflict per field, 400 for a patch of another version or with managedFields,
 * 500 (as kube-apiserver) for a patch that does not fit the type.
 */
export function applyPatch(options: ApplyPatchOptions): JsonObject {
  return atOnce(apply(options, undefined));
}

/** The same for a large object: `rest` is waited for between the stages of the work. Rejects with what `applyPatch` throws. */
export function applyPatchInTurns(
  options: ApplyPatchOptions,
  rest: () => Promise<unknown>,
): JsonObject | Promise<JsonObject> {
  return drive(apply(options, rest));
}

function* apply(options: ApplyPatchOptions, rest: Rest): Flow<JsonObject> {
  const plan = options.plan ?? writtenPlanOf(options.typeName);
  checkPatch(options, plan);
  if (rest !== undefined) yield rest();
  const live = options.live ?? {};
  const managers = decodeManaged(managedFieldsOf(live), true) ?? new Map<string, Manager>();
  if (options.plan !== undefined) reconciled(options, managers);
  if (managers.size === 0 && options.live !== undefined) {
    yield* updateManagers({ ...options, manager: BEFORE_FIRST_APPLY }, managers, {}, live, rest);
  }
  const context: Context = {
    options,
    plan,
    live,
    filter: options.filter ?? resetFilter(options.typeName, options.subresource),
    convert: converter(options),
    id: identityOf({ name: options.manager, operation: 'Apply', apiVersion: '', subresource: options.subresource }),
    rest,
  };
  if (rest !== undefined) yield rest();
  const { obj, managers: owners } = yield* applyWithMigration(context, managers);
  if (options.manager === 'kubectl' && lastAppliedOf(obj) !== '') setLastApplied(obj, buildLastApplied(options.patch));
  setManagedFields(obj, encodeManaged(owners.values()));
  return obj;
}

/** group/version, Kind=kind as Go prints it; the core group is ''. */
function gvkText(apiVersion: JsonValue | undefined, kind: JsonValue | undefined): string {
  const gv = typeof apiVersion === 'string' ? apiVersion : '';
  return `${gv.includes('/') ? gv : `/${gv}`}, Kind=${typeof kind === 'string' ? kind : ''}`;
}

function checkPatch(options: ApplyPatchOptions, plan: Plan): void {
  const { patch, apiVersion } = options;
  const kind = options.kind ?? options.typeName.slice(options.typeName.lastIndexOf('.') + 1);
  if (patch['apiVersion'] !== apiVersion || patch['kind'] !== kind) {
    throw badRequest(`invalid object type: ${gvkText(patch['apiVersion'], patch['kind'])}`);
  }
  const managed = managedFieldsOf(patch);
  if (managed !== undefined && managed !== null) throw badRequest('metadata.managedFields must be nil');
  const wrong = misfit(plan, patch);
  if (wrong !== '')
    throw new StatusError(500, '', `failed to create typed patch object (${patchName(patch)}): ${wrong}`);
}

/** A patch as errors name it: `namespace/name; group/version, Kind=kind`, of what it says itself. */
function patchName(patch: JsonObject): string {
  const metadata = isObject(patch['metadata']) ? patch['metadata'] : {};
  return `${text(metadata['namespace'])}/${text(metadata['name'])}; ${gvkText(patch['apiVersion'], patch['kind'])}`;
}

/** The 500 for an applied object whose values its type cannot hold, in kube-apiserver's words. */
export function unfitObject(patch: JsonObject, why: string): StatusError {
  const gvk = gvkText(patch['apiVersion'], patch['kind']);
  return new StatusError(
    500,
    '',
    `failed to convert new object (${patchName(patch)}) to proper version: unable to convert unstructured object to ${gvk}: ${why}`,
  );
}
const text = (v: JsonValue | undefined): string => (typeof v === 'string' ? v : '');

/** A conflict that only stems from what `kubectl apply` wrote itself, client side, is no conflict for the manager kubectl. */
function* applyWithMigration(context: Context, managers: Managers): Flow<Applied> {
  const { options } = context;
  const first = yield* applyOnce(context, new Map(managers), options.force);
  if (first.conflicts === undefined) return first;
  if (options.manager !== 'kubectl') throw conflictError(first.conflicts);
  const allowed = ownedByLastApplied(context);
  if (allowed === undefined) throw conflictError(first.conflicts);
  const left = new Map<string, Conflict>();
  for (const [id, { manager, fields }] of first.conflicts) {
    const rest = difference(fields, allowed);
    if (!isEmpty(rest)) left.set(id, { manager, fields: rest });
  }
  if (left.size > 0) throw conflictError(left);
  const forced = yield* applyOnce(context, new Map(managers), true);
  if (forced.conflicts !== undefined) throw conflictError(forced.conflicts);
  return forced;
}

/** The fields of the last-applied annotation that still have the value it gave them; undefined without a usable annotation. */
function ownedByLastApplied({ options, plan, live }: Context): FieldSet | undefined {
  const annotation = lastAppliedOf(live);
  if (annotation === '') return undefined;
  let last: JsonValue;
  try {
    last = JSON.parse(annotation) as JsonValue;
  } catch {
    return undefined;
  }
  if (!isObject(last) || last['apiVersion'] !== options.apiVersion || misfit(plan, last) !== '') return undefined;
  const { changed, removed } = compare(plan, last, live);
  return difference(difference(claimedFields(plan, last), changed), removed);
}

function* applyOnce(
  context: Context,
  managers: Managers,
  force: boolean,
): Flow<Applied | { readonly conflicts: Conflicts }> {
  const { options, plan, live, filter, convert, id, rest } = context;
  const last = managers.get(id);
  const set = filter(claimedFields(plan, options.patch));
  managers.set(id, {
    name: options.manager,
    operation: 'Apply',
    apiVersion: options.apiVersion,
    subresource: options.subresource,
    time: last?.time,
    set,
  });
  if (rest !== undefined) yield rest();
  const merged = merge(plan, live, options.patch);
  if (rest !== undefined) yield rest();
  const pruned = yield* prune(context, isObject(merged) ? merged : {}, managers, last);
  const conflicts = new Map<string, Conflict>();
  const write = {
    before: { obj: live, plan },
    after: { obj: pruned, plan },
    apiVersion: options.apiVersion,
    filter,
    convert,
  };
  if (rest !== undefined) yield rest();
  yield* takeOwnership(write, managers, id, force ? undefined : conflicts, rest);
  if (rest !== undefined) yield rest();
  if (conflicts.size > 0) return { conflicts };
  const changed = options.live === undefined || !deepEqual(live, pruned);
  finishOwner(managers, id, changed ? options.now : last?.time);
  // A copy, because the caller goes on to change the object and compares it with the live one.
  if (rest !== undefined) yield rest();
  const obj = cloneJson(changed ? pruned : live);
  if (rest !== undefined) yield rest();
  return { obj: changed ? (options.defaulter?.(obj) ?? obj) : obj, managers };
}

/** Leaves out what nobody owns and stamps the applier's entry. */
function finishOwner(managers: Managers, id: string, time: string | undefined): void {
  const self = managers.get(id);
  if (self === undefined) return;
  const set = difference(self.set, STRIPPED);
  if (isEmpty(set)) managers.delete(id);
  else managers.set(id, { ...self, set, time });
}

/**
 * Removes what the applier applied last time and does not apply any more, unless somebody else owns it. Works in the version
 * of the last apply; when that is gone nothing is removed.
 */
function* prune(context: Context, merged: JsonObject, managers: Managers, last: Manager | undefined): Flow<JsonObject> {
  if (last === undefined || isEmpty(last.set)) return merged;
  const { plan, convert, options } = context;
  if (last.apiVersion !== options.apiVersion) return yield* pruneInOtherVersion(context, merged, managers, last);
  const owners = managedElsewhere(context, managers, last.apiVersion);
  return yield* removeDisowned(plan, merged, last.set, owners, convert, context.rest);
}

/** What the managers of other versions own, told in the version in which we prune: looked up by converting the object. */
type Elsewhere = readonly { readonly plan: Plan; readonly apiVersion: string; readonly owned: FieldSet }[];
function managedElsewhere({ plan }: Context, managers: Managers, first: string): Elsewhere {
  const versions = new Set([first, ...[...managers.values()].map((m) => m.apiVersion)]);
  return [...versions].map((apiVersion) => ({ plan, apiVersion, owned: ownedBy(managers, apiVersion) }));
}

function* removeDisowned(
  plan: Plan,
  merged: JsonObject,
  last: FieldSet,
  owners: Elsewhere,
  convert: Convert,
  rest: Rest,
): Flow<JsonObject> {
  const lastNamed = withNamedFields(plan, last);
  if (rest !== undefined) yield rest();
  let pruned = asObject(removeFields(plan, merged, lastNamed));
  const home = owners[0]?.apiVersion;
  for (const { apiVersion, owned } of owners) {
    const there = apiVersion === home ? undefined : [merged, pruned].map((obj) => convert({ obj, plan }, apiVersion));
    if (there === undefined) {
      pruned = yield* addBackOwned(plan, merged, pruned, owned, rest);
      continue;
    }
    const [m, p] = there;
    if (m === undefined || p === undefined || home === undefined) continue;
    const kept = yield* addBackOwned(m.plan, m.obj, p.obj, owned, rest);
    pruned = convert({ obj: kept, plan: m.plan }, home)?.obj ?? pruned;
  }
  // Only what the applier owned itself may go; anything else that was lost on the way comes back.
  if (rest !== undefined) yield rest();
  const all = namedFields(plan, merged);
  if (rest !== undefined) yield rest();
  const lost = difference(all, namedFields(plan, pruned));
  if (rest !== undefined) yield rest();
  return asObject(removeFields(plan, merged, intersection(lost, lastNamed)));
}

function* addBackOwned(
  plan: Plan,
  merged: JsonObject,
  pruned: JsonObject,
  owned: FieldSet,
  rest: Rest,
): Flow<JsonObject> {
  if (rest !== undefined) yield rest();
  const left = namedFields(plan, pruned);
  if (rest !== undefined) yield rest();
  const keep = union(left, withNamedFields(plan, owned));
  if (rest !== undefined) yield rest();
  const gone = difference(namedFields(plan, merged), keep);
  if (rest !== undefined) yield rest();
  return asObject(removeFields(plan, merged, gone));
}
const namedFields = (plan: Plan, obj: JsonObject): FieldSet => withNamedFields(plan, claimedFields(plan, obj));
const asObject = (v: JsonValue): JsonObject => (isObject(v) ? v : {});

function* pruneInOtherVersion(
  context: Context,
  merged: JsonObject,
  managers: Managers,
  last: Manager,
): Flow<JsonObject> {
  const { plan, convert, options, rest } = context;
  const there = convert({ obj: merged, plan }, last.apiVersion);
  if (there === undefined) return merged;
  const owners = managedElsewhere(context, managers, last.apiVersion);
  const pruned = yield* removeDisowned(there.plan, there.obj, last.set, owners, convert, rest);
  return convert({ obj: pruned, plan: there.plan }, options.apiVersion)?.obj ?? merged;
}
