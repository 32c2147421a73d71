import { admit, defaultAdmission } from '../../admission/index.js';
import { child, children, ensureChild, num, str } from '../../machinery/access.js';
import { type JsonObject, isObject } from '../../machinery/json.js';
import { badRequest, conflict, forbidden, notFound, OBJECT_MODIFIED, StatusError } from '../../machinery/status.js';
import { decodeBody, parseJson } from '../../schema/codec/index.js';
import { findResource } from '../../schema/index.js';
import type { ResourceDef } from '../../schema/types.js';
import { objectKey, prefixEnd, resourcePrefix } from '../../store/keys.js';
import type { KeyValue } from '../../store/types.js';
import type { RestDeps } from '../deps.js';
import { setPodCondition } from './condition.js';
import { selects } from '../../registry/generic/label-selector.js';
import type { ApiRequest, Reply } from '../types.js';
import { admissionContext, attributesOf } from '../write/admission.js';
import { answerSuccess } from '../write/answer.js';
import { matchNamespace } from '../write/decode.js';
import { deleteObject } from '../write/delete-object.js';
import { type DeleteOptions, deleteOptionsOf, writeOptions } from '../write/options.js';
import { encodeStored, parseStored } from '../write/stored.js';
import { kindOf, metaOf, metaText, startWriting, type Writing } from '../write/target.js';

const PDB = { group: 'policy', resource: 'poddisruptionbudget' } as const;
const POD_TYPE = 'io.k8s.api.core.v1.Pod';
const PDB_TYPE = 'io.k8s.api.policy.v1.PodDisruptionBudget';
/** Pods that one budget may have waiting to be gone; beyond it the disruption controller is not keeping up. */
const MAX_DISRUPTED_PODS = 2_000;
const ATTEMPTS = 20;
/** Why an evicted pod goes. */
const DISRUPTION = {
  type: 'DisruptionTarget',
  reason: 'EvictionByEvictionAPI',
  message: 'Eviction API: evicting',
} as const;
const VIOLATION = "Cannot evict pod as it would violate the pod's disruption budget.";

/** Answers POST of `pods/{name}/eviction`: deletes the pod unless a disruption budget forbids it (EvictionREST). */
export async function handleEviction(deps: RestDeps, request: ApiRequest, def: ResourceDef): Promise<Reply> {
  const options = writeOptions(request, 'CreateOptions');
  const { object: eviction } = decodeBody(
    request.body,
    request.header('content-type'),
    'io.k8s.api.policy.v1.Eviction',
    { group: 'policy', version: 'v1', kind: 'Eviction' },
    options.fieldValidation,
  );
  const wanted = child(eviction, 'deleteOptions');
  const how = deleteOptionsOf(wanted ?? {});
  const ctx = startWriting(deps, request, def, options.dryRun || how.dryRun);
  const meta = metaOf(eviction);
  matchNamespace(meta, ctx.namespace);
  if (metaText(meta, 'name') !== ctx.name) throw badRequest('name in URL does not match name in Eviction object');
  const chain = deps.admission ?? defaultAdmission;
  await admit(chain, admissionContext(deps, ctx), attributesOf('CREATE', def, ctx, { object: eviction }));
  await evict(deps, ctx, def, how);
  return answerSuccess(request, 201, undefined, true, ctx.warnings);
}

async function evict(deps: RestDeps, ctx: Writing, def: ResourceDef, options: DeleteOptions): Promise<void> {
  const { backend } = deps;
  const pods = kindOf(deps, findResource('', 'v1', 'pods') ?? def);
  // The pod itself goes, not its subresource.
  const main = { ...ctx, subresource: '' };
  await backend.readBarrier();
  for (let attempt = 0; ; attempt++) {
    const found = backend.get(objectKey('', 'pods', ctx.namespace, ctx.name));
    if (found === undefined) throw notFound(def, ctx.name);
    const pod = parseStored(found, POD_TYPE);
    const free = needsNoBudget(pod);
    const pinned = free ? isPending(pod) : await spendBudget(deps, ctx, pod);
    // A pod of which more was taken for granted must be deleted as it was seen.
    const own = pinned && options.resourceVersion === undefined;
    const goal = own ? { ...options, resourceVersion: String(found.modRevision) } : options;
    try {
      await deleteObject(deps, pods, main, await markDisrupted(deps, main, pods.def, goal));
      return;
    } catch (error) {
      if (!own || !(error instanceof StatusError) || error.reason !== 'Conflict') throw error;
      if (free && attempt < ATTEMPTS) continue;
      throw tooMany(VIOLATION, 'The disruption budget is still being processed by the server.', 10);
    }
  }
}

/**
 * Says in the pod's conditions why it goes: its owner and its watchers decide by that. Answers the options with which
 * it is then deleted. Throws 409 when the pod is not the one that the options mean.
 */
async function markDisrupted(
  deps: RestDeps,
  ctx: Writing,
  def: ResourceDef,
  options: DeleteOptions,
): Promise<DeleteOptions> {
  if (ctx.dryRun) return options;
  const key = objectKey('', 'pods', ctx.namespace, ctx.name);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const current = deps.backend.get(key);
    if (current === undefined) throw notFound(def, ctx.name);
    const pod = parseStored(current, POD_TYPE);
    const uid = metaText(metaOf(pod), 'uid');
    const revision = String(current.modRevision);
    // What is amiss is told where preconditions are checked.
    if ((options.uid ?? uid) !== uid || (options.resourceVersion ?? revision) !== revision) return options;
    setPodCondition(pod, DISRUPTION, ctx.now);
    const form = encodeStored(pod, POD_TYPE);
    const result = await deps.backend.txn({
      compares: [{ key, modRevision: current.modRevision }],
      ops: [{ type: 'put', key, value: form.value, revisionAt: form.revisionAt }],
    });
    if (!result.succeeded) continue;
    return options.resourceVersion === undefined ? options : { ...options, resourceVersion: String(result.revision) };
  }
  throw conflict(def, ctx.name, OBJECT_MODIFIED);
}

/** Pods that do not run any more, or not yet, disturb nobody. */
function needsNoBudget(pod: JsonObject): boolean {
  const phase = str(child(pod, 'status'), 'phase');
  return (
    phase === 'Succeeded' ||
    phase === 'Failed' ||
    phase === 'Pending' ||
    metaText(metaOf(pod), 'deletionTimestamp') !== ''
  );
}

function isPending(pod: JsonObject): boolean {
  return str(child(pod, 'status'), 'phase') === 'Pending' && metaText(metaOf(pod), 'deletionTimestamp') === '';
}

function isReady(pod: JsonObject): boolean {
  return children(child(pod, 'status'), 'conditions').some((c) => c['type'] === 'Ready' && c['status'] === 'True');
}

function budgetsOf(deps: RestDeps, namespace: string, pod: JsonObject): KeyValue[] {
  const prefix = resourcePrefix('policy', 'poddisruptionbudgets', namespace);
  const { items } = deps.backend.range({ start: prefix, end: prefixEnd(prefix) });
  const labels = child(child(pod, 'metadata'), 'labels') ?? {};
  return items.filter((kv) => {
    const budget = parseJson(kv.value);
    return isObject(budget) && selects(child(child(budget, 'spec'), 'selector'), labels);
  });
}

/** Takes one disruption from the pod's budget. True: the pod must be deleted as it was seen. Throws 429 when none is left. */
async function spendBudget(deps: RestDeps, ctx: Writing, pod: JsonObject): Promise<boolean> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const budgets = budgetsOf(deps, ctx.namespace, pod);
    if (budgets.length > 1) {
      throw new StatusError(
        500,
        '',
        'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
      );
    }
    const [current] = budgets;
    if (current === undefined) return false;
    const budget = parseStored(current, PDB_TYPE);
    const status = ensureChild(budget, 'status');
    if (!isReady(pod)) {
      if (str(child(budget, 'spec'), 'unhealthyPodEvictionPolicy') === 'AlwaysAllow') return true;
      const healthy = num(status, 'currentHealthy') ?? 0;
      const desired = num(status, 'desiredHealthy') ?? 0;
      if (healthy >= desired && desired > 0) return true;
    }
    spend(budget, ctx);
    if (ctx.dryRun) return false;
    const form = encodeStored(budget, PDB_TYPE);
    const result = await deps.backend.txn({
      compares: [{ key: current.key, modRevision: current.modRevision }],
      ops: [{ type: 'put', key: current.key, value: form.value, revisionAt: form.revisionAt }],
    });
    if (result.succeeded) return false;
  }
  throw tooMany("couldn't update PodDisruptionBudget due to conflicts", '');
}

function tooMany(message: string, cause: string, retryAfterSeconds = 0): StatusError {
  return new StatusError(429, 'TooManyRequests', message, {
    ...(cause === '' ? {} : { causes: [{ reason: 'DisruptionBudget', message: cause }] }),
    ...(retryAfterSeconds === 0 ? {} : { retryAfterSeconds }),
  });
}

function spend(budget: JsonObject, ctx: Writing): void {
  const name = metaText(metaOf(budget), 'name');
  const status = ensureChild(budget, 'status');
  const generation = num(metaOf(budget), 'generation') ?? 0;
  if ((num(status, 'observedGeneration') ?? 0) < generation) {
    throw tooMany(VIOLATION, `The disruption budget ${name} is still being processed by the server.`, 10);
  }
  const allowed = num(status, 'disruptionsAllowed') ?? 0;
  if (allowed < 0) throw forbidden(PDB, name, 'pdb disruptions allowed is negative');
  const disrupted = ensureChild(status, 'disruptedPods');
  if (Object.keys(disrupted).length > MAX_DISRUPTED_PODS) {
    throw forbidden(PDB, name, 'DisruptedPods map too big - too many evictions not confirmed by PDB controller');
  }
  if (allowed === 0) {
    const failed = children(status, 'conditions').find((c) => c['type'] === 'DisruptionAllowed');
    if (failed?.['status'] === 'False' && failed['reason'] === 'SyncFailed') {
      const why = `it failed sync: ${str(failed, 'message')}`;
      throw tooMany(VIOLATION, `The disruption budget ${name} does not allow evicting pods currently because ${why}`);
    }
    throw tooMany(
      VIOLATION,
      `The disruption budget ${name} needs ${num(status, 'desiredHealthy') ?? 0} healthy pods and has ${num(status, 'currentHealthy') ?? 0} currently`,
    );
  }
  status['disruptionsAllowed'] = allowed - 1;
  disrupted[ctx.name] = ctx.now;
  if (allowed > 1) return;
  const conditions = children(status, 'conditions');
  const known = conditions.find((c) => c['type'] === 'DisruptionAllowed');
  const closed = {
    type: 'DisruptionAllowed',
    status: 'False',
    observedGeneration: num(status, 'observedGeneration') ?? 0,
    lastTransitionTime: ctx.now,
    reason: 'InsufficientPods',
    message: '',
  };
  if (known === undefined) conditions.push(closed);
  else if (known['status'] !== 'False') Object.assign(known, closed);
  status['conditions'] = conditions;
}
