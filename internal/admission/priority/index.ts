import { child, num, str } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import { forbidden } from '../../machinery/status.js';
import type { AdmissionContext } from '../types.js';
import { mutating } from '../mutating.js';

const GROUP = 'scheduling.k8s.io';
const PODS = { group: '', resource: 'pods' };
const PRIORITY_CLASSES = { group: GROUP, resource: 'priorityclasses' };

/** Computes a pod's priority from its class, or from the global default (plugin Priority). */
function admitPodPriority(ctx: AdmissionContext, pod: JsonObject): void {
  const spec = child(pod, 'spec');
  if (spec === undefined) return;
  const podName = str(child(pod, 'metadata'), 'name');
  const className = str(spec, 'priorityClassName');
  let priorityClass: JsonObject | undefined;
  if (className === '') {
    priorityClass = globalDefault(ctx);
    if (priorityClass !== undefined) spec['priorityClassName'] = str(child(priorityClass, 'metadata'), 'name');
  } else {
    priorityClass = ctx.reader.get(GROUP, 'priorityclasses', '', className);
    if (priorityClass === undefined) {
      throw forbidden(PODS, podName, `no PriorityClass with name ${className} was found`);
    }
  }
  const computed = num(priorityClass, 'value') ?? 0;
  const given = num(spec, 'priority');
  if (given !== undefined && given !== computed) {
    throw forbidden(
      PODS,
      podName,
      `the integer value of priority (${given}) must not be provided in pod spec; priority admission controller computed ${computed} from the given PriorityClass name`,
    );
  }
  spec['priority'] = computed;
  const policy =
    str(priorityClass, 'preemptionPolicy') === '' ? 'PreemptLowerPriority' : str(priorityClass, 'preemptionPolicy');
  const asked = str(spec, 'preemptionPolicy');
  if (asked !== '' && asked !== policy) {
    throw forbidden(
      PODS,
      podName,
      `the string value of PreemptionPolicy (${asked}) must not be provided in pod spec; priority admission controller computed ${policy} from the given PriorityClass name`,
    );
  }
  spec['preemptionPolicy'] = policy;
}

/** Of several global defaults the one with the lowest value. */
function globalDefault(ctx: AdmissionContext): JsonObject | undefined {
  return ctx.reader
    .list(GROUP, 'priorityclasses')
    .filter((c) => c['globalDefault'] === true)
    .sort((a, b) => (num(a, 'value') ?? 0) - (num(b, 'value') ?? 0))[0];
}

/** There is at most one global default. */
function admitPriorityClass(ctx: AdmissionContext, priorityClass: JsonObject): void {
  if (priorityClass['globalDefault'] !== true) return;
  const name = str(child(priorityClass, 'metadata'), 'name');
  const other = globalDefault(ctx);
  const otherName = str(child(other, 'metadata'), 'name');
  if (other !== undefined && otherName !== name) {
    throw forbidden(
      PRIORITY_CLASSES,
      name,
      `PriorityClass ${otherName} is already marked as default. Only one default can exist`,
    );
  }
}

/** What a pod got when it was made stays when an update leaves it out. */
function keepPriority(pod: JsonObject, old: JsonObject | undefined): void {
  const spec = child(pod, 'spec');
  const before = child(old, 'spec');
  if (spec === undefined || before === undefined) return;
  for (const field of ['priority', 'preemptionPolicy']) {
    if (spec[field] === undefined && before[field] !== undefined) spec[field] = before[field];
  }
}

/** Pods get the priority of their class, and priority classes agree on who is the default. */
export const priority = mutating(
  'Priority',
  ['CREATE', 'UPDATE'],
  {
    group: '',
    resource: 'pods',
    change: (ctx, pod, a) => (a.operation === 'CREATE' ? admitPodPriority(ctx, pod) : keepPriority(pod, a.oldObject)),
  },
  { group: GROUP, resource: 'priorityclasses', change: admitPriorityClass },
);
