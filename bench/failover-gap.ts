import https from 'node:https';
import { call, type E2eCluster } from '../internal/testing/e2e/cluster.js';

/** Longest time without an acknowledged write, in ms, around a kill -9 of the leader: 8 clients through the load balancer. */
export async function failoverGap(cluster: E2eCluster, tag: string): Promise<number> {
  let stop = false;
  let armed = false;
  let last = 0;
  let worst = 0;
  let acknowledged = 0;
  const client = async (w: number): Promise<void> => {
    let agent = new https.Agent({ keepAlive: true, maxSockets: 1 });
    for (let i = 0; !stop; i++) {
      const status = await call(`${cluster.address}/api/v1/namespaces/default/configmaps`, {
        method: 'POST',
        agent,
        timeoutMs: 3000,
        body: { metadata: { name: `${tag}-${w}-${i}` } },
      }).then(
        (a) => a.status,
        () => 0, // a broken connection acknowledges nothing
      );
      if (status === 201) {
        const now = performance.now();
        if (armed) worst = Math.max(worst, now - last);
        last = now;
        acknowledged += 1;
      } else {
        agent.destroy();
        agent = new https.Agent({ keepAlive: true, maxSockets: 1 });
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
    agent.destroy();
  };
  const clients = Array.from({ length: 8 }, (_, w) => client(w));
  const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
  await pause(1000);
  const leader = await cluster.leader();
  armed = true;
  last = performance.now();
  await cluster.kill(leader, 'SIGKILL');
  await pause(4000);
  stop = true;
  await Promise.all(clients);
  await cluster.up();
  if (acknowledged === 0) throw new Error('no write was acknowledged at all');
  return worst;
}
