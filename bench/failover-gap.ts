import https from 'node:https';
import { call, type E2eCluster } from '../internal/testing/e2e/cluster.js';

const CLIENTS = 8;
const CONFIGMAPS = '/api/v1/namespaces/default/configmaps';

/** What 8 writers saw while leadership moved. */
export interface Gap {
  /** Longest time without an acknowledged write, in ms. */
  readonly gapMs: number;
  /** The slowest write that was acknowledged, in ms. */
  readonly slowestMs: number;
  /** Writes that were not acknowledged, by status; `broken` for a connection that broke or timed out. */
  readonly refusals: ReadonlyMap<string, number>;
  /** When leadership was moved (Date.now). */
  readonly at: number;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** 8 clients that create objects through the load balancer; what they see counts from `arm` on. */
class Writers {
  readonly #refusals = new Map<string, number>();
  readonly #running: readonly Promise<void>[];
  #stop = false;
  #armed = false;
  #last = 0;
  #worst = 0;
  #slowest = 0;
  #acknowledged = 0;

  constructor(
    readonly address: string,
    readonly tag: string,
  ) {
    this.#running = Array.from({ length: CLIENTS }, (_, w) => this.#client(w));
  }

  async #client(w: number): Promise<void> {
    let agent = new https.Agent({ keepAlive: true, maxSockets: 1 });
    for (let i = 0; !this.#stop; i++) {
      const began = performance.now();
      const status = await call(`${this.address}${CONFIGMAPS}`, {
        method: 'POST',
        agent,
        timeoutMs: 3000,
        body: { metadata: { name: `${this.tag}-${w}-${i}` } },
      }).then(
        (a) => String(a.status),
        () => 'broken', // a broken connection acknowledges nothing
      );
      const now = performance.now();
      if (status === '201') {
        if (this.#armed) {
          this.#worst = Math.max(this.#worst, now - this.#last);
          this.#slowest = Math.max(this.#slowest, now - began);
        }
        this.#last = now;
        this.#acknowledged++;
        continue;
      }
      if (this.#armed) this.#refusals.set(status, (this.#refusals.get(status) ?? 0) + 1);
      agent.destroy();
      agent = new https.Agent({ keepAlive: true, maxSockets: 1 });
      await pause(20);
    }
    agent.destroy();
  }

  arm(): void {
    this.#armed = true;
    this.#last = performance.now();
  }

  async stop(at: number): Promise<Gap> {
    this.#stop = true;
    const end = performance.now();
    await Promise.all(this.#running);
    if (this.#acknowledged === 0) throw new Error('no write was acknowledged at all');
    // Writes may stand still to the very end.
    const gapMs = Math.max(this.#worst, end - this.#last);
    return { gapMs, slowestMs: this.#slowest, refusals: this.#refusals, at };
  }
}

/** A kill -9 of the leader. The dead replica is up again when this resolves. */
export async function failoverGap(cluster: E2eCluster, tag: string): Promise<Gap> {
  const writers = new Writers(cluster.address, tag);
  await pause(1000);
  const leader = await cluster.leader();
  writers.arm();
  const at = Date.now();
  await cluster.kill(leader, 'SIGKILL');
  await pause(4000);
  const gap = await writers.stop(at);
  await cluster.up();
  return gap;
}

/** A hand-over to another replica, asked of that replica. */
export async function moveGap(cluster: E2eCluster, tag: string): Promise<Gap> {
  const writers = new Writers(cluster.address, tag);
  await pause(1000);
  const leader = await cluster.leader();
  const heir = (leader % cluster.replicas) + 1;
  writers.arm();
  const at = Date.now();
  const answer = await call(`${cluster.url(heir)}/debug/raft/leader`, { method: 'POST', body: { name: `r${heir}` } });
  if (answer.status !== 200) throw new Error(`the hand-over was refused: ${answer.status} ${answer.body}`);
  await pause(1500);
  const gap = await writers.stop(at);
  if ((await cluster.leader()) !== heir) throw new Error(`leadership did not go to r${heir}`);
  return gap;
}
