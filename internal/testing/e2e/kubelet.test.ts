import { AnsweringPod, createRunningPod } from './kubelet-pod.js';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type E2eCluster, has, startCluster } from './cluster.js';
import { RunningKubelet } from './kubelet-server.js';
import { says } from './says.js';

const exec = promisify(execFile);
let cluster: E2eCluster;
let kubelet: RunningKubelet;
let dir: string;
const MIB = 1024 * 1024;
const children: ChildProcess[] = [];

beforeAll(async () => {
  kubelet = await RunningKubelet.start();
  cluster = await startCluster({ replicas: 1 });
  dir = cluster.dir;
  await createRunningPod(cluster.url(1), kubelet.port);
}, 120_000);
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  kubelet.close();
  await cluster.down();
});

const kubectl = (...words: string[]): Promise<{ stdout: string; stderr: string }> =>
  exec('kubectl', ['--kubeconfig', cluster.kubeconfig, ...words], { maxBuffer: 64 * 1024 * 1024 });

function start(program: string, ...words: string[]): ChildProcess {
  const child = spawn(program, words);
  children.push(child);
  return child;
}

describe.skipIf(!has('kubectl'))('kubectl', () => {
  test('reads and follows the log of a pod', async () => {
    expect((await kubectl('logs', 'p')).stdout).toBe('one\ntwo\n');
    expect((await kubectl('logs', '-f', 'p')).stdout).toBe('one\ntwo\n');
  });

  test('runs commands, with input, and gives back their exit code', async () => {
    expect(await kubectl('exec', 'p', '--', 'sh', '-c', 'echo out; echo err >&2')).toEqual({
      stdout: 'out\n',
      stderr: 'err\n',
    });
    await expect(kubectl('exec', 'p', '--', 'sh', '-c', 'exit 7')).rejects.toMatchObject({ code: 7 });
    const child = spawn('kubectl', ['--kubeconfig', cluster.kubeconfig, 'exec', '-i', 'p', '--', 'wc', '-c']);
    child.stdin.end(Buffer.alloc(3_000_000));
    const [counted] = (await once(child.stdout, 'data')) as [Buffer];
    expect(Number(counted.toString())).toBe(3_000_000);
  });

  test.skipIf(!has('tar'))('copies files both ways', async () => {
    const [from, pod, back] = ['from', 'pod', 'back'].map((name) => path.join(dir, name)) as [string, string, string];
    const content = randomBytes(5_000_000);
    fs.writeFileSync(from, content);
    await kubectl('cp', from, `default/p:${pod}`);
    expect(fs.readFileSync(pod).equals(content)).toBe(true);
    await kubectl('cp', `default/p:${pod}`, back);
    expect(fs.readFileSync(back).equals(content)).toBe(true);
  });

  test('attaches to what runs', async () => {
    const child = start('kubectl', '--kubeconfig', cluster.kubeconfig, 'attach', '-i', 'p');
    const answered = says(child, /echoed/);
    child.stdin?.write('to be echoed\n');
    await answered;
    child.stdin?.end();
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  test.skipIf(!has('script'))('gives a command the terminal of the user', async () => {
    const command = `kubectl --kubeconfig ${cluster.kubeconfig} exec -it p -- sh -c 'read line; echo "got $line"; exit 3'`;
    const child = start('script', '-qec', command, '/dev/null');
    const answered = says(child, /got word/);
    child.stdin?.write('word\n');
    await answered;
    expect(await once(child, 'exit')).toEqual([3, null]);
  });

  test('forwards a port: 100 MiB come unchanged, and what is sent too', async () => {
    const sumOf = (content: Buffer): string => createHash('sha256').update(content).digest('hex');
    const content = randomBytes(100 * MIB);
    const question = randomBytes(8 * MIB);
    const pod = await AnsweringPod.start(question.length, content);
    const child = start('kubectl', '--kubeconfig', cluster.kubeconfig, 'port-forward', 'p', `:${pod.port}`);
    const [, local] = await says(child, /127\.0\.0\.1:(\d+)/);
    const socket = net.connect(Number(local), '127.0.0.1');
    socket.write(question);
    const answer = await buffer(socket);
    expect(sumOf(pod.asked)).toBe(sumOf(question));
    expect(answer.length).toBe(content.length);
    expect(sumOf(answer)).toBe(sumOf(content));
    child.kill('SIGTERM');
    pod.close();
  });
});
