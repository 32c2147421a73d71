import { expect, test } from 'vitest';
import { HashRing } from './hash-ring.js';
import { emptyMeta, type StateMeta, stateHashOf } from './meta.js';

const conf = { voters: [1], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false };
const metaAt = (revision: number): StateMeta => ({
  ...emptyMeta(conf, new Map()),
  revision,
  hashA: revision * 3,
  hashB: 7,
});

test('The hashes of the last revisions are remembered as they were then, older ones go', () => {
  const ring = new HashRing(3);
  const metas = [1, 2, 5, 9].map(metaAt);
  for (const [i, meta] of metas.entries()) {
    ring.note(meta);
    if (i === 2) expect([1, 2, 5].map((r) => ring.at(r) !== undefined)).toEqual([true, true, true]);
  }
  expect([1, 2, 5, 9].map((r) => ring.at(r)?.changes)).toEqual([
    undefined,
    ...[2, 5, 9].map((r) => stateHashOf(metaAt(r)).changes),
  ]);
  const [, , , last] = metas;
  if (last !== undefined) last.sums.liveA = 5;
  expect(ring.at(9)).toEqual(stateHashOf(metaAt(9)));
  expect(ring.at(3)).toBeUndefined();
  ring.clear();
  expect(ring.at(9)).toBeUndefined();
});
