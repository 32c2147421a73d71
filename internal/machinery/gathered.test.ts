import { expect, test } from 'vitest';
import { ByteQueue, Gathered } from './gathered.js';

test('chunks of every length come out whole and in order', () => {
  const all = Buffer.from(Array.from({ length: 400_000 }, (_, i) => i % 251));
  const gathered = new Gathered();
  for (let at = 0, i = 0; at < all.length; i++) {
    const length = i % 5 === 0 ? 5_000 : i % 7;
    gathered.push(all.subarray(at, at + length));
    at += length;
  }
  expect(gathered.bytes).toBe(all.length);
  expect(gathered.take().equals(all)).toBe(true);
  expect(gathered.bytes).toBe(0);
  gathered.push(Buffer.from('once more'));
  expect(gathered.take().toString()).toBe('once more');
});

test('bytes that come one by one take about as much memory as they are', () => {
  const bytes = 3 * 1024 * 1024;
  const gathered = new Gathered();
  // As a parser cuts them from what was read.
  const read = Buffer.alloc(64 * 1024, 'x');
  const used = (): number => process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers;
  globalThis.gc?.();
  const before = used();
  for (let i = 0; i < bytes; i++) gathered.push(read.subarray(i % 65_536, (i % 65_536) + 1));
  const after = used();
  // Young garbage is counted too; one Buffer for each byte would be 300 MiB.
  expect(after - before).toBeLessThan(100 * 1024 * 1024);
  expect(gathered.take()).toHaveLength(bytes);
});

test('a queue gives the beginning when it is there, and not before', () => {
  const queue = new ByteQueue();
  queue.push(Buffer.from('ab'));
  expect(queue.peek(3)).toBeUndefined();
  queue.push(Buffer.from('cde'));
  expect(queue.peek(3)?.toString()).toBe('abcde');
  queue.skip(3);
  queue.push(Buffer.from('f'));
  expect(queue.bytes).toBe(3);
  expect(queue.peek(2)?.toString()).toBe('de');
  expect(queue.peek(3)?.toString()).toBe('def');
  queue.skip(3);
  expect(queue.peek(1)).toBeUndefined();
});
