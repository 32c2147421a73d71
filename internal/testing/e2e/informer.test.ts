import * as k8s from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type E2eCluster, eventually, has, startCluster } from './cluster.js';

// A kubeconfig names one server: only behind a load balancer is there another one.
describe.skipIf(!has('haproxy'))('@kubernetes/client-node behind HAProxy', () => {
  let cluster: E2eCluster;
  beforeAll(async () => {
    cluster = await startCluster({ replicas: 3 });
  }, 180_000);
  afterAll(async () => {
    await cluster?.down();
  });

  it('keeps an informer in step with what is written on another replica, across the death of its own', async () => {
    const kc = new k8s.KubeConfig();
    kc.loadFromFile(cluster.kubeconfig);
    const api = kc.makeApiClient(k8s.CoreV1Api);
    const namespace = 'default';
    const informer = k8s.makeInformer(kc, `/api/v1/namespaces/${namespace}/configmaps`, () =>
      api.listNamespacedConfigMap({ namespace }),
    );
    const cache = new Map<string, string>();
    const put = (o: k8s.V1ConfigMap): void => {
      cache.set(o.metadata?.name ?? '', o.data?.['v'] ?? '');
    };
    informer.on('add', put);
    informer.on('update', put);
    informer.on('delete', (o) => cache.delete(o.metadata?.name ?? ''));
    let stopped = false;
    // The client ends an informer on every broken connection; starting it again is the user's part (its README).
    const restart = (): void => {
      if (!stopped) setTimeout(() => void informer.start().catch(restart), 100);
    };
    informer.on('error', restart);
    await informer.start();

    const write = async (name: string, v: string): Promise<void> => {
      await eventually(
        `write ${name}=${v}`,
        async () => {
          try {
            await api.createNamespacedConfigMap({ namespace, body: { metadata: { name }, data: { v } } });
          } catch (e) {
            if (!(e instanceof k8s.ApiException) || e.code !== 409) throw e;
            await api.replaceNamespacedConfigMap({ name, namespace, body: { metadata: { name }, data: { v } } });
          }
          return true;
        },
        20_000,
      );
    };
    for (let i = 0; i < 10; i++) await write(`cm-${i}`, '1');
    await eventually('ten in the cache', () =>
      Promise.resolve([...cache.values()].filter((v) => v === '1').length >= 10),
    );
    const leader = await cluster.leader();
    await cluster.kill(leader, 'SIGKILL');
    for (let i = 0; i < 10; i++) await write(`cm-${i}`, '2');
    await api.deleteNamespacedConfigMap({ name: 'cm-0', namespace });
    await eventually('the cache to follow', () =>
      Promise.resolve(!cache.has('cm-0') && [...cache.values()].filter((v) => v === '2').length === 9),
    );
    stopped = true;
    await informer.stop();
    await cluster.up();
    expect(cache.get('cm-9')).toBe('2');
  }, 120_000);
});
