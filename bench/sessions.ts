// What 500 sessions that follow logs cost others: the latency of GETs with and without them, in turns, and memory. Each log
// gets a line a second. Kubelet and sessions live in a process of their own.
// npx tsx bench/sessions.ts [seconds of each run] [runs of each] [sessions]
import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import https from 'node:https';
import { fileURLToPath } from 'node:url';
import { type E2eCluster, startCluster, TOKEN } from '../internal/testing/e2e/cluster.js';
import { percentile, rssMiB, timedGets } from '../internal/testing/e2e/flood.js';
import { createPodOnNode } from '../internal/testing/e2e/kubelet-pod.js';
import { RunningKubelet } from '../internal/testing/e2e/kubelet-server.js';
import { cpuSeconds } from './process-figures.js';

const POD = '/api/v1/namespaces/default/pods/p';
const AT_ONCE = 25;
const LINE_MS = 1000;
/** The latency of a GET may grow to this with all sessions. */
const TARGET_RATIO = 1.2;

type Order = { readonly open: number; readonly url: string } | { readonly close: true };

/** The other process: plays the kubelet, and opens and closes sessions when it is told to. */
async function sessionsProcess(): Promise<void> {
  const kubelet = await RunningKubelet.start();
  const writers = new Set<ServerResponse>();
  kubelet.onFollow = (response) => {
    response.write('begun\n');
    writers.add(response);
    response.on('close', () => writers.delete(response));
  };
  // A few at a time, as logs of many pods are.
  let turn = 0;
  setInterval(() => {
    turn = (turn + 1) % 10;
    let i = 0;
    for (const writer of writers)
      if (i++ % 10 === turn) writer.write('a line of a log, of the length that they have\n');
  }, LINE_MS / 10);
  const agent = new https.Agent();
  let logs: IncomingMessage[] = [];
  const follow = async (url: string): Promise<IncomingMessage> => {
    const request = https.get(`${url}${POD}/log?follow=true`, {
      agent,
      rejectUnauthorized: false,
      headers: { authorization: `Bearer ${TOKEN}` },
    });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    if (response.statusCode !== 200) throw new Error(`a log was answered ${response.statusCode}`);
    response.on('error', () => undefined).resume();
    return response;
  };
  const obey = async (order: Order): Promise<void> => {
    if ('close' in order) {
      for (const log of logs) log.destroy();
      logs = [];
      while (writers.size > 0) await new Promise((resolve) => setTimeout(resolve, 20));
    } else {
      while (logs.length < order.open) {
        logs.push(...(await Promise.all(Array.from({ length: AT_ONCE }, () => follow(order.url)))));
      }
    }
    process.send?.('done');
  };
  process.on('message', (order: Order) => {
    obey(order).catch((error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
      process.exit(1);
    });
  });
  process.send?.({ port: kubelet.port });
}

/** Processor time of a process so far, milliseconds; a tick of Linux is 10 ms. */
const cpuMs = (pid: number): number => 1000 * cpuSeconds(pid);

interface Figures {
  readonly median: number;
  readonly p99: number;
  readonly cpu: number;
}

async function measured(cluster: E2eCluster, seconds: number): Promise<Figures> {
  const before = cpuMs(cluster.pid(1));
  const took = await timedGets(`${cluster.url(1)}${POD}`, TOKEN, seconds * 1000);
  return {
    median: percentile(took, 50),
    p99: percentile(took, 99),
    cpu: (cpuMs(cluster.pid(1)) - before) / took.length,
  };
}

async function bench(seconds: number, runs: number, sessions: number): Promise<void> {
  const other = fork(fileURLToPath(import.meta.url), ['sessions']);
  const [{ port }] = (await once(other, 'message')) as [{ port: number }];
  const tell = async (order: Order): Promise<void> => {
    other.send(order);
    await once(other, 'message');
  };
  const cluster = await startCluster({ replicas: 1 });
  const [without, all]: [Figures[], Figures[]] = [[], []];
  let memory = 0;
  try {
    const url = cluster.url(1);
    await createPodOnNode(url, port);
    await measured(cluster, seconds);
    for (let i = 0; i < runs; i++) {
      without.push(await measured(cluster, seconds));
      const before = rssMiB(cluster.pid(1));
      await tell({ open: sessions, url });
      all.push(await measured(cluster, seconds));
      memory = Math.max(memory, rssMiB(cluster.pid(1)) - before);
      await tell({ close: true });
    }
  } finally {
    other.kill();
    await cluster.down();
  }
  const show = (name: string, figures: readonly Figures[]): void => {
    const each = figures.map(
      (f) => `${f.median.toFixed(2)}/${f.p99.toFixed(1)} ms, ${f.cpu.toFixed(3)} ms of the processor`,
    );
    process.stdout.write(`GET ${name} (median/99th): ${each.join('; ')}\n`);
  };
  show('without sessions', without);
  show(`beside ${sessions} logs`, all);
  const middle = (figures: readonly Figures[], of: keyof Figures): number =>
    percentile(
      figures.map((f) => f[of]),
      50,
    );
  const ratio = middle(all, 'median') / middle(without, 'median');
  process.stdout.write(
    `sessions: GETs take ${ratio.toFixed(2)} times as long (target ${TARGET_RATIO}); ${memory} MiB more, ` +
      `${((memory * 1024) / sessions).toFixed(0)} KiB each\n`,
  );
}

const words = process.argv.slice(2);
if (words[0] === 'sessions') await sessionsProcess();
else {
  const [seconds = 8, runs = 3, sessions = 500] = words.map(Number);
  await bench(seconds, runs, sessions);
}
