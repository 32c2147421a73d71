import type { AttemptContext } from '../../admission/context.js';
import { child, children, ensureChild, num, str } from '../../machinery/access.js';
import { cloneJson } from '../../machinery/equal.js';
import { type JsonObject, isObject } from '../../machinery/json.js';
import { badRequest, forbidden, notFound, StatusError } from '../../machinery/status.js';
import { decodeBody, parseJson } from '../../schema/codec/index.js';
import { findResource } from '../../schema/index.js';
import type { ResourceDef } from '../../schema/types.js';
import { objectKey, prefixEnd, resourcePrefix } from '../../store/keys.js';
import type { KeyValue } from '../../store/types.js';
import type { RestDeps } from '../deps.js';
import { setPodCondition } from './condition.js';
import { selects } from '../../registry/generic/label-selector.js';
import type { ApiRequest, Reply } from '../types.js';
import { admitted, attemptContext, StaleAdmission } from '../write/admission.js';
import { answerSuccess } from '../write/answer.js';
import { WriteAttributes } from '../write/attributes.js';
import { matchNamespace } from '../write/decode.js';
import { deleteObject } from '../write/delete-object.js';
import { type DeleteOptions, deleteOptionsOf, writeOptions } from '../write/options.js';
import { commit, replacing, type WritePlan } from '../write/plan.js';
import { changeable } from '../write/stored.js';
import { kindOf, metaOf, metaText, startWriting, type Writing } from '../write/target.js';

const PDB = { group: 'policy', resource: 'poddisruptionbudget' } as const;
const POD_TYPE = 'io.k8s.api.core.v1.Pod';
const EVICTION_TYPE = 'io.k8s.api.policy.v1.Eviction';
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
  // A body of policy/v1beta1, which is not served any more, is taken too.
  const { object: eviction, warnings } = decodeBody(
    request.body,
    request.header('content-type'),
    EVICTION_TYPE,
    { group: 'policy', version: 'v1', kind: 'Eviction' },
    options.fieldValidation,
  );
  request.audit?.requestObject(eviction);
  const wanted = child(eviction, 'deleteOptions');
  const how = deleteOptionsOf(wanted ?? {});
  const ctx = startWriting(deps, request, def, options.dryRun || how.dryRun);
  for (const warning of warnings) ctx.warnings.push(warning);
  const meta = metaOf(eviction);
  matchNamespace(meta, ctx.namespace);
  if (metaText(meta, 'name') !== ctx.name) throw badRequest('name in URL does not match name in Eviction object');
  await evict(deps, ctx, def, eviction, how);
  return answerSuccess(request, 201, undefined, true, ctx.warnings);
}

/**
 * Spends the budget and says in the pod's conditions why it goes, in one transaction, then deletes the pod. What the
 * decision rests on may change meanwhile: it is then taken anew.
 */
async function evict(
  deps: RestDeps,
  ctx: Writing,
  def: ResourceDef,
  sent: JsonObject,
  options: DeleteOptions,
): Promise<void> {
  const { backend } = deps;
  const pods = kindOf(deps, findResource('', 'v1', 'pods') ?? def);
  // The pod itself goes, not its subresource.
  const main = { ...ctx, subresource: '' };
  const warned = ctx.warnings.length;
  await backend.readBarrier();
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    ctx.warnings.length = warned;
    const admission = attemptContext(deps, ctx);
    try {
      const decided = await decide(deps, ctx, def, cloneJson(sent), options, admission);
      const goal = decided.plans.length === 0 ? decided.goal : await written(deps, decided);
      if (goal === undefined) {
        if (decided.pinned && !decided.free) throw stillProcessed();
        continue;
      }
      try {
        await deleteObject(deps, pods, main, goal, 'admitted');
        return;
      } catch (error) {
        if (!decided.pinned || !(error instanceof StatusError) || error.reason !== 'Conflict') throw error;
        if (!decided.free) throw stillProcessed();
      }
    } catch (error) {
      if (!(error instanceof StaleAdmission)) throw error;
    } finally {
      admission.finish();
    }
  }
  throw tooMany("couldn't update PodDisruptionBudget due to conflicts", '');
}

const stillProcessed = (): StatusError =>
  tooMany(VIOLATION, 'The disruption budget is still being processed by the server.', 10);

/** What one look at the pod and its budget comes to. */
interface Decision {
  /** Written together before the pod is deleted; none for a dry run, and where the client's preconditions do not hold. */
  readonly plans: readonly WritePlan<unknown>[];
  readonly goal: DeleteOptions;
  /** No budget is asked. */
  readonly free: boolean;
  /** The pod must be deleted as it was seen, although the client did not say so. */
  readonly pinned: boolean;
}

async function decide(
  deps: RestDeps,
  ctx: Writing,
  def: ResourceDef,
  eviction: JsonObject,
  options: DeleteOptions,
  admission: AttemptContext,
): Promise<Decision> {
  const attributes = new WriteAttributes(deps, def, ctx, {
    operation: 'CREATE',
    object: eviction,
    type: EVICTION_TYPE,
  });
  await admitted(deps, admission, attributes, () => undefined);
  const found = deps.backend.get(objectKey('', 'pods', ctx.namespace, ctx.name));
  if (found === undefined) throw notFound(def, ctx.name);
  const pod = changeable(found, POD_TYPE);
  const free = needsNoBudget(pod);
  const spending = free ? undefined : spendBudget(deps, ctx, pod);
  const unspent = free ? isPending(pod) : spending === 'unspent';
  const pinned = unspent && options.resourceVersion === undefined;
  const revision = String(found.modRevision);
  const goal = pinned ? { ...options, resourceVersion: revision } : options;
  const uid = metaText(metaOf(pod), 'uid');
  // Preconditions that do not hold are told where they are checked, and cost no budget.
  const meant = (options.uid ?? uid) === uid && (options.resourceVersion ?? revision) === revision;
  if (ctx.dryRun || !meant) return { plans: [], goal, free, pinned };
  setPodCondition(pod, DISRUPTION, ctx.now);
  const mark = replacing(found, pod, POD_TYPE, admission);
  const spent = typeof spending === 'object' ? [spending] : [];
  return { plans: [mark, ...spent], goal, free, pinned };
}

/** Commits the decision; the options with which the pod is then deleted, or undefined when something has changed. */
async function written(deps: RestDeps, { plans, goal }: Decision): Promise<DeleteOptions | undefined> {
  const result = await commit(deps.backend, plans);
  if (!result.succeeded) return undefined;
  return goal.resourceVersion === undefined ? goal : { ...goal, resourceVersion: String(result.revision) };
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

/**
 * Takes one disruption from the pod's budget: the plan that does; 'unspent' when the pod costs none as long as it is as
 * it was seen; undefined when there is no budget. Throws 429 when none is left.
 */
function spendBudget(deps: RestDeps, ctx: Writing, pod: JsonObject): WritePlan<unknown> | 'unspent' | undefined {
  const budgets = budgetsOf(deps, ctx.namespace, pod);
  if (budgets.length > 1) {
    throw new StatusError(
      500,
      '',
      'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
    );
  }
  const [current] = budgets;
  if (current === undefined) return undefined;
  const budget = changeable(current, PDB_TYPE);
  const status = ensureChild(budget, 'status');
  if (!isReady(pod)) {
    if (str(child(budget, 'spec'), 'unhealthyPodEvictionPolicy') === 'AlwaysAllow') return 'unspent';
    const healthy = num(status, 'currentHealthy') ?? 0;
    const desired = num(status, 'desiredHealthy') ?? 0;
    if (healthy >= desired && desired > 0) return 'unspent';
  }
  spend(budget, ctx);
  return replacing(current, budget, PDB_TYPE);
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
