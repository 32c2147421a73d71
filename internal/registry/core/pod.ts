import { child, children, defaultTo, ensureChild, num, str } from '../../machinery/access.js';
import { isObject, type JsonObject } from '../../machinery/json.js';
import type { Strategy } from '../types.js';
import { syncAppArmorAnnotations } from './app-armor-annotations.js';
import { convertPod } from './conversion.js';
import { dropGatedPodFields, dropGatedPodStatusFields } from './gated-fields.js';
import { applyMatchLabelKeys } from './match-label-keys.js';
import { defaultPodLevelResources } from './pod-level-defaults.js';
import { defaultPodSpec, podSpecContainers } from './pod-template-defaults.js';
import { podQosClass } from '../../machinery/pod-qos.js';

/** SetDefaults_Pod: what holds for pods themselves but not for templates. */
function defaultPod(pod: JsonObject): void {
  convertPod(pod);
  const spec = ensureChild(pod, 'spec');
  defaultPodSpec(spec);
  defaultTo(spec, 'enableServiceLinks', true);
  for (const c of podSpecContainers(spec)) {
    const resources = child(c, 'resources');
    const limits = child(resources, 'limits');
    // A limit without a request is its own request.
    if (resources !== undefined && limits !== undefined && !isEphemeral(spec, c)) {
      const requests = ensureChild(resources, 'requests');
      for (const [name, limit] of Object.entries(limits)) if (limit !== undefined) defaultTo(requests, name, limit);
    }
    if (spec['hostNetwork'] === true) {
      for (const port of children(c, 'ports'))
        if (port['containerPort'] !== undefined) defaultTo(port, 'hostPort', port['containerPort']);
    }
  }
  defaultPodLevelResources(spec);
}

function isEphemeral(spec: JsonObject, c: JsonObject): boolean {
  return children(spec, 'ephemeralContainers').includes(c);
}

/** What a pod that waits for its gates is told about its scheduling (applySchedulingGatedCondition). */
const GATED: JsonObject = {
  type: 'PodScheduled',
  status: 'False',
  reason: 'SchedulingGated',
  message: 'Scheduling is blocked due to non-empty scheduling gates',
};

const isUnobserved = (o: JsonObject): boolean => (num(o, 'observedGeneration') ?? 0) === 0;

/** An `observedGeneration` that a client leaves out stays, of the status and of each condition (preserveOldObservedGeneration). */
function keepObservedGenerations(status: JsonObject, before: JsonObject): void {
  const keep = (now: JsonObject, then: JsonObject | undefined): void => {
    if (!isUnobserved(now)) return;
    if (then === undefined || isUnobserved(then)) delete now['observedGeneration'];
    else now['observedGeneration'] = then['observedGeneration'];
  };
  keep(status, before);
  // Validation lets one type occur several times: they are paired in their order.
  const old = new Map<string, JsonObject[]>();
  for (const condition of children(before, 'conditions')) {
    const type = str(condition, 'type');
    const known = old.get(type);
    if (known === undefined) old.set(type, [condition]);
    else known.push(condition);
  }
  for (const condition of children(status, 'conditions')) keep(condition, old.get(str(condition, 'type'))?.shift());
}

export const pods: Strategy = {
  defaults: defaultPod,
  prepareForCreate(ctx, pod) {
    pod['status'] = { phase: 'Pending', qosClass: podQosClass(pod) };
    if (children(child(pod, 'spec'), 'schedulingGates').length > 0) {
      ensureChild(pod, 'status')['conditions'] = [{ ...GATED, lastTransitionTime: ctx.now }];
    }
    dropGatedPodFields(child(pod, 'spec'), undefined);
    applyMatchLabelKeys(pod);
    syncAppArmorAnnotations(pod, ctx.warnings);
  },
  prepareForUpdate(_ctx, pod, old) {
    dropGatedPodFields(child(pod, 'spec'), child(old, 'spec'));
    if (isObject(old['status'])) pod['status'] = old['status'];
  },
  prepareForStatusUpdate(_ctx, pod, old) {
    if (isObject(old['spec'])) pod['spec'] = old['spec'];
    const status = ensureChild(pod, 'status');
    const before = child(old, 'status') ?? {};
    // Given at creation. Old kubelets leave it out; whoever changes it is refused by validation.
    if (str(status, 'qosClass') === '' && before['qosClass'] !== undefined) status['qosClass'] = before['qosClass'];
    keepObservedGenerations(status, before);
    dropGatedPodStatusFields(status, before);
  },
  fieldNames: [
    'spec.nodeName',
    'spec.restartPolicy',
    'spec.schedulerName',
    'spec.serviceAccountName',
    'spec.hostNetwork',
    'status.phase',
    'status.podIP',
    'status.podIPs',
    'status.nominatedNodeName',
  ],
  fieldAliases: { 'spec.host': 'spec.nodeName' },
  fields(pod) {
    const spec = child(pod, 'spec');
    const status = child(pod, 'status');
    return {
      'spec.nodeName': str(spec, 'nodeName'),
      'spec.restartPolicy': str(spec, 'restartPolicy'),
      'spec.schedulerName': str(spec, 'schedulerName'),
      'spec.serviceAccountName': str(spec, 'serviceAccountName'),
      'spec.hostNetwork': String(spec?.['hostNetwork'] === true),
      'status.phase': str(status, 'phase'),
      'status.podIP': str(status, 'podIP'),
      'status.podIPs': str(status, 'podIP'),
      'status.nominatedNodeName': str(status, 'nominatedNodeName'),
    };
  },
  /** The client's wish, else the pod's own grace; at once when it never ran anywhere (podStrategy.CheckGracefulDelete). */
  gracePeriodSeconds(pod, requested) {
    const spec = child(pod, 'spec');
    const own =
      typeof spec?.['terminationGracePeriodSeconds'] === 'number' ? spec['terminationGracePeriodSeconds'] : 30;
    if (str(spec, 'nodeName') === '') return 0;
    const phase = str(child(pod, 'status'), 'phase');
    if (phase === 'Failed' || phase === 'Succeeded') return 0;
    const period = requested ?? own;
    return period < 0 ? 1 : period;
  },
};
