import { hostname } from 'node:os';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { createRest } from '../../rest/index.js';
import { type Rest, startRest } from '../../rest/write/testing/harness.js';
import { createInternalClient, type InternalClient } from '../internal-client.js';
import { keepIdentityLease } from './identity-lease.js';
import { keepEndpoints, KubernetesEndpoints } from './kubernetes-endpoints.js';
import type { Repeated } from './repeated.js';

const PORT = 6443;
const [A, B] = ['192.0.2.1', '192.0.2.2'];

let rest: Rest;
let client: InternalClient;
let now = 0;
const leases: Repeated[] = [];
beforeAll(async () => {
  rest = await startRest();
  client = createInternalClient(createRest(rest.deps));
});
afterAll(async () => {
  for (const lease of leases) lease.stop();
  await rest.close();
});

const server = (address: string): KubernetesEndpoints =>
  new KubernetesEndpoints({ client, backend: rest.deps.backend, address, port: PORT, now: () => now });
/** Writes the identity lease of a server once. */
async function renew(name: string, address: string): Promise<Repeated> {
  const lease = await keepIdentityLease(client, name, `${address}:${PORT}`);
  leases.push(lease);
  return lease;
}
async function addresses(): Promise<unknown[]> {
  const endpoints = await rest.ok(200, 'GET', '/api/v1/namespaces/default/endpoints/kubernetes');
  const slices = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices';
  const slice = await rest.ok(200, 'GET', `${slices}/kubernetes`);
  const subsets = endpoints['subsets'] as { addresses: { ip: string }[]; ports: unknown[] }[];
  const ips = subsets.flatMap((s) => s.addresses.map((x) => x.ip));
  expect(slice['endpoints']).toEqual(ips.map((ip) => ({ addresses: [ip], conditions: { ready: true } })));
  expect([slice['ports'], subsets[0]?.ports]).toEqual(Array(2).fill([{ name: 'https', port: PORT, protocol: 'TCP' }]));
  return ips;
}

describe('the endpoints of the kubernetes service', () => {
  test('are the servers that renew their leases', async () => {
    const [a, b] = [server(A), server(B)];
    await renew('a', A);
    await a.reconcile();
    expect(await addresses()).toEqual([A]);
    await renew('b', B);
    await b.reconcile();
    await a.reconcile();
    expect(await addresses()).toEqual([A, B]);

    // B ends without a word. A new observer cannot know, and leaves B in as long as the others do.
    now += 20_000;
    await renew('a', A);
    const fresh = server(A);
    await a.reconcile();
    await fresh.reconcile();
    expect(await addresses()).toEqual([A, B]);
    now += 11_000;
    await a.reconcile();
    await fresh.reconcile();
    expect(await addresses()).toEqual([A]);

    // It comes back.
    await renew('b', B);
    await a.reconcile();
    expect(await addresses()).toEqual([A, B]);
  });

  test('lose a server at once when it leaves, and never the last one', async () => {
    const [a, b] = [server(A), server(B)];
    await a.reconcile();
    const lease = await renew('b', B);
    await b.reconcile();
    await lease.leave();
    await b.leave();
    expect(await addresses()).toEqual([A]);
    await a.reconcile();
    expect(await addresses()).toEqual([A]);
    await a.leave();
    expect(await addresses()).toEqual([A]);
  });
});

describe('the objects of the kubernetes service', () => {
  const ENDPOINTS = '/api/v1/namespaces/default/endpoints';
  const SLICES = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices';
  const LEASES = '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases';
  const start = async (): Promise<void> => {
    for (const list of [ENDPOINTS, SLICES]) await client.remove(`${list}/kubernetes`);
    for (const { metadata } of (await rest.ok(200, 'GET', LEASES))['items'] as { metadata: { name: string } }[])
      await client.remove(`${LEASES}/${metadata.name}`);
  };

  test.each([
    ['IPv4', A],
    ['IPv6', '2001:db8::1'],
  ])('are made whole, with addresses of %s', async (addressType, address) => {
    await start();
    await server(address).reconcile();
    const ports = [{ name: 'https', port: PORT, protocol: 'TCP' }];
    expect(await client.get(`${ENDPOINTS}/kubernetes`)).toMatchObject({
      apiVersion: 'v1',
      kind: 'Endpoints',
      metadata: { labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } },
      subsets: [{ addresses: [{ ip: address }], ports }],
    });
    expect(await client.get(`${SLICES}/kubernetes`)).toMatchObject({
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { labels: { 'kubernetes.io/service-name': 'kubernetes' } },
      addressType,
      endpoints: [{ addresses: [address], conditions: { ready: true } }],
      ports,
    });
    for (const path of [`${ENDPOINTS}/kubernetes`, `${SLICES}/kubernetes`]) {
      const metadata = (await client.get(path))?.['metadata'];
      expect(metadata).toMatchObject({ managedFields: [{ manager: 'kube-apiserver', operation: 'Update' }] });
    }
  });

  test('are made anew where servers come to have addresses of another family', async () => {
    await start();
    await server('2001:db8::1').reconcile();
    expect(await addresses()).toEqual(['2001:db8::1']);
    await server(A).reconcile();
    expect(await addresses()).toEqual([A]);
    expect(await client.get(`${SLICES}/kubernetes`)).toMatchObject({ addressType: 'IPv4' });
  });

  test('are set back, keep the labels of others, and are not written when they are right', async () => {
    await start();
    const own = server(A);
    await own.reconcile();
    const patch = { contentType: 'application/merge-patch+json' };
    const labels = { 'kubernetes.io/service-name': 'no', mine: 'yes' };
    await rest.ok(200, 'PATCH', `${SLICES}/kubernetes`, { metadata: { labels }, ports: [], endpoints: [] }, patch);
    await own.reconcile();
    const slice = async () => (await client.get(`${SLICES}/kubernetes`)) ?? {};
    expect(await slice()).toMatchObject({
      metadata: { labels: { 'kubernetes.io/service-name': 'kubernetes', mine: 'yes' } },
      endpoints: [{ addresses: [A] }],
      ports: [{ port: PORT }],
    });
    const before = [await slice(), await client.get(`${ENDPOINTS}/kubernetes`)];
    await own.reconcile();
    expect([await slice(), await client.get(`${ENDPOINTS}/kubernetes`)]).toEqual(before);
  });

  test('do not name a server whose lease is gone and made anew until that is renewed', async () => {
    await start();
    const own = server(A);
    const lease = {
      metadata: {
        name: 'l',
        labels: { 'apiserver.kubernetes.io/identity': 'kube-apiserver' },
        annotations: { 'kubernetes.io/peer-advertise-address': `${B}:${PORT}` },
      },
    };
    await rest.ok(201, 'POST', LEASES, lease);
    await own.reconcile();
    await client.remove(`${LEASES}/l`);
    await own.reconcile();
    await rest.ok(201, 'POST', LEASES, lease);
    await own.reconcile();
    expect(await addresses()).toEqual([A]);
  });

  test.each([
    ['a server of another kind', 'other', `${B}:${PORT}`, []],
    ['one at another port', 'kube-apiserver', `${B}:${PORT + 1}`, []],
    ['one that is leaving', 'kube-apiserver', undefined, []],
    ['one at no address', 'kube-apiserver', `x${B}`, []],
    ['one that renews its lease', 'kube-apiserver', `${B}:${PORT}`, [B]],
    ['one at an IPv6 address', 'kube-apiserver', `[2001:db8::2]:${PORT}`, ['2001:db8::2']],
    ['one of another family', 'kube-apiserver', `[2001:db8::2]:${PORT}`, []],
  ])('name beside their own server %s', async (_what, identity, address, told) => {
    await start();
    // One slice has addresses of one family.
    const self = told[0]?.includes(':') === true ? '2001:db8::1' : A;
    const own = server(self);
    const lease = (n: number) => ({
      metadata: {
        name: 'l',
        labels: { 'apiserver.kubernetes.io/identity': identity },
        annotations: address === undefined ? {} : { 'kubernetes.io/peer-advertise-address': address },
      },
      spec: { holderIdentity: `h${n}` },
    });
    await rest.ok(201, 'POST', LEASES, lease(1));
    await own.reconcile();
    expect(await addresses()).toEqual([self]);
    await rest.ok(200, 'PATCH', `${LEASES}/l`, lease(2), { contentType: 'application/merge-patch+json' });
    await own.reconcile();
    expect(await addresses()).toEqual([self, ...told].toSorted());
    // It is gone 30 s after its last renewal was seen.
    now += 29_999;
    await own.reconcile();
    expect(await addresses()).toEqual([self, ...told].toSorted());
    now += 1;
    await own.reconcile();
    expect(await addresses()).toEqual([self]);
  });
});

test('servers of both families follow each other without an error, as while a cluster moves from one to the other', async () => {
  const six = '2001:db8::1';
  for (const [own, other] of [
    [A, six],
    [six, A],
    [A, six],
  ] as const) {
    await renew('of another family', other);
    await server(own).reconcile();
    expect(await addresses()).toEqual([own]);
  }
});

describe('a server that keeps them', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  test('writes them at once, sets them back every ten seconds, and leaves them to the others when it goes', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const slice = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes';
    const own = { client, backend: rest.deps.backend, address: A, port: PORT, now: () => now };
    const kept = await keepEndpoints(own);
    leases.push(kept);
    expect(await addresses()).toEqual([A]);
    await client.remove(slice);
    vi.advanceTimersByTime(9_999);
    expect(await client.get(slice)).toBeUndefined();
    vi.advanceTimersByTime(1);
    await expect.poll(() => client.get(slice)).toBeDefined();
    // Another server comes, and knows of no lease of this one.
    await renew('b', B);
    await server(B).reconcile();
    expect(await addresses()).toEqual([B]);
    vi.advanceTimersByTime(10_000);
    await expect.poll(addresses).toEqual([A, B]);
    await kept.leave();
    expect(await addresses()).toEqual([B]);
  });
});

interface Lease {
  readonly metadata: { readonly name: string; readonly annotations?: Readonly<Record<string, string>> };
  readonly spec: { readonly holderIdentity: string };
}

describe('the identity lease of a server', () => {
  const LEASES = '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases';
  const own = async (): Promise<Lease[]> => {
    const selector = 'labelSelector=apiserver.kubernetes.io/identity%3Dkube-apiserver';
    return (await rest.ok(200, 'GET', `${LEASES}?${selector}`))['items'] as unknown as Lease[];
  };

  test('has the name that kube-apiserver gives it, and says where the server is until it leaves', async () => {
    const before = new Set((await own()).map(({ metadata }) => metadata.name));
    const lease = await renew('lone', A);
    const mine = async (): Promise<Lease> => {
      const found = (await own()).find(({ metadata }) => !before.has(metadata.name));
      if (found === undefined) throw new Error('there is no lease');
      return found;
    };
    const first = await mine();
    expect(first).toMatchObject({
      metadata: {
        name: expect.stringMatching(/^apiserver-[a-z2-7]{26}$/),
        labels: {
          'apiserver.kubernetes.io/identity': 'kube-apiserver',
          'kubernetes.io/hostname': hostname().toLowerCase(),
        },
        annotations: { 'kubernetes.io/peer-advertise-address': `${A}:${PORT}` },
      },
      spec: {
        leaseDurationSeconds: 3600,
        renewTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
      },
    });
    const { holderIdentity } = first.spec;
    expect(holderIdentity).toMatch(new RegExp(`^${first.metadata.name}_[0-9a-f-]{36}$`));
    // Another start of the same server is the same lease, held by another.
    await renew('lone', B);
    const second = await mine();
    expect(second.metadata.annotations).toEqual({ 'kubernetes.io/peer-advertise-address': `${B}:${PORT}` });
    expect(second.spec.holderIdentity).not.toBe(holderIdentity);
    await lease.leave();
    expect((await mine()).metadata.annotations ?? {}).toEqual({});
  });
});
