// What priority and fairness costs, and what it is good for: npx tsx bench/fairness.ts [seconds of each run] [runs].
// First the processor time of a GET with and without it, in turns. Then a flood: 500 connections of one user that list
// 1 MB each, beside another user's GETs: their latencies as multiples of the idle ones.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import autocannon from 'autocannon';
import { call, type E2eCluster, startCluster, TOKEN } from '../internal/testing/e2e/cluster.js';
import { percentile, rssMiB, seedForFlood, timedGets, TOKENS } from '../internal/testing/e2e/flood.js';
import { cpuSeconds } from './process-figures.js';

const [seconds = 8, runs = 2] = process.argv.slice(2).map(Number);
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
process.stdout.write(
  `GET: ${median(off).toFixed(1)} µs of the processor without, ${median(on).toFixed(1)} µs with priority and fairness: ${more.toFixed(1)} % more\n`,
);

const cluster = await start();
try {
  const url = cluster.url(1);
  const idle = await timedGets(url + GET, 'reader-token', seconds * 1000);
  const rss = rssMiB(cluster.pid(1));
  const flood = autocannon({
    url: `${url}/api/v1/namespaces/flood/configmaps`,
    connections: 500,
    duration: seconds + 4,
    timeout: 60,
    headers: { authorization: 'Bearer flood-token', accept: 'application/json' },
    tlsOptions: { rejectUnauthorized: false },
    workers: 1,
  });
  await new Promise((resolve) => setTimeout(resolve, 3000));
  const loaded = await timedGets(url + GET, 'reader-token', seconds * 1000);
  const ready = await call(`${url}/readyz`, { token: TOKEN });
  const peak = rssMiB(cluster.pid(1));
  const result = await flood;
  const show = (name: string, all: readonly number[]): string =>
    `${name}: ${all.length} GETs, p50 ${percentile(all, 50).toFixed(2)} ms, p99 ${percentile(all, 99).toFixed(2)} ms\n`;
  process.stdout.write(show('idle', idle) + show('flood of 500 connections that list', loaded));
  process.stdout.write(
    `p99: ${(percentile(loaded, 99) / percentile(idle, 99)).toFixed(1)} times the idle one; /readyz ${ready.status}; memory ${rss} MiB, then ${peak} MiB; ${result['2xx']} lists answered, ${result.non2xx} refused\n`,
  );
} finally {
  await cluster.down();
}
