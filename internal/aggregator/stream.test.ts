import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { flow } from '../rest/connect/flow.js';
import type { Sink } from '../rest/types.js';
import { streamReply } from './stream.js';

const MIB = 1024 * 1024;

/** What a client is sent of a watch whose other server sends these chunks. */
function watched(contentType: string, body = new PassThrough({ highWaterMark: 64 * MIB })) {
  const written: Buffer[] = [];
  let ended = false;
  const sink: Sink = {
    write: (chunk) => {
      written.push(Buffer.from(chunk));
      return true;
    },
    end: () => {
      ended = true;
    },
    onWritable: () => undefined,
    onClose: () => undefined,
    get closed() {
      return ended;
    },
  };
  streamReply({ status: 200, contentType }, body, true).stream(sink);
  return { body, written, hasEnded: () => ended };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const PROTOBUF = 'application/vnd.kubernetes.protobuf;stream=watch';
function frame(payload: Buffer): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt32BE(payload.length);
  return Buffer.concat([head, payload]);
}

test('an event whose end comes byte by byte is put together once', async () => {
  const { body, written } = watched(PROTOBUF);
  const event = frame(Buffer.alloc(12 * MIB, 'x'));
  const slow = 2_000;
  body.write(event.subarray(0, event.length - slow));
  const before = process.cpuUsage();
  for (let i = event.length - slow; i < event.length; i++) body.write(event.subarray(i, i + 1));
  await turn();
  // Put together again for each byte, they are 24 GB.
  expect(process.cpuUsage(before).user + process.cpuUsage(before).system).toBeLessThan(1_000_000);
  expect(written.map((piece) => piece.length)).toEqual([event.length]);
});

test('frames are passed on as they become whole', async () => {
  const { body, written } = watched(PROTOBUF);
  const all = Buffer.concat([frame(Buffer.from('one')), frame(Buffer.alloc(0)), frame(Buffer.from('three'))]);
  for (let i = 0; i < all.length; i++) {
    body.write(all.subarray(i, i + 1));
    await turn();
  }
  expect(written.map((piece) => piece.length)).toEqual([7, 4, 9]);
  body.write(Buffer.concat([all, all.subarray(0, 9)]));
  await turn();
  expect(Buffer.concat(written).equals(Buffer.concat([all, all, all.subarray(0, 7)]))).toBe(true);
  body.write(all.subarray(9));
  await turn();
  expect(Buffer.concat(written).equals(Buffer.concat([all, all, all]))).toBe(true);
});

test('lines are passed on whole, and an event beyond 16 MiB ends the watch', async () => {
  const { body, written, hasEnded } = watched('application/json');
  body.write('{"a":');
  body.write('1}\n{"b"');
  await turn();
  expect(Buffer.concat(written).toString()).toBe('{"a":1}\n');
  body.write(':2}\n');
  await turn();
  expect(Buffer.concat(written).toString()).toBe('{"a":1}\n{"b":2}\n');
  for (let i = 0; i < 17; i++) body.write(Buffer.alloc(MIB, 'x'));
  await turn();
  expect(hasEnded()).toBe(true);
});

test('a stream that broke off before anybody listened ends all the same', async () => {
  const body = new PassThrough();
  body.destroy();
  await turn();
  expect(watched(PROTOBUF, body).hasEnded()).toBe(true);
  let how = '';
  const sink: Sink = {
    write: () => true,
    end: () => void (how = 'ended'),
    break: () => void (how = 'broken'),
    onWritable: () => undefined,
    onClose: () => undefined,
    closed: false,
  };
  flow(body, sink, false);
  expect(how).toBe('ended');
  flow(body, sink, true);
  expect(how).toBe('broken');
});
