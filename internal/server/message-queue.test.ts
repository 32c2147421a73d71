import { expect, test } from 'vitest';
import { until } from '../testing/until.js';
import { MessageQueue } from './message-queue.js';

const COUNT = 10_000;

test('thousands of small messages that wait are handed on in order, and others have their turn between', async () => {
  const queue = new MessageQueue({ moved: () => undefined, failed: () => undefined });
  const got: number[] = [];
  let goOn: () => void = () => undefined;
  queue.listen((message) => {
    got.push(message.readUInt32LE());
    return got.length === 1 ? new Promise<void>((resolve) => (goOn = resolve)) : undefined;
  });
  for (let i = 0; i < COUNT; i++) {
    const message = Buffer.alloc(4);
    message.writeUInt32LE(i);
    queue.push(message, true);
  }
  expect(got).toEqual([0]);
  let most = 0;
  let before = got.length;
  const turn = (): void => {
    most = Math.max(most, got.length - before);
    before = got.length;
    if (got.length < COUNT) setImmediate(turn);
  };
  setImmediate(turn);
  goOn();
  await until(() => queue.isIdle);
  expect(got).toEqual(Array.from({ length: COUNT }, (_, i) => i));
  expect(queue.bytes).toBe(0);
  expect(most).toBeLessThan(COUNT / 10);
});

/** A queue, and what came of it. */
function queued() {
  const seen: string[] = [];
  const queue = new MessageQueue({ moved: () => seen.push('moved'), failed: () => seen.push('failed') });
  const push = (text: string, isBinary = false): void => queue.push(Buffer.from(text), isBinary);
  return { queue, seen, push };
}
/** Promises that are settled by now have told so. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('What comes before there is a listener waits, and is counted in bytes with what each message takes', () => {
  const { queue, seen, push } = queued();
  expect([queue.bytes, queue.isIdle]).toEqual([0, true]);
  push('abc');
  push('de', true);
  expect([queue.bytes, queue.isIdle, seen]).toEqual([5 + 2 * 128, false, ['moved', 'moved']]);
  queue.listen((message, isBinary) => void seen.push(`${message.toString()} ${isBinary} ${queue.bytes}`));
  expect(seen.slice(2)).toEqual(['abc false 130', 'de true 0', 'moved']);
  expect([queue.bytes, queue.isIdle]).toEqual([0, true]);
});

test('The next message is handed on when the promise of the last is settled, and the queue is idle after the last', async () => {
  const { queue, seen, push } = queued();
  const ends: (() => void)[] = [];
  queue.listen((message) => {
    seen.push(message.toString());
    return new Promise<void>((resolve) => ends.push(resolve));
  });
  push('a');
  push('b');
  expect([seen, queue.isIdle]).toEqual([['moved', 'a', 'moved'], false]);
  ends[0]?.();
  await settled();
  expect([seen.slice(3), queue.bytes, queue.isIdle]).toEqual([['b', 'moved'], 0, false]);
  ends[1]?.();
  await settled();
  expect([seen.slice(5), queue.isIdle]).toEqual([['moved'], true]);
});

test('A listener that throws or rejects is told, and still gets what comes', async () => {
  const { queue, seen, push } = queued();
  queue.listen((message) => {
    const text = message.toString();
    seen.push(text);
    if (text === 'throws') throw new Error(text);
    return text === 'rejects' ? Promise.reject(new Error(text)) : undefined;
  });
  push('throws');
  expect(seen).toEqual(['moved', 'throws', 'failed', 'moved']);
  push('rejects');
  push('last');
  expect(queue.isIdle).toBe(false);
  await settled();
  expect(seen.slice(4)).toEqual(['rejects', 'moved', 'failed', 'last', 'moved']);
  expect(queue.isIdle).toBe(true);
});

test('Of messages that nobody is slow with, 511 are handed on in a turn of the loop', async () => {
  const { queue, push } = queued();
  let got = 0;
  for (let i = 0; i < 1200; i++) push('x');
  queue.listen(() => void got++);
  expect([got, queue.isIdle]).toEqual([511, false]);
  await settled();
  expect(got).toBe(1022);
  await settled();
  expect([got, queue.isIdle, queue.bytes]).toEqual([1200, true, 0]);
});
