import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { Client, type ClientDuplexStream, type StatusObject, status } from '@grpc/grpc-js';
import { expect, it } from 'vitest';
import { freePorts } from '../testing/cluster.js';
import { until } from '../testing/until.js';
import type { Envelope } from './envelope.js';
import { TestMembers } from './members.testkit.js';
import { identityMetadata } from './metadata.js';
import { PEER } from './service.js';
import { clientCredentials, clientOptions } from './tls.js';

const members = new TestMembers();

/** A stream to this address as member 3 opens it, and what becomes of it. */
function streamTo(address: string): {
  readonly stream: ClientDuplexStream<Envelope, Envelope>;
  readonly over: Promise<StatusObject>;
  readonly client: Client;
} {
  const client = new Client(address, clientCredentials(address, members.tls), clientOptions(address));
  const { path, requestSerialize, responseDeserialize } = PEER.messages;
  const metadata = identityMetadata({ cluster: 1, id: 3, nonce: 'n3' }, 1);
  const stream = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadata);
  stream.on('data', () => undefined);
  stream.on('error', () => undefined);
  return { stream, client, over: new Promise((resolve) => stream.on('status', resolve)) };
}

it('a member that ends its stream is let go, one that is expelled is told why, whether there is a link to it or not', async () => {
  const [port = 0] = await freePorts(1);
  const a = await members.start(1, port);
  const [ended, cancelled, expelled] = [
    streamTo(`127.0.0.1:${port}`),
    streamTo(`127.0.0.1:${port}`),
    streamTo(`127.0.0.1:${port}`),
  ];
  for (const { stream } of [ended, cancelled, expelled]) stream.write({ version: 1, payload: Buffer.from('x') });
  await until(() => a.messages.length === 3);
  ended.stream.end();
  expect(await ended.over).toMatchObject({ code: status.OK });
  cancelled.stream.cancel();
  expect(await cancelled.over).toMatchObject({ code: status.CANCELLED });
  a.transport.expel(3, 'you were removed');
  expect(await expelled.over).toMatchObject({ code: status.ALREADY_EXISTS, details: 'you were removed' });
  expect(a.messages).toEqual(['3:x', '3:x', '3:x']);
  for (const { client } of [ended, cancelled, expelled]) client.close();
});

it('a member that stops speaking is looked for at once: perhaps its process is gone', async () => {
  const [portA = 0, portB = 0] = await freePorts(2);
  const [a, b] = [await members.start(1, portA), await members.start(2, portB)];
  // What is connected stays so, though nobody listens any more.
  const door = createServer((near: Socket) => {
    const far = connect(portB, '127.0.0.1');
    near.pipe(far).pipe(near);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const)
      one.on('error', () => other.destroy());
  });
  door.listen(0, '127.0.0.1');
  await once(door, 'listening');
  const bound = door.address();
  a.transport.setPeers(new Map([[2, `127.0.0.1:${typeof bound === 'object' ? bound?.port : 0}`]]));
  b.transport.setPeers(new Map([[1, `127.0.0.1:${portA}`]]));
  b.transport.send(1, Buffer.from('x'));
  await until(() => a.transport.isUp(2) && a.messages.length === 1);
  door.close();
  b.transport.setPeers(new Map());
  await until(() => a.events.includes('dead 2'));
  expect(a.events).toEqual(['up 2', 'dead 2']);
  expect(a.transport.isUp(2)).toBe(true);
});

it('a member that closes ends the streams to it and from it, and listens no more', async () => {
  const [portA = 0, portB = 0] = await freePorts(2);
  const [a, b] = [await members.start(1, portA), await members.start(2, portB)];
  a.transport.setPeers(new Map([[2, `127.0.0.1:${portB}`]]));
  b.transport.setPeers(new Map([[1, `127.0.0.1:${portA}`]]));
  await until(() => a.transport.isUp(2) && b.transport.isUp(1));
  await b.transport.close();
  expect(b.transport.isUp(1)).toBe(false);
  await until(() => a.events.includes('dead 2'));
  // Its links are gone, too: it tells nothing of member 1, and is not heard.
  const told = b.events.length;
  b.transport.send(1, Buffer.from('x'));
  await a.transport.close();
  await members.start(1, portA).then(({ transport }) => transport.close());
  expect(b.events).toHaveLength(told);
  expect(a.messages).toEqual([]);
});
