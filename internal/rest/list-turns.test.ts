import { expect, test } from 'vitest';
import { CROWD, CROWDED_MS, ListTurns } from './list-turns.js';

let now = 0;
const clock = (): number => now;
/** As a page that is long to read. */
function busy(ms: number): void {
  now += ms;
}
const turnOfTheLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('few lists do not wait, many leave others their turn', async () => {
  const turns = new ListTurns(clock);
  expect(turns.turn()).toBeUndefined();
  expect(turns.turn()).toBeUndefined();
  busy(10);
  const done: number[] = [];
  const lists = Array.from({ length: 5 }, async (_, i) => {
    await turns.turn();
    busy(5);
    done.push(i);
  });
  const seen: number[] = [];
  while (done.length < 5) {
    await turnOfTheLoop();
    seen.push(done.length);
  }
  await Promise.all(lists);
  // In each turn of the loop one page at most, in the order of their coming.
  expect(seen.every((count, i) => count - (seen[i - 1] ?? 0) <= 1)).toBe(true);
  expect(done).toEqual([0, 1, 2, 3, 4]);
  await turnOfTheLoop();
  await turnOfTheLoop();
  expect(turns.turn()).toBeUndefined();
});

test('while lists are many one page is written in a turn, however many sockets have room', async () => {
  const turns = new ListTurns(clock);
  let written = 0;
  turns.soon(() => written++);
  expect(written).toBe(1);
  // No time is left in this turn.
  busy(10);
  for (let i = 0; i < CROWD; i++) turns.soon(() => written++);
  expect(turns.isCrowded).toBe(true);
  const seen = [written];
  while (written < 1 + CROWD) {
    await turnOfTheLoop();
    seen.push(written);
  }
  expect(seen.every((count, i) => count - (seen[i - 1] ?? 1) <= 1)).toBe(true);
});

test('lists are many when 8 wait at a time, and for 100 ms behind that; fewer are not, however often they wait', async () => {
  expect([CROWD, CROWDED_MS]).toEqual([8, 100]);
  const turns = new ListTurns(clock);
  let read = 0;
  const wait = (lists: number): void => {
    for (let i = 0; i < lists; i++) turns.later(() => read++);
  };
  const allRead = async (lists: number): Promise<void> => {
    for (read = 0; read < lists; ) await turnOfTheLoop();
  };
  for (let round = 0; round < 3; round++) {
    wait(CROWD - 1);
    expect(turns.isCrowded).toBe(false);
    await allRead(CROWD - 1);
    expect(turns.isCrowded).toBe(false);
  }
  wait(CROWD);
  expect(turns.isCrowded).toBe(true);
  // So long as that many wait they are many, and the time begins when they are fewer.
  now += 10 * CROWDED_MS;
  expect(turns.isCrowded).toBe(true);
  await allRead(CROWD);
  now += CROWDED_MS - 1;
  expect(turns.isCrowded).toBe(true);
  let at = '';
  turns.soon(() => (at = 'at once'));
  expect(at).toBe('');
  now += 1;
  expect(turns.isCrowded).toBe(false);
  while (at === '') await turnOfTheLoop();
  at = '';
  turns.soon(() => (at = 'at once'));
  expect(at).toBe('at once');
});

test('a list that has begun is ended before others begin, a long one takes turns', async () => {
  const turns = new ListTurns(clock);
  const order: string[] = [];
  let rest = 0;
  const list = (name: string, pages: number): void => {
    rest += pages;
    let page = 0;
    const step = (): void => {
      order.push(name);
      rest--;
      if (++page < pages) turns.later(step, page);
    };
    turns.later(step);
  };
  list('short', 3);
  list('other', 2);
  while (rest > 0) await turnOfTheLoop();
  expect(order).toEqual(['short', 'short', 'short', 'other', 'other']);
  order.length = 0;
  list('long', 12);
  list('other', 1);
  while (rest > 0) await turnOfTheLoop();
  expect(order.indexOf('other')).toBeLessThan(12);
  expect(order).toHaveLength(13);
});
