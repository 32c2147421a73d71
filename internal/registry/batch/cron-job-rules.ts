import { append } from '../../machinery/append.js';
import { child, str } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import { hostNameWarnings, isSameGeneration } from '../core/rules/pod/warnings.js';
import { selectorInGo } from '../generic/as-in-go.js';
import { type FieldNode, validating } from '../generic/field-node.js';
import type { Strategy } from '../types.js';
import { checkJobSpec, jobSpecWarnings } from './job-spec.js';
import { scheduleProblem } from './schedule.js';

// Rules: k8s.io/kubernetes pkg/apis/batch/validation (ValidateCronJobCreate, ValidateCronJobUpdate).

/** Whether Go finds the name in the time zone database: it looks for a file, so case matters. */
function isTimeZone(name: string): boolean {
  if (name === '' || name === 'UTC') return true;
  if (/^[+-]/.test(name)) return false;
  try {
    const known = new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone;
    // An alias resolves to another name: of its case all that can be said is that a name has capitals.
    return known.toLowerCase() === name.toLowerCase() ? known === name : name !== name.toLowerCase();
  } catch (e) {
    if (e instanceof RangeError) return false;
    throw e;
  }
}

const ZONE_PART = /^[A-Za-z.\-_0-9+]{1,14}$/;
const isZonePart = (part: string): boolean =>
  part !== '.' && part !== '..' && !part.startsWith('-') && ZONE_PART.test(part);

function checkTimeZone(spec: FieldNode): void {
  if (!spec.has('timeZone')) return;
  const zone = spec.text('timeZone');
  if (zone === '') {
    spec.invalid('timeZone', 'timeZone must be nil or non-empty string');
    return;
  }
  if (!zone.split('/').every(isZonePart)) {
    spec.invalid('timeZone', `unknown time zone ${zone}`);
    return;
  }
  if (zone.toLowerCase() === 'local') {
    spec.invalid('timeZone', 'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones');
  }
  if (zone !== 'Local' && !isTimeZone(zone)) spec.invalid('timeZone', `unknown time zone ${zone}`);
}

/** `mayHaveZone`: a schedule that already had a time zone in it may keep one. */
function checkSchedule(spec: FieldNode, mayHaveZone: boolean): void {
  const schedule = spec.text('schedule');
  if (schedule === '') {
    spec.required('schedule');
    return;
  }
  const problem = scheduleProblem(schedule, isTimeZone);
  if (problem !== undefined) spec.invalid('schedule', problem);
  if (!schedule.includes('TZ')) return;
  if (!mayHaveZone) spec.invalid('schedule', 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead');
  else if (spec.has('timeZone')) {
    spec.invalid('schedule', 'cannot use both timeZone field and TZ or CRON_TZ in schedule');
  }
}

function checkSpec(spec: FieldNode, old: JsonObject | undefined): void {
  checkSchedule(spec, str(old, 'schedule').includes('TZ'));
  spec.nonNegative('startingDeadlineSeconds');
  if (old === undefined || old['timeZone'] !== spec.get('timeZone')) checkTimeZone(spec);
  if (spec.text('concurrencyPolicy') === '') spec.required('concurrencyPolicy');
  else spec.requireOneOf('concurrencyPolicy', ['Allow', 'Forbid', 'Replace']);
  const job = spec.struct('jobTemplate').struct('spec');
  checkJobSpec(job, child(child(old, 'jobTemplate'), 'spec'));
  if (job.has('selector'))
    job.invalid('selector', '`selector` will be auto-generated', selectorInGo(child(job.value, 'selector')));
  if (job.flag('manualSelector')) job.unsupported('manualSelector', ['nil', 'false'], true);
  spec.nonNegative('successfulJobsHistoryLimit');
  spec.nonNegative('failedJobsHistoryLimit');
}

/** Jobs get eleven characters behind their cron job's name. */
const MAX_NAME = 52;

export const cronJobRules: Pick<Strategy, 'validate' | 'validateUpdate' | 'warnings'> = {
  validate: (o) =>
    validating(o, (root) => {
      checkSpec(root.struct('spec'), undefined);
      const meta = root.struct('metadata');
      if (meta.text('name').length > MAX_NAME) meta.invalid('name', 'must be no more than 52 characters');
    }),
  validateUpdate: (o, old) => validating(o, (root) => checkSpec(root.struct('spec'), child(old, 'spec'))),
  warnings(o, old) {
    const out = old === undefined ? hostNameWarnings(o) : [];
    const job = child(child(child(o, 'spec'), 'jobTemplate'), 'spec');
    if (!isSameGeneration(o, old)) append(out, jobSpecWarnings(job, 'spec.jobTemplate.spec'));
    if (old !== undefined && str(child(o, 'spec'), 'schedule').includes('TZ')) {
      out.push(
        'cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details',
      );
    }
    return out;
  },
};
