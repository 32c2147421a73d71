import { type Replaced, TestRunner } from './test-runner.js';

/** Several runners over the same sources, that work at the same time. Vitest leaves `process.exitCode` at 1 where tests fail. */
export class Runners {
  readonly #runners: readonly TestRunner[];

  /** `count` runners, each as `TestRunner` says. To be closed. */
  constructor(root: string, replaced: Replaced, count: number, testMs?: number) {
    this.#runners = Array.from({ length: count }, () => new TestRunner(root, replaced, testMs));
  }

  /** Does `work` for each of `items`, by whichever runner is free; the results are in the order of the items. */
  async each<T, R>(items: readonly T[], work: (runner: TestRunner, item: T) => Promise<R>): Promise<R[]> {
    const results: R[] = [];
    let next = 0;
    const ends = await Promise.allSettled(
      this.#runners.map(async (runner) => {
        while (next < items.length) {
          const at = next;
          next += 1;
          try {
            results[at] = await work(runner, items[at] as T);
          } catch (error) {
            // The others begin nothing more.
            next = items.length;
            throw error;
          }
        }
      }),
    );
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
    return results;
  }

  /** Ends them all. */
  async close(): Promise<void> {
    for (const runner of this.#runners) await runner.close();
  }
}
