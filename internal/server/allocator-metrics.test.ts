import { Registry } from 'prom-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Rest, startRest } from '../rest/write/testing/harness.js';
import { allocatorMetrics, type ServiceAllocations } from './allocator-metrics.js';

let rest: Rest;
beforeAll(async () => {
  rest = await startRest(1);
});
afterAll(() => rest.close());

test('node ports and cluster IPs that services have are counted, and those that are left', async () => {
  const network = { metadata: { name: 'kubernetes' }, spec: { cidrs: ['10.96.0.0/24'] } };
  await rest.ok(201, 'POST', '/apis/networking.k8s.io/v1/servicecidrs', network);
  const { backend } = rest.cluster.replica(await rest.cluster.leader());
  let of: ServiceAllocations | undefined;
  const registry = new Registry();
  allocatorMetrics(registry, () => of);
  const lines = async (): Promise<string[]> =>
    (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  // Before there is a state nothing is known.
  expect(await lines()).toEqual([
    'kube_apiserver_nodeport_allocator_allocated_ports 0',
    'kube_apiserver_nodeport_allocator_available_ports 0',
  ]);
  of = { backend, nodePorts: { min: 30_000, max: 32_767 } };
  const service = (name: string) => ({ metadata: { name }, spec: { type: 'NodePort', ports: [{ port: 80 }] } });
  for (const name of ['a', 'b']) await rest.ok(201, 'POST', '/api/v1/namespaces/default/services', service(name));
  await rest.ok(201, 'POST', '/api/v1/namespaces/default/services', {
    metadata: { name: 'c' },
    spec: { ports: [{ port: 80 }] },
  });
  expect(await lines()).toEqual([
    'kube_apiserver_nodeport_allocator_allocated_ports 2',
    'kube_apiserver_nodeport_allocator_available_ports 2766',
    'kube_apiserver_clusterip_allocator_allocated_ips{cidr="10.96.0.0/24"} 3',
    'kube_apiserver_clusterip_allocator_available_ips{cidr="10.96.0.0/24"} 251',
  ]);
  await rest.ok(200, 'DELETE', '/api/v1/namespaces/default/services/a');
  expect((await lines())[0]).toBe('kube_apiserver_nodeport_allocator_allocated_ports 1');
  // Of several networks nobody could tell which address is whose.
  const more = { metadata: { name: 'more' }, spec: { cidrs: ['10.97.0.0/24'] } };
  await rest.ok(201, 'POST', '/apis/networking.k8s.io/v1/servicecidrs', more);
  expect(await lines()).toEqual([
    'kube_apiserver_nodeport_allocator_allocated_ports 1',
    'kube_apiserver_nodeport_allocator_available_ports 2767',
  ]);
  const help = (await registry.metrics()).split('\n').filter((line) => line.startsWith('# HELP'));
  expect(help).toEqual([
    '# HELP kube_apiserver_nodeport_allocator_allocated_ports Gauge measuring the number of allocated NodePorts for Services',
    '# HELP kube_apiserver_nodeport_allocator_available_ports Gauge measuring the number of available NodePorts for Services',
    '# HELP kube_apiserver_clusterip_allocator_allocated_ips Gauge measuring the number of allocated IPs for Services',
    '# HELP kube_apiserver_clusterip_allocator_available_ips Gauge measuring the number of available IPs for Services',
  ]);
});
