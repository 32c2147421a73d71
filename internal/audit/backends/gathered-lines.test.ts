import { expect, test, vi } from 'vitest';
import { addEventJson } from '../event-text.js';
import { event, metrics as ownMetrics } from '../testing/events.js';
import { GatheredLines } from './gathered-lines.js';

/** Gathered lines, and what was written: of each write the audit ids of its lines. */
function setting(written: (ids: readonly string[]) => Promise<void> = () => Promise.resolve()) {
  const { metrics, lost } = ownMetrics();
  const writes: string[][] = [];
  const writer = {
    write: (bytes: Uint8Array) => {
      const lines = Buffer.from(bytes).toString().trimEnd().split('\n');
      const ids = lines.map((line) => (JSON.parse(line) as { auditID: string }).auditID);
      writes.push(ids);
      return written(ids);
    },
    close: () => Promise.resolve(),
  };
  return { lines: new GatheredLines(writer, addEventJson, metrics), writes, lost: () => lost('log') };
}
const turn = () => new Promise((resolve) => setImmediate(resolve));
const large = (auditId: string, chars: number) => event(auditId, { requestObject: JSON.stringify('x'.repeat(chars)) });

test('the events of a turn are written together, in order, and told together', async () => {
  const { lines, writes } = setting();
  const first = lines.add(event('a'), false);
  expect(lines.add(event('b'), false)).toBe(first);
  await Promise.resolve();
  void lines.add(event('c'), true);
  expect(writes).toEqual([]);
  expect(await first).toBe(true);
  expect(await lines.add(event('d'), false)).toBe(true);
  expect(writes).toEqual([['a', 'b', 'c'], ['d']]);
});

test('the events of answers that are given at once do not wait for the rest of the turn, one alone does', async () => {
  const tick = () => new Promise<void>((resolve) => process.nextTick(resolve));
  const { lines, writes } = setting();
  for (const id of ['a', 'b']) void lines.add(event(id), false);
  await tick();
  expect(writes).toEqual([['a', 'b']]);
  void lines.add(event('c'), false);
  await tick();
  void lines.add(event('d'), false);
  await tick();
  expect(writes.length).toBe(1);
  await turn();
  expect(writes).toEqual([
    ['a', 'b'],
    ['c', 'd'],
  ]);
});

test('events that nobody waits for go along with the next one, or are written 10 ms later', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    const { lines, writes } = setting();
    const first = lines.add(event('first'), true);
    // Time for many turns; none of them writes it.
    for (let i = 0; i < 10; i++) await turn();
    expect(writes).toEqual([]);
    expect(await lines.add(event('second'), false)).toBe(await first);
    const alone = lines.add(event('alone'), true);
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(10);
    expect(await alone).toBe(true);
    void lines.add(event('left'), true);
    await lines.close();
    expect(writes).toEqual([['first', 'second'], ['alone'], ['left']]);
    expect(vi.getTimerCount()).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});

test('many events, or large ones, are written before the turn is over, in pieces of whole lines', async () => {
  const { lines, writes } = setting();
  const ids = Array.from({ length: 300 }, (_, i) => String(i));
  const told = ids.map((id) => lines.add(event(id), false));
  expect(writes.flat()).toEqual(ids.slice(0, 256));
  expect((await Promise.all(told)).every((ok) => ok)).toBe(true);
  expect(writes.flat()).toEqual(ids);
  expect(writes.length).toBeGreaterThan(3);
  writes.length = 0;
  void lines.add(event('small'), false);
  expect(lines.add(large('large', 100_000), false)).toBeInstanceOf(Promise);
  expect(writes).toEqual([['small'], ['large']]);
});

test('what could not be written is lost, and whoever had a line there or beside it is told', async () => {
  const { lines, lost } = setting((ids) =>
    ids.includes('bad') ? Promise.reject(new Error('no room')) : Promise.resolve(),
  );
  const told = [event('a'), large('bad', 40_000), event('b')].map((e) => lines.add(e, false));
  expect(await Promise.all(told)).toEqual([false, false, false]);
  expect(await lost()).toBe(1);
  expect(await lines.add(event('c'), false)).toBe(true);
});
