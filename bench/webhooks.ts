import { setTimeout as wait } from 'node:timers/promises';
import https from 'node:https';
import { call, startCluster } from '../internal/testing/e2e/cluster.js';
import { startWebhookServer } from '../internal/testing/webhook-server.js';

/*
 * Creates through a webhook that takes 1 ms to answer, on three replicas: npx tsx bench/webhooks.ts. Clients, webhook and
 * replicas share the machine. Prints creates a second without the webhook and with it.
 */

const CLIENTS = 16;
const SECONDS = 5;

const hooks = await startWebhookServer();
hooks.on('/hook', async () => {
  await wait(1);
  hooks.reviews.clear();
  return { allowed: true };
});
const cluster = await startCluster({ replicas: 3 });
const agent = new https.Agent({ keepAlive: true, maxSockets: CLIENTS });

/** Creates for some seconds; how many a second. */
async function rate(round: string): Promise<number> {
  const until = performance.now() + SECONDS * 1000;
  let done = 0;
  const client = async (n: number): Promise<void> => {
    for (let i = 0; performance.now() < until; i++) {
      const body = { metadata: { name: `${round}-${n}-${i}` }, data: { a: 'b' } };
      const url = `${cluster.addresses[n % cluster.addresses.length]}/api/v1/namespaces/default/configmaps`;
      const { status, body: text } = await call(url, { method: 'POST', body, agent });
      if (status !== 201) throw new Error(text);
      done++;
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, (_, n) => client(n)));
  return done / SECONDS;
}

try {
  const without = await rate('without');
  const configuration = {
    metadata: { name: 'hook' },
    webhooks: [
      {
        name: 'hook.example.com',
        clientConfig: { url: `${hooks.url}/hook`, caBundle: hooks.caBundle },
        rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] }],
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
      },
    ],
  };
  const url = `${cluster.url(1)}/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations`;
  const { status, body } = await call(url, { method: 'POST', body: configuration });
  if (status !== 201) throw new Error(body);
  const through = await rate('through');
  console.log(
    `creates a second with ${CLIENTS} clients: ${without.toFixed(0)} without a webhook, ${through.toFixed(0)} through one that takes 1 ms`,
  );
} finally {
  agent.destroy();
  await cluster.down();
  await hooks.close();
}
