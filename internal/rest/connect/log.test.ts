import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import https from 'node:https';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ADMIN_TOKEN } from '../../server/testing.js';
import { startTestCluster, type TestCluster } from './testing/cluster.js';

const LOG = '/api/v1/namespaces/ns/pods/p/log';
let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startTestCluster();
});
afterAll(() => cluster.close());

async function ask(path: string): Promise<{ status: number; body: string; message: string }> {
  const { status, body } = await cluster.server.call(path);
  const message = body.startsWith('{') ? String((JSON.parse(body) as { message?: string }).message) : '';
  return { status, body, message };
}

/** Opens a log and hands over the answer as soon as its head is there. */
async function follow(): Promise<{ client: IncomingMessage; kubelet: ServerResponse }> {
  const asked = new Promise<ServerResponse>((resolve) => {
    cluster.kubelet.request = (_request, response) => {
      response.write('first\n');
      resolve(response);
    };
  });
  const request = https.get({
    port: cluster.server.port,
    path: `${LOG}?follow=true`,
    rejectUnauthorized: false,
    agent: false,
    headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
  });
  const [client] = (await once(request, 'response')) as [IncomingMessage];
  return { client, kubelet: await asked };
}

describe('the log of a pod', () => {
  test('is asked of its kubelet with every parameter', async () => {
    cluster.kubelet.request = (_request, response) => void response.end('line\n');
    const query = 'tailLines=1&follow=0&limitBytes=2&previous=true&sinceTime=2030-01-02T03:04:05%2B01:00&timestamps=1';
    expect(await ask(`${LOG}?${query}`)).toMatchObject({ status: 200, body: 'line\n' });
    expect(cluster.kubelet.asked.at(-1)).toBe(
      'GET /containerLogs/ns/p/c?limitBytes=2&previous=true&sinceTime=2030-01-02T02%3A04%3A05Z&tailLines=1&timestamps=true',
    );
  });

  test('refuses values that cannot be, and says when the kubelet refuses', async () => {
    expect(await ask(`${LOG}?limitBytes=0&sinceSeconds=0`)).toMatchObject({
      status: 422,
      message:
        'PodLogOptions "p" is invalid: [limitBytes: Invalid value: 0: must be greater than 0, sinceSeconds: Invalid value: 0: must be greater than 0]',
    });
    cluster.kubelet.request = (_request, response) => void response.writeHead(503).end('busy');
    expect(await ask(LOG)).toMatchObject({
      status: 503,
      message: 'the server is currently unable to handle the request ( pods/log p)',
    });
    cluster.kubelet.request = (_request, response) => void response.destroy();
    expect(await ask(LOG)).toMatchObject({
      status: 500,
      message: expect.stringMatching(/^Get "https:.*": EOF$/) as string,
    });
  });

  test('of a pod that runs nowhere is empty, and a pod of several containers must be told which', async () => {
    await cluster.putPod('unbound', { spec: { nodeName: '' } });
    expect((await ask('/api/v1/namespaces/ns/pods/unbound/log')).status).toBe(204);
    await cluster.putPod('two', { spec: { containers: [{ name: 'a' }, { name: 'b' }] } });
    expect(await ask('/api/v1/namespaces/ns/pods/two/log')).toMatchObject({
      status: 400,
      message: 'a container name must be specified for pod two, choose one of: [a b]',
    });
  });

  test('comes line by line while it is followed, and the kubelet is left when the client leaves', async () => {
    const { client, kubelet } = await follow();
    const [first] = (await once(client, 'data')) as [Buffer];
    expect(first.toString()).toBe('first\n');
    kubelet.write('second\n');
    const [second] = (await once(client, 'data')) as [Buffer];
    expect(second.toString()).toBe('second\n');
    const left = once(kubelet, 'close');
    client.destroy();
    await left;
  });

  test('holds the kubelet back while the client does not read', async () => {
    const { client, kubelet } = await follow();
    client.pause();
    const megabyte = Buffer.alloc(1024 * 1024, 'x');
    let written = 0;
    const waits = async (): Promise<boolean> =>
      kubelet.write(megabyte) || (await Promise.race([once(kubelet, 'drain').then(() => true), quiet()]));
    while (written < 200 && (await waits())) written++;
    expect(written).toBeLessThan(100);
    let read = 0;
    client.on('data', (chunk: Buffer) => (read += chunk.length));
    kubelet.end();
    client.resume();
    await once(client, 'end');
    expect(read).toBe(6 + (written + 1) * megabyte.length);
  });
});

/** False when nothing happened for half a second. */
const quiet = (): Promise<boolean> =>
  new Promise((resolve) => {
    setTimeout(() => resolve(false), 500);
  });
