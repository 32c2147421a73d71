import { child, children, defaultString, defaultTo, ensureChild, str } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import type { Strategy } from '../types.js';
import { DEFAULT_NODE_PORTS } from './service-node-ports.js';
import { allocateForService, releaseService } from './service-allocation.js';
import { isReachable, normalizeAddresses, prepareServiceUpdate } from './service-update.js';

const CLIENT_IP_TIMEOUT_SECONDS = 10_800;

/** SetDefaults_Service; families and addresses are filled in when they are allocated. */
function defaultService(service: JsonObject): void {
  const spec = ensureChild(service, 'spec');
  defaultString(spec, 'sessionAffinity', 'None');
  if (spec['sessionAffinity'] === 'None') delete spec['sessionAffinityConfig'];
  if (spec['sessionAffinity'] === 'ClientIP') {
    defaultTo(
      ensureChild(ensureChild(spec, 'sessionAffinityConfig'), 'clientIP'),
      'timeoutSeconds',
      CLIENT_IP_TIMEOUT_SECONDS,
    );
  }
  defaultString(spec, 'type', 'ClusterIP');
  for (const port of children(spec, 'ports')) {
    defaultString(port, 'protocol', 'TCP');
    const target = port['targetPort'];
    if ((target === undefined || target === null || target === 0 || target === '') && port['port'] !== undefined) {
      port['targetPort'] = port['port'];
    }
  }
  const type = str(spec, 'type');
  if (isReachable(spec)) defaultString(spec, 'externalTrafficPolicy', 'Cluster');
  if (type !== 'ExternalName') defaultTo(spec, 'internalTrafficPolicy', 'Cluster');
  if (type === 'LoadBalancer') defaultTo(spec, 'allocateLoadBalancerNodePorts', true);
  for (const ingress of children(child(child(service, 'status'), 'loadBalancer'), 'ingress')) {
    if (str(ingress, 'ip') !== '') defaultTo(ingress, 'ipMode', 'VIP');
  }
  ensureChild(ensureChild(service, 'status'), 'loadBalancer');
}

export const services: Strategy = {
  defaults: defaultService,
  prepareForCreate(_ctx, service) {
    service['status'] = { loadBalancer: {} };
    normalizeAddresses(ensureChild(service, 'spec'));
  },
  prepareForUpdate(_ctx, service, old) {
    const status = child(old, 'status') ?? {};
    const balanced = str(child(service, 'spec'), 'type') === 'LoadBalancer';
    // Nobody balances the load of another type.
    service['status'] = balanced ? status : { ...status, loadBalancer: {} };
    prepareServiceUpdate(ensureChild(service, 'spec'), ensureChild(old, 'spec'));
  },
  allocate: (ctx, service, old) => allocateForService(ctx, service, old, DEFAULT_NODE_PORTS),
  release: releaseService,
  fieldNames: ['spec.clusterIP', 'spec.type'],
  fields(service) {
    const spec = child(service, 'spec');
    return { 'spec.clusterIP': str(spec, 'clusterIP'), 'spec.type': str(spec, 'type') };
  },
};
