import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { backupOf } from './backup.js';
import { FOUNDER, LoneLeader } from './leader.testkit.js';
import { DISPUTED } from './verify.js';

let bench: LoneLeader;
beforeEach(async () => {
  bench = await LoneLeader.open();
});
afterEach(async () => {
  vi.restoreAllMocks();
  await bench.close();
});
/** Whether each snapshot of the state that was taken keeps LMDB from reusing pages still. */
function held(): () => Promise<boolean[]> {
  const taken = vi.spyOn(bench.state, 'takeSnapshot');
  return () => Promise.all(taken.mock.results.map(async ({ value }) => !(await value).released));
}

it('there is no backup of nothing, nor of a state that may be wrong', async () => {
  const isHeld = held();
  const failure = (disputed: boolean): Promise<unknown> =>
    backupOf(bench.state, FOUNDER, disputed).catch((error: unknown) => error);
  expect(await failure(false)).toMatchObject({ name: 'FatalError', message: 'there is no state to save yet' });
  expect(await isHeld()).toEqual([false]);
  await bench.lead();
  await bench.put('a/1');
  expect(await failure(true)).toMatchObject({ name: 'FatalError', message: DISPUTED });
  expect(await isHeld()).toEqual([false]);
});

it('a backup says what it is of, and holds the state until it is given back', async () => {
  await bench.lead();
  await bench.put('a/1');
  await bench.put('a/2');
  const isHeld = held();
  const before = Math.floor(Date.now() / 1_000);
  const backup = await backupOf(bench.state, FOUNDER, false);
  const { createdAt, ...rest } = backup.header;
  expect(rest).toEqual({
    version: 1,
    cluster: FOUNDER.cluster,
    revision: 2,
    compactRevision: 0,
    appliedIndex: 3,
    appliedTerm: 1,
    stateHash: expect.stringMatching(/^[0-9a-f]+$/) as string,
    members: [{ name: 'a', address: '10.0.0.1:1' }],
  });
  expect(createdAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  expect(Date.parse(createdAt) / 1_000).toBeGreaterThanOrEqual(before);
  expect(await isHeld()).toEqual([true]);
  backup.release();
  expect(await isHeld()).toEqual([false]);
});
