import { expect, it } from 'vitest';
import { type PostStartHook, PostStartHooks } from './hooks.js';

/** A hook whose start ends when `finish` is called. */
function pending(check: string): PostStartHook & { finish(): void; stopped: number; left: number; began: boolean } {
  let finish: () => void = () => undefined;
  const done = new Promise<void>((resolve) => (finish = resolve));
  const hook = {
    checks: [check],
    stopped: 0,
    left: 0,
    began: false,
    finish: () => finish(),
    async start() {
      hook.began = true;
      await done;
      return { stop: () => void hook.stopped++, leave: () => Promise.resolve(void hook.left++) };
    },
  };
  return hook;
}

it('each check fails until its own hook is done', async () => {
  const [first, second] = [pending('first'), pending('second')];
  const hooks = new PostStartHooks([first, second]);
  const failing = (): string[] => hooks.checks.filter((check) => hooks.failure(check) !== undefined);
  const started = hooks.start(() => false);
  expect([failing(), second.began]).toEqual([['first', 'second'], false]);
  first.finish();
  await expect.poll(() => second.began).toBe(true);
  expect(failing()).toEqual(['second']);
  second.finish();
  await started;
  expect(failing()).toEqual([]);
  await hooks.leave();
  hooks.stop();
  expect([first, second].map(({ stopped, left }) => [stopped, left])).toEqual([
    [1, 1],
    [1, 1],
  ]);
});

it('when the end comes in the middle, it begins nothing more and ends what came to run meanwhile', async () => {
  const [first, second] = [pending('first'), pending('second')];
  const hooks = new PostStartHooks([first, second]);
  let ending = false;
  const started = hooks.start(() => ending);
  ending = true;
  hooks.stop();
  first.finish();
  await started;
  expect([first.stopped, second.began, hooks.failure('second')]).toEqual([1, false, 'not finished']);
});

it('who leaves is waited for, and neither who says nothing nor who cannot hinders the others', async () => {
  const told: string[] = [];
  const stop = (): void => void told.push('stopped');
  const hooks = new PostStartHooks([
    { checks: [], start: () => undefined },
    { checks: [], start: () => ({ stop }) },
    { checks: [], start: () => ({ stop, leave: () => Promise.reject(new Error('no quorum')) }) },
    {
      checks: [],
      start: () => ({
        stop,
        async leave() {
          await new Promise((resolve) => setImmediate(resolve));
          told.push('left');
        },
      }),
    },
  ]);
  await hooks.start(() => false);
  await hooks.leave();
  expect(told).toEqual(['left']);
  hooks.stop();
  expect(told).toEqual(['left', 'stopped', 'stopped', 'stopped']);
});

it('a failure is told, but not one that the end brought', async () => {
  const failing = { checks: [], start: () => Promise.reject(new Error('no quorum')) };
  await expect(new PostStartHooks([failing]).start(() => false)).rejects.toThrow('no quorum');
  let ending = false;
  const late = {
    checks: [],
    start() {
      ending = true;
      throw new Error('no quorum');
    },
  };
  await expect(new PostStartHooks([late]).start(() => ending)).resolves.toBeUndefined();
});
