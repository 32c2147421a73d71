import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../machinery/json.js';
import { type Rest, startRest } from './testing/harness.js';

let rest: Rest;
beforeAll(async () => {
  rest = await startRest();
  await rest.ok(201, 'POST', '/apis/networking.k8s.io/v1/servicecidrs', {
    metadata: { name: 'kubernetes' },
    spec: { cidrs: ['10.96.0.0/24'] },
  });
});
afterAll(() => rest.close());

const SERVICES = '/api/v1/namespaces/default/services';
const service = (name: string, spec: JsonObject): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name },
  spec: { ports: [{ port: 80 }], ...spec },
});
const specOf = (o: JsonObject): JsonObject => o['spec'] as JsonObject;
const nodePorts = (o: JsonObject): (number | undefined)[] =>
  (specOf(o)['ports'] as JsonObject[]).map((port) => port['nodePort'] as number | undefined);

describe('services', () => {
  it('get an address and node ports, and give them back', async () => {
    const made = await rest.ok(201, 'POST', SERVICES, service('a', { type: 'NodePort' }));
    const [port] = nodePorts(made);
    expect(port).toBeGreaterThanOrEqual(30_000);
    const ip = specOf(made)['clusterIP'] as string;
    expect(specOf(made)).toMatchObject({ clusterIPs: [ip], ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' });
    const asked = service('b', { type: 'NodePort', clusterIP: ip, ports: [{ port: 80, nodePort: port ?? 0 }] });
    expect(await rest.ok(422, 'POST', SERVICES, asked)).toMatchObject({
      details: { causes: [{ field: 'spec.clusterIPs' }, { field: 'spec.ports[0].nodePort' }] },
    });
    await rest.ok(200, 'DELETE', `${SERVICES}/a`);
    expect(specOf(await rest.ok(201, 'POST', SERVICES, asked))).toMatchObject({ clusterIP: ip });
  });

  it('keep them through an update that leaves them out, and lose node ports with the type', async () => {
    const made = await rest.ok(201, 'POST', SERVICES, service('c', { type: 'NodePort' }));
    const changed = await rest.ok(
      200,
      'PUT',
      `${SERVICES}/c`,
      service('c', { type: 'NodePort', selector: { a: 'b' } }),
    );
    expect(nodePorts(changed)).toEqual(nodePorts(made));
    expect(specOf(changed)['clusterIP']).toBe(specOf(made)['clusterIP']);
    const inner = await rest.ok(200, 'PUT', `${SERVICES}/c`, {
      ...changed,
      spec: { ...specOf(changed), type: 'ClusterIP' },
    });
    expect(nodePorts(inner)).toEqual([undefined]);
    const taken = service('d', { type: 'NodePort', ports: [{ port: 80, nodePort: nodePorts(made)[0] ?? 0 }] });
    await rest.ok(201, 'POST', SERVICES, taken);
  });

  it('forget where a load balancer was when they have none any more', async () => {
    await rest.ok(201, 'POST', SERVICES, service('lb', { type: 'LoadBalancer' }));
    const status = { loadBalancer: { ingress: [{ ip: '1.2.3.4' }] } };
    const merge = { contentType: 'application/merge-patch+json' };
    const balanced = await rest.ok(200, 'PATCH', `${SERVICES}/lb/status`, { status }, merge);
    expect(balanced['status']).toEqual({ loadBalancer: { ingress: [{ ip: '1.2.3.4', ipMode: 'VIP' }] } });
    const inner = await rest.ok(200, 'PATCH', `${SERVICES}/lb`, { spec: { type: 'ClusterIP' } }, merge);
    expect(inner['status']).toEqual({ loadBalancer: {} });
  });

  it('take nothing on a dry run, and say so by what they show', async () => {
    const { revision } = rest.deps.backend;
    const two = {
      type: 'NodePort',
      ports: [
        { name: 'a', port: 80 },
        { name: 'b', port: 81 },
      ],
    };
    const shown = await rest.ok(201, 'POST', `${SERVICES}?dryRun=All`, service('e', two));
    expect(nodePorts(shown)).toEqual([32_769, 32_770]);
    expect(specOf(shown)['clusterIP']).toBe('10.96.0.0');
    expect(rest.deps.backend.revision).toBe(revision);
  });

  it('ask only for families that the cluster has', async () => {
    const dual = service('f', { ipFamilyPolicy: 'RequireDualStack', ipFamilies: ['IPv6'] });
    expect(await rest.ok(422, 'POST', SERVICES, dual)).toMatchObject({
      details: { causes: [{ field: 'spec.ipFamilyPolicy' }, { field: 'spec.ipFamilies[0]' }] },
    });
    const headless = service('g', { clusterIP: 'None', ipFamilyPolicy: 'RequireDualStack' });
    expect(specOf(await rest.ok(201, 'POST', SERVICES, headless))).toMatchObject({ ipFamilies: ['IPv4', 'IPv6'] });
  });
});
