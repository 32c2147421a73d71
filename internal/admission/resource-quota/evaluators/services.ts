import { child, children, num, str } from '../../../machinery/access.js';
import { countOf } from '../amounts.js';
import type { Evaluator } from './types.js';

const NAMES: ReadonlySet<string> = new Set([
  'count/services',
  'services',
  'services.nodeports',
  'services.loadbalancers',
]);

/**
 * Services, their node ports and load balancers. Node ports are not allocated yet: all ports of a type that gets them
 * count, of a load balancer that wants none only those that name one.
 */
export const serviceEvaluator: Evaluator = {
  // The type can change.
  handles: (a) => a.subresource === '' && (a.operation === 'CREATE' || a.operation === 'UPDATE'),
  matching: (names) => [...names].filter((name) => NAMES.has(name)),
  inScope: undefined,
  usage(service) {
    const spec = child(service, 'spec');
    const type = str(spec, 'type');
    const ports = children(spec, 'ports');
    let nodePorts = 0;
    if (type === 'NodePort') nodePorts = ports.length;
    else if (type === 'LoadBalancer') {
      const all = spec?.['allocateLoadBalancerNodePorts'] !== false;
      nodePorts = all ? ports.length : ports.filter((port) => (num(port, 'nodePort') ?? 0) !== 0).length;
    }
    return new Map([
      ['count/services', countOf(1)],
      ['services', countOf(1)],
      ['services.nodeports', countOf(nodePorts)],
      ['services.loadbalancers', countOf(type === 'LoadBalancer' ? 1 : 0)],
    ]);
  },
};
