import assert from 'node:assert';
import { execFile, spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import https from 'node:https';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { freeClusterBase } from '../ports.js';

const exec = promisify(execFile);
export const repoRoot = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');

/** Bearer token of a `system:masters` user that every cluster made here knows. */
export const TOKEN = 'e2e-admin-token';

/** A cluster started by `scripts/up`, as a user would start it. */
export interface E2eCluster {
  readonly dir: string;
  readonly port: number;
  readonly replicas: number;
  /** Kubeconfig of the load balancer, or of r1 without one. */
  readonly kubeconfig: string;
  replicaKubeconfig(i: number): string;
  /** Address that one client should use: the load balancer's, or r1's. */
  readonly address: string;
  /** Where clients may go: the load balancer alone, or every replica where HAProxy is not installed. */
  readonly addresses: readonly string[];
  url(i: number): string;
  pid(i: number): number;
  /** Sends a signal to replica i and, for SIGKILL and SIGTERM, waits until the process is gone. */
  kill(i: number, signal: NodeJS.Signals): Promise<void>;
  /** Runs `scripts/up` again: starts what is stopped. */
  up(): Promise<void>;
  /** `/debug/raft` of replica i. */
  raft(i: number): Promise<{ role: string; leader: number | string; id: number | string; applied: number }>;
  leader(): Promise<number>;
  down(): Promise<void>;
}

/** True when the program can be run here. */
export function has(program: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
}

/** Polls until `probe` says true; fails with `what` after `timeoutMs`. Only for conditions that no event announces. */
export async function eventually(what: string, probe: () => Promise<boolean>, timeoutMs = 20_000): Promise<void> {
  const until = Date.now() + timeoutMs;
  let last = '';
  while (Date.now() < until) {
    try {
      if (await probe()) return;
    } catch (e) {
      last = e instanceof Error ? ` (${e.message})` : ' (threw)';
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`not within ${timeoutMs} ms: ${what}${last}`);
}

export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** One HTTPS request with the admin token, another one, or ('') none. Rejects when the connection fails. */
export function call(
  url: string,
  options: {
    method?: string;
    body?: unknown;
    timeoutMs?: number;
    agent?: https.Agent;
    contentType?: string;
    token?: string;
  } = {},
): Promise<Answer> {
  const body = options.body === undefined ? undefined : JSON.stringify(options.body);
  return new Promise((resolve, reject) => {
    const request = https.request(
      url,
      {
        method: options.method ?? 'GET',
        rejectUnauthorized: false,
        timeout: options.timeoutMs ?? 10_000,
        ...(options.agent === undefined ? {} : { agent: options.agent }),
        headers: {
          ...(options.token === '' ? {} : { authorization: `Bearer ${options.token ?? TOKEN}` }),
          accept: 'application/json',
          ...(body === undefined
            ? {}
            : {
                'content-type': options.contentType ?? 'application/json',
                'content-length': Buffer.byteLength(body),
              }),
        },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (c: Buffer) => chunks.push(c));
        response.on('error', reject);
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') }),
        );
      },
    );
    request.on('timeout', () => request.destroy(new Error('timeout')));
    request.on('error', reject);
    request.end(body);
  });
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A zombie still answers signals; the kernel says so in its state.
    return !/^\d+ \(.*\) Z/.test(fs.readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

/**
 * Brings the cluster down when this process is gone, however it ended: replicas are processes of their own and would stay.
 * The guard ends when the directory does.
 */
function guard(dir: string): void {
  const watch = `while kill -0 ${process.pid} 2>/dev/null; do [ -d "$1" ] || exit 0; sleep 1; done; scripts/down --dir "$1"; rm -rf "$1"`;
  spawn('sh', ['-c', watch, 'guard', dir], { cwd: repoRoot, detached: true, stdio: 'ignore' }).unref();
}

/** Starts a cluster with `scripts/up` in a temporary directory, on free ports; ends with this process at the latest. */
export async function startCluster(options: { replicas: number; flags?: string[] }): Promise<E2eCluster> {
  const port = await freeClusterBase(options.replicas);
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'quorate-e2e-'));
  guard(dir);
  const tokens = path.join(dir, 'tokens.csv');
  fs.writeFileSync(tokens, `${TOKEN},e2e-admin,e2e-admin,"system:masters"\nplain-token,jane,jane,"developers"\n`);
  const args = ['--replicas', String(options.replicas), '--dir', dir, '--port', String(port)];
  const up = async (): Promise<void> => {
    await exec('scripts/up', [...args, '--', '--token-auth-file', tokens, ...(options.flags ?? [])], {
      cwd: repoRoot,
      timeout: 120_000,
    });
  };
  const down = async (): Promise<void> => {
    await exec('scripts/down', ['--dir', dir], { cwd: repoRoot, timeout: 60_000 });
    fs.rmSync(dir, { recursive: true, force: true });
  };
  try {
    await up();
  } catch (e) {
    await down(); // what did start must not outlive the test
    throw e;
  }
  const kubeconfig = path.join(dir, 'admin.conf');
  const server = /server: *"?(https:[^"\s]+)/.exec(fs.readFileSync(kubeconfig, 'utf8'))?.[1];
  if (server === undefined) throw new Error(`no server in ${kubeconfig}`);
  const replicas = Array.from({ length: options.replicas }, (_, i) => `https://127.0.0.1:${port + i}`);
  const cluster: E2eCluster = {
    dir,
    port,
    replicas: options.replicas,
    kubeconfig,
    address: server,
    addresses: replicas.includes(server) ? replicas : [server],
    replicaKubeconfig: (i) => path.join(dir, `r${i}.conf`),
    url: (i) => replicas[i - 1] ?? assert.fail(`there is no r${i}`),
    pid: (i) => Number(fs.readFileSync(path.join(dir, `r${i}`, 'pid'), 'utf8').trim()),
    async kill(i, signal) {
      const pid = cluster.pid(i);
      process.kill(pid, signal);
      if (signal === 'SIGKILL' || signal === 'SIGTERM') {
        await eventually(`r${i} is gone`, () => Promise.resolve(!alive(pid)));
      }
    },
    up,
    async raft(i) {
      const a = await call(`${cluster.url(i)}/debug/raft`, { timeoutMs: 3000 });
      return JSON.parse(a.body) as Awaited<ReturnType<E2eCluster['raft']>>;
    },
    async leader() {
      let found = 0;
      await eventually('a leader', async () => {
        for (let i = 1; i <= options.replicas; i++) {
          try {
            if ((await cluster.raft(i)).role === 'leader') {
              found = i;
              return true;
            }
          } catch (e) {
            if (!(e instanceof Error)) throw e; // a replica that is down has no say
          }
        }
        return false;
      });
      return found;
    },
    down,
  };
  return cluster;
}
