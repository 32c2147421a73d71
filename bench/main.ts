// The benchmark suite: one replica and three behind HAProxy, the same cases, alternating, medians. See scripts/bench.
import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { type E2eCluster, has, repoRoot, startCluster } from '../internal/testing/e2e/cluster.js';
import { reserved } from './builds.js';
import { failoverGap } from './failover-gap.js';
import { type Figure, load } from './load.js';
import { anonymousMib, cpuSeconds, restartMs, startMs, writtenBytes } from './process-figures.js';
import { median, medianFigure, plot, type Row, table } from './report.js';
import { configMap, seed } from './seed.js';
import { watchFanOut } from './watch-fanout.js';

const { values } = parseArgs({
  options: {
    /** Only cases whose name matches this expression. */
    only: { type: 'string', default: '' },
    rounds: { type: 'string', default: '3' },
    /** How long one run of one case takes. */
    seconds: { type: 'string', default: '2' },
    /** Kills of the leader; 0 leaves the failover case out. */
    kills: { type: 'string', default: '3' },
    /** Objects of 1 KB in the long list, and in the directory that a replica starts from. */
    objects: { type: 'string', default: '10000' },
    /** On a slow machine: no further round is begun after so many seconds. */
    budget: { type: 'string', default: '120' },
  },
});
const seconds = Number(values.seconds);
const rounds = Number(values.rounds);
const objects = Number(values.objects);
const only = new RegExp(values.only);
const roundsUntil = performance.now() + Number(values.budget) * 1000;

interface Target {
  readonly name: string;
  readonly cluster: E2eCluster;
  readonly single: boolean;
}

interface Case {
  readonly name: string;
  readonly run: (address: string) => Promise<Figure>;
  /** Measured on one replica only. */
  readonly singleOnly?: boolean;
}

let unique = 0;
const create = (address: string, connections: number): Promise<Figure> =>
  load({
    url: `${address}/api/v1/namespaces/bench/configmaps`,
    connections,
    seconds,
    body: () => configMap(`c-${process.pid}-${unique++}`, 1000),
  });
const read = (address: string, what: string, connections: number): Promise<Figure> =>
  load({ url: `${address}/api/v1/namespaces/${what}`, connections, seconds });

const LONG_LIST = `list of ${objects}`;
const all: readonly Case[] = [
  { name: 'get', run: (a) => read(a, 'bench/configmaps/o-0', 32) },
  { name: 'get, resourceVersion=0', run: (a) => read(a, 'bench/configmaps/o-0?resourceVersion=0', 32) },
  { name: 'list of 500', run: (a) => read(a, 'bench-list/configmaps', 4) },
  { name: LONG_LIST, run: (a) => read(a, 'bench-long/configmaps', 2), singleOnly: true },
  { name: 'create, 32 clients', run: (a) => create(a, 32) },
  { name: 'create, 1 client', run: (a) => create(a, 1) },
  { name: 'watch, 200 watchers x 200 events', run: (a) => watchFanOut(a, `bench-watch-${unique++}`, 200, 200) },
];
const cases = all.filter((c) => only.test(c.name));

const three = has('haproxy') ? 'three behind HAProxy' : 'three, without a load balancer (no haproxy here)';
const targets: Target[] = [];
const rows: Row[] = [];
const processLines: string[] = [];

async function measure(): Promise<void> {
  for (const { name, run, singleOnly } of cases) {
    const taken = targets.filter((t) => t.single || singleOnly !== true);
    const figures = new Map<Target, Figure[]>(taken.map((t) => [t, []]));
    const used = new Map<Target, number>();
    const written = new Map<Target, number>();
    for (let round = 0; round < rounds && (round === 0 || performance.now() < roundsUntil); round++) {
      // Alternating order: whatever drifts on this machine falls on both.
      for (const t of round % 2 === 0 ? taken : [...taken].reverse()) {
        const [cpuBefore, writtenBefore] = [sumOf(t, cpuSeconds), sumOf(t, writtenBytes)];
        const figure = await run(t.cluster.address);
        used.set(t, (used.get(t) ?? 0) + sumOf(t, cpuSeconds) - cpuBefore);
        written.set(t, (written.get(t) ?? 0) + sumOf(t, writtenBytes) - writtenBefore);
        figures.get(t)?.push(figure);
      }
    }
    for (const [t, runs] of figures) {
      const count = runs.reduce((n, r) => n + r.count, 0);
      const cpuUs = ((used.get(t) ?? Number.NaN) / count) * 1e6;
      const bytesEach = (written.get(t) ?? Number.NaN) / count;
      rows.push({ name, target: t.name, figure: medianFigure(runs), runs: runs.length, cpuUs, bytesEach });
    }
  }
}

/** What all replicas of a target have used so far. */
function sumOf({ cluster }: Target, figureOf: (pid: number) => number): number {
  let sum = 0;
  for (let i = 1; i <= cluster.replicas; i++) sum += figureOf(cluster.pid(i));
  return sum;
}

const mib = (cluster: E2eCluster): string => `${anonymousMib(cluster.pid(1)).toFixed(0)} MiB`;

try {
  const one = await startCluster({ replicas: 1 });
  targets.push({ name: 'one replica', cluster: one, single: true });
  processLines.push(`started on an empty directory: ready after ${startMs(one, 1)} ms, ${mib(one)}`);
  targets.push({ name: three, cluster: await startCluster({ replicas: 3 }), single: false });
  for (const t of targets) {
    await seed(t.cluster.address, 'bench', 1, 1000);
    await seed(t.cluster.address, 'bench-list', 500, 1000);
  }
  if (cases.some((c) => c.name === LONG_LIST)) {
    await seed(one.address, 'bench-long', objects, 1000);
    const starts: number[] = [];
    for (let i = 0; i < 3; i++) starts.push(await restartMs(one));
    processLines.push(`started with ${objects} objects: ready after ${median(starts)} ms (median of 3), ${mib(one)}`);
  }
  // What is written once belongs to no case.
  for (const { cluster } of targets) await reserved(cluster);
  await measure();
  processLines.push(`after the load: ${mib(one)}`);
  console.log(
    `medians of ${rounds} runs (fewer on a slow machine) of ${seconds} s; everything on this machine at once\n`,
  );
  console.log(table(rows));
  console.log(`\none replica, anonymous resident memory (RssAnon):\n  ${processLines.join('\n  ')}`);
  const cluster = targets[1]?.cluster;
  const kills = Number(values.kills);
  const gaps: number[] = [];
  if (cluster !== undefined && kills > 0 && only.test('failover')) {
    for (let k = 0; k < kills; k++) gaps.push((await failoverGap(cluster, `gap-${process.pid}-${k}`)).gapMs);
    console.log(
      `\nkill -9 of the leader, longest time without an acknowledged write: median ${median(gaps).toFixed(0)} ms ` +
        `(${gaps.map((g) => g.toFixed(0)).join(', ')})`,
    );
  }
  const results = path.join(repoRoot, 'bench/results');
  await plot(rows, path.join(results, 'throughput.svg'));
  fs.writeFileSync(
    path.join(results, 'results.json'),
    `${JSON.stringify({ rows, process: processLines, gapsMs: gaps }, null, 2)}\n`,
  );
  console.log(`\nplot: bench/results/throughput.svg`);
} finally {
  for (const t of targets) await t.cluster.down();
}
