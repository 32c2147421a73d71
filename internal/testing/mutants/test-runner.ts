import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createVitest, type TestSpecification, type Vitest } from 'vitest/node';
import type { Instrumented } from './mutants.js';
import { type Reached, TEST_PROCESS_DIRECTORY } from './test-process.js';

/** What came of one test file. `failure` is the name of the first test that failed, or why the file did not end. */
export interface Outcome {
  readonly failure?: string;
  /** The failure is a test's, not the whole file's. */
  readonly isOfTest: boolean;
  readonly reached: Reached;
  readonly ms: number;
}

const ACTIVE = '__STRYKER_ACTIVE_MUTANT__';

/** Runs test files of the tree over instrumented sources, each in a process of its own, one after the other. */
export class TestRunner {
  readonly #vitest: Vitest;
  readonly #directory: string;

  private constructor(vitest: Vitest, directory: string) {
    this.#vitest = vitest;
    this.#directory = directory;
  }

  /**
   * A runner whose tests see the sources of `instrumented` in the place of the files, and may take `testMs` each. To be
   * closed.
   */
  static async open(root: string, { sources }: Instrumented, testMs = 60_000): Promise<TestRunner> {
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'quorate-mutants-'));
    process.env[TEST_PROCESS_DIRECTORY] = directory;
    const vitest = await createVitest(
      'test',
      {
        root,
        config: false,
        include: ['internal/**/*.test.ts', 'cmd/**/*.test.ts'],
        pool: 'forks',
        testTimeout: testMs,
        hookTimeout: 60_000,
        watch: false,
        maxWorkers: 1,
        fileParallelism: false,
        bail: 1,
        reporters: [{}],
        setupFiles: [path.join(root, 'internal/testing/mutants/setup.ts')],
        related: [...sources.keys()],
      },
      { plugins: [{ name: 'mutants', enforce: 'pre', transform: (_code, id) => sources.get(id) }] },
    );
    return new TestRunner(vitest, directory);
  }

  /** The test files whose paths contain one of `parts`, and that import an instrumented file, however indirectly. */
  async related(parts: readonly string[]): Promise<TestSpecification[]> {
    return this.#vitest.getRelevantTestSpecifications([...parts]);
  }

  /** Runs one test file until its first failure, with the break of this id, or with none; at most for `limitMs`. */
  async run(test: TestSpecification, limitMs: number, mutant?: string): Promise<Outcome> {
    for (const name of ['pid', 'reached']) fs.rmSync(path.join(this.#directory, name), { force: true });
    if (mutant === undefined) delete process.env[ACTIVE];
    else process.env[ACTIVE] = mutant;
    const begun = performance.now();
    const { exitCode } = process;
    let late = false;
    const watch = setTimeout(() => {
      late = true;
      const pid = Number(this.#read('pid') ?? 0);
      if (pid > 0) process.kill(pid, 'SIGKILL');
    }, limitMs);
    try {
      const { testModules, unhandledErrors } = await this.#vitest.runTestSpecifications([test]);
      const module = testModules.find(({ moduleId }) => moduleId === test.moduleId);
      const [failed] = module?.children.allTests('failed') ?? [];
      const broken = module?.ok() !== true || unhandledErrors.length > 0;
      const failure = late ? 'out of time' : (failed?.fullName ?? (broken ? 'the file' : undefined));
      return {
        ...(failure === undefined ? {} : { failure }),
        isOfTest: !late && failed !== undefined,
        reached: JSON.parse(this.#read('reached') ?? '{}') as Reached,
        ms: performance.now() - begun,
      };
    } finally {
      clearTimeout(watch);
      // Vitest sets it when a test fails, which is what is wanted here.
      process.exitCode = exitCode;
      this.#vitest.state.clearErrors();
    }
  }

  /** Ends the runner; its directory is removed. */
  async close(): Promise<void> {
    await this.#vitest.close();
    fs.rmSync(this.#directory, { recursive: true, force: true });
  }

  #read(name: string): string | undefined {
    const file = path.join(this.#directory, name);
    return fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : undefined;
  }
}
