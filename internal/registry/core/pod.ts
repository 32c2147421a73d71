import { child, children, defaultTo, ensureChild, str } from '../../machinery/access.js';
import { isObject, type JsonObject } from '../../machinery/json.js';
import type { Strategy } from '../types.js';
import { applyMatchLabelKeys } from './match-label-keys.js';
import { defaultPodSpec, podSpecContainers } from './pod-template-defaults.js';
import { podQosClass } from './qos.js';

/** SetDefaults_Pod: what holds for pods themselves but not for templates. */
function defaultPod(pod: JsonObject): void {
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
}

function isEphemeral(spec: JsonObject, c: JsonObject): boolean {
  return children(spec, 'ephemeralContainers').includes(c);
}

export const pods: Strategy = {
  defaults: defaultPod,
  prepareForCreate(_ctx, pod) {
    pod['status'] = { phase: 'Pending', qosClass: podQosClass(pod) };
    applyMatchLabelKeys(pod);
  },
  prepareForUpdate(_ctx, pod, old) {
    if (isObject(old['status'])) pod['status'] = old['status'];
  },
  prepareForStatusUpdate(_ctx, pod, old) {
    if (isObject(old['spec'])) pod['spec'] = old['spec'];
    const qosClass = child(old, 'status')?.['qosClass'];
    // Only the kubelet's own computation at creation counts.
    if (qosClass !== undefined) ensureChild(pod, 'status')['qosClass'] = qosClass;
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
