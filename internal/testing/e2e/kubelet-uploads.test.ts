import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { call, type E2eCluster, has, startCluster } from './cluster.js';
import { createRunningPod } from './kubelet-pod.js';
import { RunningKubelet } from './kubelet-server.js';

const MIB = 1024 * 1024;
/** More than memory and kernels hold back: most of it waits on the server's disk. */
const CONTENT = randomBytes(100 * MIB);
const SUM = createHash('sha256').update(CONTENT).digest('hex');
let cluster: E2eCluster;
let kubelet: RunningKubelet;
const children: ChildProcess[] = [];

beforeAll(async () => {
  kubelet = await RunningKubelet.start();
  cluster = await startCluster({ replicas: 1 });
  await createRunningPod(cluster.url(1), kubelet.port);
  fs.writeFileSync(path.join(cluster.dir, 'content'), CONTENT);
}, 120_000);
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  kubelet.close();
  await cluster.down();
});

const kubectl = (...words: string[]): ChildProcess => {
  const child = spawn('kubectl', ['--kubeconfig', cluster.kubeconfig, ...words]);
  children.push(child);
  return child;
};
const residentBytes = (): number =>
  Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${cluster.pid(1)}/status`, 'utf8'))?.[1]) * 1024;
/** The most that the memory of the replica grows until `done`; it answers others all the while. */
async function growth(done: Promise<unknown>): Promise<number> {
  const before = residentBytes();
  let most = 0;
  let over = false;
  void done.finally(() => (over = true)).catch(() => undefined);
  while (!over) {
    const { status } = await call(`${cluster.url(1)}/api/v1/namespaces/default/pods/p`);
    expect(status).toBe(200);
    most = Math.max(most, residentBytes() - before);
  }
  return most;
}

describe.skipIf(!has('kubectl'))('100 MiB that a client sends at once', () => {
  test('come unchanged to a command that is slow to read them', { timeout: 120_000 }, async () => {
    const slow = 'sleep 2; head -c 50000000; sleep 1; cat';
    const child = kubectl('exec', '-i', 'p', '--', 'sh', '-c', `(${slow}) | sha256sum`);
    const answered = text(child.stdout as NodeJS.ReadableStream);
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(CONTENT);
    const grown = await growth(answered);
    expect(await answered).toBe(`${SUM}  -\n`);
    expect(grown / MIB).toBeLessThan(120);
    // What uWebSockets.js has to say of how it is used would stand there.
    expect(fs.readFileSync(path.join(cluster.dir, 'r1', 'log'), 'utf8')).not.toContain('Warning');
  });

  test.skipIf(!has('tar'))('are copied into a pod', { timeout: 120_000 }, async () => {
    const pod = path.join(cluster.dir, 'pod');
    const child = kubectl('cp', path.join(cluster.dir, 'content'), `default/p:${pod}`);
    expect(await once(child, 'exit')).toEqual([0, null]);
    expect(createHash('sha256').update(fs.readFileSync(pod)).digest('hex')).toBe(SUM);
  });

  test('go through a forwarded port to who reads late', { timeout: 120_000 }, async () => {
    const pod = net.createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
    await once(pod, 'listening');
    const child = kubectl('port-forward', 'p', `:${(pod.address() as net.AddressInfo).port}`);
    const [said] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
    const socket = net.connect(Number(/127\.0\.0\.1:(\d+)/.exec(String(said))?.[1]), '127.0.0.1');
    const connected = once(pod, 'connection');
    socket.end(CONTENT);
    const [reader] = (await connected) as [net.Socket];
    const hash = createHash('sha256');
    let bytes = 0;
    const summed = new Promise<string>((resolve, reject) => {
      reader.on('close', () => reject(new Error(`closed after ${bytes} bytes`)));
      reader.on('data', (chunk: Buffer) => {
        hash.update(chunk);
        bytes += chunk.length;
        if (bytes === CONTENT.length) resolve(hash.digest('hex'));
      });
    });
    const read = new Promise<void>((resolve) => {
      setTimeout(() => {
        reader.resume();
        resolve();
      }, 2_000);
    });
    await Promise.all([read, summed]);
    expect(await summed).toBe(SUM);
    pod.close();
    reader.destroy();
  });
});
