import { once } from 'node:events';
import { type Duplex, duplexPair } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { expect, test } from 'vitest';
import { until } from '../testing/until.js';
import { Meter, MeteredConnection } from './metered.js';

const KIB = 1024;

function connected(meter = new Meter()): { client: Duplex; connection: MeteredConnection } {
  const [client, socket] = duplexPair({ highWaterMark: 1024 * KIB });
  client.on('error', () => undefined);
  const connection = new MeteredConnection(socket as unknown as TLSSocket, meter);
  connection.on('error', () => undefined);
  return { client, connection };
}

test('what comes at once on many connections is read in pieces, and others have their turn between', async () => {
  const meter = new Meter();
  const all = Array.from({ length: 4 }, () => connected(meter));
  let inTurn = 0;
  let most = 0;
  const read = all.map(({ connection }) => {
    let bytes = 0;
    connection.on('data', (piece: Buffer) => {
      expect(piece.length).toBeLessThanOrEqual(16 * KIB);
      bytes += piece.length;
      if (inTurn++ === 0) setImmediate(() => (inTurn = 0));
      most = Math.max(most, inTurn);
      for (const end = performance.now() + 2; performance.now() < end; );
    });
    return async () => {
      await once(connection, 'end');
      return bytes;
    };
  });
  const ended = read.map((bytes) => bytes());
  for (const { client } of all) client.end(Buffer.alloc(200 * KIB));
  expect(await Promise.all(ended)).toEqual([200 * KIB, 200 * KIB, 200 * KIB, 200 * KIB]);
  expect(most).toBeLessThanOrEqual(6);
  expect(meter.waitingBytes).toBe(0);
});

test('who does not read is sent nothing more, and what comes is in order', async () => {
  const { client, connection } = connected();
  const sent = Buffer.from(Array.from({ length: 300 * KIB }, (_, i) => i % 251));
  for (let at = 0; at < sent.length; at += 50 * KIB) client.write(sent.subarray(at, at + 50 * KIB));
  await new Promise((resolve) => setImmediate(resolve));
  expect(connection.readableLength).toBeLessThanOrEqual(32 * KIB);
  const pieces: Buffer[] = [];
  connection.on('data', (piece: Buffer) => pieces.push(piece));
  await until(() => Buffer.concat(pieces).length === sent.length);
  expect(Buffer.concat(pieces).equals(sent)).toBe(true);
});

test('a connection with which too much waits ends, and gives back what it held', async () => {
  const meter = new Meter(100 * KIB);
  const { client, connection } = connected(meter);
  client.write(Buffer.alloc(200 * KIB));
  await once(connection, 'close');
  expect(meter.waitingBytes).toBe(0);
  // Others go on.
  const other = connected(meter);
  other.client.write('hello');
  expect(String((await once(other.connection, 'data'))[0])).toBe('hello');
});

test('what is written arrives, in order, and the end with it', async () => {
  const { client, connection } = connected();
  connection.cork();
  for (const part of ['a', 'b', 'c']) connection.write(part);
  connection.uncork();
  connection.end('d');
  const parts: string[] = [];
  for await (const part of client) parts.push(String(part));
  expect(parts.join('')).toBe('abcd');
});
