import type { AttemptContext } from '../../admission/context.js';
import { cloneJson, deepEqual } from '../../machinery/equal.js';
import type { JsonObject } from '../../machinery/json.js';
import { conflict, notFound } from '../../machinery/status.js';
import {
  beginGrace,
  deletionFinalizers,
  finalizersOf,
  type Grace,
  markDeleting,
  setFinalizers,
} from '../../registry/generic/deletion.js';
import { writeNulls } from '../../schema/nulls.js';
import type { KeyValue } from '../../store/types.js';
import type { RestDeps } from '../deps.js';
import { withResourceVersion } from '../json-scan.js';
import { admitted, attemptContext } from './admission.js';
import { WriteAttributes } from './attributes.js';
import { guaranteedUpdate, type Step } from './guaranteed-update.js';
import type { DeleteOptions } from './options.js';
import { formOf, keyOf, loadStored, withRevision } from './stored.js';
import { between, type Kind, metaOf, metaText, noteSize, type Writing } from './target.js';

/** What became of an object that was to be deleted. */
export interface Deleted {
  /** False while grace or finalizers keep it. */
  readonly gone: boolean;
  /** The object in its last known state: stored bytes. */
  readonly value: Buffer;
  readonly object: JsonObject;
}

/** One transaction's worth of a deletion. */
interface Stage extends Deleted {
  /** The marked object is to be removed in a transaction of its own. */
  readonly goesOn: boolean;
}

/** Who decides about a deletion. */
export type DeleteAdmission =
  /** Admission, as for every DELETE. */
  | 'admit'
  /** It has been admitted as something else (an eviction), as in kube-apiserver. */
  | 'admitted';

/** Deletes one object as far as its finalizers and grace allow. Throws 404, 409 (preconditions), 403 (admission). */
export async function deleteObject(
  deps: RestDeps,
  kind: Kind,
  ctx: Writing,
  options: DeleteOptions,
  admission: DeleteAdmission = 'admit',
): Promise<Deleted> {
  const stage = await nextStage(deps, kind, ctx, options, admission, undefined);
  if (!stage.goesOn) return stage;
  // The grace is over at once: the marked object is removed in a transaction of its own, as watchers see it of kube-apiserver.
  const rest = { ...options, resourceVersion: undefined, gracePeriodSeconds: 0 };
  return nextStage(deps, kind, ctx, rest, admission, stage);
}

function nextStage(
  deps: RestDeps,
  kind: Kind,
  ctx: Writing,
  options: DeleteOptions,
  admission: DeleteAdmission,
  marked: Stage | undefined,
): Promise<Stage> {
  const warned = ctx.warnings.length;
  let attempt: AttemptContext | undefined;
  return guaranteedUpdate<Stage>(deps.backend, {
    key: keyOf(kind, ctx),
    resource: kind.def,
    name: ctx.name,
    attempt(current) {
      ctx.warnings.length = warned;
      if (current === undefined) {
        if (marked === undefined) throw notFound(kind.def, ctx.name);
        // Somebody else removed it meanwhile.
        return { done: { ...marked, gone: true, goesOn: false } };
      }
      attempt = attemptContext(deps, ctx);
      return planDelete(deps, kind, ctx, options, admission, current, attempt);
    },
    finished() {
      attempt?.finish();
      attempt = undefined;
    },
  });
}

function checkPreconditions(
  kind: Kind,
  ctx: Writing,
  options: DeleteOptions,
  current: KeyValue,
  old: JsonObject,
): void {
  const uid = metaText(metaOf(old), 'uid');
  // kube-apiserver names the kind here where everything else names the resource.
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

/** The options as admission sees them: the grace is the one that the object gets (rest.BeforeDelete writes it back). */
function inForce(options: DeleteOptions, grace: Grace): DeleteOptions {
  if (grace.kind === 'begun') return { ...options, gracePeriodSeconds: grace.seconds };
  return (options.gracePeriodSeconds ?? 0) < 0 ? { ...options, gracePeriodSeconds: 1 } : options;
}

async function planDelete(
  deps: RestDeps,
  kind: Kind,
  ctx: Writing,
  options: DeleteOptions,
  way: DeleteAdmission,
  current: KeyValue,
  admission: AttemptContext,
): Promise<Step<Stage>> {
  const { strategy } = kind;
  noteSize(ctx, current.value.length);
  if (ctx.isLarge) await between(ctx);
  const loaded = loadStored(kind, current);
  const old = loaded instanceof Promise ? await loaded : loaded;
  if (ctx.isLarge) await between(ctx);
  checkPreconditions(kind, ctx, options, current, old);
  const target = { kind, ctx, current, old, admission };
  const obj = cloneJson(old);
  const begun = strategy.beginDelete?.(ctx, obj) ?? 'delete';
  // What is on its way already is nobody's to admit.
  if (begun === 'wait') return kept(target);
  const grace: Grace =
    begun === 'update' ? { kind: 'none' } : beginGrace(strategy, obj, options.gracePeriodSeconds, ctx.now);
  if (grace.kind === 'pending') return kept(target);
  if (way === 'admit') {
    const attributes = new WriteAttributes(deps, kind.def, ctx, {
      operation: 'DELETE',
      oldObject: old,
      deleteOptions: inForce(options, grace),
    });
    const admitting = admitted(deps, admission, attributes, () => undefined);
    if (admitting !== undefined) await admitting;
  }
  if (ctx.isLarge) await between(ctx);
  if (begun === 'update') {
    // Its own rule for when it goes; what happens to dependents is as for everything else.
    const finalizers = deletionFinalizers(strategy, obj, options);
    if (finalizers !== undefined) setFinalizers(obj, finalizers);
    return mark(target, obj, false);
  }
  const finalizers = deletionFinalizers(strategy, obj, options);
  if (finalizers !== undefined) setFinalizers(obj, finalizers);
  const held = finalizersOf(obj).length > 0;
  if (grace.kind === 'none' && held) {
    markDeleting(obj, ctx.now);
    return mark(target, obj, false);
  }
  if (grace.kind === 'begun') return mark(target, obj, !held && grace.seconds === 0);
  return remove(target, obj);
}

interface Target {
  readonly kind: Kind;
  readonly ctx: Writing;
  readonly current: KeyValue;
  readonly old: JsonObject;
  readonly admission: AttemptContext;
}

const kept = ({ current, old }: Target): Step<Stage> => ({
  done: { gone: false, goesOn: false, value: current.value, object: old },
});

/** Writes the marked object. `thenGone`: it is removed right after. */
async function mark(target: Target, obj: JsonObject, thenGone: boolean): Promise<Step<Stage>> {
  const { kind, ctx, current, old, admission } = target;
  // Already marked like this: nothing to write.
  if (!thenGone && deepEqual(obj, old)) return kept(target);
  const { key } = current;
  writeNulls(kind.storedType, obj);
  const formed = formOf(kind, obj);
  const form = formed instanceof Promise ? await formed : formed;
  if (ctx.dryRun) {
    return { done: { gone: thenGone, goesOn: false, value: withRevision(form, current.modRevision), object: obj } };
  }
  return {
    plan: {
      compares: [{ key, modRevision: current.modRevision }, ...admission.compares],
      operations: [{ type: 'put', key, value: form.value, revisionAt: form.revisionAt }, ...admission.operations],
      freesSpace: true,
      answer: (revision) => ({ gone: false, goesOn: thenGone, value: withRevision(form, revision), object: obj }),
    },
  };
}

function remove({ kind, ctx, current, admission }: Target, obj: JsonObject): Step<Stage> {
  if (ctx.dryRun) return { done: { gone: true, goesOn: false, value: current.value, object: obj } };
  const { key } = current;
  const extras = kind.strategy.release?.(ctx, obj);
  return {
    plan: {
      compares: [{ key, modRevision: current.modRevision }, ...admission.compares, ...(extras?.compares ?? [])],
      operations: [{ type: 'delete', key }, ...admission.operations, ...(extras?.ops ?? [])],
      freesSpace: true,
      answer: (revision) => ({
        gone: true,
        goesOn: false,
        value: withResourceVersion(current.value, revision),
        object: obj,
      }),
    },
  };
}
