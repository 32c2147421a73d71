import { Duplex, duplexPair } from 'node:stream';
import { expect, test } from 'vitest';
import { until } from '../../testing/until.js';
import { WebSocketPeer } from './web-socket-peer.js';

/** Many times what is read in one turn. */
const COUNT = 10_000;

/** Frames of a server, each with its number. */
function frames(count: number): Buffer {
  const all = Buffer.alloc(count * 6);
  for (let i = 0; i < count; i++) {
    all.writeUInt16BE(0x82_04, i * 6);
    all.writeUInt32LE(i, i * 6 + 2);
  }
  return all;
}

function peer(): { socket: Duplex; got: number[]; codes: number[] } {
  const socket = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() });
  const [got, codes]: [number[], number[]] = [[], []];
  new WebSocketPeer(socket, Buffer.alloc(0)).start({
    message: (message) => void got.push(message.readUInt32LE()),
    drain: () => undefined,
    close: (code) => void codes.push(code),
  });
  return { socket, got, codes };
}
const numbers = Array.from({ length: COUNT }, (_, i) => i);

test('thousands of small frames that come at once are read in order, and others have their turn between', async () => {
  const { socket, got } = peer();
  let most = 0;
  let before = 0;
  const turn = (): void => {
    most = Math.max(most, got.length - before);
    before = got.length;
    if (got.length < COUNT) setImmediate(turn);
  };
  setImmediate(turn);
  socket.push(frames(COUNT));
  await until(() => got.length === COUNT);
  expect(got).toEqual(numbers);
  expect(most).toBeLessThan(COUNT / 4);
  // What comes later is read too.
  socket.push(frames(1));
  await until(() => got.length === COUNT + 1);
});

test('what came before the connection broke off is read before its end is told', async () => {
  const { socket, got, codes } = peer();
  socket.push(frames(COUNT));
  while (got.length === 0) await new Promise((resolve) => setImmediate(resolve));
  expect(got.length).toBeLessThan(COUNT);
  socket.destroy();
  await until(() => codes.length > 0);
  expect(got).toEqual(numbers);
  expect(codes).toEqual([1006]);
});

test('who asks whether anybody is there, and does not read the answers, is not read', async () => {
  const [kubelet, ours] = duplexPair();
  const listeners = { message: () => undefined, drain: () => undefined, close: () => undefined };
  new WebSocketPeer(ours, Buffer.alloc(0)).start(listeners);
  const pings = Buffer.concat(Array.from({ length: 1000 }, () => Buffer.from([0x89, 0])));
  let taken = 0;
  for (let i = 0; i < 60; i++) kubelet.write(pings, () => taken++);
  for (let i = 0; i < 500; i++) await new Promise((resolve) => setImmediate(resolve));
  expect(taken).toBeLessThan(40);
  expect(ours.writableLength).toBeLessThan(128 * 1024);
  let bytes = 0;
  kubelet.on('data', (chunk: Buffer) => (bytes += chunk.length));
  // Each answer is masked.
  await until(() => bytes === 60 * 1000 * 6);
});

test('a message of empty pieces without end takes no memory', async () => {
  const { socket, got } = peer();
  const pieces = Buffer.concat(Array.from({ length: 500_000 }, () => Buffer.from([0, 0])));
  socket.push(Buffer.from([0x02, 1, 7]));
  await new Promise((resolve) => setImmediate(resolve));
  const before = process.memoryUsage().heapUsed;
  socket.push(pieces);
  socket.push(Buffer.from([0x80, 3, 0, 0, 0]));
  await until(() => got.length === 1);
  expect(got).toEqual([7]);
  // Each would have left a Buffer of a hundred bytes; young garbage is counted too.
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(40 * 1024 * 1024);
});
