import { isIPv4, isIPv6 } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../machinery/json.js';
import { type Rest, startRest } from './testing/harness.js';

const SERVICES = '/api/v1/namespaces/default/services';
const ADDRESSES = '/apis/networking.k8s.io/v1/ipaddresses';
const MERGE = { contentType: 'application/merge-patch+json' };

interface Spec {
  readonly clusterIP: string;
  readonly clusterIPs: string[];
  readonly ipFamilies: string[];
  readonly ipFamilyPolicy: string;
}
const specOf = (o: JsonObject): Spec => o['spec'] as unknown as Spec;

describe.each([
  ['one IPv6 range', ['fd00:10:96::/112'], ['IPv6']],
  ['a range of each family, IPv4 first', ['10.96.0.0/24', 'fd00:10:96::/112'], ['IPv4', 'IPv6']],
  ['a range of each family, IPv6 first', ['fd00:10:96::/112', '10.96.0.0/24'], ['IPv6', 'IPv4']],
] as const)('services of a cluster with %s', (_what, cidrs, families) => {
  let rest: Rest;
  const create = async (name: string, spec: JsonObject): Promise<Spec> =>
    specOf(
      await rest.ok(201, 'POST', SERVICES, {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name },
        spec: { ports: [{ port: 80 }], ...spec },
      }),
    );
  const patch = async (name: string, spec: JsonObject): Promise<Spec> =>
    specOf(await rest.ok(200, 'PATCH', `${SERVICES}/${name}`, { spec }, MERGE));
  const held = async (): Promise<string[]> =>
    ((await rest.ok(200, 'GET', ADDRESSES))['items'] as { metadata: { name: string } }[]).map((a) => a.metadata.name);
  const isOf = (family: string | undefined, ip: string | undefined): boolean =>
    family === 'IPv6' ? isIPv6(ip ?? '') : isIPv4(ip ?? '');
  const [first, second] = families as readonly (string | undefined)[];

  beforeAll(async () => {
    rest = await startRest();
    await rest.ok(201, 'POST', '/apis/networking.k8s.io/v1/servicecidrs', {
      // A range that somebody adds later does not change what is usual.
      metadata: { name: 'a-later-one' },
      spec: { cidrs: [first === 'IPv6' ? 'fd00:20::/112' : '10.97.0.0/24'] },
    });
    await rest.ok(201, 'POST', '/apis/networking.k8s.io/v1/servicecidrs', {
      metadata: { name: 'kubernetes' },
      spec: { cidrs: [...cidrs] },
    });
  });
  afterAll(() => rest.close());

  it('have an address of the first family, unless they ask for more', async () => {
    const plain = await create('plain', {});
    expect(plain).toMatchObject({ ipFamilies: [first], ipFamilyPolicy: 'SingleStack', clusterIPs: [plain.clusterIP] });
    expect(isOf(first, plain.clusterIP)).toBe(true);
    expect(await held()).toContain(plain.clusterIP);
    const preferring = await create('preferring', { ipFamilyPolicy: 'PreferDualStack' });
    expect(preferring.ipFamilies).toEqual(families);
    expect(preferring.clusterIPs.map((ip, i) => isOf(preferring.ipFamilies[i], ip))).toEqual(families.map(() => true));
    expect(preferring.clusterIPs[0]).toBe(preferring.clusterIP);
    expect(await held()).toEqual(expect.arrayContaining(preferring.clusterIPs));
    const headless = { clusterIP: 'None', selector: { a: 'b' } };
    expect(await create('headless', { ...headless, ipFamilyPolicy: 'PreferDualStack' })).toMatchObject({
      clusterIPs: ['None'],
      ipFamilies: families,
    });
    expect((await create('single', headless)).ipFamilies).toEqual([first]);
    const lonely = await create('lonely', { clusterIP: 'None' });
    expect([lonely.ipFamilyPolicy, lonely.ipFamilies]).toEqual([
      'RequireDualStack',
      first === 'IPv6' ? ['IPv6', 'IPv4'] : ['IPv4', 'IPv6'],
    ]);
  });

  it.skipIf(second === undefined)('have the addresses and families that they ask for, in their order', async () => {
    expect((await create('turned', { ipFamilies: [second, first] as string[] })).ipFamilyPolicy).toBe(
      'RequireDualStack',
    );
    const other = await create('other', { ipFamilies: [second] as string[] });
    expect([other.ipFamilies, other.ipFamilyPolicy, isOf(second, other.clusterIP)]).toEqual([
      [second],
      'SingleStack',
      true,
    ]);
    const [four, six] = ['10.96.0.77', 'fd00:10:96::77'];
    const ips = first === 'IPv4' ? [six, four] : [four, six];
    const asked = await create('asked', { clusterIP: ips[0], clusterIPs: ips });
    expect(asked).toMatchObject({
      clusterIPs: ips,
      ipFamilies: [second, first],
      ipFamilyPolicy: 'RequireDualStack',
    });
    // The second address is given where only the first is asked for.
    const half = await create('half', { clusterIP: '10.96.0.78', ipFamilyPolicy: 'RequireDualStack' });
    expect([half.ipFamilies, half.clusterIPs[0], isIPv6(half.clusterIPs[1] ?? '')]).toEqual([
      ['IPv4', 'IPv6'],
      '10.96.0.78',
      true,
    ]);
    const refused = await rest.ok(422, 'POST', SERVICES, {
      metadata: { name: 'x' },
      spec: { ports: [{ port: 80 }], ipFamilyPolicy: 'SingleStack', ipFamilies: ['IPv4', 'IPv6'] },
    });
    expect(refused).toMatchObject({ details: { causes: [{ field: 'spec.ipFamilyPolicy' }] } });
    const taken = await rest.ok(422, 'POST', SERVICES, {
      metadata: { name: 'x' },
      spec: { ports: [{ port: 80 }], ipFamilyPolicy: 'RequireDualStack', clusterIP: ips[0], clusterIPs: ips },
    });
    expect(taken).toMatchObject({ details: { causes: [{ field: 'spec.clusterIPs' }, { field: 'spec.clusterIPs' }] } });
  });

  it.skipIf(second === undefined)('get a second address later, and give it back', async () => {
    const one = await create('grows', {});
    const two = await patch('grows', { ipFamilyPolicy: 'RequireDualStack' });
    expect([two.clusterIP, two.clusterIPs.length, two.ipFamilies]).toEqual([one.clusterIP, 2, families]);
    expect(await held()).toEqual(expect.arrayContaining(two.clusterIPs));
    expect(await patch('grows', { sessionAffinity: 'ClientIP' })).toMatchObject({ clusterIPs: two.clusterIPs });
    const again = await patch('grows', { ipFamilyPolicy: 'SingleStack' });
    expect(again).toMatchObject({ clusterIPs: [one.clusterIP], ipFamilies: [first] });
    expect(await held()).not.toContain(two.clusterIPs[1]);
    await patch('grows', { ipFamilyPolicy: 'PreferDualStack' });
    await rest.ok(200, 'DELETE', `${SERVICES}/grows`);
    expect(await held()).not.toContain(one.clusterIP);
  });
});
