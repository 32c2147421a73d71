import { semanticEqual } from '../../machinery/equal.js';
import { child } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import { checkPodTemplate, selects } from '../core/rules/template.js';
import { type FieldNode, validating } from '../generic/field-node.js';
import { checkLabelSelector } from '../generic/label-selector.js';
import type { Strategy } from '../types.js';

// Rules: k8s.io/kubernetes pkg/apis/batch/validation.

type Rules = Pick<Strategy, 'validate' | 'validateUpdate'>;

const COUNTS = [
  'parallelism',
  'completions',
  'activeDeadlineSeconds',
  'backoffLimit',
  'ttlSecondsAfterFinished',
  'backoffLimitPerIndex',
  'maxFailedIndexes',
];

/** The spec of a job, also inside a cron job; a selector is set only on jobs themselves. */
function checkJobSpec(spec: FieldNode): void {
  for (const key of COUNTS) spec.nonNegative(key);
  if (spec.has('completionMode')) {
    const mode = spec.text('completionMode');
    if (mode !== 'NonIndexed' && mode !== 'Indexed') spec.unsupported('completionMode', ['Indexed', 'NonIndexed']);
    if (mode === 'Indexed' && !spec.has('completions')) {
      spec.required('completions', 'when completion mode is Indexed');
    }
  }
  if (spec.has('backoffLimitPerIndex') && spec.text('completionMode') !== 'Indexed') {
    spec.invalid('backoffLimitPerIndex', 'requires indexed completion mode');
  }
  spec.checkOneOf('podReplacementPolicy', ['Failed', 'TerminatingOrFailed']);
  const template = spec.struct('template');
  checkPodTemplate(template);
  const pod = template.struct('spec');
  const policy = pod.text('restartPolicy');
  if (policy === '' || policy === 'Always') pod.required('restartPolicy', 'valid values: "OnFailure", "Never"');
  else if (policy !== 'OnFailure' && policy !== 'Never') pod.unsupported('restartPolicy', ['OnFailure', 'Never']);
}

function checkJob(job: FieldNode): void {
  const spec = job.struct('spec');
  checkJobSpec(spec);
  const selector = spec.child('selector');
  if (selector === undefined) spec.required('selector');
  else checkLabelSelector(selector);
  const labels = spec.struct('template').struct('metadata').child('labels');
  if (selector === undefined || !selects(selector.value, labels?.value)) {
    spec.invalid('template.metadata.labels', '`selector` does not match template `labels`', labels?.value ?? null);
  }
}

/** What a suspended job that has not started may still change in its template (KEP-2926). */
const SCHEDULING = ['affinity', 'nodeSelector', 'tolerations', 'schedulingGates'];

function fixedTemplate(template: JsonObject | undefined, suspended: boolean): JsonObject {
  if (!suspended) return template ?? {};
  const spec = Object.fromEntries(
    Object.entries(child(template, 'spec') ?? {}).filter(([k]) => !SCHEDULING.includes(k)),
  );
  return { ...template, metadata: {}, spec };
}

export const jobRules: Rules = {
  validate: (o) => validating(o, checkJob),
  validateUpdate: (o, old) =>
    validating(o, (root) => {
      checkJob(root);
      const spec = root.struct('spec');
      const was = child(old, 'spec');
      if (spec.text('completionMode') !== 'Indexed') spec.immutable('completions', was);
      else if (
        spec.number('completions') !== was?.['completions'] &&
        spec.number('completions') !== spec.number('parallelism')
      ) {
        spec.invalid('completions', 'can only be modified in tandem with spec.parallelism');
      }
      spec.immutable('selector', was, spec.get('selector') ?? null);
      const suspended = was?.['suspend'] === true && child(old, 'status')?.['startTime'] === undefined;
      if (
        !semanticEqual(
          fixedTemplate(child(spec.value, 'template'), suspended),
          fixedTemplate(child(was, 'template'), suspended),
        )
      ) {
        spec.invalid('template', 'field is immutable');
      }
      for (const key of ['completionMode', 'podFailurePolicy', 'backoffLimitPerIndex', 'managedBy', 'successPolicy']) {
        spec.immutable(key, was, spec.get(key) ?? null);
      }
    }),
};

const CRON_FIELD_MAX = 5;
const MACROS = ['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly'];
/** A field of a schedule: lists of numbers, names, ranges and steps. */
const CRON_FIELD = /^(\*|\?|[0-9]+|[A-Za-z]{3})(-([0-9]+|[A-Za-z]{3}))?(\/[0-9]+)?$/;

/** Why a schedule cannot be read, or undefined (robfig/cron's standard parser, in its words where they are short). */
function scheduleError(schedule: string): string | undefined {
  if (schedule.startsWith('@')) {
    return MACROS.includes(schedule) || schedule.startsWith('@every ')
      ? undefined
      : `unrecognized descriptor: ${schedule}`;
  }
  const fields = schedule.split(/\s+/).filter((f) => f !== '');
  if (fields.length !== CRON_FIELD_MAX) {
    return `expected exactly 5 fields, found ${fields.length}: [${fields.join(' ')}]`;
  }
  for (const field of fields) {
    for (const part of field.split(',')) {
      if (!CRON_FIELD.test(part)) {
        return `failed to parse int from ${part}: strconv.Atoi: parsing ${JSON.stringify(part)}: invalid syntax`;
      }
    }
  }
  return undefined;
}

function knownTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch (e) {
    if (e instanceof RangeError) return false;
    throw e;
  }
}

/** Jobs get eleven characters behind their cron job's name. */
const CRON_JOB_NAME_MAX = 52;

function checkCronJob(cron: FieldNode): void {
  const spec = cron.struct('spec');
  const schedule = spec.text('schedule');
  if (schedule === '') spec.required('schedule');
  else {
    const why = scheduleError(schedule);
    if (why !== undefined) spec.invalid('schedule', why);
  }
  const zone = spec.text('timeZone');
  if (spec.has('timeZone')) {
    if (zone === '') spec.invalid('timeZone', 'timeZone must be nil or non-empty string');
    else if (zone.toLowerCase() === 'local') {
      spec.invalid('timeZone', 'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones');
    } else if (!knownTimeZone(zone)) spec.invalid('timeZone', `unknown time zone ${zone}`);
  }
  spec.nonNegative('startingDeadlineSeconds');
  if (spec.text('concurrencyPolicy') === '') spec.required('concurrencyPolicy');
  else spec.requireOneOf('concurrencyPolicy', ['Allow', 'Forbid', 'Replace']);
  spec.nonNegative('successfulJobsHistoryLimit');
  spec.nonNegative('failedJobsHistoryLimit');
  checkJobSpec(spec.struct('jobTemplate').struct('spec'));
}

export const cronJobRules: Rules = {
  validate: (o) =>
    validating(o, (root) => {
      checkCronJob(root);
      const meta = root.struct('metadata');
      if (meta.text('name').length > CRON_JOB_NAME_MAX) meta.invalid('name', 'must be no more than 52 characters');
    }),
  validateUpdate: (o) => validating(o, checkCronJob),
};
