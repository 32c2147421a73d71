import { child, children, str, strings } from '../../machinery/access.js';
import { type FieldError, invalid } from '../../machinery/field.js';
import type { JsonObject } from '../../machinery/json.js';
import { internalError } from '../../machinery/status.js';
import type { Compare, Op } from '../../store/types.js';
import type { TxnExtras, WriteContext } from '../types.js';
import {
  addressError,
  heldAddresses,
  heldNodePorts,
  ipAddressKey,
  pickAddress,
  refuseAddress,
  serviceCidrs,
  takeAddress,
} from './service-addresses.js';
import { type NodePortRange, nodePortKey, pickNodePort, refuseNodePort, takeNodePort } from './service-node-ports.js';

/**
 * Gives a service its cluster IP and node ports, and says what must be written with it (pkg/registry/core/service/storage/alloc.go).
 * Throws 422 when what was asked for is taken or out of range.
 */
export function allocateForService(
  ctx: WriteContext,
  service: JsonObject,
  old: JsonObject | undefined,
  nodePorts: NodePortRange,
): TxnExtras {
  const compares: Compare[] = [];
  const ops: Op[] = [];
  const errors: FieldError[] = [];
  const take = (t: { compare: Compare; op: Op }): void => {
    compares.push(t.compare);
    ops.push(t.op);
  };
  allocateAddresses(ctx, service, old, take, errors);
  allocateNodePorts(ctx, service, old, nodePorts, take, errors);
  if (errors.length > 0) {
    throw invalid({ group: '', kind: 'Service' }, str(child(service, 'metadata'), 'name'), errors);
  }
  const kept = new Set(heldAddresses(service));
  for (const ip of heldAddresses(old)) if (!kept.has(ip)) ops.push({ type: 'delete', key: ipAddressKey(ip) });
  const keptPorts = heldNodePorts(service);
  for (const port of heldNodePorts(old)) if (!keptPorts.has(port)) ops.push({ type: 'delete', key: nodePortKey(port) });
  return { compares, ops };
}

/** What goes with a service that is removed. */
export function releaseService(_ctx: WriteContext, service: JsonObject): TxnExtras {
  return {
    ops: [
      ...heldAddresses(service).map((ip): Op => ({ type: 'delete', key: ipAddressKey(ip) })),
      ...[...heldNodePorts(service)].map((port): Op => ({ type: 'delete', key: nodePortKey(port) })),
    ],
  };
}

type Take = (t: { compare: Compare; op: Op }) => void;

function allocateAddresses(
  ctx: WriteContext,
  service: JsonObject,
  old: JsonObject | undefined,
  take: Take,
  errors: FieldError[],
): void {
  const spec = child(service, 'spec');
  if (spec === undefined) return;
  if (str(spec, 'type') === 'ExternalName') {
    for (const field of ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy']) delete spec[field];
    return;
  }
  const wanted = str(spec, 'clusterIP') === '' ? (strings(spec, 'clusterIPs')[0] ?? '') : str(spec, 'clusterIP');
  if (wanted === 'None') {
    spec['clusterIP'] = 'None';
    spec['clusterIPs'] = ['None'];
    const selectorless = Object.keys(child(spec, 'selector') ?? {}).length === 0;
    if (spec['ipFamilyPolicy'] === undefined) {
      spec['ipFamilyPolicy'] = selectorless ? 'RequireDualStack' : 'SingleStack';
    }
    if (spec['ipFamilies'] === undefined) {
      spec['ipFamilies'] = spec['ipFamilyPolicy'] === 'SingleStack' ? ['IPv4'] : ['IPv4', 'IPv6'];
    }
    return;
  }
  const cidrs = serviceCidrs(ctx.backend);
  const family = strings(spec, 'ipFamilies')[0] === 'IPv6' ? 'IPv6' : 'IPv4';
  if (spec['ipFamilyPolicy'] === undefined) spec['ipFamilyPolicy'] = 'SingleStack';
  if (spec['ipFamilies'] === undefined) spec['ipFamilies'] = [family];
  const held = heldAddresses(old);
  if (wanted !== '') {
    spec['clusterIP'] = wanted;
    if (strings(spec, 'clusterIPs').length === 0) spec['clusterIPs'] = [wanted];
    if (held.includes(wanted)) return;
    const why = refuseAddress(ctx.backend, cidrs, wanted);
    if (why !== undefined) errors.push(addressError(spec, why));
    else take(takeAddress(ctx, service, wanted));
    return;
  }
  const ip = pickAddress(ctx.backend, cidrs, family);
  if (ip === undefined) {
    throw internalError('failed to allocate a serviceIP: range is full');
  }
  spec['clusterIP'] = ip;
  spec['clusterIPs'] = [ip];
  take(takeAddress(ctx, service, ip));
}

/** Whether a service of this type has node ports at all. */
function wantsNodePorts(spec: JsonObject): boolean {
  const type = str(spec, 'type');
  return type === 'NodePort' || (type === 'LoadBalancer' && spec['allocateLoadBalancerNodePorts'] !== false);
}

function allocateNodePorts(
  ctx: WriteContext,
  service: JsonObject,
  old: JsonObject | undefined,
  range: NodePortRange,
  take: Take,
  errors: FieldError[],
): void {
  const spec = child(service, 'spec');
  if (spec === undefined) return;
  const held = heldNodePorts(old);
  // TCP and UDP of one service may share a number.
  const mine = new Set<number>();
  const claim = (port: number, field: string): void => {
    if (mine.has(port)) return;
    if (!held.has(port)) {
      const why = refuseNodePort(ctx.backend, range, port);
      if (why !== undefined) {
        errors.push({ type: 'FieldValueInvalid', field, badValue: port, detail: why });
        return;
      }
      take(takeNodePort(service, port));
    }
    mine.add(port);
  };
  const pick = (): number => {
    const port = pickNodePort(ctx.backend, range, new Set([...mine, ...held]));
    if (port === undefined) throw internalError('failed to allocate a nodePort: range is full');
    take(takeNodePort(service, port));
    mine.add(port);
    return port;
  };
  const ports = children(spec, 'ports');
  ports.forEach((port, i) => {
    const asked = port['nodePort'];
    if (typeof asked === 'number' && asked !== 0) claim(asked, `spec.ports[${i}].nodePort`);
  });
  if (wantsNodePorts(spec)) {
    for (const port of ports) {
      if (typeof port['nodePort'] === 'number' && port['nodePort'] !== 0) continue;
      // The same port over the other protocol gets the same number where it is given already.
      const twin = ports.find((p) => p !== port && p['port'] === port['port'] && typeof p['nodePort'] === 'number');
      port['nodePort'] = typeof twin?.['nodePort'] === 'number' ? twin['nodePort'] : pick();
    }
  }
  if (str(spec, 'type') === 'LoadBalancer' && spec['externalTrafficPolicy'] === 'Local') {
    const asked = spec['healthCheckNodePort'];
    if (typeof asked === 'number' && asked !== 0) claim(asked, 'spec.healthCheckNodePort');
    else spec['healthCheckNodePort'] = pick();
  }
}

/**
 * On update, what the server once gave and the client left out is kept (patchAllocatedValues): the cluster IP, node ports by
 * port number and protocol, the health check port. A change to ExternalName lets go of all.
 */
export function keepAllocated(service: JsonObject, old: JsonObject): void {
  const spec = child(service, 'spec');
  const before = child(old, 'spec');
  if (spec === undefined || before === undefined) return;
  const type = str(spec, 'type');
  if (type !== 'ExternalName' && str(before, 'type') !== 'ExternalName') {
    for (const field of ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy']) {
      if (spec[field] === undefined && before[field] !== undefined) spec[field] = before[field];
    }
    if (str(spec, 'clusterIP') === '' && strings(spec, 'clusterIPs').length > 0) {
      spec['clusterIP'] = strings(spec, 'clusterIPs')[0] ?? '';
    }
  }
  if (wantsNodePorts(spec) && wantsNodePorts(before)) {
    for (const port of children(spec, 'ports')) {
      if (typeof port['nodePort'] === 'number' && port['nodePort'] !== 0) continue;
      const was = children(before, 'ports').find(
        (p) => p['port'] === port['port'] && p['protocol'] === port['protocol'],
      );
      if (typeof was?.['nodePort'] === 'number') port['nodePort'] = was['nodePort'];
    }
  }
  if (
    type === 'LoadBalancer' &&
    spec['externalTrafficPolicy'] === 'Local' &&
    spec['healthCheckNodePort'] === undefined
  ) {
    if (before['healthCheckNodePort'] !== undefined) spec['healthCheckNodePort'] = before['healthCheckNodePort'];
  }
  // A type that has no node ports gives up those that the client merely sent back.
  if (!wantsNodePorts(spec) && wantsNodePorts(before)) {
    const given = new Set(children(before, 'ports').map((p) => p['nodePort']));
    for (const port of children(spec, 'ports')) if (given.has(port['nodePort'])) delete port['nodePort'];
  }
}
