import { child, children, num, str } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import {
  age,
  type Cells,
  condition,
  containersAndImages,
  formatLabels,
  formatSelector,
  humanDuration,
  name,
  number,
  orNone,
  since,
  spec,
  status,
  text,
} from './human.js';

// printers.go of kube-apiserver: apps, batch, autoscaling, policy.

const template = (o: JsonObject): JsonObject | undefined => child(spec(o), 'template');

const ownerOf = (o: JsonObject): JsonObject | undefined =>
  children(child(o, 'metadata'), 'ownerReferences').find((r) => r['controller'] === true);

function controllerName(o: JsonObject): string {
  const owner = ownerOf(o);
  if (owner === undefined) return '<none>';
  const group = str(owner, 'apiVersion').includes('/') ? `.${str(owner, 'apiVersion').split('/')[0]}` : '';
  return `${str(owner, 'kind').toLowerCase()}${group}/${str(owner, 'name')}`;
}

export const appsCells: Readonly<Record<string, Cells>> = {
  controllerrevisions: (o, now) => [name(o), controllerName(o), number(o, 'revision'), age(o, now)],
  daemonsets: (o, now) => [
    name(o),
    number(status(o), 'desiredNumberScheduled'),
    number(status(o), 'currentNumberScheduled'),
    number(status(o), 'numberReady'),
    number(status(o), 'updatedNumberScheduled'),
    number(status(o), 'numberAvailable'),
    formatLabels(child(child(template(o), 'spec'), 'nodeSelector')),
    age(o, now),
    ...containersAndImages(template(o)),
    formatSelector(child(spec(o), 'selector')),
  ],
  deployments: (o, now) => [
    name(o),
    `${number(status(o), 'readyReplicas')}/${number(spec(o), 'replicas')}`,
    number(status(o), 'updatedReplicas'),
    number(status(o), 'availableReplicas'),
    age(o, now),
    ...containersAndImages(template(o)),
    formatSelector(child(spec(o), 'selector')),
  ],
  replicasets: (o, now) => [
    name(o),
    number(spec(o), 'replicas'),
    number(status(o), 'replicas'),
    number(status(o), 'readyReplicas'),
    age(o, now),
    ...containersAndImages(template(o)),
    formatSelector(child(spec(o), 'selector')),
  ],
  statefulsets: (o, now) => [
    name(o),
    `${number(status(o), 'readyReplicas')}/${number(spec(o), 'replicas')}`,
    age(o, now),
    ...containersAndImages(template(o)),
  ],
};

function jobState(job: JsonObject): string {
  const has = (type: string): boolean => str(condition(job, type), 'status') === 'True';
  if (has('Complete')) return 'Complete';
  if (has('Failed')) return 'Failed';
  if (child(job, 'metadata')?.['deletionTimestamp'] !== undefined) return 'Terminating';
  if (has('Suspended')) return 'Suspended';
  if (has('FailureTarget')) return 'FailureTarget';
  if (has('SuccessCriteriaMet')) return 'SuccessCriteriaMet';
  return 'Running';
}

const jobCells: Cells = (job, now) => {
  const succeeded = number(status(job), 'succeeded');
  const completions = num(spec(job), 'completions');
  const parallelism = number(spec(job), 'parallelism');
  const done =
    completions !== undefined
      ? `${succeeded}/${completions}`
      : parallelism > 1
        ? `${succeeded}/1 of ${parallelism}`
        : `${succeeded}/1`;
  const start = Date.parse(str(status(job), 'startTime'));
  const end = Date.parse(str(status(job), 'completionTime'));
  const duration = Number.isNaN(start) ? '' : humanDuration((Number.isNaN(end) ? now : end) - start);
  return [
    name(job),
    jobState(job),
    done,
    duration,
    age(job, now),
    ...containersAndImages(template(job)),
    formatSelector(child(spec(job), 'selector')),
  ];
};

const cronJobCells: Cells = (cron, now) => {
  const job = child(child(spec(cron), 'jobTemplate'), 'spec');
  const last = status(cron)['lastScheduleTime'];
  return [
    name(cron),
    str(spec(cron), 'schedule'),
    orNone(str(spec(cron), 'timeZone')),
    spec(cron)['suspend'] === undefined ? '<unset>' : spec(cron)['suspend'] === true ? 'True' : 'False',
    children(status(cron), 'active').length,
    last === undefined || last === null ? '<none>' : since(last, now),
    age(cron, now),
    ...containersAndImages(child(job, 'template')),
    formatSelector(child(job, 'selector')),
  ];
};

export const batchCells: Readonly<Record<string, Cells>> = { cronjobs: cronJobCells, jobs: jobCells };

const UNKNOWN = '<unknown>';

/** The amount at `key` of what was measured; Go's word for none where something else was. */
const measured = (now: JsonObject | undefined, key: string): string =>
  now === undefined ? UNKNOWN : text(now[key]) === '' ? '<nil>' : text(now[key]);

const METRIC_KEYS: Readonly<Record<string, string>> = {
  External: 'external',
  Pods: 'pods',
  Object: 'object',
  Resource: 'resource',
  ContainerResource: 'containerResource',
};

function metricText(wanted: JsonObject, current: JsonObject | undefined): string {
  const type = str(wanted, 'type');
  const key = METRIC_KEYS[type];
  if (key === undefined) return '<unknown type>';
  const target = child(child(wanted, key), 'target');
  const now = child(child(current, key), 'current');
  const average = text(target?.['averageValue']);
  if (type === 'Pods') return `${measured(now, 'averageValue')}/${average}`;
  if (type === 'External' || type === 'Object') {
    if (average === '') return `${measured(now, 'value')}/${text(target?.['value'])}`;
    const have = text(now?.['averageValue']);
    return `${have === '' ? UNKNOWN : have}/${average} (avg)`;
  }
  const label = str(child(wanted, key), 'name');
  if (average !== '') return `${label}: ${measured(now, 'averageValue')}/${average}`;
  const percent = (v: JsonObject | undefined, none: string): string => {
    const utilization = num(v, 'averageUtilization');
    return utilization === undefined ? none : `${utilization}%`;
  };
  return `${label}: ${percent(now, UNKNOWN)}/${percent(target, '<auto>')}`;
}

const METRICS_SHOWN = 2;

const autoscalerCells: Cells = (hpa, now) => {
  const ref = child(spec(hpa), 'scaleTargetRef');
  const metrics = children(spec(hpa), 'metrics');
  const current = children(status(hpa), 'currentMetrics');
  const shown = metrics.map((m, i) => metricText(m, current[i]));
  const more = shown.length > METRICS_SHOWN ? ` + ${shown.length - METRICS_SHOWN} more...` : '';
  const min = num(spec(hpa), 'minReplicas');
  return [
    name(hpa),
    `${str(ref, 'kind')}/${str(ref, 'name')}`,
    shown.length === 0 ? '<none>' : shown.slice(0, METRICS_SHOWN).join(', ') + more,
    min === undefined ? '<unset>' : String(min),
    number(spec(hpa), 'maxReplicas'),
    number(status(hpa), 'currentReplicas'),
    age(hpa, now),
  ];
};

export const autoscalingCells: Readonly<Record<string, Cells>> = { horizontalpodautoscalers: autoscalerCells };

export const policyCells: Readonly<Record<string, Cells>> = {
  poddisruptionbudgets: (pdb, now) => {
    const or = (key: string): string => (text(spec(pdb)[key]) === '' ? 'N/A' : text(spec(pdb)[key]));
    return [
      name(pdb),
      or('minAvailable'),
      or('maxUnavailable'),
      number(status(pdb), 'disruptionsAllowed'),
      age(pdb, now),
    ];
  },
};
