import { children, ensureChild, str } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import { mutating } from '../mutating.js';

const NOT_READY = 'node.kubernetes.io/not-ready';

/** A node that registers takes no pods until its controller has seen it ready (plugin TaintNodesByCondition). */
function admitNodeTaint(node: JsonObject): void {
  const spec = ensureChild(node, 'spec');
  const taints = children(spec, 'taints');
  if (taints.some((t) => str(t, 'key') === NOT_READY && str(t, 'effect') === 'NoSchedule')) return;
  spec['taints'] = [...taints, { key: NOT_READY, effect: 'NoSchedule' }];
}

/** New nodes start tainted. */
export const taintNodesByCondition = mutating('TaintNodesByCondition', ['CREATE'], {
  group: '',
  resource: 'nodes',
  change: (_ctx, node) => admitNodeTaint(node),
});
