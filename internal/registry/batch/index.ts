import { child, children, defaultString, defaultTo, ensureChild, num, str } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import { withGatedTemplate } from '../core/gated-fields.js';
import { defaultPodTemplate } from '../core/pod-template-defaults.js';
import type { Strategy } from '../types.js';
import { cronJobRules } from './cron-job-rules.js';
import { jobRules } from './job-rules.js';

// Rules: k8s.io/kubernetes pkg/apis/batch/v1/defaults.go and pkg/registry/batch/job/strategy.go.

function defaultJobSpec(spec: JsonObject): void {
  defaultPodTemplate(spec);
  // One pod by default; with completions or parallelism alone, the other stays open.
  if (spec['completions'] === undefined && spec['parallelism'] === undefined) {
    spec['completions'] = 1;
    spec['parallelism'] = 1;
  }
  defaultTo(spec, 'parallelism', 1);
  defaultTo(spec, 'completionMode', 'NonIndexed');
  defaultTo(spec, 'backoffLimit', num(spec, 'backoffLimitPerIndex') === undefined ? 6 : 2_147_483_647);
  defaultTo(spec, 'suspend', false);
  const policy = child(spec, 'podFailurePolicy');
  for (const rule of children(policy, 'rules')) {
    for (const condition of children(rule, 'onPodConditions')) defaultString(condition, 'status', 'True');
  }
  if (spec['podReplacementPolicy'] === undefined) {
    spec['podReplacementPolicy'] = policy === undefined ? 'TerminatingOrFailed' : 'Failed';
  }
}

const jobs: Strategy = {
  ...jobRules,
  defaults(job) {
    const spec = ensureChild(job, 'spec');
    defaultJobSpec(spec);
    defaultTo(spec, 'manualSelector', false);
    const labels = child(child(child(spec, 'template'), 'metadata'), 'labels');
    const meta = ensureChild(job, 'metadata');
    if (labels !== undefined && Object.keys(child(meta, 'labels') ?? {}).length === 0) {
      // The very same map, as in Go: what identifies the job's pods is then written on the job, too.
      meta['labels'] = labels;
    }
  },
  prepareForCreate(_ctx, job) {
    job['status'] = {};
    const spec = ensureChild(job, 'spec');
    if (spec['manualSelector'] === true) return;
    const meta = ensureChild(job, 'metadata');
    const uid = str(meta, 'uid');
    const name = str(meta, 'name');
    const labels = ensureChild(ensureChild(ensureChild(spec, 'template'), 'metadata'), 'labels');
    // The long names are current, the short ones are what older clients look for.
    const identity = {
      'batch.kubernetes.io/controller-uid': uid,
      'batch.kubernetes.io/job-name': name,
      'controller-uid': uid,
      'job-name': name,
    };
    // What is there already stays: validation refuses what is not the same.
    for (const [k, v] of Object.entries(identity)) labels[k] ??= v;
    const matched = ensureChild(ensureChild(spec, 'selector'), 'matchLabels');
    matched['batch.kubernetes.io/controller-uid'] ??= uid;
  },
  fieldNames: ['status.successful'],
  fields: (job) => ({ 'status.successful': String(num(child(job, 'status'), 'succeeded') ?? 0) }),
};

const cronJobs: Strategy = {
  ...cronJobRules,
  defaults(cron) {
    const spec = ensureChild(cron, 'spec');
    defaultString(spec, 'concurrencyPolicy', 'Allow');
    defaultTo(spec, 'suspend', false);
    defaultTo(spec, 'successfulJobsHistoryLimit', 3);
    defaultTo(spec, 'failedJobsHistoryLimit', 1);
    const template = child(child(spec, 'jobTemplate'), 'spec');
    // A template's job is defaulted when it is made; only its pod template is filled here.
    defaultPodTemplate(template);
  },
  prepareForCreate(_ctx, cron) {
    cron['status'] = {};
  },
};

/** Resources of the batch group by their plural name. */
export const batch: Readonly<Record<string, Strategy>> = {
  cronjobs: withGatedTemplate(cronJobs, (cron) => child(child(child(cron, 'spec'), 'jobTemplate'), 'spec')),
  jobs: withGatedTemplate(jobs),
};
