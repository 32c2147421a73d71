// What writes cost the disk: creates with one client and with 32, renewals of leases, and nothing at all; beside appending
// and fdatasync on the same disk, and beside another build, alternating. With `--replicas 3` the clients go through HAProxy,
// where it is installed, and bytes and CPU are those of all replicas. Not part of scripts/bench.
//
//   npx tsx bench/write-path.ts [--other CHECKOUT] [--rounds 3] [--seconds 3] [--replicas 1] [--idle 30] [--leases 1000] [--aged]
import fs from 'node:fs';
import https from 'node:https';
import os from 'node:os';
import path from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { type Answer, call } from '../internal/testing/e2e/cluster.js';
import { type Build, endBuilds, inTurn, pause, ratio, startBuilds, sumOf } from './builds.js';
import { load } from './load.js';
import { cpuSeconds, diskBytes, writtenBytes } from './process-figures.js';
import { median } from './report.js';
import { configMap } from './seed.js';

const { values } = parseArgs({
  options: {
    /** A checkout of another build, with node_modules. */
    other: { type: 'string', default: '' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '3' },
    replicas: { type: 'string', default: '1' },
    /** Creates, at most, in which a commit of the state is waited for; fewer on a slow machine, whose bytes then say little. */
    creates: { type: 'string', default: '50000' },
    /** Creates with 32 clients before anything is counted: until then functions are compiled. */
    warm: { type: 'string', default: '5000' },
    /**
     * Writes 160 MiB first, in large objects: the log is as long as it gets, its files are used again, and a small group
     * takes no zeros along, as in every replica that is not young.
     */
    aged: { type: 'boolean', default: false },
    /** Seconds in which nobody asks for anything; 0 leaves that out. */
    idle: { type: 'string', default: '30' },
    /** Leases that are renewed every 10 s, evenly spread; 0 leaves that out. */
    leases: { type: 'string', default: '1000' },
    'lease-seconds': { type: 'string', default: '60' },
  },
});
const seconds = Number(values.seconds);
const replicas = Number(values.replicas);
const leaseSeconds = Number(values['lease-seconds']);

interface Sample {
  readonly perSecond: number;
  readonly cpuUsEach: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** How long one turn of the event loop took at most in any replica, and all but one in a hundred of those looked at. */
  readonly turnMs: { readonly most: number; readonly p99: number };
}

let unique = 0;
const LOOK_MS = 10;
const AGING_BYTES = 160 * 1024 * 1024;
const LARGE_BYTES = 128 * 1024;
/** Commits of the state over which bytes are counted. */
const CYCLES = 4;

/** Appends and syncs 1.3 KB again and again, where a log could be: how often a second, and how many bytes each. */
async function appends(ms: number): Promise<{ readonly perSecond: number; readonly bytesEach: number }> {
  const file = path.join(os.tmpdir(), `quorate-append-${process.pid}`);
  const [write, sync] = [promisify(fs.write), promisify(fs.fdatasync)];
  const fd = fs.openSync(file, 'w+');
  try {
    // In pieces of a page, or the kernel counts a larger one for each write.
    for (let at = 0; at < 16 * 1024 * 1024; at += 4_096) fs.writeSync(fd, Buffer.alloc(4_096), 0, 4_096, at);
    fs.fsyncSync(fd);
    const record = Buffer.alloc(1_300, 'x');
    const before = writtenBytes(process.pid);
    const until = performance.now() + ms;
    let count = 0;
    for (; performance.now() < until; count++) {
      await write(fd, record, 0, record.length, (count * record.length) % (15 * 1024 * 1024));
      await sync(fd);
    }
    return { perSecond: (count * 1000) / ms, bytesEach: (writtenBytes(process.pid) - before) / count };
  } finally {
    fs.closeSync(fd);
    fs.rmSync(file);
  }
}

/** What the replicas say of their event loops since they were asked last: looked at every 10 ms, which counts as waiting. */
async function turns({ cluster }: Build): Promise<{ readonly most: number; readonly p99: number }> {
  const worst = { most: 0, p99: 0 };
  for (let i = 1; i <= cluster.replicas; i++) {
    const { body } = await call(`${cluster.url(i)}/metrics`);
    const of = (what: string): number =>
      Number(new RegExp(`^nodejs_eventloop_lag_${what}_seconds (\\S+)`, 'm').exec(body)?.[1]) * 1000 - LOOK_MS;
    worst.most = Math.max(worst.most, of('max'));
    worst.p99 = Math.max(worst.p99, of('p99'));
  }
  return worst;
}

async function creates(build: Build, connections: number): Promise<Sample> {
  await turns(build);
  const cpu = sumOf(build, cpuSeconds);
  const figure = await load({
    url: `${build.cluster.address}/api/v1/namespaces/default/configmaps`,
    connections,
    seconds,
    body: () => configMap(`w-${process.pid}-${unique++}`, 1000),
  });
  if (figure.errors > 0) console.log(`${build.name}: ${figure.errors} errors`);
  return {
    perSecond: figure.perSecond,
    cpuUsEach: ((sumOf(build, cpuSeconds) - cpu) * 1e6) / figure.count,
    p50Ms: figure.p50Ms,
    p99Ms: figure.p99Ms,
    turnMs: await turns(build),
  };
}

/** The last entry of the log that replica 1 has in its state on the disk. */
async function durableIndex({ cluster }: Build): Promise<number> {
  const { body } = await call(`${cluster.url(1)}/metrics`);
  return Number(/^quorate_store_durable_index (\d+)/m.exec(body)?.[1]);
}

/** Creates until the state was committed once more: how many. */
async function untilCommitted(build: Build, connections: number): Promise<number> {
  const from = await durableIndex(build);
  let count = 0;
  while (count < Number(values.creates) && (await durableIndex(build)) === from) {
    const url = `${build.cluster.address}/api/v1/namespaces/default/configmaps`;
    const amount = connections === 1 ? 100 : 500;
    await load({ url, connections, amount, body: () => configMap(`w-${process.pid}-${unique++}`, 1000) });
    count += amount;
  }
  return count;
}

interface Written {
  readonly each: number;
  readonly of: number;
  /** Bytes that the disk was given meanwhile for each create, by whomever. */
  readonly onDisk: number;
}

/**
 * Bytes that a create costs. The state is written some thousand creates at a time: they are counted from the end of a commit
 * to the end of a later one, or the commits that fall into a few seconds by chance would decide.
 */
async function bytesOfCreate(build: Build, connections: number): Promise<Written> {
  await untilCommitted(build, connections);
  const { dir } = build.cluster;
  const [before, disk] = [sumOf(build, writtenBytes), diskBytes(dir)];
  let count = 0;
  for (let i = 0; i < (connections === 1 ? 2 : CYCLES); i++) count += await untilCommitted(build, connections);
  return { each: (sumOf(build, writtenBytes) - before) / count, of: count, onDisk: (diskBytes(dir) - disk) / count };
}

/** KB a second that are written while `work` goes on. */
async function writtenDuring(build: Build, work: () => Promise<void>): Promise<string> {
  const [before, began] = [sumOf(build, writtenBytes), performance.now()];
  await work();
  const kb = (sumOf(build, writtenBytes) - before) / (performance.now() - began);
  return `${kb.toFixed(1)} KB/s`;
}

const lease = (name: string, renewed: string, resourceVersion?: string): object => ({
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: { name, namespace: 'kube-node-lease', resourceVersion },
  spec: { holderIdentity: name, leaseDurationSeconds: 40, renewTime: renewed },
});

/** The resourceVersion that an answer with an object tells. Throws for any other answer. */
function revisionIn({ status, body }: Answer): string {
  if (status !== 200 && status !== 201) throw new Error(`a lease was answered with ${status}: ${body}`);
  return (JSON.parse(body) as { metadata: { resourceVersion: string } }).metadata.resourceVersion;
}

/** Renews every lease once in 10 s for a while, one request after another at a steady rate. */
async function renew(url: string, revisions: string[], forMs: number): Promise<void> {
  const agent = new https.Agent({ keepAlive: true, maxSockets: 8 });
  const began = performance.now();
  const calls: Promise<void>[] = [];
  const put = async (place: number): Promise<void> => {
    const renewed = new Date().toISOString().replace('Z', '000Z');
    const body = lease(`node-${place}`, renewed, revisions[place]);
    revisions[place] = revisionIn(await call(`${url}/node-${place}`, { method: 'PUT', agent, body }));
  };
  for (let i = 0; performance.now() < began + forMs; i++) {
    calls.push(put(i % revisions.length));
    await pause(Math.max(0, began + ((i + 1) * 10_000) / revisions.length - performance.now()));
  }
  await Promise.all(calls);
  agent.destroy();
}

const builds = await startBuilds(values.other, replicas);
try {
  for (const { cluster } of builds) {
    const url = `${cluster.address}/api/v1/namespaces/default/configmaps`;
    const create = (amount: number, bytes: number): Promise<unknown> =>
      load({ url, connections: 32, amount, body: () => configMap(`warm-${process.pid}-${unique++}`, bytes) });
    if (Number(values.warm) > 0) await create(Number(values.warm), 1000);
    if (values.aged) await create(AGING_BYTES / LARGE_BYTES, LARGE_BYTES);
  }
  const appended: Awaited<ReturnType<typeof appends>>[] = [];
  for (const connections of [1, 32]) {
    const samples = new Map<Build, Sample[]>(builds.map((build) => [build, []]));
    for (let round = 0; round < Number(values.rounds); round++) {
      appended.push(await appends(1_000));
      for (const build of inTurn(builds, round)) {
        samples.get(build)?.push(await creates(build, connections));
      }
    }
    for (const [build, all] of samples) {
      const bytes = await bytesOfCreate(build, connections);
      const of = (figure: (sample: Sample) => number): number => median(all.map(figure));
      console.log(
        `create, ${connections} client(s), ${build.name}: ${of((s) => s.perSecond).toFixed(0)}/s, ` +
          `${bytes.each.toFixed(0)} bytes written each (${bytes.onDisk.toFixed(0)} by the disk's count, of ${bytes.of}), ${of((s) => s.cpuUsEach).toFixed(0)} us of CPU, ` +
          `p50 ${of((s) => s.p50Ms)} ms, p99 ${of((s) => s.p99Ms)} ms, the loop held for at most ` +
          `${Math.max(...all.map((s) => s.turnMs.most)).toFixed(0)} ms, p99 ${of((s) => s.turnMs.p99).toFixed(0)} ms (each: ${all.map((s) => s.perSecond.toFixed(0)).join(', ')})`,
      );
    }
    const rate = (build: Build): number => median((samples.get(build) ?? []).map((s) => s.perSecond));
    if (builds.length > 1) console.log(`create, ${connections} client(s): the rate is${ratio(rate, builds)}`);
  }
  console.log(
    `append 1.3 KB and fdatasync: ${median(appended.map((a) => a.perSecond)).toFixed(0)}/s, ` +
      `${median(appended.map((a) => a.bytesEach)).toFixed(0)} bytes written each ` +
      `(each: ${appended.map((a) => a.perSecond.toFixed(0)).join(', ')})`,
  );
  const leases = Number(values.leases);
  for (const build of leases > 0 ? builds : []) {
    const url = `${build.cluster.address}/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases`;
    const revisions: string[] = [];
    for (let i = 0; i < leases; i++) {
      const body = lease(`node-${i}`, '2026-01-01T00:00:00.000000Z');
      revisions.push(revisionIn(await call(url, { method: 'POST', body })));
    }
    const written = await writtenDuring(build, () => renew(url, revisions, leaseSeconds * 1000));
    console.log(`${leases} leases renewed every 10 s, ${build.name}: ${written}`);
  }
  const idle = Number(values.idle);
  for (const build of idle > 0 ? builds : []) {
    await pause(5_000);
    console.log(`idle, ${build.name}: ${await writtenDuring(build, () => pause(idle * 1000))}`);
  }
} finally {
  await endBuilds(builds);
}
