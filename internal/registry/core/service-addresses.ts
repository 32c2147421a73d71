import { randomInt, randomUUID } from 'node:crypto';
import { child, children, str, strings } from '../../machinery/access.js';
import { assert } from '../../machinery/assert.js';
import { type FieldError } from '../../machinery/field.js';
import { type Cidr, cidrContains, formatCidr, formatIP, parseCidr, parseIP } from '../../machinery/ip.js';
import type { JsonObject } from '../../machinery/json.js';
import { trackUpdate } from '../../schema/apply/index.js';
import { encodeForStorage, parseStored } from '../../schema/codec/index.js';
import { objectKey, prefixEnd, resourcePrefix } from '../../store/keys.js';
import type { Backend, Compare, Op } from '../../store/types.js';
import type { WriteContext } from '../types.js';

// KEP-1880: every service address is an IPAddress object, written in the transaction of the service that holds it.

const GROUP = 'networking.k8s.io';
/** Addresses tried at random before the whole range is searched. */
const RANDOM_TRIES = 64;
/** Addresses searched one by one when random ones were all taken; beyond it the range counts as full. */
const SEARCH_MAX = 65_536n;

/** Key of the IPAddress object of an address. */
export function ipAddressKey(ip: string): string {
  return objectKey(GROUP, 'ipaddresses', '', ip);
}

/** The networks of the ServiceCIDR objects that are not being deleted. */
export function serviceCidrs(backend: Backend): Cidr[] {
  const prefix = resourcePrefix(GROUP, 'servicecidrs');
  const networks: Cidr[] = [];
  for (const kv of backend.range({ start: prefix, end: prefixEnd(prefix) }).items) {
    const cidr = parseStored(kv.value);
    if (child(cidr, 'metadata')?.['deletionTimestamp'] !== undefined) continue;
    for (const text of strings(child(cidr, 'spec'), 'cidrs')) {
      const network = parseCidr(text);
      if (network !== undefined) networks.push(network);
    }
  }
  return networks;
}

/** The family that services have unless they ask for another: that of the range that the cluster began with. */
export function primaryFamily(backend: Backend): Cidr['family'] {
  const first = backend.get(objectKey(GROUP, 'servicecidrs', '', 'kubernetes'));
  const spec = first === undefined ? undefined : child(parseStored(first.value), 'spec');
  return parseCidr(strings(spec, 'cidrs')[0] ?? '')?.family ?? serviceCidrs(backend)[0]?.family ?? 'IPv4';
}

/** First address that may be given out, and how many: without the network's own and (IPv4) its broadcast address. */
export function usableAddresses(cidr: Cidr): { first: bigint; count: bigint } {
  const reserved = cidr.family === 'IPv4' ? 2n : 1n;
  return { first: cidr.base + 1n, count: cidr.size > reserved ? cidr.size - reserved : 0n };
}

/** Addresses at the lower end that only explicit requests get (KEP-3070): min(max(16, size/16), 256). */
function staticBand(count: bigint): bigint {
  const sixteenth = count / 16n;
  const band = sixteenth < 16n ? 16n : sixteenth > 256n ? 256n : sixteenth;
  return count <= 16n ? 0n : band;
}

function randomBelow(n: bigint): bigint {
  const max = 2n ** 47n;
  return BigInt(randomInt(Number(n < max ? n : max)));
}

/** A free address of the family, from the upper band first, or undefined when there is none. */
export function pickAddress(backend: Backend, cidrs: readonly Cidr[], family: 'IPv4' | 'IPv6'): string | undefined {
  const free = (ip: string): boolean => backend.get(ipAddressKey(ip)) === undefined;
  for (const cidr of cidrs.filter((c) => c.family === family)) {
    const { first, count } = usableAddresses(cidr);
    if (count === 0n) continue;
    const band = staticBand(count);
    for (let i = 0; i < RANDOM_TRIES; i++) {
      const ip = formatIP(family, first + band + randomBelow(count - band));
      if (free(ip)) return ip;
    }
    for (let i = 0n; i < count && i < SEARCH_MAX; i++) {
      const ip = formatIP(family, first + ((band + i) % count));
      if (free(ip)) return ip;
    }
  }
  return undefined;
}

/** Why an address that was asked for cannot be had, or undefined. Texts are kube-apiserver's IP allocator's. */
export function refuseAddress(backend: Backend, cidrs: readonly Cidr[], ip: string): string | undefined {
  const parsed = parseIP(ip);
  if (parsed === undefined || !cidrs.some((c) => cidrContains(c, parsed))) {
    const ranges = cidrs.map(formatCidr).join(', ');
    return `failed to allocate IP ${ip}: the provided IP (${ip}) is not in the valid range. The range of valid IPs is ${ranges}`;
  }
  if (backend.get(ipAddressKey(ip)) !== undefined) {
    return `failed to allocate IP ${ip}: provided IP is already allocated`;
  }
  return undefined;
}

export function addressError(spec: JsonObject, why: string): FieldError {
  return { type: 'FieldValueInvalid', field: 'spec.clusterIPs', badValue: strings(spec, 'clusterIPs'), detail: why };
}

/** The condition and the write that take an address for a service; the transaction fails when somebody else was first. */
export function takeAddress(ctx: WriteContext, service: JsonObject, ip: string): { compare: Compare; op: Op } {
  const family = parseIP(ip)?.family;
  assert(family !== undefined, `an address that was allocated is one: ${ip}`);
  const meta = child(service, 'metadata');
  const object: JsonObject = {
    kind: 'IPAddress',
    apiVersion: `${GROUP}/v1`,
    metadata: {
      name: ip,
      uid: randomUUID(),
      creationTimestamp: ctx.now,
      labels: {
        'ipaddress.kubernetes.io/ip-family': family,
        'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io',
      },
    },
    spec: { parentRef: { resource: 'services', namespace: str(meta, 'namespace'), name: str(meta, 'name') } },
  };
  trackUpdate({
    typeName: 'io.k8s.api.networking.v1.IPAddress',
    apiVersion: `${GROUP}/v1`,
    obj: object,
    manager: 'kube-apiserver',
    subresource: '',
    now: ctx.now,
  });
  const key = ipAddressKey(ip);
  return { compare: { key, modRevision: 0 }, op: { type: 'put', key, ...encodeForStorage(object) } };
}

/** Addresses that a service holds: none for headless and ExternalName services. */
export function heldAddresses(service: JsonObject | undefined): string[] {
  const spec = child(service, 'spec');
  const type = str(spec, 'type');
  if (type === 'ExternalName') return [];
  const all = strings(spec, 'clusterIPs');
  const one = str(spec, 'clusterIP');
  return (all.length > 0 ? all : one === '' ? [] : [one]).filter((ip) => ip !== 'None');
}

/** Ports of a service as `protocol/nodePort` that are taken, plus its health check port. */
export function heldNodePorts(service: JsonObject | undefined): Set<number> {
  const spec = child(service, 'spec');
  const ports = new Set<number>();
  for (const port of children(spec, 'ports')) {
    if (typeof port['nodePort'] === 'number' && port['nodePort'] !== 0) ports.add(port['nodePort']);
  }
  const health = spec?.['healthCheckNodePort'];
  if (typeof health === 'number' && health !== 0) ports.add(health);
  return ports;
}
