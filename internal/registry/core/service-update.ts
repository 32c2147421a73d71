import { children, num, str, strings } from '../../machinery/access.js';
import { semanticEqual } from '../../machinery/equal.js';
import type { JsonObject } from '../../machinery/json.js';

// What an update of a service means for what it holds (pkg/registry/core/service: patchAllocatedValues,
// NormalizeClusterIPs, dropTypeDependentFields).

/** Whether a service of this type has node ports at all. */
export function wantsNodePorts(spec: JsonObject): boolean {
  const type = str(spec, 'type');
  return type === 'NodePort' || (type === 'LoadBalancer' && spec['allocateLoadBalancerNodePorts'] !== false);
}

const wantsAddress = (spec: JsonObject): boolean => str(spec, 'type') !== 'ExternalName';
const isBalanced = (spec: JsonObject): boolean => str(spec, 'type') === 'LoadBalancer';
const wantsHealthPort = (spec: JsonObject): boolean =>
  isBalanced(spec) && str(spec, 'externalTrafficPolicy') === 'Local';

/** Whether traffic from outside the cluster reaches the service. */
export const isReachable = (spec: JsonObject): boolean =>
  str(spec, 'type') === 'NodePort' ||
  isBalanced(spec) ||
  (str(spec, 'type') === 'ClusterIP' && strings(spec, 'externalIPs').length > 0);

function keep(spec: JsonObject, before: JsonObject, field: string): void {
  if (spec[field] === undefined && before[field] !== undefined) spec[field] = before[field];
}

/** What the server once gave and the client left out is kept; node ports by the name of their port. */
function keepAllocated(spec: JsonObject, before: JsonObject): void {
  if (wantsAddress(spec) && wantsAddress(before)) {
    if (str(spec, 'clusterIP') === '') keep(deleted(spec, 'clusterIP'), before, 'clusterIP');
    if (spec['clusterIP'] === before['clusterIP']) keep(spec, before, 'clusterIPs');
    keep(spec, before, 'ipFamilies');
    keep(spec, before, 'ipFamilyPolicy');
  }
  if (wantsNodePorts(spec) && wantsNodePorts(before)) {
    const given = (o: JsonObject): number[] => children(o, 'ports').map((port) => num(port, 'nodePort') ?? 0);
    const mine = new Set(given(spec));
    const used = new Set(given(before).filter((n) => mine.has(n)));
    const byName = new Map(children(before, 'ports').map((port) => [str(port, 'name'), num(port, 'nodePort') ?? 0]));
    for (const port of children(spec, 'ports')) {
      const held = byName.get(str(port, 'name')) ?? 0;
      if ((num(port, 'nodePort') ?? 0) !== 0 || held === 0 || used.has(held)) continue;
      port['nodePort'] = held;
      used.add(held);
    }
  }
  if (wantsHealthPort(spec) && wantsHealthPort(before)) keep(spec, before, 'healthCheckNodePort');
}

function deleted(spec: JsonObject, field: string): JsonObject {
  delete spec[field];
  return spec;
}

/** The list of addresses follows the one address, which older clients know alone. */
export function normalizeAddresses(spec: JsonObject, before?: JsonObject): void {
  const ip = str(spec, 'clusterIP');
  if (before === undefined) {
    if (ip !== '' && strings(spec, 'clusterIPs').length === 0) spec['clusterIPs'] = [ip];
    return;
  }
  const given = strings(spec, 'clusterIPs').length > 0;
  if (ip === str(before, 'clusterIP') || (given && !semanticEqual(spec['clusterIPs'], before['clusterIPs']))) return;
  if (ip === '') delete spec['clusterIPs'];
  else spec['clusterIPs'] = [ip];
}

/** Fields that the new type has no use for go, unless the client has just changed them. */
function dropTypeDependent(spec: JsonObject, before: JsonObject): void {
  const drop = (applies: (spec: JsonObject) => boolean, ...fields: string[]): void => {
    if (!applies(before) || applies(spec)) return;
    for (const field of fields) if (semanticEqual(spec[field], before[field])) delete spec[field];
  };
  if (semanticEqual(spec['clusterIPs'], before['clusterIPs'])) drop(wantsAddress, 'clusterIP', 'clusterIPs');
  drop(wantsAddress, 'ipFamilies', 'ipFamilyPolicy');
  if (wantsNodePorts(before) && !wantsNodePorts(spec)) {
    const ports = (o: JsonObject): number[] => children(o, 'ports').map((port) => num(port, 'nodePort') ?? 0);
    if (new Set(ports(before)).size === new Set([...ports(before), ...ports(spec)]).size) {
      for (const port of children(spec, 'ports')) delete port['nodePort'];
    }
  }
  drop(wantsHealthPort, 'healthCheckNodePort');
  drop(isBalanced, 'allocateLoadBalancerNodePorts', 'loadBalancerClass');
  drop(isReachable, 'externalTrafficPolicy');
}

/** Brings an updated service spec to what it holds and what its type has use for. */
export function prepareServiceUpdate(spec: JsonObject, before: JsonObject): void {
  keepAllocated(spec, before);
  normalizeAddresses(spec, before);
  dropTypeDependent(spec, before);
}
