import { once } from 'node:events';
import { createHash } from 'node:crypto';
import https from 'node:https';
import type { IncomingMessage } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { Callout, type UpgradedConnection } from '../../callout/index.js';
import { ADMIN_TOKEN } from '../../server/testing.js';
import { startTestCluster, type TestCluster } from './testing/cluster.js';
import { handshakeKey, WebSocketPeer } from './web-socket-peer.js';

const POD = '/api/v1/namespaces/ns/pods/p';
const TUNNEL = 'SPDY/3.1+portforward.k8s.io';
let cluster: TestCluster;
let kubelet: WebSocketServer;
let allowCreate = true;
const callout = new Callout();
beforeAll(async () => {
  cluster = await startTestCluster({
    authorizer: {
      authorize: ({ verb }) => ({ decision: verb === 'create' && !allowCreate ? 'noOpinion' : 'allow', reason: '' }),
    },
  });
  kubelet = new WebSocketServer({ noServer: true });
});
beforeEach(() => {
  cluster.kubelet.upgrade = (request, socket, head) =>
    kubelet.handleUpgrade(request, socket, head, (ws) => kubelet.emit('connection', ws, request));
});
afterAll(async () => {
  callout.close();
  await cluster.close();
});

const open = (path: string, protocols: string[]): WebSocket =>
  new WebSocket(`wss://127.0.0.1:${cluster.server.port}${path}`, protocols, {
    rejectUnauthorized: false,
    headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'x-own': 'kept' },
  });
async function refused(client: WebSocket): Promise<{ status: number; text: string }> {
  client.on('error', () => undefined);
  const [, response] = (await once(client, 'unexpected-response')) as [unknown, IncomingMessage];
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return { status: response.statusCode ?? 0, text };
}

describe('a WebSocket to a pod', () => {
  test('is passed on to the kubelet with its protocol, both ways, text and bytes, until either side closes', async () => {
    const connected = once(kubelet, 'connection') as Promise<[WebSocket, IncomingMessage]>;
    const client = open(`${POD}/exec?command=ls&command=a%20b&stdout=true&tty=1`, ['v4.base64.channel.k8s.io']);
    const [other, request] = await connected;
    await once(client, 'open');
    expect(client.protocol).toBe('v4.base64.channel.k8s.io');
    expect(request.url).toBe('/exec/ns/p/c?command=ls&command=a+b&output=1&tty=1');
    expect(request.headers).toMatchObject({ 'x-own': 'kept', 'x-forwarded-for': '127.0.0.1' });
    expect(request.headers.authorization).toBeUndefined();
    other.on('message', (data, isBinary) => other.send(data, { binary: isBinary }));
    client.send('text');
    expect(await once(client, 'message')).toEqual([Buffer.from('text'), false]);
    const large = Buffer.alloc(300_000, 7);
    client.send(large);
    const [back, isBinary] = (await once(client, 'message')) as [Buffer, boolean];
    expect([back.equals(large), isBinary]).toEqual([true, true]);
    const closed = once(client, 'close');
    other.close(4001, 'done');
    const [code, reason] = (await closed) as [number, Buffer];
    expect([code, reason.toString()]).toEqual([4001, 'done']);
  });

  test('that a client leaves is left at the kubelet too', async () => {
    const connected = once(kubelet, 'connection') as Promise<[WebSocket]>;
    const client = open(`${POD}/attach?stdin=true`, ['channel.k8s.io']);
    const [other] = await connected;
    await once(client, 'open');
    const closed = once(other, 'close');
    client.terminate();
    await closed;
  });

  test('is answered as the kubelet refuses it', async () => {
    cluster.kubelet.upgrade = (_request, socket) =>
      void socket.end('HTTP/1.1 404 Not Found\r\ncontent-length: 12\r\nconnection: close\r\n\r\nno container');
    expect(await refused(open(`${POD}/exec`, ['v4.channel.k8s.io']))).toEqual({ status: 404, text: 'no container' });
    cluster.kubelet.upgrade = (_request, socket) => void socket.destroy();
    const { status, text } = await refused(open(`${POD}/exec`, ['v4.channel.k8s.io']));
    expect([status, (JSON.parse(text) as { message: string }).message]).toEqual([500, 'unexpected EOF']);
  });

  test('needs the right to create', async () => {
    allowCreate = false;
    const { status, text } = await refused(open(`${POD}/exec`, ['v4.channel.k8s.io']));
    allowCreate = true;
    expect([status, (JSON.parse(text) as { message: string }).message]).toEqual([403, 'pods "p" is forbidden: ']);
  });

  test('must be asked for', async () => {
    expect(await cluster.server.call(`${POD}/exec`, { method: 'POST' })).toMatchObject({ status: 400 });
  });
});

describe('a tunnel', () => {
  test('carries the bytes of a connection with the kubelet, 20 MB and back', async () => {
    cluster.kubelet.upgrade = (request, socket) => {
      expect(request.headers).toMatchObject({ upgrade: 'SPDY/3.1', 'x-stream-protocol-version': 'portforward.k8s.io' });
      expect(request.headers['sec-websocket-protocol']).toBeUndefined();
      socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: SPDY/3.1\r\n\r\n');
      socket.pipe(socket);
    };
    const { socket, head, headers } = await tunnelTo(`${POD}/portforward?ports=80`);
    expect(headers['sec-websocket-protocol']).toBe(TUNNEL);
    expect(cluster.kubelet.asked.at(-1)).toBe('POST /portForward/ns/p?port=80');
    const client = new WebSocketPeer(socket, head);
    const total = 20 * 1024 * 1024;
    const block = Buffer.alloc(64 * 1024, 'block');
    const [sent, received] = [createHash('sha256'), createHash('sha256')];
    let bytes = 0;
    let wake: () => void = () => undefined;
    const more = (): Promise<void> =>
      new Promise((resolve) => {
        wake = resolve;
      });
    client.start({
      message: (data) => {
        received.update(data);
        bytes += data.length;
        wake();
      },
      drain: () => wake(),
      close: () => wake(),
    });
    for (let at = 0; at < total; at += block.length) {
      sent.update(block);
      if (!client.send(block, true)) await more();
      // Who forwards a port is held back by what comes back.
      while (at - bytes > 4 * 1024 * 1024) await more();
    }
    while (bytes < total) await more();
    expect(received.digest('hex')).toBe(sent.digest('hex'));
    client.close();
  });
});

/** `ws` refuses protocols with a slash. */
async function tunnelTo(path: string): Promise<UpgradedConnection> {
  const target = { url: `https://127.0.0.1:${cluster.server.port}${path}`, tls: { insecure: true } };
  const { key } = handshakeKey();
  const headers = {
    authorization: `Bearer ${ADMIN_TOKEN}`,
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': key,
    'sec-websocket-protocol': TUNNEL,
  };
  const answer = await callout.upgrade(target, { method: 'GET', headers });
  if ('refused' in answer) throw new Error(`refused: ${answer.refused.status}`);
  return answer.upgraded;
}

test('a client that speaks SPDY only is told what does work', async () => {
  cluster.kubelet.upgrade = (_request, socket) =>
    void socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: SPDY/3.1\r\n\r\n');
  const request = https.request({
    port: cluster.server.port,
    path: `${POD}/exec?command=ls&stdout=true`,
    method: 'POST',
    rejectUnauthorized: false,
    headers: { authorization: `Bearer ${ADMIN_TOKEN}`, connection: 'Upgrade', upgrade: 'SPDY/3.1' },
  });
  request.end();
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of response) text += String(chunk);
  expect(response.statusCode).toBe(501);
  expect(text).toContain('use kubectl 1.31 or newer');
});
