import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import tls from 'node:tls';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type E2eCluster, has, startCluster, TOKEN } from './cluster.js';
import { AnsweringPod, createRunningPod } from './kubelet-pod.js';
import { RunningKubelet } from './kubelet-server.js';
import { says } from './says.js';

const exec = promisify(execFile);
const MIB = 1024 * 1024;
/** Where Google's SDK has clients of several releases. */
const SDK = '/usr/lib/google-cloud-sdk/bin';
/** Clients that speak SPDY: old ones, where they are, and the one here when it is told to. */
const clients = ['kubectl', `${SDK}/kubectl.1.27`, `${SDK}/kubectl.1.28`].filter(has);
const env = {
  ...process.env,
  KUBECTL_REMOTE_COMMAND_WEBSOCKETS: 'false',
  KUBECTL_PORT_FORWARD_WEBSOCKETS: 'false',
};
let cluster: E2eCluster;
let kubelet: RunningKubelet;
const children: ChildProcess[] = [];

beforeAll(async () => {
  kubelet = await RunningKubelet.start();
  cluster = await startCluster({ replicas: 3 });
  await createRunningPod(cluster.url(1), kubelet.port);
}, 120_000);
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  kubelet.close();
  await cluster.down();
});

/** The port of the second replica for SPDY, and the balancer in front of all. */
const ways: [string, () => string][] = [
  ['directly', () => `https://127.0.0.1:${cluster.port + 3001}`],
  ...(has('haproxy') ? [['through HAProxy', () => cluster.address] as [string, () => string]] : []),
];

const sumOf = (content: Buffer): string => createHash('sha256').update(content).digest('hex');

describe.skipIf(clients.length === 0).each(ways)('a client that speaks SPDY, %s', (_way, server) => {
  const words = (...more: string[]): string[] => ['--kubeconfig', cluster.kubeconfig, '--server', server(), ...more];
  const start = (client: string, ...more: string[]): ChildProcess => {
    const child = spawn(client, words(...more), { env });
    children.push(child);
    return child;
  };

  test.each(clients)('%s runs commands, copies and attaches', { timeout: 60_000 }, async (client) => {
    const run = (...more: string[]) => exec(client, words(...more), { env, maxBuffer: 64 * MIB });
    expect(await run('exec', 'p', '--', 'sh', '-c', 'echo out; echo err >&2')).toEqual({
      stdout: 'out\n',
      stderr: 'err\n',
    });
    await expect(run('exec', 'p', '--', 'sh', '-c', 'exit 7')).rejects.toMatchObject({ code: 7 });
    const counting = start(client, 'exec', '-i', 'p', '--', 'wc', '-c');
    counting.stdin?.end(Buffer.alloc(30_000_000));
    await says(counting, /30000000/);
    const [from, pod, back] = ['from', 'pod', 'back'].map((name) => path.join(cluster.dir, name)) as [
      string,
      string,
      string,
    ];
    const content = randomBytes(5_000_000);
    fs.writeFileSync(from, content);
    await run('cp', from, `default/p:${pod}`);
    expect(fs.readFileSync(pod).equals(content)).toBe(true);
    await run('cp', `default/p:${pod}`, back);
    expect(fs.readFileSync(back).equals(content)).toBe(true);
    const attached = start(client, 'attach', '-i', 'p');
    const answered = says(attached, /echoed/);
    attached.stdin?.write('to be echoed\n');
    await answered;
    attached.stdin?.end();
    expect(await once(attached, 'exit')).toEqual([0, null]);
  });

  test.each(clients)('%s forwards a port', { timeout: 60_000 }, async (client) => {
    const question = randomBytes(20 * MIB);
    const answer = randomBytes(20 * MIB);
    const pod = await AnsweringPod.start(question.length, answer);
    const child = start(client, 'port-forward', 'p', `:${pod.port}`);
    const [, local] = await says(child, /127\.0\.0\.1:(\d+)/);
    const socket = net.connect(Number(local), '127.0.0.1');
    socket.write(question);
    expect(sumOf(await buffer(socket))).toBe(sumOf(answer));
    expect(sumOf(pod.asked)).toBe(sumOf(question));
    child.kill('SIGTERM');
    pod.close();
  });
});

/** The first line of the answer to a client that asks for SPDY, has OpenSSL and offers no protocol in its greeting. */
async function answerToOpenSsl(port: number): Promise<string> {
  const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  socket.write(
    'POST /api/v1/namespaces/default/pods/p/exec?command=true&stdout=true HTTP/1.1\r\nHost: localhost\r\n' +
      `Authorization: Bearer ${TOKEN}\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n` +
      'X-Stream-Protocol-Version: v4.channel.k8s.io\r\nContent-Length: 0\r\n\r\n',
  );
  const [data] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return data.toString().split('\r\n', 1)[0] ?? '';
}

test.skipIf(!has('haproxy'))(
  'a client with OpenSSL gets the main port from HAProxy, though it offers no protocol',
  async () => {
    expect(await answerToOpenSsl(cluster.port + 3001)).toMatch(/^HTTP\/1\.1 101 /);
    expect(await answerToOpenSsl(Number(new URL(cluster.address).port))).toMatch(/^HTTP\/1\.1 501 /);
  },
);
