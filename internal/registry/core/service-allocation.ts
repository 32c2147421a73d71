import { child, children, str, strings } from '../../machinery/access.js';
import { semanticEqual } from '../../machinery/equal.js';
import { type FieldError, invalid, invalidValue } from '../../machinery/field.js';
import { type Cidr, formatIP, parseIP } from '../../machinery/ip.js';
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
  primaryFamily,
  refuseAddress,
  serviceCidrs,
  takeAddress,
} from './service-addresses.js';
import { type NodePortRange, nodePortKey, pickNodePort, refuseNodePort, takeNodePort } from './service-node-ports.js';
import { wantsNodePorts } from './service-update.js';

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
  const spec = child(service, 'spec');
  // Once given by default, of no use here, and never shown (defaultOnReadInternalTrafficPolicy).
  if (spec !== undefined && str(spec, 'type') === 'ExternalName') delete spec['internalTrafficPolicy'];
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

/** What a dry run gives out instead of a node port, and the ports that it does not refuse (portallocator's operation). */
const FIRST_DRY_PORT = 32_769;
const ANY_PORT: NodePortRange = { min: Number.NEGATIVE_INFINITY, max: Number.POSITIVE_INFINITY };

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
  releaseSecond(spec, child(old, 'spec'));
  const one = str(spec, 'clusterIP');
  const given = one === '' || strings(spec, 'clusterIPs').length > 1 ? strings(spec, 'clusterIPs') : [one];
  const isHeadless = given[0] === 'None';
  const isOwn = isHeadless && Object.keys(child(spec, 'selector') ?? {}).length === 0;
  const cidrs = serviceCidrs(ctx.backend);
  // Without addresses and without endpoints of its own, a service can be of any family.
  if (!isOwn) refuseFamilies(spec, cidrs, errors);
  if (errors.length > 0) return;
  const families = settleFamilies(spec, given, isOwn, cidrs, primaryFamily(ctx.backend));
  if (isHeadless) {
    spec['clusterIP'] = 'None';
    spec['clusterIPs'] = ['None'];
    return;
  }
  const held = heldAddresses(old);
  const addresses = families.map((family, i) => {
    const asked = given[i];
    if (asked !== undefined) {
      if (held.includes(asked)) return asked;
      const why = refuseAddress(ctx.backend, cidrs, asked);
      if (why !== undefined) errors.push(addressError(spec, why));
      else take(takeAddress(ctx, service, asked));
      return asked;
    }
    // A dry run names the network itself, which no service can have.
    const network = ctx.dryRun ? cidrs.find((cidr) => cidr.family === family) : undefined;
    const ip = network === undefined ? pickAddress(ctx.backend, cidrs, family) : formatIP(family, network.base);
    if (ip === undefined) throw internalError('failed to allocate a serviceIP: range is full');
    take(takeAddress(ctx, service, ip));
    return ip;
  });
  // Where one was refused, the error names what was asked for.
  if (errors.length > 0) return;
  spec['clusterIP'] = addresses[0];
  spec['clusterIPs'] = addresses;
}

/** A service that goes back to one family gives up its second address with it, unless the client says more about them. */
function releaseSecond(spec: JsonObject, before: JsonObject | undefined): void {
  if (before === undefined || str(spec, 'ipFamilyPolicy') !== 'SingleStack') return;
  if (str(before, 'ipFamilyPolicy') === 'SingleStack') return;
  for (const field of ['clusterIPs', 'ipFamilies']) {
    const had = strings(before, field);
    if (had.length === 2 && semanticEqual(strings(spec, field), had)) spec[field] = had.slice(0, 1);
  }
}

/** Fills in policy and families; the families that the service is to have addresses of, the first of them first. */
function settleFamilies(
  spec: JsonObject,
  given: readonly string[],
  isOwn: boolean,
  cidrs: readonly Cidr[],
  primary: Cidr['family'],
): readonly Cidr['family'][] {
  const families = strings(spec, 'ipFamilies').map((text) => (text === 'IPv6' ? 'IPv6' : 'IPv4'));
  for (const ip of given.slice(families.length)) {
    const family = parseIP(ip)?.family;
    if (family !== undefined) families.push(family);
  }
  if (families.length === 0) families.push(primary);
  if (spec['ipFamilyPolicy'] === undefined) {
    spec['ipFamilyPolicy'] = isOwn || families.length > 1 ? 'RequireDualStack' : 'SingleStack';
  }
  const second = families[0] === 'IPv4' ? 'IPv6' : 'IPv4';
  const hasSecond = isOwn || cidrs.some(({ family }) => family === second);
  if (families.length === 1 && hasSecond && spec['ipFamilyPolicy'] !== 'SingleStack') families.push(second);
  spec['ipFamilies'] = families;
  return families;
}

/** Families can only be asked for where the cluster has addresses of them. */
function refuseFamilies(spec: JsonObject, cidrs: readonly Cidr[], errors: FieldError[]): void {
  const configured = new Set<string>(cidrs.map((cidr) => cidr.family));
  if (configured.size === 0) return;
  const policy = spec['ipFamilyPolicy'];
  if (policy === 'RequireDualStack' && configured.size < 2) {
    const detail = 'this cluster is not configured for dual-stack services';
    errors.push(invalidValue('spec.ipFamilyPolicy', policy, detail));
  }
  if (policy === 'SingleStack' && configured.size > 1) {
    const both = [
      ['clusterIPs', 'cluster IPs'],
      ['ipFamilies', 'IP families'],
    ] as const;
    for (const [field, name] of both) {
      if (strings(spec, field).length < 2) continue;
      const detail = `must be RequireDualStack or PreferDualStack when multiple ${name} are specified`;
      errors.push(invalidValue('spec.ipFamilyPolicy', policy, detail));
    }
  }
  for (const [i, family] of strings(spec, 'ipFamilies').entries()) {
    if (configured.has(family)) continue;
    errors.push(invalidValue(`spec.ipFamilies[${i}]`, family, 'not configured on this cluster'));
  }
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
      const why = refuseNodePort(ctx.backend, ctx.dryRun ? ANY_PORT : range, port);
      if (why !== undefined) {
        errors.push({ type: 'FieldValueInvalid', field, badValue: port, detail: why });
        return;
      }
      take(takeNodePort(service, port));
    }
    mine.add(port);
  };
  const pick = (): number => {
    if (ctx.dryRun) {
      // Nothing is taken: an answer that looks like none that could be.
      const stand = Math.max(mine.size === 0 ? FIRST_DRY_PORT : 0, ...[...mine].map((n) => n + 1));
      mine.add(stand);
      return stand;
    }
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
