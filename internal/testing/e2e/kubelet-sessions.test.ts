import { createPodOnNode } from './kubelet-pod.js';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import https from 'node:https';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { call, type E2eCluster, eventually, has, startCluster, TOKEN } from './cluster.js';
import { RunningKubelet } from './kubelet-server.js';
import { says } from './says.js';

const LOG = '/api/v1/namespaces/default/pods/p/log?follow=true';
const MIB = 1024 * 1024;
const SESSIONS = 500;
/** Sessions whose client does not read, and what the kubelet has for each: more than kernels buffer. */
const UNREAD = 20;
const LONG_BYTES = 24 * MIB;
let cluster: E2eCluster;
let kubelet: RunningKubelet;
/** A replica that does not lead. */
let follower: number;
let leader: number;

beforeAll(async () => {
  kubelet = await RunningKubelet.start();
  cluster = await startCluster({ replicas: 3 });
  leader = await cluster.leader();
  follower = [1, 2, 3].find((i) => i !== leader) ?? 0;
  await createPodOnNode(cluster.url(follower), kubelet.port);
}, 120_000);
afterAll(async () => {
  kubelet.close();
  await cluster.down();
});

/** Follows the log, as the session of this number; nobody reads what comes until somebody listens. */
function follow(agent: https.Agent, session: number): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${TOKEN}` };
    const url = `${cluster.url(follower)}${LOG}&tailLines=${session}`;
    const request = https.get(url, { agent, rejectUnauthorized: false, headers }, resolve);
    request.on('error', reject);
  });
}
const length = async (stream: AsyncIterable<Buffer>): Promise<number> => {
  let bytes = 0;
  for await (const chunk of stream) bytes += chunk.length;
  return bytes;
};
const residentBytes = (): number =>
  Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${cluster.pid(follower)}/status`, 'utf8'))?.[1]) * 1024;

test('500 sessions at once: a log that nobody reads takes no memory and holds up nothing', async () => {
  const chunk = Buffer.alloc(64 * 1024, 'x');
  const pending = new Map<number, ServerResponse>();
  let written = 0;
  /** Writes as much as is taken. */
  const flood = (response: ServerResponse): void => {
    let left = LONG_BYTES / chunk.length;
    const go = (): void => {
      while (left > 0) {
        left--;
        written += chunk.length;
        if (!response.write(chunk)) return void response.once('drain', go);
      }
      response.end();
    };
    go();
  };
  kubelet.onFollow = (response) => {
    response.write('begun\n');
    pending.set(Number(/tailLines=(\d+)/.exec(response.req.url ?? '')?.[1]), response);
  };
  const agent = new https.Agent();
  const logs: IncomingMessage[] = [];
  while (logs.length < SESSIONS) {
    const from = logs.length;
    logs.push(...(await Promise.all(Array.from({ length: 50 }, (_, i) => follow(agent, from + i)))));
  }
  await eventually('the kubelet is asked for every log', () => Promise.resolve(pending.size === SESSIONS));
  const before = residentBytes();
  for (const [i, response] of pending) if (i < UNREAD) flood(response);
  let seen = -1;
  await eventually(
    'the kubelet is held back',
    async () => {
      if (seen === written) return true;
      seen = written;
      const { status } = await call(`${cluster.url(follower)}/api/v1/namespaces/default/pods/p`);
      expect(status).toBe(200);
      await new Promise((resolve) => setTimeout(resolve, 500));
      return false;
    },
    60_000,
  );
  expect(written).toBeLessThan(UNREAD * LONG_BYTES);
  expect((residentBytes() - before) / MIB).toBeLessThan(150);
  // What waited comes whole, and so does what others are told.
  for (const [i, response] of pending) if (i >= UNREAD) response.end('ended\n');
  for (const log of logs.slice(1, UNREAD)) log.destroy();
  const [longest = 0, ...others] = await Promise.all([...logs.slice(0, 1), ...logs.slice(UNREAD)].map(length));
  expect(longest).toBe('begun\n'.length + LONG_BYTES);
  expect(new Set(others)).toEqual(new Set(['begun\nended\n'.length]));
}, 120_000);

test.skipIf(!has('kubectl'))('a log and a command go on when the leader dies', async () => {
  let told: ServerResponse | undefined;
  kubelet.onFollow = (response) => {
    told = response;
    response.write('before\n');
  };
  const kubectl = (...words: string[]): ChildProcess =>
    spawn('kubectl', ['--kubeconfig', cluster.replicaKubeconfig(follower), ...words]);
  const logs = kubectl('logs', '-f', 'p');
  const command = kubectl('exec', '-i', 'p', '--', 'cat');
  try {
    await says(logs, /before/, ['stdout']);
    const begun = says(command, /one/, ['stdout']);
    command.stdin?.write('one\n');
    await begun;
    const { leader: before } = await cluster.raft(follower);
    await cluster.kill(leader, 'SIGKILL');
    await eventually('another leads', async () => {
      const { leader: now } = await cluster.raft(follower);
      return Number(now) !== 0 && now !== before;
    });
    const more = says(logs, /after/, ['stdout']);
    told?.write('after\n');
    await more;
    const gone = says(command, /two/, ['stdout']);
    command.stdin?.write('two\n');
    await gone;
    told?.end();
    command.stdin?.end();
    expect(await Promise.all([once(logs, 'exit'), once(command, 'exit')])).toEqual([
      [0, null],
      [0, null],
    ]);
  } finally {
    logs.kill('SIGKILL');
    command.kill('SIGKILL');
  }
});
