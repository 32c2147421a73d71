import { type FieldError, invalidValue, OMIT_VALUE } from '../../machinery/field.js';
import { semanticEqual } from '../../machinery/equal.js';
import type { JsonObject } from '../../machinery/json.js';
import { FieldNode, IMMUTABLE, validating } from '../generic/field-node.js';
import { indexesProblem, overlapProblem } from './job-indexes.js';

// Rules: k8s.io/kubernetes pkg/apis/batch/validation (ValidateJobUpdateStatus) with the options of
// pkg/registry/batch/job/strategy.go (getStatusValidationOptions): controllers of others may write the status, and those
// who read it must be able to rely on it. Most rules are asked only about what has changed.

/** A job's status with what the rules ask of it. */
class JobStatus {
  readonly status: FieldNode;
  constructor(root: FieldNode) {
    this.status = root.struct('status');
  }
  has(type: string, status = 'True'): boolean {
    return this.status.list('conditions').some((c) => c.text('type') === type && c.text('status') === status);
  }
  get finished(): boolean {
    return this.has('Complete') || this.has('Failed');
  }
  number(key: string): number {
    return this.status.number(key) ?? 0;
  }
}

function checkNumbers(status: FieldNode): void {
  for (const key of ['active', 'succeeded', 'failed', 'ready', 'terminating']) status.nonNegative(key);
  const uncounted = status.child('uncountedTerminatedPods');
  if (uncounted === undefined) return;
  const seen = new Set<string>();
  for (const list of ['succeeded', 'failed']) {
    for (const [i, uid] of uncounted.texts(list).entries()) {
      const at = `${list}[${i}]`;
      if (uid === '') uncounted.invalid(at, 'must not be empty', uid);
      else if (seen.has(uid)) uncounted.duplicate(at, uid);
      seen.add(uid);
    }
  }
}

const CONDITIONS = 'conditions';

/** Whether a member, or the answer to a question, differs between the two states. */
type Changed = (what: string | ((job: JobStatus) => boolean)) => boolean;

/** A field error of the conditions does not print them. */
function report(status: FieldNode, detail: string): void {
  status.add(invalidValue(status.at(CONDITIONS), OMIT_VALUE, detail));
}

function checkConditions(now: JobStatus, spec: FieldNode, changed: Changed): void {
  const { status } = now;
  const [complete, failed] = [now.has('Complete'), now.has('Failed')];
  const [met, target] = [now.has('SuccessCriteriaMet'), now.has('FailureTarget')];
  const completeChanged = changed((job) => job.has('Complete'));
  const failedChanged = changed((job) => job.has('Failed'));
  if ((completeChanged || failedChanged) && complete && failed) {
    report(status, 'cannot set Complete=True and Failed=true conditions');
  }
  if ((completeChanged || changed((job) => job.has('FailureTarget'))) && complete && target) {
    report(status, 'cannot set Complete=True and FailureTarget=true conditions');
  }
  if ((failedChanged || changed('failedIndexes')) && failed && !target) {
    report(status, 'cannot set Failed=True condition without the FailureTarget=true condition');
  }
  if ((completeChanged || changed((job) => job.has('SuccessCriteriaMet'))) && complete && !met) {
    report(status, 'cannot set Complete=True condition without the SuccessCriteriaMet=true condition');
  }
  if (met && failed) report(status, 'cannot set SuccessCriteriaMet=True and Failed=true conditions');
  if (met && target) report(status, 'cannot set SuccessCriteriaMet=True and FailureTarget=true conditions');
  if (spec.child('successPolicy') !== undefined && !met && complete) {
    report(status, 'cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True');
  }
}

function checkTimes(now: JobStatus, changed: Changed): void {
  const { status } = now;
  const complete = now.has('Complete');
  const [start, end] = [status.text('startTime'), status.text('completionTime')];
  if (changed((job) => job.has('Complete')) || changed('completionTime')) {
    if (end !== '' && !complete) {
      status.invalid('completionTime', 'cannot set completionTime when there is no Complete=True condition');
    }
    if (end === '' && complete) status.required('completionTime', 'completionTime is required for Complete jobs');
  }
  if ((changed('startTime') || changed('completionTime')) && start !== '' && end !== '') {
    if (Date.parse(end) < Date.parse(start)) {
      status.invalid('completionTime', 'must be equal to or after `startTime`');
    }
  }
}

function checkFinished(now: JobStatus, spec: FieldNode, changed: Changed): void {
  if (!now.finished) return;
  const { status } = now;
  const finishedChanged = changed((job) => job.finished);
  if ((finishedChanged || changed('active')) && now.number('active') > 0) {
    status.invalid('active', 'active>0 is invalid for finished job');
  }
  const neverRan = spec.flag('suspend') && spec.number('completions') === 0;
  if ((finishedChanged || changed('startTime')) && !neverRan && status.text('startTime') === '') {
    status.required('startTime', 'startTime is required for finished job');
  }
  const uncounted = status.child('uncountedTerminatedPods');
  if ((finishedChanged || changed('uncountedTerminatedPods')) && uncounted !== undefined) {
    if (uncounted.count('succeeded') + uncounted.count('failed') > 0) {
      const shown = { Succeeded: uncounted.get('succeeded') ?? null, Failed: uncounted.get('failed') ?? null };
      status.invalid('uncountedTerminatedPods', 'must be empty for finished job', shown);
    }
  }
  if ((finishedChanged || changed('terminating')) && now.number('terminating') > 0) {
    status.invalid('terminating', 'terminating>0 is invalid for finished job');
  }
}

function checkIndexes(now: JobStatus, spec: FieldNode, changed: Changed): void {
  const { status } = now;
  const completions = spec.number('completions');
  const perIndex = spec.number('backoffLimitPerIndex') !== undefined;
  const completed = status.text('completedIndexes');
  const failed = status.has('failedIndexes') ? status.text('failedIndexes') : undefined;
  if (changed('completedIndexes')) {
    const problem = completions === undefined ? undefined : indexesProblem(completed, completions);
    if (problem !== undefined) status.invalid('completedIndexes', `error parsing completedIndexes: ${problem}`);
    if (completed !== '' && spec.text('completionMode') !== 'Indexed') {
      status.invalid('completedIndexes', 'cannot set non-empty completedIndexes when non-indexed completion mode');
    }
  }
  if (changed('failedIndexes') && failed !== undefined) {
    const problem = completions === undefined || !perIndex ? undefined : indexesProblem(failed, completions);
    if (problem !== undefined) status.invalid('failedIndexes', `error parsing failedIndexes: ${problem}`);
    if (!perIndex) {
      status.invalid('failedIndexes', 'cannot set non-null failedIndexes when backoffLimitPerIndex is null');
    }
  }
  if ((changed('failedIndexes') || changed('completedIndexes')) && completions !== undefined && failed !== undefined) {
    const problem = overlapProblem(completed, failed, completions);
    if (problem !== undefined) status.invalid('failedIndexes', problem);
  }
}

/** What may only go one way from the stored status. */
function checkProgress(now: JobStatus, was: JobStatus, spec: FieldNode): void {
  const { status } = now;
  for (const type of ['Failed', 'Complete', 'FailureTarget']) {
    if (was.has(type) && !now.has(type)) report(status, `cannot disable the terminal ${type}=True condition`);
  }
  if (now.number('failed') < was.number('failed')) {
    status.invalid('failed', 'cannot decrease the failed counter', now.number('failed'));
  }
  // An indexed job with as many pods as completions may be made smaller.
  const elastic =
    spec.text('completionMode') === 'Indexed' && spec.number('completions') === spec.number('parallelism');
  if (!elastic && now.number('succeeded') < was.number('succeeded')) {
    status.invalid('succeeded', 'cannot decrease the succeeded counter', now.number('succeeded'));
  }
  const [end, oldEnd] = [status.text('completionTime'), was.status.text('completionTime')];
  if (end !== '' && oldEnd !== '' && end !== oldEnd) status.invalid('completionTime', IMMUTABLE);
  const [start, oldStart] = [status.text('startTime'), was.status.text('startTime')];
  const resuming = was.has('Suspended') && now.has('Suspended', 'False');
  if (oldStart !== '' && start !== oldStart && !resuming && !spec.flag('suspend')) {
    status.invalid('startTime', 'field is immutable for unsuspended job once set', start === '' ? null : start);
  }
  if (was.has('SuccessCriteriaMet') && !now.has('SuccessCriteriaMet')) {
    report(status, 'cannot disable the SuccessCriteriaMet=True condition');
  }
  if (was.has('Complete') && !was.has('SuccessCriteriaMet') && now.has('SuccessCriteriaMet')) {
    report(status, 'cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions');
  }
}

/** Field errors of a job's new status. */
export function jobStatusErrors(job: JsonObject, old: JsonObject): FieldError[] {
  return validating(job, (root) => {
    const now = new JobStatus(root);
    const was = new JobStatus(new FieldNode(old));
    const spec = root.struct('spec');
    const changed: Changed = (what) =>
      typeof what === 'string' ? !semanticEqual(now.status.get(what), was.status.get(what)) : what(now) !== what(was);
    checkNumbers(now.status);
    checkConditions(now, spec, changed);
    checkTimes(now, changed);
    checkFinished(now, spec, changed);
    checkIndexes(now, spec, changed);
    const ready = now.status.number('ready');
    if (ready !== undefined && ready > now.number('active') && (changed('ready') || changed('active'))) {
      now.status.invalid('ready', 'cannot set more ready pods than active');
    }
    checkProgress(now, was, spec);
  });
}
