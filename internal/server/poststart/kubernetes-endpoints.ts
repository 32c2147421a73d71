import { isIPv6 } from 'node:net';
import { child, children, ensureChild, str } from '../../machinery/access.js';
import { semanticEqual } from '../../machinery/equal.js';
import type { JsonObject } from '../../machinery/json.js';
import { prefixEnd, resourcePrefix } from '../../store/keys.js';
import type { Backend } from '../../store/types.js';
import type { InternalClient } from '../internal-client.js';
import { ADDRESS, IDENTITY } from './identity-lease.js';
import { type Repeated, repeat } from './repeated.js';

const ENDPOINTS = '/api/v1/namespaces/default/endpoints';
const SLICES = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices';
const NAME = 'kubernetes';
const MANAGER = 'kube-apiserver';
const INTERVAL_MS = 10_000;
/** A server whose lease is not renewed for this long is gone: three renewals. */
const GONE_MS = 30_000;

export interface EndpointsParts {
  readonly client: InternalClient;
  readonly backend: Backend;
  /** The IP address at which the members of the cluster reach this server, and the port. */
  readonly address: string;
  readonly port: number;
  /** Milliseconds of a clock that does not go back. */
  readonly now: () => number;
}

interface Seen {
  readonly modRevision: number;
  readonly at: number;
  /** Whether the lease was renewed since it was first seen. */
  readonly renewed: boolean;
}

/**
 * Keeps Endpoints and EndpointSlice `kubernetes` in `default`: the addresses of the API servers whose identity lease is
 * being renewed (kube-apiserver's lease endpoint reconciler). Which ones are is told by this server's own clock, as
 * those of different machines differ; one that has not been watched for long enough stays as it is.
 */
export class KubernetesEndpoints {
  private readonly seen = new Map<string, Seen>();

  constructor(private readonly parts: EndpointsParts) {}

  /** Writes both objects when they are not as they should be. Rejects with StatusError. */
  async reconcile(): Promise<void> {
    await this.write(true);
  }

  /** Takes this server's address out, unless it is the last one. Rejects with StatusError. */
  async leave(): Promise<void> {
    await this.write(false);
  }

  private async write(withOwn: boolean): Promise<void> {
    const { client, address, port } = this.parts;
    const endpoints = await client.get(`${ENDPOINTS}/${NAME}`);
    const current = new Set(
      children(endpoints, 'subsets').flatMap((s) => children(s, 'addresses').map((a) => str(a, 'ip'))),
    );
    const wanted = this.others(current);
    if (withOwn) wanted.add(address);
    else wanted.delete(address);
    // Clients with nowhere to go are worse off than with an address that does not answer.
    if (wanted.size === 0) return;
    const addresses = [...wanted].toSorted();
    await put(client, ENDPOINTS, endpoints, endpointsOf(addresses, port));
    await put(client, SLICES, await client.get(`${SLICES}/${NAME}`), sliceOf(addresses, port));
  }

  /**
   * Addresses of the other servers that live, or of which it is not known yet and that are in `current`; of this server's
   * family, which is that of the service: no slice has two, and behind the address of a service there is only its own.
   */
  private others(current: ReadonlySet<string>): Set<string> {
    const { address, backend, port, now } = this.parts;
    const found = new Set<string>();
    const leases = new Set<string>();
    const prefix = resourcePrefix('coordination.k8s.io', 'leases', 'kube-system');
    for (const { key, value, modRevision } of backend.range({ start: prefix, end: prefixEnd(prefix) }).items) {
      const metadata = child(JSON.parse(value.toString()) as JsonObject, 'metadata');
      if (str(child(metadata, 'labels'), 'apiserver.kubernetes.io/identity') !== IDENTITY) continue;
      leases.add(key);
      const before = this.seen.get(key);
      if (before === undefined) this.seen.set(key, { modRevision, at: now(), renewed: false });
      else if (before.modRevision !== modRevision) this.seen.set(key, { modRevision, at: now(), renewed: true });
      const [, ip = '', itsPort = ''] = /^\[?(.*?)\]?:(\d+)$/.exec(str(child(metadata, 'annotations'), ADDRESS)) ?? [];
      // The objects have one port for all.
      if (ip === '' || Number(itsPort) !== port || isIPv6(ip) !== isIPv6(address)) continue;
      const seen = this.seen.get(key);
      const isFresh = seen !== undefined && now() - seen.at < GONE_MS;
      if (isFresh && (seen.renewed || current.has(ip))) found.add(ip);
    }
    for (const key of this.seen.keys()) if (!leases.has(key)) this.seen.delete(key);
    return found;
  }
}

function endpointsOf(addresses: readonly string[], port: number): JsonObject {
  return {
    apiVersion: 'v1',
    kind: 'Endpoints',
    // The slice is written here too, so nobody need mirror it.
    metadata: { name: NAME, namespace: 'default', labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } },
    subsets: [{ addresses: addresses.map((ip) => ({ ip })), ports: [{ name: 'https', port, protocol: 'TCP' }] }],
  };
}

function sliceOf(addresses: readonly string[], port: number): JsonObject {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: NAME, namespace: 'default', labels: { 'kubernetes.io/service-name': NAME } },
    addressType: addresses.some((a) => isIPv6(a)) ? 'IPv6' : 'IPv4',
    endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
    ports: [{ name: 'https', port, protocol: 'TCP' }],
  };
}

/** Creates an object, anew where it must be, or makes it what is wanted; what else its metadata has stays. */
async function put(
  client: InternalClient,
  path: string,
  live: JsonObject | undefined,
  wanted: JsonObject,
): Promise<void> {
  // The family of a slice's addresses cannot change.
  const isAnother = live !== undefined && live['addressType'] !== wanted['addressType'];
  if (isAnother) await client.remove(`${path}/${NAME}`);
  if (live === undefined || isAnother) {
    await client.create(path, wanted, MANAGER);
    return;
  }
  const next = structuredClone(live);
  Object.assign(ensureChild(ensureChild(next, 'metadata'), 'labels'), child(child(wanted, 'metadata'), 'labels'));
  for (const [field, value] of Object.entries(wanted)) {
    if (field !== 'metadata') next[field] = value;
  }
  if (semanticEqual(next, live)) return;
  await client.update(`${path}/${NAME}`, next, MANAGER);
}

/**
 * Reconciles at once and then every ten seconds; on leaving, takes this server's address out. Resolves when it has been
 * tried once.
 */
export function keepEndpoints(parts: EndpointsParts): Promise<Repeated> {
  const endpoints = new KubernetesEndpoints(parts);
  return repeat(
    'the endpoints of the kubernetes service were not written',
    INTERVAL_MS,
    () => endpoints.reconcile(),
    () => endpoints.leave(),
  );
}
