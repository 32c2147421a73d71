import { child, str } from '../../machinery/access.js';
import { compareQuantity, type Quantity, scaledValue } from '../../machinery/quantity.js';
import type { StatusError } from '../../machinery/status.js';
import { admissionForbidden } from '../forbidden.js';
import { isOfPods } from '../of-pods.js';
import { amountsOf, countOf } from '../resource-quota/amounts.js';
import { askedTotal } from '../resource-quota/evaluators/pod-usage.js';
import type { AdmissionAttributes, AdmissionPlugin } from '../types.js';

const OS = 'kubernetes.io/os';

/** A refusal with the reason as its cause. */
function refusal(a: AdmissionAttributes, why: string, reason: string): StatusError {
  const error = admissionForbidden(a, why);
  error.status.details = { ...error.status.details, causes: [{ reason }] };
  return error;
}

/** A pod that runs is not resized to more than its node has, nor on a node that cannot resize (plugin PodResizeValidator). */
export const podResizeValidator: AdmissionPlugin = {
  name: 'PodResizeValidator',
  handles: (operation) => operation === 'UPDATE',
  validate(ctx, a) {
    const nodeName = str(child(a.object, 'spec'), 'nodeName');
    if (a.object === undefined || !isOfPods(a, 'resize') || nodeName === '') return;
    if (child(a.object, 'metadata')?.['generation'] === child(a.oldObject, 'metadata')?.['generation']) return;
    const node = ctx.reader.get('', 'nodes', '', nodeName);
    const quoted = JSON.stringify(nodeName);
    if (node === undefined) throw admissionForbidden(a, `node ${quoted} not found`);
    const os = child(child(node, 'metadata'), 'labels')?.[OS];
    if (typeof os === 'string' && os !== 'linux') {
      const why = `pod resize is only supported on linux nodes, node ${quoted} is ${JSON.stringify(os)}`;
      throw refusal(a, why, 'UnsupportedPlatform');
    }
    const allocatable = amountsOf(child(child(node, 'status'), 'allocatable'));
    const asked = askedTotal(a.object, 'requests');
    const over = (name: string, places: number): string[] => {
      const [wanted, has]: readonly [Quantity, Quantity] = [
        asked.get(name) ?? countOf(0),
        allocatable.get(name) ?? countOf(0),
      ];
      if (compareQuantity(wanted, has) <= 0) return [];
      return [`${name}, requested: ${scaledValue(wanted, places)}, allocatable: ${scaledValue(has, places)}`];
    };
    const texts = [...over('cpu', 3), ...over('memory', 0)];
    if (texts.length === 0) return;
    throw refusal(a, `node didn't have enough allocatable resources: ${texts.join('; ')}`, 'NodeCapacity');
  },
};
