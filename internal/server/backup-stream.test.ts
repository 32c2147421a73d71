import { expect, test, vi } from 'vitest';
import { StatusError } from '../machinery/status.js';
import { TestSink } from '../rest/testing.js';
import type { StreamReply } from '../rest/types.js';
import { backupReply, type BackupSource } from './backup-stream.js';

/** A snapshot of these pieces, and how often it was let go. */
function source(pieces: readonly string[], fails = false): BackupSource & { released: number } {
  async function* bytes(): AsyncGenerator<Buffer> {
    for (const piece of pieces) {
      await Promise.resolve();
      yield Buffer.from(piece);
    }
    if (fails) throw new Error('a record is damaged');
  }
  return {
    header: { revision: 7 },
    bytes: bytes(),
    released: 0,
    release() {
      this.released++;
    },
  };
}
const replyOf = async (of: BackupSource): Promise<StreamReply> =>
  (await backupReply(() => Promise.resolve(of))) as StreamReply;
/** One can be saved again. */
const isFree = async (): Promise<void> => {
  const reply = await replyOf(source([]));
  reply.abandoned?.();
};

test('A snapshot is streamed whole, tells its revision, and is let go of once', async () => {
  const of = source(['one ', 'two']);
  const reply = await replyOf(of);
  expect(reply).toMatchObject({
    status: 200,
    contentType: 'application/octet-stream',
    headers: { 'X-Quorate-Revision': '7' },
  });
  const sink = new TestSink();
  reply.stream(sink);
  await sink.until(() => sink.closed);
  expect(sink.text).toBe('one two');
  await expect.poll(() => of.released).toBe(1);
  reply.abandoned?.();
  expect(of.released).toBe(1);
  await isFree();
});

test('Only one is saved at a time; whoever comes meanwhile is told when to come again', async () => {
  const of = source(['one']);
  const reply = await replyOf(of);
  await expect(replyOf(source([]))).rejects.toMatchObject({
    code: 429,
    message: 'another snapshot is being saved; try again',
    status: { details: { retryAfterSeconds: 10 } },
  });
  reply.abandoned?.();
  expect(of.released).toBe(1);
  await isFree();
});

test('It waits for a client that does not take more, and ends with one that goes away', async () => {
  const of = source(['one', 'two', 'three']);
  const sink = new TestSink();
  sink.full = true;
  (await replyOf(of)).stream(sink);
  await sink.until(() => sink.chunks.length === 1);
  await new Promise((resolve) => setImmediate(resolve));
  expect(sink.text).toBe('one');
  sink.drain();
  await sink.until(() => sink.closed);
  expect(sink.text).toBe('onetwothree');
  await expect.poll(() => of.released).toBe(1);
  const gone = source(['one', 'two']);
  const left = new TestSink();
  left.full = true;
  (await replyOf(gone)).stream(left);
  await left.until(() => left.chunks.length === 1);
  left.end();
  await expect.poll(() => gone.released).toBe(1);
  expect(left.text).toBe('one');
  await isFree();
});

test('One that breaks off is broken for the client as well: it must not look whole', async () => {
  const of = source(['one'], true);
  let broken = 0;
  const sink = Object.assign(new TestSink(), { break: () => broken++ });
  (await replyOf(of)).stream(sink);
  await expect.poll(() => of.released).toBe(1);
  expect([broken, sink.closed]).toEqual([1, false]);
  await isFree();
});

test('Why there is none is told: what is an answer already stays one', async () => {
  const refused = new StatusError(400, 'BadRequest', 'not here');
  await expect(backupReply(() => Promise.reject(refused))).rejects.toBe(refused);
  await expect(backupReply(() => Promise.reject(new Error('no quorum')))).rejects.toMatchObject({
    code: 503,
    message: 'no quorum',
  });
  await isFree();
});

/** Waits until `probe` holds, by turns of what is promised: no clock goes on. */
async function soon(probe: () => boolean): Promise<void> {
  for (let turns = 0; !probe() && turns < 1000; turns++) await Promise.resolve();
  expect(probe()).toBe(true);
}

test('A client that takes nothing for 60 s is given up, and what it does afterwards is nothing', async () => {
  vi.useFakeTimers();
  try {
    const of = source(['one', 'two', 'three']);
    let broken = 0;
    const sink = Object.assign(new TestSink(), { break: () => broken++ });
    sink.full = true;
    (await replyOf(of)).stream(sink);
    await soon(() => sink.chunks.length === 1);
    await vi.advanceTimersByTimeAsync(59_999);
    sink.drain();
    sink.full = true;
    await soon(() => sink.chunks.length === 2);
    await vi.advanceTimersByTimeAsync(59_999);
    expect([broken, of.released]).toEqual([0, 0]);
    await vi.advanceTimersByTimeAsync(1);
    await soon(() => of.released === 1);
    expect([broken, sink.closed, vi.getTimerCount()]).toEqual([1, false, 0]);
    await isFree();
  } finally {
    vi.useRealTimers();
  }
});

test('A client that takes more than an hour is given up, however often it takes something', async () => {
  vi.useFakeTimers();
  try {
    const of = source(Array.from({ length: 100 }, () => 'x'));
    let broken = 0;
    const sink = Object.assign(new TestSink(), { break: () => broken++ });
    sink.full = true;
    (await replyOf(of)).stream(sink);
    for (let minute = 1; minute <= 60; minute++) {
      await soon(() => sink.chunks.length === minute);
      await vi.advanceTimersByTimeAsync(59_000);
      sink.drain();
      sink.full = true;
    }
    await soon(() => sink.chunks.length === 61);
    await vi.advanceTimersByTimeAsync(59_000);
    sink.drain();
    sink.full = true;
    await soon(() => sink.chunks.length === 62);
    expect(broken).toBe(0);
    await vi.advanceTimersByTimeAsync(2000);
    sink.drain();
    await soon(() => of.released === 1);
    expect([broken, sink.chunks.length]).toEqual([1, 62]);
    await isFree();
  } finally {
    vi.useRealTimers();
  }
});
