import { duplexPair } from 'node:stream';
import { expect, test } from 'vitest';
import { until } from '../../../testing/until.js';
import { SpdyConnection } from './connection.js';
import { data, HEAD_BYTES, PING, SYN_REPLY } from './frames.js';

function control(kind: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt16BE(0x8003, 0);
  head.writeUInt16BE(kind, 2);
  head.writeUInt32BE(payload.length, 4);
  return Buffer.concat([head, payload]);
}
const id = (n: number): Buffer => Buffer.from([0, 0, 0, n]);

test('who asks whether anybody is there, and does not read the answers, is not read', async () => {
  const [kubelet, ours] = duplexPair();
  new SpdyConnection(ours, Buffer.alloc(0), { drain: () => undefined, close: () => undefined });
  const pings = Buffer.concat(Array.from({ length: 1000 }, () => control(PING, id(2))));
  let taken = 0;
  for (let i = 0; i < 500; i++) kubelet.write(pings, () => taken++);
  for (let i = 0; i < 2000; i++) await new Promise((resolve) => setImmediate(resolve));
  expect(taken).toBeLessThan(50);
  expect(ours.writableLength).toBeLessThan(64 * 1024);
  // Once they are read all of them are answered.
  let bytes = 0;
  kubelet.on('data', (chunk: Buffer) => (bytes += chunk.length));
  await until(() => bytes === 500 * pings.length);
});

test('frames are read as they become whole, however they are cut', async () => {
  const [kubelet, ours] = duplexPair();
  const connection = new SpdyConnection(ours, Buffer.alloc(0), { drain: () => undefined, close: () => undefined });
  const got: Buffer[] = [];
  const opened = connection.open({ streamType: 'stdout' }, { data: (chunk) => got.push(Buffer.from(chunk)) });
  const payload = Buffer.from(Array.from({ length: 3000 }, (_, i) => i % 251));
  const all = Buffer.concat([control(SYN_REPLY, id(1)), data(1, payload), data(1, payload)]);
  for (let i = 0; i < all.length; i++) kubelet.write(all.subarray(i, i + 1));
  await opened;
  await until(() => got.length === 2);
  expect(got.every((chunk) => chunk.equals(payload))).toBe(true);
});
