import { admit, defaultAdmission, validateAdmission } from '../../admission/index.js';
import { admissionContext, attributesOf } from './admission.js';
import { cloneJson, deepEqual } from '../../machinery/equal.js';
import type { JsonObject } from '../../machinery/json.js';
import { conflict, notFound, OBJECT_MODIFIED } from '../../machinery/status.js';
import {
  beginGrace,
  deletionFinalizers,
  finalizersOf,
  markDeleting,
  setFinalizers,
} from '../../registry/generic/deletion.js';
import type { KeyValue } from '../../store/types.js';
import type { RestDeps } from '../deps.js';
import { withResourceVersion } from '../json-scan.js';
import type { DeleteOptions } from './options.js';
import { rereadAfter } from './reread.js';
import { encodeStored, keyOf, parseStored, withRevision } from './stored.js';
import { type Kind, metaOf, metaText, type Writing } from './target.js';

/** Times a deletion is worked out anew because the object changed under it. */
const ATTEMPTS = 32;

/** What became of an object that was to be deleted. */
export interface Deleted {
  /** False while grace or finalizers keep it. */
  readonly gone: boolean;
  /** The object in its last known state: stored bytes. */
  readonly value: Buffer;
  readonly object: JsonObject;
}

/** Deletes one object as far as its finalizers and grace allow. Throws 404, 409 (preconditions), 403 (admission). */
export async function deleteObject(deps: RestDeps, kind: Kind, ctx: Writing, options: DeleteOptions): Promise<Deleted> {
  const { backend } = deps;
  const key = keyOf(kind, ctx);
  await admitDelete(deps, kind, ctx, undefined);
  let fresh = false;
  let current = backend.get(key);
  let goal = options;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    let step: Step;
    try {
      if (current === undefined) throw notFound(kind.def, ctx.name);
      step = await attemptDelete(deps, kind, ctx, goal, key, current);
    } catch (e) {
      if (fresh) throw e;
      current = await rereadAfter(e, backend, key, current);
      fresh = true;
      continue;
    }
    if (step === 'retry') {
      current = backend.get(key);
      continue;
    }
    if ('gone' in step) return step;
    // The grace is over at once: the marked object is removed in a transaction of its own, as watchers of the reference see it.
    const marked = step.marked;
    goal = { ...goal, resourceVersion: undefined };
    current = backend.get(key);
    if (current === undefined) return { gone: true, value: marked.value, object: marked.object };
  }
  throw conflict(kind.def, ctx.name, OBJECT_MODIFIED);
}

type Step = 'retry' | Deleted | { readonly marked: { readonly value: Buffer; readonly object: JsonObject } };

async function admitDelete(deps: RestDeps, kind: Kind, ctx: Writing, oldObject: JsonObject | undefined): Promise<void> {
  const chain = deps.admission ?? defaultAdmission;
  const admission = admissionContext(deps, ctx);
  const attributes = attributesOf('DELETE', kind.def, ctx, oldObject === undefined ? {} : { oldObject });
  if (oldObject === undefined) {
    await admit(chain, admission, attributes);
    return;
  }
  await validateAdmission(chain, admission, attributes);
  await kind.strategy.admitDelete?.(ctx, oldObject);
}

function checkPreconditions(
  kind: Kind,
  ctx: Writing,
  options: DeleteOptions,
  current: KeyValue,
  old: JsonObject,
): void {
  const uid = metaText(metaOf(old), 'uid');
  // The reference names the kind here where everything else names the resource.
  const gr = { group: kind.gk.group, resource: kind.gk.kind };
  if (options.uid !== undefined && options.uid !== uid) {
    throw conflict(
      gr,
      ctx.name,
      `the UID in the precondition (${options.uid}) does not match the UID in record (${uid}). The object might have been deleted and then recreated`,
    );
  }
  if (options.resourceVersion !== undefined && options.resourceVersion !== String(current.modRevision)) {
    throw conflict(
      gr,
      ctx.name,
      `the ResourceVersion in the precondition (${options.resourceVersion}) does not match the ResourceVersion in record (${current.modRevision}). The object might have been modified`,
    );
  }
}

async function attemptDelete(
  deps: RestDeps,
  kind: Kind,
  ctx: Writing,
  options: DeleteOptions,
  key: string,
  current: KeyValue,
): Promise<Step> {
  const { strategy } = kind;
  const old = parseStored(current, kind.storedType);
  checkPreconditions(kind, ctx, options, current, old);
  await admitDelete(deps, kind, ctx, old);
  if (strategy.beginDelete !== undefined) {
    const obj = cloneJson(old);
    const way = strategy.beginDelete(ctx, obj);
    if (way === 'wait') return { gone: false, value: current.value, object: old };
    if (way === 'update') {
      // Its own rule for when it goes; what happens to dependents is as for everything else.
      const finalizers = deletionFinalizers(strategy, obj, options);
      if (finalizers !== undefined) setFinalizers(obj, finalizers);
      return put(deps, kind.storedType, ctx, key, current, old, obj, false);
    }
  }
  const obj = cloneJson(old);
  const grace = beginGrace(strategy, obj, options.gracePeriodSeconds, ctx.now);
  if (grace.kind === 'pending') return { gone: false, value: current.value, object: old };
  const finalizers = deletionFinalizers(strategy, obj, options);
  if (finalizers !== undefined) setFinalizers(obj, finalizers);
  const held = finalizersOf(obj).length > 0;
  if (grace.kind === 'none' && held) {
    markDeleting(obj, ctx.now);
    return put(deps, kind.storedType, ctx, key, current, old, obj, false);
  }
  if (grace.kind === 'begun')
    return put(deps, kind.storedType, ctx, key, current, old, obj, !held && grace.seconds === 0);
  return remove(deps, kind, ctx, key, current, obj);
}

/** Writes the marked object. `thenGone`: it is removed right after. */
async function put(
  deps: RestDeps,
  storedType: string,
  ctx: Writing,
  key: string,
  current: KeyValue,
  old: JsonObject,
  obj: JsonObject,
  thenGone: boolean,
): Promise<Step> {
  // Already marked like this: nothing to write.
  if (!thenGone && deepEqual(obj, old)) return { gone: false, value: current.value, object: old };
  const form = encodeStored(obj, storedType);
  if (ctx.dryRun) return { gone: thenGone, value: withRevision(form, current.modRevision), object: obj };
  const result = await deps.backend.txn({
    compares: [{ key, modRevision: current.modRevision }],
    ops: [{ type: 'put', key, value: form.value, revisionAt: form.revisionAt }],
    deletes: true,
  });
  if (!result.succeeded) return 'retry';
  const value = withRevision(form, result.revision);
  return thenGone ? { marked: { value, object: obj } } : { gone: false, value, object: obj };
}

async function remove(
  deps: RestDeps,
  kind: Kind,
  ctx: Writing,
  key: string,
  current: KeyValue,
  obj: JsonObject,
): Promise<Step> {
  if (ctx.dryRun) return { gone: true, value: current.value, object: obj };
  const extras = kind.strategy.release?.(ctx, obj);
  const result = await deps.backend.txn({
    compares: [{ key, modRevision: current.modRevision }, ...(extras?.compares ?? [])],
    ops: [{ type: 'delete', key }, ...(extras?.ops ?? [])],
    deletes: true,
  });
  if (!result.succeeded) return 'retry';
  return { gone: true, value: withResourceVersion(current.value, result.revision), object: obj };
}
