import { expect, test } from 'vitest';
import { drive, type Flow, settled } from './flow.js';

const later = <T>(value: T): Promise<T> => new Promise((resolve) => setImmediate(() => resolve(value)));

function* sum(...values: (number | Promise<number>)[]): Flow<number> {
  let total = 0;
  for (const value of values) total += yield* settled(value);
  return total;
}

test('A flow that never waits answers at once', () => {
  expect(drive(sum(1, 2))).toBe(3);
});

test('A flow that waits answers with a promise, and sees what it waited for', async () => {
  const pending = drive(sum(1, later(2), later(3)));
  expect(pending).toBeInstanceOf(Promise);
  expect(await pending).toBe(6);
});

test('What a wait rejects with is thrown where the flow waits', async () => {
  function* guarded(): Flow<string> {
    try {
      yield Promise.reject(new Error('no'));
      return 'went on';
    } catch (e) {
      return e instanceof Error ? e.message : '';
    }
  }
  expect(await drive(guarded())).toBe('no');
  function* open(): Flow<void> {
    yield Promise.reject(new Error('no'));
  }
  await expect(drive(open())).rejects.toThrow('no');
});
