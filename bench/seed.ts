import https from 'node:https';
import { call } from '../internal/testing/e2e/cluster.js';

/** A ConfigMap with `bytes` bytes of data, as JSON. */
export function configMap(name: string, bytes: number): string {
  return JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { k: 'v'.repeat(bytes) } });
}

/** Makes a namespace with `count` ConfigMaps of `bytes` bytes each. Throws when one is not created. */
export async function seed(address: string, namespace: string, count: number, bytes: number): Promise<void> {
  await call(`${address}/api/v1/namespaces`, { method: 'POST', body: { metadata: { name: namespace } } });
  const agent = new https.Agent({ keepAlive: true, maxSockets: 32 });
  let next = 0;
  const client = async (): Promise<void> => {
    while (next < count) {
      const body = JSON.parse(configMap(`o-${next++}`, bytes)) as object;
      const answer = await call(`${address}/api/v1/namespaces/${namespace}/configmaps`, {
        method: 'POST',
        agent,
        body,
        timeoutMs: 30_000,
      });
      if (answer.status !== 201) throw new Error(`creating an object answered ${answer.status}: ${answer.body}`);
    }
  };
  await Promise.all(Array.from({ length: 32 }, client));
  agent.destroy();
}
