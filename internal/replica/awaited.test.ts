import { expect, it } from 'vitest';
import { AwaitedFounders } from './awaited.js';

it('who is awaited is told every ten seconds, and nothing when nobody is', () => {
  const said: string[] = [];
  let names = ['b', 'c'];
  const founders = new AwaitedFounders(
    () => names,
    (level, text) => said.push(`${level}: ${text}`),
    1_000,
  );
  const told = (now: number): string[] => {
    founders.observe(now);
    return said.splice(0);
  };
  const sentence = (who: string) =>
    `warn: the cluster begins when all of its founders are connected and empty; missing: ${who}`;
  expect([told(1_000), told(11_000), told(11_001), told(21_001)]).toEqual([[], [], [sentence('b, c')], []]);
  names = ['c'];
  expect(told(21_002)).toEqual([sentence('c')]);
  names = [];
  expect([told(32_000), told(90_000)]).toEqual([[], []]);
});
