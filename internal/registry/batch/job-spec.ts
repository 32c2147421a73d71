import { child } from '../../machinery/access.js';
import { domainPrefixedPath } from '../../machinery/formats.js';
import type { JsonObject } from '../../machinery/json.js';
import { templateWarnings } from '../core/rules/pod/warnings.js';
import { checkPodTemplate } from '../core/rules/template.js';
import { asInGo } from '../generic/as-in-go.js';
import type { FieldNode } from '../generic/field-node.js';
import { checkPodFailurePolicy } from './pod-failure-policy.js';
import { checkSuccessPolicy } from './success-policy.js';

// Rules: k8s.io/kubernetes pkg/apis/batch/validation (validateJobSpec).

const MANY = 100_000;
/** More than this at once is too much when there are more than `MANY` indexes. */
const FEWER = 10_000;
const ABOVE = `must be less than or equal to ${FEWER} when completions are above ${MANY} and used with backoff limit per index`;
const MAX_MANAGED_BY = 63;

function checkIndexed(spec: FieldNode): void {
  const completions = spec.number('completions');
  const parallelism = spec.number('parallelism') ?? 0;
  const failed = spec.number('maxFailedIndexes');
  if (completions === undefined) spec.required('completions', 'when completion mode is Indexed');
  if (parallelism > MANY) {
    spec.invalid('parallelism', `must be less than or equal to ${MANY} when completion mode is Indexed`);
  }
  if (completions !== undefined && failed !== undefined && failed > completions) {
    spec.invalid('maxFailedIndexes', 'must be less than or equal to completions');
  }
  if (failed !== undefined && failed > MANY) {
    spec.invalid('maxFailedIndexes', `must be less than or equal to ${MANY}`);
  }
  if (completions === undefined || completions <= MANY || !spec.has('backoffLimitPerIndex')) return;
  if (failed === undefined) spec.required('maxFailedIndexes', `must be specified when completions is above ${MANY}`);
  if (parallelism > FEWER) spec.invalid('parallelism', ABOVE);
  if (failed !== undefined && failed > FEWER) spec.invalid('maxFailedIndexes', ABOVE);
}

function checkNumbers(spec: FieldNode): void {
  for (const key of [
    'parallelism',
    'completions',
    'activeDeadlineSeconds',
    'backoffLimit',
    'ttlSecondsAfterFinished',
    'backoffLimitPerIndex',
    'maxFailedIndexes',
  ]) {
    spec.nonNegative(key);
  }
  if (spec.has('maxFailedIndexes') && !spec.has('backoffLimitPerIndex')) {
    spec.required('backoffLimitPerIndex', 'when maxFailedIndexes is specified');
  }
  if (!spec.has('managedBy')) return;
  for (const { part, message } of domainPrefixedPath(spec.text('managedBy'))) spec.invalid('managedBy', message, part);
  if (spec.text('managedBy').length > MAX_MANAGED_BY) spec.tooLong('managedBy', MAX_MANAGED_BY);
}

function checkMode(spec: FieldNode): void {
  const mode = spec.text('completionMode');
  spec.checkOneOf('completionMode', ['NonIndexed', 'Indexed']);
  if (mode === 'Indexed') checkIndexed(spec);
  else if (!spec.has('completionMode') || mode === 'NonIndexed') {
    for (const key of ['backoffLimitPerIndex', 'maxFailedIndexes']) {
      if (spec.has(key)) spec.invalid(key, 'requires indexed completion mode');
    }
  }
}

function checkRestartPolicy(template: FieldNode, hasFailurePolicy: boolean): void {
  const pod = template.struct('spec');
  const policy = pod.text('restartPolicy');
  if (policy === '' || policy === 'Always') pod.required('restartPolicy', 'valid values: "OnFailure", "Never"');
  else if (policy !== 'OnFailure' && policy !== 'Never') pod.unsupported('restartPolicy', ['OnFailure', 'Never']);
  else if (hasFailurePolicy && policy !== 'Never') {
    pod.invalid('restartPolicy', 'only "Never" is supported when podFailurePolicy is specified');
  }
}

/** The spec of a job, also inside a cron job; what is about its selector holds only for jobs themselves. */
export function checkJobSpec(spec: FieldNode, old: JsonObject | undefined): void {
  checkNumbers(spec);
  checkMode(spec);
  const failurePolicy = spec.child('podFailurePolicy');
  if (failurePolicy !== undefined) checkPodFailurePolicy(failurePolicy, spec);
  const successPolicy = spec.child('successPolicy');
  if (successPolicy !== undefined) {
    if (spec.text('completionMode') !== 'Indexed') {
      const shown = asInGo(successPolicy.value, 'batch.v1.SuccessPolicy');
      spec.invalid('successPolicy', 'requires indexed completion mode', shown);
    } else checkSuccessPolicy(successPolicy, spec.number('completions') ?? 0);
  }
  spec.checkOneOf('podReplacementPolicy', failurePolicy === undefined ? ['Failed', 'TerminatingOrFailed'] : ['Failed']);
  const template = spec.struct('template');
  checkPodTemplate(template, child(old, 'template'));
  checkRestartPolicy(template, failurePolicy !== undefined);
}

/** WarningsForJobSpec: too many indexes to keep track of, and what is to be said about the pods. */
export function jobSpecWarnings(spec: JsonObject | undefined, path: string): string[] {
  const count = (key: string): number => Number(spec?.[key] ?? 0);
  const isWide = count('completions') > 100_000 && count('parallelism') > 10_000;
  const text =
    'In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail';
  return [
    ...(spec?.['completionMode'] === 'Indexed' && isWide ? [`${path}: ${text}`] : []),
    ...templateWarnings(child(spec, 'template'), `${path}.template`),
  ];
}
