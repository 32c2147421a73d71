import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createVitest, type Vitest } from 'vitest/node';
import type { Reached } from './test-process.js';

/** What came of one test file. `failure` is the name of the first test that failed, or why the file did not end. */
export interface Outcome {
  readonly failure?: string;
  /** The failure is a test's, not the whole file's. */
  readonly isOfTest: boolean;
  /** The clock ended the test or the file: on a quicker machine it may come out otherwise. */
  readonly isLate: boolean;
  readonly reached: Reached;
  readonly ms: number;
}

/** Sources by absolute path, which tests see in the place of the files. */
export type Replaced = ReadonlyMap<string, string>;

/** Runs test files of the tree over replaced sources, each in a process of its own, one after the other. */
export class TestRunner {
  readonly #root: string;
  readonly #testMs: number;
  readonly #directory = fs.mkdtempSync(path.join(os.tmpdir(), 'quorate-mutants-'));
  readonly #replaced: Map<string, string>;
  #vitest?: Vitest;

  /** A runner whose tests see the sources of `replaced`, and may take `testMs` each. To be closed. */
  constructor(root: string, replaced: Replaced, testMs = 60_000) {
    this.#root = root;
    this.#testMs = testMs;
    this.#replaced = new Map(replaced);
  }

  /** From the next run on tests see these sources in the place of the files, and no others. */
  replace(replaced: Replaced): void {
    const before = [...this.#replaced.keys()];
    this.#replaced.clear();
    for (const [file, source] of replaced) this.#replaced.set(file, source);
    for (const file of new Set([...before, ...replaced.keys()])) this.#vitest?.invalidateFile(file);
  }

  /**
   * Runs one test file, by its path below the root, until its first failure, with the break of this id, or with none; at most
   * for `limitMs`.
   */
  async run(test: string, limitMs: number, mutant?: string): Promise<Outcome> {
    for (const name of ['pid', 'reached']) fs.rmSync(path.join(this.#directory, name), { force: true });
    const directory = this.#directory;
    const vitest = await this.#started();
    vitest.provide('mutants', mutant === undefined ? { directory } : { directory, mutant });
    const specification = vitest.getRootProject().createSpecification(path.join(this.#root, test));
    const begun = performance.now();
    let late = false;
    const watch = setTimeout(() => {
      late = true;
      const pid = Number(this.#read('pid') ?? 0);
      if (pid > 0) process.kill(pid, 'SIGKILL');
    }, limitMs);
    try {
      const { testModules, unhandledErrors } = await vitest.runTestSpecifications([specification]);
      const module = testModules.find(({ moduleId }) => moduleId === specification.moduleId);
      const [failed] = module?.children.allTests('failed') ?? [];
      const broken = module?.ok() !== true || unhandledErrors.length > 0;
      const failure = late ? 'out of time' : (failed?.fullName ?? (broken ? 'the file' : undefined));
      const errors = [...(failed?.result().errors ?? []), ...(module?.errors() ?? [])];
      return {
        ...(failure === undefined ? {} : { failure }),
        isOfTest: !late && failed !== undefined,
        isLate: late || errors.some(({ message }) => /timed out/i.test(message)),
        reached: JSON.parse(this.#read('reached') ?? '{}') as Reached,
        ms: performance.now() - begun,
      };
    } finally {
      clearTimeout(watch);
      vitest.state.clearErrors();
    }
  }

  /** Ends the runner; its directory is removed. */
  async close(): Promise<void> {
    await this.#vitest?.close();
    fs.rmSync(this.#directory, { recursive: true, force: true });
  }

  async #started(): Promise<Vitest> {
    this.#vitest ??= await createVitest(
      'test',
      {
        root: this.#root,
        config: false,
        include: ['internal/**/*.test.ts', 'cmd/**/*.test.ts'],
        pool: 'forks',
        testTimeout: this.#testMs,
        hookTimeout: 60_000,
        watch: false,
        maxWorkers: 1,
        fileParallelism: false,
        bail: 1,
        reporters: [{}],
        setupFiles: [path.join(this.#root, 'internal/testing/mutants/setup.ts')],
      },
      { plugins: [{ name: 'mutants', enforce: 'pre', transform: (_code, id) => this.#replaced.get(id) }] },
    );
    return this.#vitest;
  }

  #read(name: string): string | undefined {
    const file = path.join(this.#directory, name);
    return fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : undefined;
  }
}
