import { duplexPair } from 'node:stream';
import { expect, test } from 'vitest';
import { WebSocketPeer } from '../../rest/connect/web-socket-peer.js';
import type { WebSocketConnection } from '../../rest/web-socket.js';
import { NodeWebSocket } from './web-socket.js';

const NOTHING = Buffer.alloc(0);
const MIB = 1024 * 1024;

/** A WebSocket as its handler has it, and its client at the other end of the connection, which reads once it is `start`ed. */
function pair() {
  const [own, others] = duplexPair();
  const socket = new NodeWebSocket(own, NOTHING, 'v5.channel.k8s.io');
  const client = new WebSocketPeer(others, NOTHING);
  const got: string[] = [];
  let end: (code: number) => void = () => undefined;
  const ended = new Promise<number>((resolve) => (end = resolve));
  const start = (): void => {
    client.start({ message: (message) => got.push(message.toString()), drain: () => undefined, close: end });
  };
  const over = (): Promise<number> => new Promise((resolve) => socket.onClose(resolve));
  return { own, socket, client, got, start, ended, over };
}

test('that its handler does not take is closed as an error of the server', async () => {
  const { socket, start, ended } = pair();
  start();
  socket.open(() => {
    throw new Error('not now');
  });
  expect(await ended).toBe(1011);
});

test.each<[string, () => Promise<void>]>([
  [
    'throws',
    () => {
      throw new Error('unreadable');
    },
  ],
  ['rejects', () => Promise.reject(new Error('unreadable'))],
])('whose handler %s at a message is closed as an error of the server', async (_how, handle) => {
  const { socket, client, start, ended } = pair();
  start();
  socket.open((taken) => taken.onMessage(handle));
  client.send(Buffer.from('x'), false);
  expect(await ended).toBe(1011);
});

test('is closed as it should where nobody says why, once, and takes nothing afterwards', async () => {
  const { socket, got, start, ended, over } = pair();
  let taken: WebSocketConnection | undefined;
  socket.open((to) => (taken = to));
  start();
  const codes: number[] = [];
  socket.onClose((code) => codes.push(code));
  const closed = over();
  expect([taken?.protocol, taken?.closed, taken?.send('last')]).toEqual(['v5.channel.k8s.io', false, true]);
  socket.close();
  expect([await ended, await closed, codes]).toEqual([1000, 1000, [1000]]);
  expect([got, socket.closed, socket.send('more')]).toEqual([['last'], true, false]);
  socket.close(4000);
  expect(codes).toEqual([1000]);
});

test('has its handler wait while the client reads nothing, and tells it to go on', async () => {
  const { socket, got, start } = pair();
  // Nobody need listen for it.
  socket.open(() => undefined);
  let sent = 1;
  while (socket.send('x'.repeat(1000)) && sent < 1000) sent++;
  expect(sent).toBeLessThan(1000);
  const drained = new Promise<void>((resolve) => socket.onDrain(resolve));
  start();
  await drained;
  expect([socket.closed, got.length]).toEqual([false, sent]);
});

test('may have 16 MiB waiting for its client, and is cut off beyond', async () => {
  const { own, socket, over } = pair();
  socket.open(() => undefined);
  for (let i = 0; i < 15; i++) socket.send(Buffer.alloc(MIB));
  expect(own.destroyed).toBe(false);
  const closed = over();
  for (let i = 0; i < 3; i++) socket.send(Buffer.alloc(MIB));
  expect(own.destroyed).toBe(true);
  expect(await closed).toBe(1006);
});
