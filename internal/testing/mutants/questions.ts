import type { Mutant } from './mutants.js';
import type { OutcomeCache } from './outcome-cache.js';
import type { Sources } from './sources.js';
import type { TestRunner } from './test-runner.js';

/** A test file as it is without a break: which breaks (by id) it reaches, and how long it takes. */
export interface Baseline {
  readonly test: string;
  readonly reaches: ReadonlySet<string>;
  readonly ms: number;
}

/** What a test file says of a break: `late` when the clock ended it. */
export interface Answer {
  readonly failure?: string;
  readonly late: boolean;
}

/** The longest that one test file may take without a break; with one it may take four times what it took, and 15 s. */
const FILE_MS = 300_000;
const MORE_MS = 15_000;

/** Asks test files about breaks, and nothing twice that an earlier run has answered. */
export class Questions {
  readonly #mutants: readonly Mutant[];
  readonly #sources: Sources;
  readonly #cache: OutcomeCache;
  readonly #say: (text: string) => void;
  readonly #baselines = new Map<string, Promise<Baseline | undefined>>();

  /** `mutants` are those that the runners' sources have in them; `say` is told of test files that fail without a break. */
  constructor(mutants: readonly Mutant[], sources: Sources, cache: OutcomeCache, say: (text: string) => void) {
    this.#mutants = mutants;
    this.#sources = sources;
    this.#cache = cache;
    this.#say = say;
  }

  /** The test file without a break; undefined when it fails, so that nothing can be learned from it. */
  baseline(runner: TestRunner, test: string): Promise<Baseline | undefined> {
    const known = this.#baselines.get(test);
    if (known !== undefined) return known;
    const found = this.#baseline(runner, test);
    this.#baselines.set(test, found);
    return found;
  }

  /** What the test file says when the break is on. */
  async ask(runner: TestRunner, { test, ms }: Baseline, mutant: Mutant): Promise<Answer> {
    const fingerprint = this.#sources.fingerprint(test);
    const known = this.#cache.get(fingerprint, mutant.key);
    if (known !== undefined) return { ...(known.failure === null ? {} : { failure: known.failure }), late: false };
    const { failure, isLate, ms: took } = await runner.run(test, ms * 4 + MORE_MS, mutant.id);
    if (!isLate) this.#cache.set(fingerprint, mutant.key, { failure: failure ?? null, ms: took });
    return { ...(failure === undefined ? {} : { failure }), late: isLate };
  }

  async #baseline(runner: TestRunner, test: string): Promise<Baseline | undefined> {
    const fingerprint = this.#sources.fingerprint(test);
    const asked = this.#mutants.filter(({ file }) => this.#sources.needs(test).has(file));
    const known = this.#cache.get(fingerprint, '');
    if (known?.reached !== undefined && asked.every(({ key }) => known.reached?.[key] !== undefined)) {
      const reaches = new Set(asked.filter(({ key }) => known.reached?.[key] === true).map(({ id }) => id));
      return { test, reaches, ms: known.ms };
    }
    const { failure, reached, ms } = await runner.run(test, FILE_MS);
    if (failure !== undefined) {
      this.#say(`left out, for it fails without a break: ${test}: ${failure}`);
      return undefined;
    }
    const reaches = new Set(Object.keys(reached));
    const here = Object.fromEntries(asked.map(({ key, id }) => [key, reaches.has(id)]));
    this.#cache.set(fingerprint, '', { failure: null, ms, reached: { ...known?.reached, ...here } });
    return { test, reaches, ms };
  }
}
