// A follower that is far behind: how long it takes to catch up while the others serve, and what that costs the leader's
// clients. Not part of scripts/bench: writing what the follower misses takes a minute by itself.
//
//   npx tsx bench/catch-up.ts [--transactions 100000] [--clients 8] [--bytes 100] [--seconds 10] [--rate 0]
import fs from 'node:fs';
import https from 'node:https';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { call, type E2eCluster, eventually, startCluster } from '../internal/testing/e2e/cluster.js';
import { load } from './load.js';
import { cpuSeconds } from './process-figures.js';
import { configMap } from './seed.js';

const { values } = parseArgs({
  options: {
    /** Written while the follower is away. */
    transactions: { type: 'string', default: '100000' },
    /** Clients that write to the leader, one request at a time, while latencies are measured. */
    clients: { type: 'string', default: '8' },
    /** Requests a second of all clients together; 0 for as fast as they are answered. */
    rate: { type: 'string', default: '0' },
    /** Data of an object. */
    bytes: { type: 'string', default: '100' },
    /** How long the phases before and after are. */
    seconds: { type: 'string', default: '10' },
    replicas: { type: 'string', default: '3' },
    /** Keep the directory, with every replica's log. */
    keep: { type: 'boolean', default: false },
  },
});
const transactions = Number(values.transactions);
const clients = Number(values.clients);
const bytes = Number(values.bytes);
const phaseMs = Number(values.seconds) * 1000;
const rate = Number(values.rate);

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const at = (sorted: readonly number[], q: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;

let unique = 0;

/** Writers whose every latency is noted under the phase that it began in. */
class Writers {
  phase = 'warm-up';
  readonly #latencies = new Map<string, number[]>();
  readonly #ended = new Map<string, number>();
  readonly #began = new Map<string, number>();
  #failed = 0;
  #stop = false;
  readonly #running: readonly Promise<void>[];
  constructor(readonly url: string) {
    this.#running = Array.from({ length: clients }, () => this.#client());
  }
  enter(phase: string): void {
    const now = performance.now();
    this.#ended.set(this.phase, now);
    this.#began.set(phase, now);
    this.phase = phase;
  }
  async #client(): Promise<void> {
    const agent = new https.Agent({ keepAlive: true, maxSockets: 1 });
    const gapMs = rate === 0 ? 0 : (clients / rate) * 1000;
    let due = performance.now() + Math.random() * gapMs;
    while (!this.#stop) {
      if (gapMs > 0) {
        await pause(Math.max(0, due - performance.now()));
        // Latency counts from when the request was due: a stall must not hide the requests that it held up.
        due += gapMs;
      }
      const began = gapMs > 0 ? due - gapMs : performance.now();
      const { phase } = this;
      const body = JSON.parse(configMap(`c-${process.pid}-${unique++}`, bytes)) as object;
      const { status } = await call(`${this.url}/api/v1/namespaces/default/configmaps`, {
        method: 'POST',
        agent,
        body,
        timeoutMs: 30_000,
      });
      if (status !== 201) this.#failed++;
      const list = this.#latencies.get(phase) ?? [];
      this.#latencies.set(phase, list);
      list.push(performance.now() - began);
    }
    agent.destroy();
  }
  async stop(): Promise<void> {
    this.enter('over');
    this.#stop = true;
    await Promise.all(this.#running);
  }
  line(phase: string): string {
    const sorted = [...(this.#latencies.get(phase) ?? [])].sort((a, b) => a - b);
    const seconds = ((this.#ended.get(phase) ?? 0) - (this.#began.get(phase) ?? 0)) / 1000;
    const cells = [sorted.length / seconds, at(sorted, 0.5), at(sorted, 0.9), at(sorted, 0.99), at(sorted, 1)];
    return `${phase.padEnd(22)}${seconds.toFixed(1).padStart(8)}${cells.map((c) => c.toFixed(1).padStart(10)).join('')}`;
  }
  p99(phase: string): number {
    return at(
      [...(this.#latencies.get(phase) ?? [])].sort((a, b) => a - b),
      0.99,
    );
  }
  get failed(): number {
    return this.#failed;
  }
}

/** How replica i has it: from its log, which says so when a snapshot came. */
function gotSnapshot(cluster: E2eCluster, i: number): boolean {
  return fs.readFileSync(path.join(cluster.dir, `r${i}`, 'log'), 'utf8').includes('installed a snapshot');
}

const applied = async (cluster: E2eCluster, i: number): Promise<number> =>
  ((await cluster.raft(i)) as unknown as { applied: number }).applied;

const cluster = await startCluster({ replicas: Number(values.replicas) });
try {
  // Leadership may still move while the replicas start.
  const leader = await cluster.leader();
  const follower = (leader % cluster.replicas) + 1;
  const url = cluster.url(leader);
  const writers = new Writers(url);
  await pause(3000);
  writers.enter('before');
  await pause(phaseMs);
  writers.enter('behind');
  await cluster.kill(follower, 'SIGKILL');
  const missedFrom = await applied(cluster, leader);
  const began = performance.now();
  await load({
    url: `${url}/api/v1/namespaces/default/configmaps`,
    connections: 64,
    amount: transactions,
    body: () => configMap(`b-${process.pid}-${unique++}`, bytes),
  });
  const wroteMs = performance.now() - began;
  writers.enter('follower away');
  await pause(phaseMs);
  const behind = (await applied(cluster, leader)) - missedFrom;
  writers.enter('follower starts');
  const upAt = performance.now();
  const up = cluster.up();
  let reachedAt = 0;
  let firstAt = 0;
  await eventually(
    'the follower catches up',
    async () => {
      const target = await applied(cluster, leader);
      const own = await applied(cluster, follower);
      if (firstAt === 0) {
        firstAt = performance.now();
        writers.enter('catching up');
      }
      if (own < target) return false;
      reachedAt = performance.now();
      return true;
    },
    600_000,
  );
  writers.enter('after');
  const cpu = cpuSeconds(cluster.pid(follower));
  await up;
  await pause(phaseMs);
  await writers.stop();
  const ratio = writers.p99('catching up') / writers.p99('before');
  console.log(
    `${transactions} transactions of ${bytes} bytes written in ${(wroteMs / 1000).toFixed(1)} s, ${behind} log entries`,
  );
  console.log(
    `caught up ${((reachedAt - upAt) / 1000).toFixed(1)} s after its start was asked for ` +
      `(${((firstAt - upAt) / 1000).toFixed(1)} s until it answered; ${cpu.toFixed(1)} s of CPU), ` +
      `${gotSnapshot(cluster, follower) ? 'by a snapshot' : 'from the log'}\n`,
  );
  console.log(
    `${'writes to the leader'.padEnd(22)}${['s', 'per s', 'p50 ms', 'p90 ms', 'p99 ms', 'max ms'].map((h, i) => h.padStart(i === 0 ? 8 : 10)).join('')}`,
  );
  for (const phase of ['before', 'follower away', 'follower starts', 'catching up', 'after'])
    console.log(writers.line(phase));
  console.log(
    `\np99 while catching up / before: ${ratio.toFixed(2)}; writes that failed: ${writers.failed}; clients: ${clients}`,
  );
} finally {
  if (values.keep) console.log(`the directory is ${cluster.dir}`);
  else await cluster.down();
}
