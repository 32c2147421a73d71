import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { DISOWNED, noteDisowned } from './disown.js';
import { LoneLeader } from './leader.testkit.js';

let bench: LoneLeader;
beforeEach(async () => {
  bench = await LoneLeader.open();
});
afterEach(async () => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  await bench.close();
});

it('why a directory is not to be started on again is on its disk, under a name that every release knows', async () => {
  await noteDisowned(bench.log, 'it is an older copy');
  expect(bench.log.getFact('disowned')?.toString()).toBe('it is an older copy');
  expect(DISOWNED).toBe('disowned');
});

it('a disk that does not take the note holds the end up for five seconds, and one that fails says so', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const put = vi.spyOn(bench.log, 'putFact').mockReturnValueOnce(new Promise(() => undefined));
  let isOver = false;
  const noted = noteDisowned(bench.log, 'x').then(() => (isOver = true));
  await vi.advanceTimersByTimeAsync(4_999);
  expect(isOver).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  await noted;
  put.mockRejectedValueOnce(new Error('the disk is gone'));
  await expect(noteDisowned(bench.log, 'x')).rejects.toThrow('the disk is gone');
  expect(vi.getTimerCount()).toBe(0);
});
