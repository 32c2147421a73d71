import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { ADMIN_TOKEN } from '../../server/testing.js';
import { startTestCluster, type TestCluster } from './testing/cluster.js';
import { SpdyServer } from './testing/spdy-server.js';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startTestCluster();
});
afterAll(() => cluster.close());

const V5 = 'v5.channel.k8s.io';
interface Told {
  readonly channel: number;
  readonly text: string;
}

/** Runs something in the pod: the client's side and the kubelet's. */
async function exec(
  query: string,
  streams: number,
): Promise<{ client: Client; kubelet: SpdyServer; asked: IncomingMessage }> {
  const upgraded = new Promise<{ kubelet: SpdyServer; asked: IncomingMessage }>((resolve) => {
    cluster.kubelet.upgrade = (asked, socket) => {
      socket.write(
        'HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: SPDY/3.1\r\nx-stream-protocol-version: v4.channel.k8s.io\r\n\r\n',
      );
      resolve({ kubelet: new SpdyServer(socket), asked });
    };
  });
  const client = new Client(query);
  const { kubelet, asked } = await upgraded;
  await kubelet.until(() => kubelet.streams.length === streams);
  return { client, kubelet, asked };
}

class Client {
  readonly told: Told[] = [];
  readonly closed: Promise<number>;
  readonly socket: WebSocket;
  bytes = 0;
  constructor(query: string) {
    this.socket = new WebSocket(
      `wss://127.0.0.1:${cluster.server.port}/api/v1/namespaces/ns/pods/p/exec?${query}`,
      [V5, 'v4.channel.k8s.io'],
      { rejectUnauthorized: false, headers: { authorization: `Bearer ${ADMIN_TOKEN}` } },
    );
    this.closed = once(this.socket, 'close').then(([code]) => code as number);
    this.socket.on('message', (message: Buffer) => {
      this.bytes += message.length - 1;
      if (message.length > 1 && message.length < 65_536) {
        this.told.push({ channel: message[0] ?? -1, text: message.toString('utf8', 1) });
      }
    });
  }
  send(channel: number, payload: Buffer | string): void {
    this.socket.send(Buffer.concat([Buffer.from([channel]), Buffer.from(payload)]));
  }
  text(channel: number): string {
    return this.told
      .filter((t) => t.channel === channel)
      .map((t) => t.text)
      .join('');
  }
}

describe('a command in a pod', () => {
  test('gets its input to the end, and tells output, errors and success', async () => {
    const { client, kubelet, asked } = await exec('command=cat&stdin=true&stdout=true&stderr=true', 4);
    expect(asked.url).toBe('/exec/ns/p/c?command=cat&error=1&input=1&output=1');
    expect([asked.method, asked.headers['x-stream-protocol-version']]).toEqual(['POST', 'v4.channel.k8s.io']);
    expect(kubelet.streams.map((s) => s.type)).toEqual(['error', 'stdin', 'stdout', 'stderr']);
    expect(client.socket.protocol).toBe(V5);
    client.send(0, 'some ');
    client.send(0, 'input');
    client.send(255, Buffer.from([0]));
    await kubelet.until(() => kubelet.stream('stdin').ended);
    expect(kubelet.stream('stdin').received).toBe('some input');
    kubelet.stream('stdout').write('output');
    kubelet.stream('stderr').write('warning');
    for (const type of ['stdout', 'stderr']) kubelet.stream(type).end();
    kubelet.stream('error').write('{"metadata":{},"status":"Success"}');
    kubelet.stream('error').end();
    expect(await client.closed).toBe(1000);
    expect([client.text(1), client.text(2), client.text(3)]).toEqual([
      'output',
      'warning',
      '{"metadata":{},"status":"Success"}',
    ]);
  });

  test('tells the code with which it exits', async () => {
    const { client, kubelet } = await exec('command=false&stdout=true', 2);
    const details = { causes: [{ reason: 'ExitCode', message: '7' }] };
    kubelet.stream('stdout').end();
    kubelet.stream('error').write(JSON.stringify({ status: 'Failure', reason: 'NonZeroExitCode', details }));
    kubelet.stream('error').end();
    await client.closed;
    expect(JSON.parse(client.text(3))).toEqual({
      metadata: {},
      status: 'Failure',
      message: 'command terminated with non-zero exit code: command terminated with exit code 7',
      reason: 'NonZeroExitCode',
      details,
    });
  });

  test('has a terminal whose size follows the client', async () => {
    const { client, kubelet } = await exec('command=sh&stdin=true&stdout=true&stderr=true&tty=true', 4);
    expect(kubelet.streams.map((s) => s.type)).toEqual(['error', 'stdin', 'stdout', 'resize']);
    client.send(4, '{"Width":80,"Height":24}');
    await kubelet.until(() => kubelet.stream('resize').received !== '');
    expect(kubelet.stream('resize').received).toBe('{"Width":80,"Height":24}');
    kubelet.socket.destroy();
    await client.closed;
    expect(JSON.parse(client.text(3))).toMatchObject({
      status: 'Failure',
      message: 'Internal error occurred: connection closed',
    });
  });

  test('is held back while the client does not read, and loses nothing', async () => {
    const { client, kubelet } = await exec('command=cat&stdout=true', 2);
    client.socket.pause();
    const block = Buffer.alloc(32 * 1024, 'x');
    const total = 64 * 1024 * 1024;
    let written = 0;
    let heldBack = false;
    while (written < total) {
      written += block.length;
      if (kubelet.stream('stdout').write(block)) continue;
      const drained = once(kubelet.socket, 'drain');
      if (!heldBack && (await Promise.race([drained.then(() => false), quiet()]))) {
        heldBack = true;
        client.socket.resume();
      }
      await drained;
    }
    kubelet.stream('stdout').end();
    kubelet.stream('error').end();
    await client.closed;
    expect([heldBack, client.bytes - client.text(3).length]).toEqual([true, total]);
  });

  test('that a client leaves loses its connection', async () => {
    const { client, kubelet } = await exec('command=sleep&stdout=true', 2);
    const closed = once(kubelet.socket, 'close');
    client.socket.terminate();
    await closed;
  });

  test('that the kubelet refuses is refused on the error channel', async () => {
    cluster.kubelet.upgrade = (_request, socket) =>
      void socket.end('HTTP/1.1 404 Not Found\r\ncontent-length: 12\r\nconnection: close\r\n\r\nno container');
    const client = new Client('command=ls&stdout=true');
    await client.closed;
    expect(JSON.parse(client.text(3))).toMatchObject({
      status: 'Failure',
      message: 'Internal error occurred: unable to upgrade connection: no container',
    });
  });
});

/** True when nothing happened for half a second. */
const quiet = (): Promise<boolean> =>
  new Promise((resolve) => {
    setTimeout(() => resolve(true), 500);
  });
