import { afterEach, describe, expect, it } from 'vitest';
import { Worker } from './worker.js';

interface Step {
  /** Ends this piece of work, as done or as not. */
  end(left: boolean): void;
  fail(e: Error): void;
}

/** A worker whose pieces of work the test ends; `next` resolves when one begins. */
function harness(retryMs: number) {
  const failures: unknown[] = [];
  const begun: Step[] = [];
  const waiting: ((s: Step) => void)[] = [];
  let parallel = 0;
  let most = 0;
  const worker = new Worker(
    () => {
      most = Math.max(most, ++parallel);
      return new Promise<boolean>((resolve, reject) => {
        const step: Step = {
          end: (left) => {
            parallel--;
            resolve(left);
          },
          fail: (e) => {
            parallel--;
            reject(e);
          },
        };
        const take = waiting.shift();
        if (take === undefined) begun.push(step);
        else take(step);
      });
    },
    { pauseMs: 1, retryMs, failed: (e) => failures.push(e) },
  );
  const next = (): Promise<Step> => {
    const ready = begun.shift();
    return ready === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(ready);
  };
  return { worker, next, failures, most: () => most, begun };
}

describe('work that is due after every change', () => {
  let stop = (): void => {};
  afterEach(() => {
    stop();
  });
  const NEVER_MS = 3_600_000;
  const make = (retryMs = NEVER_MS) => {
    const h = harness(retryMs);
    stop = () => {
      h.worker.stop();
    };
    return h;
  };

  it('runs again when something changed while it ran, also when it ends as done', async () => {
    const { worker, next, most } = make();
    worker.wake();
    const first = await next();
    worker.wake();
    worker.wake();
    first.end(false);
    (await next()).end(false);
    expect(most()).toBe(1);
  });

  it('tries again by itself when it failed or something was left', async () => {
    const { worker, next, failures } = make(1);
    worker.wake();
    (await next()).fail(new Error('not now'));
    (await next()).end(true);
    (await next()).end(false);
    expect(failures).toEqual([new Error('not now')]);
  });

  it('does not wait for the next attempt when something changes', async () => {
    const { worker, next } = make(NEVER_MS);
    worker.wake();
    (await next()).end(true);
    await new Promise((resolve) => setImmediate(resolve)); // the attempt an hour from now is set
    worker.wake();
    (await next()).end(false);
  });
});
