import type { AttemptContext } from '../../admission/context.js';
import { assert } from '../../machinery/assert.js';
import { child, children, ensureChild, num, str } from '../../machinery/access.js';
import { cloneJson } from '../../machinery/equal.js';
import { invalid, invalidValue } from '../../machinery/field.js';
import { type JsonObject, isObject } from '../../machinery/json.js';
import { badRequest, conflict, forbidden, notFound, StatusError } from '../../machinery/status.js';
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
import { respondStatus } from '../respond.js';
import { answerSuccess } from '../write/answer.js';
import { WriteAttributes } from '../write/attributes.js';
import { matchNamespace } from '../write/decode.js';
import { deleteObject } from '../write/delete-object.js';
import { type DeleteOptions, deleteOptionsOf, writeOptions } from '../write/options.js';
import { commit, replacing, type WritePlan } from '../write/plan.js';
import { changeable } from '../write/stored.js';
import { track } from '../write/track.js';
import { type Kind, kindOf, metaOf, metaText, startWriting, type Writing } from '../write/target.js';

const POD = { group: '', resource: 'Pod' } as const;
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
  const wanted = child(eviction, 'deleteOptions') ?? {};
  const how = deleteOptionsOf(wanted);
  const ctx = startWriting(deps, request, def, options.dryRun || how.dryRun);
  for (const warning of warnings) ctx.warnings.push(warning);
  const meta = metaOf(eviction);
  matchNamespace(meta, ctx.namespace);
  if (metaText(meta, 'name') !== ctx.name) throw badRequest('name in URL does not match name in Eviction object');
  checkOptions(request, ctx.name, wanted);
  const undecided = await evict(deps, ctx, def, eviction, how);
  if (undecided) return respondStatus(request, SEVERAL_BUDGETS, 201);
  return answerSuccess(request, 201, undefined, true, ctx.warnings);
}

/** What DeleteOptions may say in an eviction beside what they may say anywhere. */
function checkOptions(request: ApiRequest, name: string, wanted: JsonObject): void {
  const unsafe = 'ignoreStoreReadErrorWithClusterBreakingPotential';
  if (wanted[unsafe] === true) {
    const why = 'can not be set for pod eviction, try after removing the option';
    throw invalid({ group: 'policy', kind: 'Eviction' }, name, [invalidValue(`deleteOptions.${unsafe}`, true, why)]);
  }
  const inBody = Array.isArray(wanted['dryRun']) ? wanted['dryRun'].map(String) : [];
  const inQuery = request.query.getAll('dryRun');
  if (inBody.length === 0 || inQuery.length === 0 || inBody.join() === inQuery.join()) return;
  const both = `[${inQuery.join(' ')}] and [${inBody.join(' ')}]`;
  throw new StatusError(500, '', `Non-matching dry-run options in request and content: ${both}`);
}

/** kube-apiserver answers 201, and says in the body alone that it failed. */
const SEVERAL_BUDGETS = {
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Failure',
  message: 'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
  code: 500,
};

/**
 * Spends the budget and says in the pod's conditions why it goes, in one transaction, then deletes the pod. What the
 * decision rests on may change meanwhile: it is then taken anew. Answers whether the pod stays, for it has several budgets.
 */
async function evict(
  deps: RestDeps,
  ctx: Writing,
  def: ResourceDef,
  sent: JsonObject,
  options: DeleteOptions,
): Promise<boolean> {
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
      const decided = await decide(deps, pods, ctx, def, cloneJson(sent), options, admission);
      if (decided === 'several budgets') return true;
      const { unspent } = decided;
      const goal = decided.plans.length === 0 ? decided.goal : await written(deps, decided);
      if (goal === undefined) {
        if (decided.pinned && unspent !== undefined) throw stillProcessed(unspent);
        continue;
      }
      if (decided.refusal !== undefined) throw decided.refusal;
      try {
        await deleteObject(deps, pods, main, goal, 'admitted');
        return false;
      } catch (error) {
        if (!decided.pinned || !(error instanceof StatusError) || error.reason !== 'Conflict') throw error;
        if (unspent !== undefined) throw stillProcessed(unspent);
      }
    } catch (error) {
      if (!(error instanceof StaleAdmission)) throw error;
    } finally {
      admission.finish();
    }
  }
  throw tooMany("couldn't update PodDisruptionBudget due to conflicts", '');
}

const stillProcessed = (budget: string): StatusError =>
  tooMany(VIOLATION, `The disruption budget ${budget} is still being processed by the server.`, 10);

/** What one look at the pod and its budget comes to. */
interface Decision {
  /** Written together before the pod is deleted; none for a dry run. */
  readonly plans: readonly WritePlan<unknown>[];
  readonly goal: DeleteOptions;
  /** Why the pod is not deleted after all: the client's preconditions do not hold. What it costs is spent all the same. */
  readonly refusal?: StatusError;
  /** The budget that says that the pod costs nothing. */
  readonly unspent: string | undefined;
  /** The pod must be deleted as it was seen, although the client did not say so. */
  readonly pinned: boolean;
}

async function decide(
  deps: RestDeps,
  pods: Kind,
  ctx: Writing,
  def: ResourceDef,
  eviction: JsonObject,
  options: DeleteOptions,
  admission: AttemptContext,
): Promise<Decision | 'several budgets'> {
  const attributes = new WriteAttributes(deps, def, ctx, {
    operation: 'CREATE',
    object: eviction,
    type: EVICTION_TYPE,
  });
  await admitted(deps, admission, attributes, () => undefined);
  const found = deps.backend.get(objectKey('', 'pods', ctx.namespace, ctx.name));
  if (found === undefined) throw notFound(def, ctx.name);
  const pod = changeable(found, POD_TYPE);
  const spending = needsNoBudget(pod) ? undefined : await spendBudget(deps, ctx, pod);
  if (spending === 'several budgets') return spending;
  const unspent = spending !== undefined && 'unspent' in spending ? spending.unspent : undefined;
  const seen = needsNoBudget(pod) ? isPending(pod) : unspent !== undefined;
  const pinned = seen && options.resourceVersion === undefined;
  const revision = String(found.modRevision);
  const goal = pinned ? { ...options, resourceVersion: revision } : options;
  if (ctx.dryRun) return { plans: [], goal, unspent, pinned };
  const spent = spending === undefined || 'unspent' in spending ? [] : [spending];
  const unmet = unmetPrecondition(options, metaText(metaOf(pod), 'uid'), revision);
  if (unmet !== undefined) {
    const told = pinned && unspent !== undefined ? stillProcessed(unspent) : conflict(POD, ctx.name, unmet);
    return { plans: spent, goal, refusal: told, unspent, pinned };
  }
  const before = cloneJson(pod);
  setPodCondition(pod, DISRUPTION, ctx.now);
  pods.strategy.prepareForStatusUpdate?.(ctx, pod, before);
  const mark = replacing(found, pod, POD_TYPE, admission);
  return { plans: [mark, ...spent], goal, unspent, pinned };
}

/** What the client says of the pod, and is not so; in an eviction it is told in words of its own. */
function unmetPrecondition(options: DeleteOptions, uid: string, revision: string): string | undefined {
  const { uid: wanted = '', resourceVersion = '' } = options;
  if (wanted !== '' && wanted !== uid) {
    return `the UID in the precondition (${wanted}) does not match the UID in record (${uid}). The object might have been deleted and then recreated`;
  }
  if (resourceVersion !== '' && resourceVersion !== revision) {
    return `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${revision}). The object might have been modified`;
  }
  return undefined;
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

function budgetKind(deps: RestDeps): Kind {
  const def = findResource('policy', 'v1', 'poddisruptionbudgets');
  assert(def !== undefined, 'disruption budgets are served');
  return kindOf(deps, def);
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
 * Takes one disruption from the pod's budget: the plan that does; the budget's name when the pod costs none as long as it
 * is as it was seen; undefined when there is no budget. Throws 429 when none is left.
 */
async function spendBudget(
  deps: RestDeps,
  ctx: Writing,
  pod: JsonObject,
): Promise<WritePlan<unknown> | { readonly unspent: string } | 'several budgets' | undefined> {
  const budgets = budgetsOf(deps, ctx.namespace, pod);
  if (budgets.length > 1) return 'several budgets';
  const [current] = budgets;
  if (current === undefined) return undefined;
  const budget = changeable(current, PDB_TYPE);
  const status = ensureChild(budget, 'status');
  const unspent = metaText(metaOf(budget), 'name');
  if (!isReady(pod)) {
    if (str(child(budget, 'spec'), 'unhealthyPodEvictionPolicy') === 'AlwaysAllow') return { unspent };
    const healthy = num(status, 'currentHealthy') ?? 0;
    const desired = num(status, 'desiredHealthy') ?? 0;
    if (healthy >= desired && desired > 0) return { unspent };
  }
  const before = cloneJson(budget);
  spend(budget, ctx);
  const kind = budgetKind(deps);
  // kube-apiserver writes it as a client of its own.
  await track(deps, kind, { ...ctx, subresource: 'status', isLarge: false }, 'kube-apiserver', budget, before);
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
    throw stillProcessed(name);
  }
  const allowed = num(status, 'disruptionsAllowed') ?? 0;
  if (allowed < 0) throw forbidden(PDB, name, 'pdb disruptions allowed is negative');
  const disrupted = ensureChild(status, 'disruptedPods');
  if (Object.keys(disrupted).length > MAX_DISRUPTED_PODS) {
    throw forbidden(PDB, name, 'DisruptedPods map too big - too many evictions not confirmed by PDB controller');
  }
  if (allowed === 0) throw tooMany(VIOLATION, whyNone(name, status));
  status['disruptionsAllowed'] = allowed - 1;
  disrupted[ctx.name] = ctx.now;
  if (allowed > 1) return;
  const conditions = children(status, 'conditions');
  const known = disruptionAllowed(status);
  const closed = {
    type: 'DisruptionAllowed',
    status: 'False',
    observedGeneration: num(status, 'observedGeneration') ?? 0,
    lastTransitionTime: known?.['status'] === 'False' ? (known['lastTransitionTime'] ?? ctx.now) : ctx.now,
    reason: 'InsufficientPods',
    message: '',
  };
  if (known === undefined) conditions.push(closed);
  else Object.assign(known, closed);
  status['conditions'] = conditions;
}

const disruptionAllowed = (status: JsonObject): JsonObject | undefined =>
  children(status, 'conditions').find((c) => c['type'] === 'DisruptionAllowed');

/** Why a budget of none is none (EvictionREST.checkAndDecrement). */
function whyNone(name: string, status: JsonObject): string {
  const condition = disruptionAllowed(status);
  const message = str(condition, 'message');
  const told = condition?.['status'] === 'False' && message !== '';
  const reason = str(condition, 'reason');
  const closed = `The disruption budget ${name} does not allow evicting pods currently`;
  if (told && reason === 'SyncFailed') return `${closed} because it failed sync: ${message}`;
  const [healthy, desired] = [num(status, 'currentHealthy') ?? 0, num(status, 'desiredHealthy') ?? 0];
  if (healthy <= desired)
    return `The disruption budget ${name} needs ${desired} healthy pods and has ${healthy} currently`;
  return told ? `${closed} (${reason}): ${message}` : closed;
}
