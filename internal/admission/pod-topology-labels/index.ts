import { child, ensureChild, str } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import { isOfPods } from '../of-pods.js';
import type { AdmissionContext, AdmissionPlugin } from '../types.js';

const LABELS = ['topology.kubernetes.io/zone', 'topology.kubernetes.io/region'];

function copyLabels(ctx: AdmissionContext, object: JsonObject, nodeName: string): void {
  if (nodeName === '') return;
  const ofNode = child(child(ctx.reader.get('', 'nodes', '', nodeName), 'metadata'), 'labels');
  for (const label of LABELS) {
    const value = ofNode?.[label];
    if (typeof value === 'string') ensureChild(ensureChild(object, 'metadata'), 'labels')[label] = value;
  }
}

/**
 * A pod that is bound gets zone and region of its node as labels, so that what runs in it can know them (plugin
 * PodTopologyLabels, KEP-4742). Labels of a binding become the pod's.
 */
export const podTopologyLabels: AdmissionPlugin = {
  name: 'PodTopologyLabels',
  handles: (operation) => operation === 'CREATE',
  admit(ctx, a) {
    if (a.object === undefined) return;
    if (isOfPods(a)) copyLabels(ctx, a.object, str(child(a.object, 'spec'), 'nodeName'));
    else if (isOfPods(a, 'binding')) {
      const target = child(a.object, 'target');
      if (str(target, 'kind') === 'Node') copyLabels(ctx, a.object, str(target, 'name'));
    }
  },
};
