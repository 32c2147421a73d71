import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Crumbs, type OwnCrumbs } from './crumbs.js';

/** A connection, and how many of `count` pieces it is given before it is closed. */
const connection = (crumbs: Crumbs) => {
  const own: OwnCrumbs = { turn: -1, small: 0 };
  return (count: number, bytes = 1): number => {
    for (let i = 0; i < count; i++) if (crumbs.isTooMuch(own, bytes)) return i + 1;
    return count;
  };
};

test('a connection with more small pieces in a turn than a buffered client sends is closed, in the next one it is not', async () => {
  const crumbs = new Crumbs();
  expect(connection(crumbs)(90_000)).toBe(16_385);
  const another = connection(crumbs);
  expect(another(1_000)).toBe(65);
  await turn();
  expect(another(1_000)).toBe(1_000);
});

test('few small pieces, and large ones, are taken whatever others send', () => {
  const crumbs = new Crumbs();
  connection(crumbs)(90_000);
  expect(connection(crumbs)(64)).toBe(64);
  expect(connection(crumbs)(10_000, 512)).toBe(10_000);
});
