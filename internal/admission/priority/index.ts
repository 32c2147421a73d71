import { child, num, str } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import { admissionForbidden } from '../forbidden.js';
import type { AdmissionAttributes, AdmissionContext, AdmissionPlugin } from '../types.js';
import { mutating } from '../mutating.js';

const GROUP = 'scheduling.k8s.io';

/** Computes a pod's priority from its class, or from the global default (plugin Priority). */
function admitPodPriority(ctx: AdmissionContext, pod: JsonObject, a: AdmissionAttributes): void {
  const spec = child(pod, 'spec');
  if (spec === undefined) return;
  const className = str(spec, 'priorityClassName');
  let priorityClass: JsonObject | undefined;
  if (className === '') {
    priorityClass = globalDefault(ctx);
    if (priorityClass !== undefined) spec['priorityClassName'] = str(child(priorityClass, 'metadata'), 'name');
  } else {
    priorityClass = ctx.reader.get(GROUP, 'priorityclasses', '', className);
    if (priorityClass === undefined) {
      throw admissionForbidden(a, `no PriorityClass with name ${className} was found`);
    }
  }
  const computed = num(priorityClass, 'value') ?? 0;
  const given = num(spec, 'priority');
  if (given !== undefined && given !== computed) {
    throw admissionForbidden(
      a,
      `the integer value of priority (${given}) must not be provided in pod spec; priority admission controller computed ${computed} from the given PriorityClass name`,
    );
  }
  spec['priority'] = computed;
  const policy =
    str(priorityClass, 'preemptionPolicy') === '' ? 'PreemptLowerPriority' : str(priorityClass, 'preemptionPolicy');
  const asked = str(spec, 'preemptionPolicy');
  if (asked !== '' && asked !== policy) {
    throw admissionForbidden(
      a,
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
function checkPriorityClass(ctx: AdmissionContext, priorityClass: JsonObject, a: AdmissionAttributes): void {
  if (priorityClass['globalDefault'] !== true) return;
  const name = str(child(priorityClass, 'metadata'), 'name');
  const other = globalDefault(ctx);
  const otherName = str(child(other, 'metadata'), 'name');
  if (other !== undefined && (a.operation === 'CREATE' || otherName !== name)) {
    throw admissionForbidden(a, `PriorityClass ${otherName} is already marked as default. Only one default can exist`);
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

const plugin = mutating('Priority', ['CREATE', 'UPDATE'], {
  group: '',
  resource: 'pods',
  change: (ctx, pod, a) => (a.operation === 'CREATE' ? admitPodPriority(ctx, pod, a) : keepPriority(pod, a.oldObject)),
});

/** Pods get the priority of their class, and priority classes agree on who is the default. */
export const priority: AdmissionPlugin = {
  ...plugin,
  validate(ctx, a) {
    const { group, resource } = a.def.storage;
    if (a.object === undefined || a.subresource !== '' || group !== GROUP || resource !== 'priorityclasses') return;
    checkPriorityClass(ctx, a.object, a);
  },
};
