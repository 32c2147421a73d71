import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { call, type E2eCluster, has, startCluster } from './cluster.js';
import { RunningKubelet } from './kubelet-server.js';

const exec = promisify(execFile);
let cluster: E2eCluster;
let kubelet: RunningKubelet;
let dir: string;

beforeAll(async () => {
  kubelet = await RunningKubelet.start();
  cluster = await startCluster({ replicas: 1 });
  dir = cluster.dir;
  const create = async (where: string, body: object): Promise<void> => {
    const { status, body: text } = await call(`${cluster.url(1)}${where}`, { method: 'POST', body });
    if (status !== 201) throw new Error(text);
  };
  await create('/api/v1/nodes', {
    metadata: { name: 'n' },
    status: {
      addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
      daemonEndpoints: { kubeletEndpoint: { Port: kubelet.port } },
    },
  });
  await create('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } });
  await create('/api/v1/namespaces/default/pods', {
    metadata: { name: 'p' },
    spec: { nodeName: 'n', containers: [{ name: 'c', image: 'i' }] },
  });
  const { status } = await call(`${cluster.url(1)}/api/v1/namespaces/default/pods/p/status`, {
    method: 'PATCH',
    contentType: 'application/merge-patch+json',
    body: { status: { phase: 'Running' } },
  });
  expect(status).toBe(200);
}, 120_000);
afterAll(async () => {
  kubelet.close();
  await cluster.down();
});

const kubectl = (...words: string[]): Promise<{ stdout: string; stderr: string }> =>
  exec('kubectl', ['--kubeconfig', cluster.kubeconfig, ...words], { maxBuffer: 64 * 1024 * 1024 });

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
});
