import { admit, defaultAdmission, validateAdmission } from '../../admission/index.js';
import { admissionContext, attributesOf } from './admission.js';
import { deepEqual } from '../../machinery/equal.js';
import { invalid, invalidValue } from '../../machinery/field.js';
import type { JsonObject } from '../../machinery/json.js';
import { conflict, forbidden, notFound, OBJECT_MODIFIED } from '../../machinery/status.js';
import type { TxnExtras } from '../../registry/types.js';
import { keepTimestampsOfNoop } from '../../schema/apply/index.js';
import { encodeForStorage } from '../../schema/codec/index.js';
import { writeNulls } from '../../schema/nulls.js';
import type { Compare, KeyValue, Op } from '../../store/types.js';
import { store } from '../create.js';
import type { RestDeps } from '../deps.js';
import { parseResourceVersion } from '../options.js';
import { dedupeOwners } from './owners.js';
import { prepareUpdate, subresourceStrategy } from './prepare.js';
import { registryPath } from './registry-path.js';
import { rereadAfter } from './reread.js';
import { keyOf, parseStored, withRevision } from './stored.js';
import { type Kind, metaOf, metaText, type Writing } from './target.js';

/** Times an update is worked out anew because the object, or something else that it read, changed under it. */
const ATTEMPTS = 32;

/** What an update does to the stored object. */
export interface Change {
  /**
   * The new object in the storage version, with defaults and managedFields, from the stored one (which it must not
   * change; undefined when there is none). Called again when the stored object has changed.
   */
  next(old: JsonObject | undefined): JsonObject | Promise<JsonObject>;
  /** The uid that the client expects; '' when it expects none. */
  readonly uid: string;
  /** Creates when there is nothing to update (server-side apply), whatever the kind allows. */
  readonly createAlways: boolean;
}

export interface Updated {
  readonly value: Buffer;
  readonly created: boolean;
}

/**
 * Reads, changes, checks and writes one object until the write meets exactly what was read (GuaranteedUpdate).
 * The first attempt trusts this replica's own copy; an error is believed only after a linearizable read.
 */
export async function updateObject(deps: RestDeps, kind: Kind, ctx: Writing, change: Change): Promise<Updated> {
  const { backend } = deps;
  const key = keyOf(kind, ctx);
  let fresh = false;
  let current = backend.get(key);
  const warned = ctx.warnings.length;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    ctx.warnings.length = warned;
    let result: Updated | undefined;
    try {
      result = await attemptUpdate(deps, kind, ctx, change, key, current);
    } catch (e) {
      if (fresh) throw e;
      current = await rereadAfter(e, backend, key, current);
      fresh = true;
      continue;
    }
    if (result !== undefined) return result;
    current = backend.get(key);
  }
  throw conflict(kind.def, ctx.name, OBJECT_MODIFIED);
}

/** One attempt; undefined when a compare of the transaction failed. */
async function attemptUpdate(
  deps: RestDeps,
  kind: Kind,
  ctx: Writing,
  change: Change,
  key: string,
  current: KeyValue | undefined,
): Promise<Updated | undefined> {
  if (change.uid !== '') checkUid(kind, ctx, change.uid, current);
  if (current === undefined) return createMissing(deps, kind, ctx, change);
  const old = parseStored(current, kind.storedType);
  const obj = await change.next(old);
  checkRevision(kind, ctx, obj, current);
  const chain = deps.admission ?? defaultAdmission;
  const admission = admissionContext(deps, ctx);
  const attributes = attributesOf('UPDATE', kind.def, ctx, { object: obj, oldObject: old });
  const admitting = admit(chain, admission, attributes);
  if (admitting !== undefined) await admitting;
  if (ctx.subresource === '') {
    const own = kind.strategy.admitUpdate?.(ctx, obj, old);
    if (own !== undefined) await own;
  }
  dedupeOwners(metaOf(obj), ctx.warnings, true);
  keepTimestampsOfNoop(old, obj, kind.def.type === '');
  prepareUpdate(kind, ctx, obj, old);
  const validating = validateAdmission(chain, admission, attributes);
  if (validating !== undefined) await validating;
  return write(deps, kind, ctx, obj, old, key, current, admission.compares);
}

function checkUid(kind: Kind, ctx: Writing, uid: string, current: KeyValue | undefined): void {
  const stored = current === undefined ? '' : metaText(metaOf(parseStored(current, kind.storedType)), 'uid');
  if (stored === uid) return;
  throw conflict(
    kind.def,
    ctx.name,
    `StorageError: invalid object, Code: 4, Key: ${registryPath(kind.def, ctx.namespace, ctx.name)}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${uid}, UID in object meta: ${stored}`,
  );
}

async function createMissing(deps: RestDeps, kind: Kind, ctx: Writing, change: Change): Promise<Updated> {
  const main = subresourceStrategy(kind, ctx.subresource) === undefined;
  if (!main || !(change.createAlways || kind.strategy.createOnUpdate === true)) {
    await deps.backend.readBarrier();
    throw notFound(kind.def, ctx.name);
  }
  const obj = await change.next(undefined);
  authorizeCreate(deps, kind, ctx);
  const value = await store(deps, kind, ctx, obj);
  return { value, created: true };
}

/** Who may update may not therefore create. Throws 403. */
function authorizeCreate(deps: RestDeps, kind: Kind, ctx: Writing): void {
  if (deps.authorizer === undefined) return;
  const { group, version, resource } = kind.def;
  const decision = deps.authorizer.authorize({
    user: ctx.user,
    verb: 'create',
    isResourceRequest: true,
    group,
    version,
    resource,
    subresource: ctx.subresource,
    namespace: ctx.namespace,
    name: ctx.name,
    path: '',
  });
  if (decision === 'noOpinion' || !decision.allowed) {
    throw forbidden(kind.def, ctx.name, decision === 'noOpinion' ? '' : decision.reason);
  }
}

/** The client's resourceVersion must be the stored one; without one, the kind must take unconditional updates. */
function checkRevision(kind: Kind, ctx: Writing, obj: JsonObject, current: KeyValue): void {
  const meta = metaOf(obj);
  const wanted = parseResourceVersion(metaText(meta, 'resourceVersion'));
  if (wanted === 0) {
    if (kind.strategy.unconditionalUpdate === false) {
      throw invalid({ group: kind.def.group, kind: kind.def.resource }, ctx.name, [
        invalidValue('metadata.resourceVersion', 0, 'must be specified for an update'),
      ]);
    }
  } else if (wanted !== current.modRevision) {
    throw conflict(kind.def, ctx.name, OBJECT_MODIFIED);
  }
  meta['resourceVersion'] = String(current.modRevision);
}

/** Whether this update is the last thing that a deleting object waited for. */
function isLastFinalizerGone(kind: Kind, obj: JsonObject, old: JsonObject): boolean {
  const finalizers = metaOf(obj)['finalizers'];
  if (Array.isArray(finalizers) && finalizers.length > 0) return false;
  const meta = metaOf(old);
  if (metaText(meta, 'deletionTimestamp') === '') return false;
  const grace = meta['deletionGracePeriodSeconds'];
  if (grace !== undefined && grace !== 0) return false;
  return kind.strategy.deletableDuringUpdate?.(obj, old) ?? true;
}

async function write(
  deps: RestDeps,
  kind: Kind,
  ctx: Writing,
  obj: JsonObject,
  old: JsonObject,
  key: string,
  current: KeyValue,
  compares: readonly Compare[],
): Promise<Updated | undefined> {
  const { backend } = deps;
  const { strategy } = kind;
  const removing = isLastFinalizerGone(kind, obj, old);
  let extras: TxnExtras | undefined;
  if (removing) extras = strategy.release?.(ctx, obj);
  else if (strategy.allocate !== undefined && ctx.subresource === '') extras = await strategy.allocate(ctx, obj, old);
  writeNulls(kind.storedType, obj);
  writeNulls(kind.storedType, old);
  if (!removing && deepEqual(obj, old)) {
    // Nothing to write. What we compared with must still be what is stored.
    await backend.readBarrier();
    if (backend.get(key)?.modRevision !== current.modRevision) return undefined;
    return { value: current.value, created: false };
  }
  const form = encodeForStorage(obj);
  if (ctx.dryRun) return { value: withRevision(form, current.modRevision), created: false };
  const ttl = strategy.ttlSeconds?.(obj);
  const op: Op = removing
    ? { type: 'delete', key }
    : {
        type: 'put',
        key,
        value: form.value,
        revisionAt: form.revisionAt,
        ...(ttl === undefined || ttl <= 0 ? {} : { ttlSeconds: ttl }),
      };
  const isLeaving = metaText(metaOf(old), 'deletionTimestamp') !== '';
  const result = await backend.txn({
    compares: [{ key, modRevision: current.modRevision }, ...compares, ...(extras?.compares ?? [])],
    ops: [op, ...(extras?.ops ?? [])],
    deletes: isLeaving && (removing || form.value.length <= current.value.length),
  });
  if (!result.succeeded) return undefined;
  // The last state of an object that is gone keeps the revision at which it was read, as in the reference.
  return { value: withRevision(form, removing ? current.modRevision : result.revision), created: false };
}
