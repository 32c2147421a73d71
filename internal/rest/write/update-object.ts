import { isCustom } from '../../schema/types.js';
import type { AttemptContext } from '../../admission/context.js';
import { deepEqual } from '../../machinery/equal.js';
import { invalid, invalidValue } from '../../machinery/field.js';
import type { JsonObject } from '../../machinery/json.js';
import { conflict, forbidden, notFound, OBJECT_MODIFIED } from '../../machinery/status.js';
import type { TxnExtras } from '../../registry/types.js';
import { keepTimestampsOfNoop } from '../../schema/apply/index.js';
import { writeNulls } from '../../schema/nulls.js';
import type { KeyValue, Op } from '../../store/types.js';
import type { RestDeps } from '../deps.js';
import { parseResourceVersion } from '../options.js';
import { admitted, attemptContext } from './admission.js';
import { WriteAttributes } from './attributes.js';
import { createObject } from './create-object.js';
import { hold } from './plan.js';
import { guaranteedUpdate, type Step } from './guaranteed-update.js';
import { dedupeOwners } from './owners.js';
import { checkUpdate, prepareUpdate, subresourceStrategy } from './prepare.js';
import { registryPath } from './registry-path.js';
import { formOf, keyOf, loadStored, withRevision } from './stored.js';
import { between, type Kind, metaOf, metaText, noteSize, type Writing } from './target.js';

/** What an update does to the stored object. */
export interface Change {
  /**
   * The new object in the storage version, with defaults and managedFields, from the stored one (which it must not
   * change; undefined when there is none). Called again when the stored object has changed. With a projection both are
   * of its kind.
   */
  next(old: JsonObject | undefined): JsonObject | Promise<JsonObject>;
  /** The uid that the client expects; '' when it expects none. */
  readonly uid: string;
  /** Creates when there is nothing to update (server-side apply), whatever the kind allows. */
  readonly createAlways: boolean;
  /** Set where the path takes an object of another kind (Scale). */
  readonly projection?: Projection;
}

/** How a subresource of another kind shows and changes the stored object; admission sees the other kind. */
export interface Projection {
  /** Definition name of its type. */
  readonly type: string;
  /** What the path shows of the stored object, as a new object. */
  of(stored: JsonObject): JsonObject;
  /** The stored object with what was sent and admitted written into it; `old` is not changed. Throws StatusError. */
  into(old: JsonObject, sent: JsonObject): JsonObject;
}

export interface Updated {
  readonly value: Buffer;
  readonly created: boolean;
}

/** Reads, changes, admits, checks and writes one object until the write meets exactly what was read. */
export function updateObject(deps: RestDeps, kind: Kind, ctx: Writing, change: Change): Promise<Updated> {
  const warned = ctx.warnings.length;
  let admission: AttemptContext | undefined;
  return guaranteedUpdate<Updated>(deps.backend, {
    key: keyOf(kind, ctx),
    resource: kind.def,
    name: ctx.name,
    attempt(current) {
      ctx.warnings.length = warned;
      if (current === undefined) {
        checkUid(kind, ctx, change.uid, '');
        return createMissing(deps, kind, ctx, change);
      }
      admission = attemptContext(deps, ctx);
      return planUpdate(deps, kind, ctx, change, current, admission);
    },
    finished() {
      admission?.finish();
      admission = undefined;
    },
  });
}

async function planUpdate(
  deps: RestDeps,
  kind: Kind,
  ctx: Writing,
  change: Change,
  current: KeyValue,
  admission: AttemptContext,
): Promise<Step<Updated>> {
  const { projection } = change;
  noteSize(ctx, current.value.length);
  if (ctx.isLarge) await between(ctx);
  const loaded = loadStored(kind, current);
  const old = loaded instanceof Promise ? await loaded : loaded;
  checkUid(kind, ctx, change.uid, metaText(metaOf(old), 'uid'));
  const shown = projection === undefined ? old : projection.of(old);
  if (ctx.isLarge) await between(ctx);
  const sent = await change.next(shown);
  if (ctx.isLarge) await between(ctx);
  const attributes = new WriteAttributes(deps, kind.def, ctx, {
    operation: 'UPDATE',
    object: sent,
    oldObject: shown,
    ...(projection === undefined ? {} : { type: projection.type }),
  });
  let obj = sent;
  const prepare = (): void => {
    dedupeOwners(metaOf(obj), ctx.warnings, true);
    keepTimestampsOfNoop(old, obj, isCustom(kind.def));
    prepareUpdate(kind, ctx, obj, old);
  };
  const show = (): void => {
    if (projection !== undefined) attributes.object = projection.of(obj);
  };
  const check = (): void | Promise<void> => {
    const checking = checkUpdate(kind, ctx, obj, old);
    return checking === undefined ? show() : checking.then(show);
  };
  const complete = (): void | Promise<void> => {
    prepare();
    const resting = between(ctx);
    return resting === undefined ? check() : resting.then(check);
  };
  const admitting = admitted(deps, admission, attributes, () => {
    if (projection !== undefined) obj = projection.into(old, sent);
    checkRevision(kind, ctx, obj, current);
    return complete();
  });
  if (admitting !== undefined) await admitting;
  if (ctx.isLarge) await between(ctx);
  return planWrite(deps, kind, ctx, obj, old, current, admission);
}

/** Throws 409 where the client expects another uid than the stored one ('' where nothing is stored). */
function checkUid(kind: Kind, ctx: Writing, expected: string, stored: string): void {
  if (expected === '' || stored === expected) return;
  throw conflict(
    kind.def,
    ctx.name,
    `StorageError: invalid object, Code: 4, Key: ${registryPath(kind.def, ctx.namespace, ctx.name)}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${expected}, UID in object meta: ${stored}`,
  );
}

async function createMissing(deps: RestDeps, kind: Kind, ctx: Writing, change: Change): Promise<Step<Updated>> {
  const main = subresourceStrategy(kind, ctx.subresource) === undefined;
  if (!main || !(change.createAlways || kind.strategy.createOnUpdate === true)) {
    await deps.backend.readBarrier();
    throw notFound(kind.def, ctx.name);
  }
  // A client may have exported the object before it was deleted: its resourceVersion is no concern of a create here.
  const make = async (): Promise<JsonObject> => {
    const obj = await change.next(undefined);
    delete metaOf(obj)['resourceVersion'];
    return obj;
  };
  let first: JsonObject | undefined = await make();
  await authorizeCreate(deps, kind, ctx);
  const value = await createObject(deps, kind, ctx, () => {
    const made = first ?? make();
    first = undefined;
    return made;
  });
  return { done: { value, created: true } };
}

/** Who may update may not therefore create. Throws 403. */
async function authorizeCreate(deps: RestDeps, kind: Kind, ctx: Writing): Promise<void> {
  if (deps.authorizer === undefined) return;
  const { group, version, resource } = kind.def;
  const { decision, reason } = await deps.authorizer.authorize({
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
  if (decision !== 'allow') throw forbidden(kind.def, ctx.name, reason);
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

async function planWrite(
  deps: RestDeps,
  kind: Kind,
  ctx: Writing,
  obj: JsonObject,
  old: JsonObject,
  current: KeyValue,
  admission: AttemptContext,
): Promise<Step<Updated>> {
  const { backend } = deps;
  const { strategy } = kind;
  const { key } = current;
  const removing = isLastFinalizerGone(kind, obj, old);
  let extras: TxnExtras | undefined;
  if (removing) extras = strategy.release?.(ctx, obj);
  else if (strategy.allocate !== undefined && ctx.subresource === '') extras = await strategy.allocate(ctx, obj, old);
  writeNulls(kind.storedType, obj);
  writeNulls(kind.storedType, old);
  if (ctx.isLarge) await between(ctx);
  if (!removing && deepEqual(obj, old)) {
    // Nothing to write. What we compared with must still be what is stored.
    await backend.readBarrier();
    if (backend.get(key)?.modRevision !== current.modRevision || !hold(backend, admission.compares)) return 'again';
    return { done: { value: current.value, created: false } };
  }
  if (ctx.isLarge) await between(ctx);
  const formed = formOf(kind, obj, key);
  const form = formed instanceof Promise ? await formed : formed;
  if (ctx.isLarge) await between(ctx);
  if (ctx.dryRun) return { done: { value: withRevision(form, current.modRevision), created: false } };
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
  const plan = {
    compares: [{ key, modRevision: current.modRevision }, ...admission.compares, ...(extras?.compares ?? [])],
    operations: [op, ...admission.operations, ...(extras?.ops ?? [])],
    freesSpace: isLeaving && (removing || form.value.length <= current.value.length),
    // The last state of an object that is gone keeps the revision at which it was read, as in kube-apiserver.
    answer: (revision: number) => ({
      value: withRevision(form, removing ? current.modRevision : revision),
      created: false,
    }),
  };
  return { plan };
}
