// What audit at Metadata for all requests costs: creates of 32 clients on clusters beside each other, without audit and with
// each mode of its log, in turns; three replicas are asked through HAProxy, where it is installed. Each run is compared with
// the one without audit beside it, so that a machine that others keep busy tells it too; there, what a create takes of the
// processor tells more than the throughput does. One process may be quicker than the next, though both do the same, so all
// of it is done with several processes.
//
//   npx tsx bench/audit.ts [--replicas 1] [--seconds 2] [--rounds 6] [--starts 4]
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { startCluster } from '../internal/testing/e2e/cluster.js';
import { type Build, endBuilds, inTurn, reserved, sumOf } from './builds.js';
import { load } from './load.js';
import { cpuSeconds } from './process-figures.js';
import { median } from './report.js';
import { configMap } from './seed.js';

const { values } = parseArgs({
  options: {
    replicas: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '6' },
    starts: { type: 'string', default: '4' },
  },
});
const CONNECTIONS = 32;
/** Creates that each cluster takes before anything is measured: its code is compiled by then. */
const WARM_CREATES = 20_000;
const POLICY = 'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n- level: Metadata\n';
const MODES = ['blocking', 'batch'];

/** Processor time that the main thread of a replica has had so far, in seconds: it bounds the throughput. */
const mainSeconds = (pid: number): number =>
  Number(fs.readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1e9;

interface Figures {
  readonly perSecond: number;
  /** Of one create, of all replicas, microseconds. */
  readonly cpuUs: number;
  readonly mainUs: number;
  /** Which part of a processor this program had: beyond 0.9 it is what bounds the throughput. */
  readonly client: number;
}

let unique = 0;
const url = ({ cluster }: Build): string => `${cluster.address}/api/v1/namespaces/default/configmaps`;
const body = (): string => configMap(`a-${process.pid}-${unique++}`, 512);

async function creates(build: Build): Promise<Figures> {
  const before = { cpu: sumOf(build, cpuSeconds), main: sumOf(build, mainSeconds) };
  const [client, at] = [process.cpuUsage(), performance.now()];
  const figure = await load({ url: url(build), connections: CONNECTIONS, seconds: Number(values.seconds), body });
  if (figure.errors > 0) throw new Error(`${build.name}: ${figure.errors} creates were refused`);
  const { user, system } = process.cpuUsage(client);
  return {
    perSecond: figure.perSecond,
    cpuUs: ((sumOf(build, cpuSeconds) - before.cpu) * 1e6) / figure.count,
    mainUs: ((sumOf(build, mainSeconds) - before.main) * 1e6) / figure.count,
    client: (user + system) / 1000 / (performance.now() - at),
  };
}

async function started(name: string, flags: string[]): Promise<Build> {
  const cluster = await startCluster({ replicas: Number(values.replicas), flags });
  await reserved(cluster);
  return { name, cluster };
}

const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'quorate-audit-'));
const policy = path.join(dir, 'policy.yaml');
fs.writeFileSync(policy, POLICY);
// Replicas of one cluster append to one file, as they would to a file each.
const flagsOf = (mode: string): string[] => {
  const file = path.join(dir, `${mode}.log`);
  return ['--audit-policy-file', policy, '--audit-log-path', file, '--audit-log-mode', mode];
};

const plain: Figures[] = [];
const audited = new Map(MODES.map((mode) => [mode, [] as Figures[]]));

/** Starts all clusters, asks them in turns, and ends them. */
async function roundsOf(start: number): Promise<void> {
  const builds: Build[] = [];
  try {
    for (const mode of inTurn(['', ...MODES], start)) {
      builds.push(mode === '' ? await started('without audit', []) : await started(mode, flagsOf(mode)));
    }
    for (const build of builds) await load({ url: url(build), connections: CONNECTIONS, amount: WARM_CREATES, body });
    for (let round = 0; round < Number(values.rounds); round++) {
      // Who runs first may find another machine than who runs last.
      for (const build of inTurn(builds, round)) (audited.get(build.name) ?? plain).push(await creates(build));
    }
  } finally {
    await endBuilds(builds);
  }
}

try {
  for (let start = 0; start < Number(values.starts); start++) await roundsOf(start);
} finally {
  fs.rmSync(dir, { recursive: true, force: true });
}

/** How much more it is with audit than without, in percent: of each run and the one beside it, in order. */
function more(figures: readonly Figures[], of: (f: Figures) => number): string {
  const percents = figures.map((f, i) => 100 * (of(f) / of(plain[i] ?? f) - 1)).sort((a, b) => a - b);
  return `${median(percents).toFixed(1)} % (${percents.map((percent) => percent.toFixed(0)).join(' ')})`;
}

const all = [...audited.values()].flat();
const one = (f: Figures): string => `${Math.round(f.perSecond)}/s ${Math.round(f.cpuUs)} us`;
console.log(`creates without audit: ${plain.map(one).join(', ')}`);
for (const [mode, figures] of audited) console.log(`creates at Metadata, ${mode}: ${figures.map(one).join(', ')}`);
console.log(`this program had ${median([...plain, ...all].map((f) => f.client)).toFixed(2)} of a processor`);
for (const [mode, figures] of audited) {
  console.log(`at Metadata, ${mode}, run by run beside the one without, medians and all:`);
  console.log(`  creates per second ${more(figures, (f) => f.perSecond)}`);
  console.log(`  processor time each ${more(figures, (f) => f.cpuUs)}`);
  console.log(`  of the main threads ${more(figures, (f) => f.mainUs)}`);
}
