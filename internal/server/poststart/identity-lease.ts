import { createHash, randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { ensureChild } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import type { InternalClient } from '../internal-client.js';
import { type Repeated, repeat } from './repeated.js';

const PATH = '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases';
const DURATION_SECONDS = 3600;
const RENEW_MS = 10_000;
const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';

/** Of the leases of API servers: their `apiserver.kubernetes.io/identity`. */
export const IDENTITY = 'kube-apiserver';
/** The annotation that says where the others reach this server, as host:port; without it the server is leaving. */
export const ADDRESS = 'kubernetes.io/peer-advertise-address';

/**
 * Keeps the Lease in kube-system that tells the cluster of this API server (kube-apiserver's
 * kube-apiserver-identity-lease-controller). Resolves when it has been written once or could not be. On leaving, the
 * lease says that this server is not to be reached any more.
 * `name` tells replicas on one machine apart; `address` is host:port.
 */
export function keepIdentityLease(client: InternalClient, name: string, address: string): Promise<Repeated> {
  const identity = `apiserver-${base32(createHash('sha256').update(`${hostname()} ${name}`).digest().subarray(0, 16))}`;
  const holder = `${identity}_${randomUUID()}`;
  return repeat(
    'the identity lease was not renewed', // it is good for an hour
    RENEW_MS,
    () => write(client, identity, holder, address),
    () => write(client, identity, holder, ''),
  );
}

async function write(client: InternalClient, identity: string, holder: string, address: string): Promise<void> {
  const lease: JsonObject = (await client.get(`${PATH}/${identity}`)) ?? {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: identity, namespace: 'kube-system' },
  };
  const metadata = ensureChild(lease, 'metadata');
  metadata['labels'] = {
    ...(metadata['labels'] as JsonObject | undefined),
    'apiserver.kubernetes.io/identity': IDENTITY,
    'kubernetes.io/hostname': hostname().toLowerCase(),
  };
  const annotations = ensureChild(metadata, 'annotations');
  if (address === '') delete annotations[ADDRESS];
  else annotations[ADDRESS] = address;
  lease['spec'] = {
    holderIdentity: holder,
    leaseDurationSeconds: DURATION_SECONDS,
    renewTime: new Date().toISOString().replace('Z', '000Z'),
  };
  if (metadata['uid'] === undefined) await client.create(PATH, lease, 'kube-apiserver');
  else await client.update(`${PATH}/${identity}`, lease, 'kube-apiserver');
}

/** RFC 4648 base 32 in lower case, without padding. */
function base32(bytes: Buffer): string {
  let bits = '';
  for (const byte of bytes) bits += byte.toString(2).padStart(8, '0');
  return (bits.match(/.{1,5}/g) ?? []).map((five) => BASE32[Number.parseInt(five.padEnd(5, '0'), 2)] ?? '').join('');
}
