import { expect, test } from 'vitest';
import { atTurnEnd, behindAnswers } from './turn-end.js';

const turnOfTheLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('answers that are ready go out before a piece of long work, whatever was asked for first', async () => {
  const order: string[] = [];
  behindAnswers(() => order.push('long'));
  atTurnEnd(() => order.push('short'));
  expect(order).toEqual([]);
  await turnOfTheLoop();
  expect(order).toEqual(['short', 'long']);
});

test('what is asked for at the end of a turn has its time in the next one', async () => {
  const order: string[] = [];
  behindAnswers(() => {
    order.push('first');
    behindAnswers(() => order.push('second'));
    atTurnEnd(() => order.push('answer'));
  });
  await turnOfTheLoop();
  expect(order).toEqual(['first']);
  await turnOfTheLoop();
  expect(order).toEqual(['first', 'answer', 'second']);
});
