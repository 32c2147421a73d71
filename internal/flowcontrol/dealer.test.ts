import fc from 'fast-check';
import { expect, test } from 'vitest';
import { deal } from './dealer.js';

test('a hand is of different queues that there are, and the same every time', () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      fc.integer({ min: 1, max: 300 }),
      fc.integer({ min: 1, max: 12 }),
      (hash, queues, handSize) => {
        const hand = deal(hash, queues, handSize);
        expect(new Set(hand).size).toBe(Math.min(handSize, queues));
        expect(hand.every((card) => card >= 0 && card < queues)).toBe(true);
        expect(deal(hash, queues, handSize)).toEqual(hand);
      },
    ),
  );
});

test('every hand can be dealt', () => {
  const hands = new Set(Array.from({ length: 60 }, (_, i) => deal(BigInt(i), 5, 3).toString()));
  expect(hands.size).toBe(60);
});
