// What audit at Metadata for all requests costs: creates of two single replicas beside each other, with and without, in
// turns. The processor time of one create tells it also on a machine that others keep busy.
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

const [seconds = 3, runs = 8] = process.argv.slice(2).map(Number);
const CONNECTIONS = 32;
const POLICY = 'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n- level: Metadata\n';

function run(command: string, args: readonly string[]): void {
  const { status, stderr } = spawnSync(command, args, { encoding: 'utf8', timeout: 180_000 });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed: ${stderr}`);
}

/** Processor time of the replica so far, in milliseconds. */
const cpuMs = (dir: string): number => 1000 * cpuSeconds(Number(fs.readFileSync(path.join(dir, 'r1/pid'), 'utf8')));

interface Figures {
  readonly perSecond: number;
  readonly cpuMs: number;
}

/** One replica, and a way to create on it for some seconds. */
interface Server {
  creates(): Promise<Figures>;
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
  const creates = async (): Promise<Figures> => {
    const before = cpuMs(dir);
    const result = await autocannon({
      url: new URL('/api/v1/namespaces/default/configmaps', server).href,
      connections: CONNECTIONS,
      duration: seconds,
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ metadata: { generateName: 'bench-' }, data: { text: 'x'.repeat(512) } }),
      tlsOptions: { ca, cert, key },
    });
    if (result.non2xx > 0) throw new Error(`${result.non2xx} creates were refused`);
    return { perSecond: result.requests.average, cpuMs: (cpuMs(dir) - before) / result['2xx'] };
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
  // Both begin cold.
  for (const server of servers) await server.creates();
  for (let i = 0; i < runs; i++) {
    plain.push(await servers[0].creates());
    audited.push(await servers[1].creates());
  }
} finally {
  for (const server of servers) server.stop();
}

const middle = (all: readonly Figures[], of: keyof Figures): number => median(all.map((f) => f[of]));
for (const [name, all] of [
  ['without audit', plain],
  ['at Metadata', audited],
] as const) {
  const figures = all.map((f) => `${Math.round(f.perSecond)}/s ${f.cpuMs.toFixed(2)} ms`).join(', ');
  process.stdout.write(`creates ${name}: ${figures}\n`);
}
const more = 100 * (middle(audited, 'cpuMs') / middle(plain, 'cpuMs') - 1);
const fewer = 100 * (1 - middle(audited, 'perSecond') / middle(plain, 'perSecond'));
process.stdout.write(
  `audit: ${more.toFixed(1)} % more processor time, ${fewer.toFixed(1)} % fewer creates (medians)\n`,
);
