// What audit at Metadata for all requests costs: creates of two single replicas beside each other, with and without, in
// turns. Each run is compared with the one beside it, so that a machine that others keep busy tells it too; there, what a
// create takes of the processor tells more than the throughput does.
// npx tsx bench/audit.ts [seconds per run] [runs of each]
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import autocannon from 'autocannon';
import { freeClusterBase } from '../internal/testing/ports.js';
import { kubeconfigAccess } from '../internal/testing/oracle/audit-people.js';
import { cpuSeconds } from './process-figures.js';
import { median } from './report.js';

const [seconds = 4, runs = 9] = process.argv.slice(2).map(Number);
const CONNECTIONS = 32;
/** For how long each replica takes creates before anything is measured, at least: its code is compiled by then. */
const WARM_SECONDS = 8;
const POLICY = 'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n- level: Metadata\n';

function run(command: string, args: readonly string[]): void {
  const { status, stderr } = spawnSync(command, args, { encoding: 'utf8', timeout: 180_000 });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed: ${stderr}`);
}

/** Processor time of the replica so far, in milliseconds. */
const cpuMs = (pid: number): number => 1000 * cpuSeconds(pid);
/** Of that, what its main thread has had, which bounds the throughput. */
const mainMs = (pid: number): number =>
  Number(fs.readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6;

interface Figures {
  readonly perSecond: number;
  /** Of one create. */
  readonly cpuMs: number;
  readonly mainMs: number;
  /** Which part of a processor this program had: beyond 0.9 it is what bounds the throughput. */
  readonly client: number;
}

/** One replica, and a way to create on it for some seconds. */
interface Server {
  creates(forSeconds: number): Promise<Figures>;
  stop(): void;
}

async function started(flags: (dir: string) => string[]): Promise<Server> {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'quorate-audit-'));
  const port = String(await freeClusterBase(1));
  const stop = (): void => {
    run('scripts/down', ['--dir', dir]);
    fs.rmSync(dir, { recursive: true, force: true });
  };
  try {
    run('scripts/up', ['--replicas', '1', '--dir', dir, '--port', port, '--', ...flags(dir)]);
  } catch (error) {
    stop();
    throw error;
  }
  const { server, ca, cert, key } = kubeconfigAccess(path.join(dir, 'r1.conf'));
  const pid = Number(fs.readFileSync(path.join(dir, 'r1/pid'), 'utf8'));
  const creates = async (forSeconds: number): Promise<Figures> => {
    const before = { cpu: cpuMs(pid), main: mainMs(pid), client: process.cpuUsage(), at: performance.now() };
    const result = await autocannon({
      url: new URL('/api/v1/namespaces/default/configmaps', server).href,
      connections: CONNECTIONS,
      duration: forSeconds,
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ metadata: { generateName: 'bench-' }, data: { text: 'x'.repeat(512) } }),
      tlsOptions: { ca, cert, key },
    });
    if (result.non2xx > 0) throw new Error(`${result.non2xx} creates were refused`);
    const { user, system } = process.cpuUsage(before.client);
    const count = result['2xx'];
    return {
      perSecond: count / result.duration,
      cpuMs: (cpuMs(pid) - before.cpu) / count,
      mainMs: (mainMs(pid) - before.main) / count,
      client: (user + system) / 1000 / (performance.now() - before.at),
    };
  };
  return { creates, stop };
}

function auditFlags(dir: string): string[] {
  const policy = path.join(dir, 'policy.yaml');
  fs.writeFileSync(policy, POLICY);
  return ['--audit-policy-file', policy, '--audit-log-path', path.join(dir, 'audit.log')];
}

const [plain, audited]: [Figures[], Figures[]] = [[], []];
const servers = [await started(() => []), await started(auditFlags)] as const;
try {
  for (const server of servers) await server.creates(Math.max(seconds, WARM_SECONDS));
  for (let i = 0; i < runs; i++) {
    // Who runs first may find another machine than who runs second.
    const both = [
      async () => plain.push(await servers[0].creates(seconds)),
      async () => audited.push(await servers[1].creates(seconds)),
    ];
    if (i % 2 === 1) both.reverse();
    for (const one of both) await one();
  }
} finally {
  for (const server of servers) server.stop();
}

/** How much more it is with audit than without, in percent: of each run and the one beside it, in order. */
const more = (of: (f: Figures) => number): number[] =>
  audited.map((f, i) => 100 * (of(f) / of(plain[i] ?? f) - 1)).sort((a, b) => a - b);
const told = (all: readonly number[]): string =>
  `${median(all).toFixed(1)} % (${all.map((percent) => percent.toFixed(0)).join(' ')})`;

for (const [name, all] of [
  ['without audit', plain],
  ['at Metadata', audited],
] as const) {
  const figures = all.map((f) => `${Math.round(f.perSecond)}/s ${f.cpuMs.toFixed(2)} ms`).join(', ');
  process.stdout.write(`creates ${name}: ${figures}\n`);
}
process.stdout.write(
  `this program had ${median([...plain, ...audited].map((f) => f.client)).toFixed(2)} of a processor\n`,
);
process.stdout.write('with audit, run by run beside the one without, medians and all:\n');
process.stdout.write(`  creates per second ${told(more((f) => f.perSecond))}\n`);
process.stdout.write(`  processor time each ${told(more((f) => f.cpuMs))}\n`);
process.stdout.write(`  of the main thread ${told(more((f) => f.mainMs))}\n`);
