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
