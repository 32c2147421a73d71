import https from 'node:https';
import { call, TOKEN } from '../internal/testing/e2e/cluster.js';
import type { Figure } from './load.js';

/** Opens `watchers` watches and writes `events` objects one after another: latency is from sending a write to an event's arrival. */
export async function watchFanOut(
  address: string,
  namespace: string,
  watchers: number,
  events: number,
): Promise<Figure> {
  const path = `${address}/api/v1/namespaces/${namespace}/configmaps`;
  await call(`${address}/api/v1/namespaces`, { method: 'POST', body: { metadata: { name: namespace } } });
  const list = JSON.parse((await call(`${path}?limit=1`)).body) as { metadata: { resourceVersion: string } };
  const sentAt = new Map<string, number>();
  const latencies: number[] = [];
  const open: { destroy(): void }[] = [];
  let arrived: () => void = () => undefined;
  const all = new Promise<void>((resolve) => (arrived = resolve));

  await Promise.all(
    Array.from(
      { length: watchers },
      () =>
        new Promise<void>((resolve, reject) => {
          const request = https.request(
            `${path}?watch=1&resourceVersion=${list.metadata.resourceVersion}&timeoutSeconds=300`,
            { agent: false, rejectUnauthorized: false, headers: { authorization: `Bearer ${TOKEN}` } },
            (response) => {
              if (response.statusCode !== 200) reject(new Error(`watch answered ${response.statusCode}`));
              resolve();
              let rest = '';
              response.on('data', (chunk: Buffer) => {
                const lines = (rest + chunk.toString('latin1')).split('\n');
                rest = lines.pop() ?? '';
                for (const line of lines) {
                  const sent = sentAt.get(/"name":"(w-\d+)"/.exec(line)?.[1] ?? '');
                  if (sent !== undefined) latencies.push(performance.now() - sent);
                }
                if (latencies.length >= watchers * events) arrived();
              });
            },
          );
          request.on('error', reject);
          request.end();
          open.push(request);
        }),
    ),
  );
  const agent = new https.Agent({ keepAlive: true, maxSockets: 1 });
  const start = performance.now();
  for (let i = 0; i < events; i++) {
    sentAt.set(`w-${i}`, performance.now());
    await call(path, { method: 'POST', agent, body: { metadata: { name: `w-${i}` }, data: { k: 'v'.repeat(500) } } });
  }
  const deadline = new Promise<void>((resolve) => setTimeout(resolve, 10_000).unref());
  await Promise.race([all, deadline]);
  const seconds = (performance.now() - start) / 1000;
  for (const request of open) request.destroy();
  agent.destroy();
  latencies.sort((a, b) => a - b);
  const at = (q: number): number =>
    latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * q))] ?? Infinity;
  return {
    count: latencies.length,
    perSecond: latencies.length / seconds,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    errors: watchers * events - latencies.length,
  };
}
