// The benchmark suite: one replica and three behind HAProxy, the same cases, alternating, medians. See scripts/bench.
import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { call, type E2eCluster, has, repoRoot, startCluster } from '../internal/testing/e2e/cluster.js';
import { failoverGap } from './failover-gap.js';
import { type Figure, load } from './load.js';
import { median, medianFigure, plot, type Row, table } from './report.js';
import { watchFanOut } from './watch-fanout.js';

const { values } = parseArgs({
  options: {
    /** Only cases whose name matches this expression. */
    only: { type: 'string', default: '' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '3' },
    port: { type: 'string', default: '28000' },
    /** Kills of the leader; 0 leaves the failover case out. */
    kills: { type: 'string', default: '3' },
  },
});
const seconds = Number(values.seconds);
const rounds = Number(values.rounds);
const only = new RegExp(values.only);

interface Target {
  readonly name: string;
  readonly cluster: E2eCluster;
}

let unique = 0;
const pad = 'v'.repeat(1000);
const configMap = (name: string): string =>
  JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { k: pad } });

async function prepare(address: string): Promise<void> {
  for (const ns of ['bench', 'bench-list']) {
    await call(`${address}/api/v1/namespaces`, { method: 'POST', body: { metadata: { name: ns } } });
  }
  const post = (ns: string, name: string) =>
    call(`${address}/api/v1/namespaces/${ns}/configmaps`, {
      method: 'POST',
      body: JSON.parse(configMap(name)) as object,
    });
  await post('bench', 'one');
  for (let i = 0; i < 500; i += 50) {
    await Promise.all(Array.from({ length: 50 }, (_, j) => post('bench-list', `l-${i + j}`)));
  }
}

const cases: Record<string, (address: string) => Promise<Figure>> = {
  get: (a) => load({ url: `${a}/api/v1/namespaces/bench/configmaps/one`, connections: 32, seconds }),
  'get, resourceVersion=0': (a) =>
    load({ url: `${a}/api/v1/namespaces/bench/configmaps/one?resourceVersion=0`, connections: 32, seconds }),
  'list of 500': (a) => load({ url: `${a}/api/v1/namespaces/bench-list/configmaps`, connections: 4, seconds }),
  'create, 32 clients': (a) =>
    load({
      url: `${a}/api/v1/namespaces/bench/configmaps`,
      connections: 32,
      seconds,
      body: () => configMap(`c-${process.pid}-${unique++}`),
    }),
  'create, 1 client': (a) =>
    load({
      url: `${a}/api/v1/namespaces/bench/configmaps`,
      connections: 1,
      seconds,
      body: () => configMap(`c-${process.pid}-${unique++}`),
    }),
  'watch, 100 watchers x 100 events': (a) => watchFanOut(a, `bench-watch-${unique++}`, 100, 100),
};

const port = Number(values.port);
const targets: Target[] = [{ name: 'one replica', cluster: await startCluster({ replicas: 1, port }) }];
const three = has('haproxy') ? 'three behind HAProxy' : 'three, without a load balancer (no haproxy here)';
targets.push({ name: three, cluster: await startCluster({ replicas: 3, port: port + 10 }) });

const rows: Row[] = [];
try {
  for (const t of targets) await prepare(t.cluster.address);
  for (const [name, run] of Object.entries(cases)) {
    if (!only.test(name)) continue;
    const figures = new Map<Target, Figure[]>(targets.map((t) => [t, []]));
    for (let round = 0; round < rounds; round++) {
      // Alternating order: whatever drifts on this machine falls on both.
      for (const t of round % 2 === 0 ? targets : [...targets].reverse()) {
        figures.get(t)?.push(await run(t.cluster.address));
      }
    }
    for (const [t, runs] of figures) rows.push({ name, target: t.name, figure: medianFigure(runs) });
  }
  console.log(`medians of ${rounds} runs of ${seconds} s; everything on this machine at once\n`);
  console.log(table(rows));
  const cluster = targets[1]?.cluster;
  const kills = Number(values.kills);
  if (cluster !== undefined && kills > 0 && only.test('failover')) {
    const gaps: number[] = [];
    for (let k = 0; k < kills; k++) gaps.push(await failoverGap(cluster, `gap-${process.pid}-${k}`));
    console.log(
      `\nkill -9 of the leader, longest time without an acknowledged write: median ${median(gaps).toFixed(0)} ms ` +
        `(${gaps.map((g) => g.toFixed(0)).join(', ')})`,
    );
  }
  const results = path.join(repoRoot, 'bench/results');
  await plot(rows, path.join(results, 'throughput.svg'));
  fs.writeFileSync(path.join(results, 'results.json'), `${JSON.stringify(rows, null, 2)}\n`);
  console.log(`\nplot: bench/results/throughput.svg`);
} finally {
  for (const t of targets) await t.cluster.down();
}
