// What priority and fairness costs, and what it is good for:
// npx tsx bench/fairness.ts [seconds of each run] [runs] [lists,watches,creates].
// First the processor time of a GET with and without it, in turns (with 0 runs not at all). Then floods: 500 connections of
// one user that list 1 MB each, watch the same, or create, beside another user's GETs: their latencies as multiples of the
// idle ones.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import autocannon from 'autocannon';
import { call, type E2eCluster, startCluster } from '../internal/testing/e2e/cluster.js';
import { percentile, rssMiB, seedForFlood, timedGets, TOKENS } from '../internal/testing/e2e/flood.js';
import { cpuSeconds } from './process-figures.js';

const [seconds = 8, runs = 2] = process.argv.slice(2, 4).map(Number);
const kinds = process.argv[4];
const GET = '/api/v1/namespaces/flood/configmaps/cm-0';

/** Processor time of a process so far, milliseconds; a tick of Linux is 10 ms. */
const cpuMs = (pid: number): number => 1000 * cpuSeconds(pid);

async function start(...flags: string[]): Promise<E2eCluster> {
  const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'quorate-tokens-')), 'tokens.csv');
  fs.writeFileSync(file, TOKENS);
  const cluster = await startCluster({ replicas: 1, flags: ['--token-auth-file', file, ...flags] });
  await seedForFlood(cluster.url(1));
  return cluster;
}

async function gets(on: boolean): Promise<{ perSecond: number; cpu: number }> {
  const cluster = await start(`--enable-priority-and-fairness=${on}`);
  try {
    const run = async (duration: number) =>
      autocannon({
        url: cluster.url(1) + GET,
        connections: 32,
        duration,
        headers: { authorization: 'Bearer reader-token', accept: 'application/json' },
        tlsOptions: { rejectUnauthorized: false },
        workers: 1,
      });
    await run(2);
    const before = cpuMs(cluster.pid(1));
    const result = await run(seconds);
    if (result.non2xx > 0) throw new Error(`${result.non2xx} GETs were refused`);
    return { perSecond: result.requests.average, cpu: (1000 * (cpuMs(cluster.pid(1)) - before)) / result['2xx'] };
  } finally {
    await cluster.down();
  }
}

const median = (all: readonly number[]): number => percentile(all, 50);

const [off, on]: [number[], number[]] = [[], []];
for (let i = 0; i < runs; i++) {
  off.push((await gets(false)).cpu);
  on.push((await gets(true)).cpu);
}
const more = 100 * (median(on) / median(off) - 1);
if (runs > 0)
  process.stdout.write(
    `GET: ${median(off).toFixed(1)} µs of the processor without, ${median(on).toFixed(1)} µs with priority and fairness: ${more.toFixed(1)} % more\n`,
  );

/** What one user does over 500 connections as fast as it is answered. */
const FLOODS: Readonly<Record<string, Partial<autocannon.Options> & { readonly query?: string }>> = {
  lists: {},
  // Each begins with all that there is, and ends after a second.
  watches: { query: '?watch=true&resourceVersion=0&timeoutSeconds=1' },
  creates: {
    method: 'POST',
    body: JSON.stringify({ metadata: { generateName: 'made-' }, data: { text: 'x'.repeat(512) } }),
  },
};

const show = (name: string, all: readonly number[]): string =>
  `${name}: ${all.length} GETs, p50 ${percentile(all, 50).toFixed(2)} ms, p99 ${percentile(all, 99).toFixed(2)} ms\n`;

/** A flood beside another user's GETs, the renewals of a lease, and questions whether the server is ready. */
async function flooded(name: string): Promise<void> {
  const { query = '', ...options } = FLOODS[name] ?? {};
  const cluster = await start();
  try {
    const url = cluster.url(1);
    const leases = `${url}/apis/coordination.k8s.io/v1/namespaces/kube-system/leases`;
    const lease = { metadata: { name: 'kube-scheduler' }, spec: { holderIdentity: 'me', leaseDurationSeconds: 15 } };
    let stored = JSON.parse((await call(leases, { method: 'POST', body: lease })).body) as typeof lease;
    const idle = await timedGets(url + GET, 'reader-token', seconds * 1000);
    const rss = rssMiB(cluster.pid(1));
    const run = autocannon({
      connections: 500,
      duration: seconds + 4,
      timeout: 60,
      tlsOptions: { rejectUnauthorized: false },
      workers: 1,
      ...options,
      url: `${url}/api/v1/namespaces/flood/configmaps${query}`,
      headers: {
        authorization: 'Bearer flood-token',
        accept: 'application/json',
        ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
      },
    });
    await new Promise((resolve) => setTimeout(resolve, 3000));
    let [flooding, peak, asked, ready, renewed] = [true, rss, 0, 0, 0];
    const watchOver = async (): Promise<void> => {
      while (flooding) {
        asked++;
        if ((await call(`${url}/readyz`, { token: '' })).status === 200) ready++;
        const renewTime = new Date().toISOString().replace('Z', '000Z');
        const body = { ...stored, spec: { ...stored.spec, renewTime } };
        const answer = await call(`${leases}/kube-scheduler`, { method: 'PUT', body, token: 'scheduler-token' });
        if (answer.status === 200) {
          stored = JSON.parse(answer.body) as typeof lease;
          renewed++;
        }
        peak = Math.max(peak, rssMiB(cluster.pid(1)));
        await new Promise((resolve) => setTimeout(resolve, 250));
      }
    };
    const watching = watchOver();
    const loaded = await timedGets(url + GET, 'reader-token', seconds * 1000);
    flooding = false;
    await watching;
    const result = await run;
    process.stdout.write(show('idle', idle) + show(`flood of 500 connections, ${name}`, loaded));
    process.stdout.write(
      `${name}: p99 ${(percentile(loaded, 99) / percentile(idle, 99)).toFixed(1)} times the idle one; of ${asked} times /readyz was 200 ${ready} times, and the lease renewed ${renewed} times; memory ${rss} MiB, at most ${peak} MiB; ${result['2xx']} answered, ${result.non2xx} refused\n`,
    );
  } finally {
    await cluster.down();
  }
}

for (const name of kinds === undefined ? Object.keys(FLOODS) : kinds.split(',')) await flooded(name);
