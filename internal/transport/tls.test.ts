import { once } from 'node:events';
import { connect, createServer } from 'node:tls';
import { Client } from '@grpc/grpc-js';
import { expect, it } from 'vitest';
import { FatalError } from '../machinery/assert.js';
import { freePorts } from '../testing/cluster.js';
import { until } from '../testing/until.js';
import { ask } from './call.js';
import { TestMembers } from './members.testkit.js';
import {
  clientCredentials,
  clientOptions,
  PeerServerCredentials,
  pongMs,
  SERVER_OPTIONS,
  serverCredentials,
} from './tls.js';

const MIB = 1024 * 1024;
const members = new TestMembers();

it('a connection over which nothing has come back is given up, with and without calls, by who listens after 22 s', () => {
  const all = { 'grpc.keepalive_time_ms': 2_000, 'grpc.keepalive_permit_without_calls': 1 };
  expect(clientOptions('127.0.0.1:1')).toMatchObject({ ...all, 'grpc.keepalive_timeout_ms': 2_000 });
  expect(SERVER_OPTIONS).toMatchObject({ ...all, 'grpc.keepalive_timeout_ms': 20_000 });
});

it('who has dialled waits for an answer for 2 s, or twice what it took both sides to begin, but for 20 s at most', () => {
  expect([0, 1_000, 1_001, 10_000, 60_000].map(pongMs)).toEqual([2_000, 2_000, 2_002, 20_000, 20_000]);
  expect(clientOptions('127.0.0.1:1', pongMs(3_000))).toMatchObject({ 'grpc.keepalive_timeout_ms': 6_000 });
});

it('who could not be reached is tried again within 200 ms, over a connection that nobody else uses', () => {
  expect(clientOptions('127.0.0.1:1')).toMatchObject({
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.min_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 200,
    'grpc.use_local_subchannel_pool': 1,
  });
});

it('a question and its answer may be larger than the 4 MiB that gRPC takes, but none is sent of more than 64', async () => {
  const [port = 0] = await freePorts(1);
  await members.start(1, port);
  const address = `127.0.0.1:${port}`;
  const client = new Client(address, clientCredentials(address, members.tls), clientOptions(address));
  const asking = async (question: Buffer): Promise<unknown> =>
    ask(client, question, 30_000).then(
      ({ length }) => length / MIB,
      ({ details }: { details: string }) => details,
    );
  expect(await asking(Buffer.alloc(5 * MIB))).toBe(5);
  expect(await asking(Buffer.alloc(65 * MIB))).toMatch(/^(?:Attempted to send|Sent) message .*larger than .*67108864/);
  client.close();
});

it('the name that is asked for is that of the host, and a fixed one for an IP, for which TLS has none', async () => {
  const server = createServer({ ...members.tls, ALPNProtocols: ['h2'] });
  const names: unknown[] = [];
  server.on('secureConnection', (socket) => void names.push(socket.servername));
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const bound = server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
  for (const host of ['localhost', '127.0.0.1']) {
    const client = new Client(
      `${host}:${port}`,
      clientCredentials(`${host}:${port}`, members.tls),
      clientOptions(`${host}:${port}`),
    );
    client.getChannel().getConnectivityState(true);
    const before = names.length;
    await until(() => names.length > before);
    client.close();
  }
  server.close();
  expect(new Set(names)).toEqual(new Set(['localhost', 'quorate-peer']));
});

it('a listener without TLS is only had by who asks for it, and files that do not fit are refused', async () => {
  const other = await members.authority('other');
  expect(serverCredentials(members.tls)).toBeInstanceOf(PeerServerCredentials);
  expect(serverCredentials(undefined)).not.toBeInstanceOf(PeerServerCredentials);
  for (const wrong of [
    { ...members.tls, key: other.key },
    { ...members.tls, ca: 'none', cert: 'none' },
    { ...members.tls, key: '' },
  ]) {
    expect(() => serverCredentials(wrong)).toThrow(FatalError);
    expect(() => clientCredentials('127.0.0.1:1', wrong)).toThrow(FatalError);
  }
});

it('credentials are the same as themselves only', () => {
  const [one, two] = [new PeerServerCredentials(members.tls), new PeerServerCredentials(members.tls)];
  expect([one._equals(one), one._equals(two)]).toEqual([true, false]);
});

it('nobody hears a word of a member without a certificate of the peer authority', async () => {
  const [port = 0] = await freePorts(1);
  await members.start(1, port);
  const other = await members.authority('other');
  const met = (shown: { cert?: string | Buffer; key?: string | Buffer }): Promise<string> =>
    new Promise((resolve) => {
      const options = {
        host: '127.0.0.1',
        port,
        ca: members.tls.ca,
        ALPNProtocols: ['h2'],
        servername: 'quorate-peer',
      };
      const socket = connect({ ...options, ...shown, checkServerIdentity: () => undefined });
      socket.once('data', () => {
        resolve('let in');
        socket.destroy();
      });
      socket.on('error', () => undefined);
      socket.once('close', () => resolve('turned away'));
    });
  expect(await met({ cert: members.tls.cert, key: members.tls.key })).toBe('let in');
  expect(await met({})).toBe('turned away');
  expect(await met({ cert: other.cert, key: other.key })).toBe('turned away');
});
