import fs from 'node:fs';
import path from 'node:path';
import type { TestSpecification } from 'vitest/node';
import { isTestFile } from '../imports/directions.js';
import { harmless } from './harmless.js';
import type { Mutant } from './mutants.js';
import type { TestRunner } from './test-runner.js';

/** What the tests said of one break. */
export interface Verdict {
  readonly mutant: Mutant;
  /** `unreached`: no test runs the line at all. */
  readonly outcome: 'noticed' | 'survived' | 'unreached';
  /** The test that noticed it. */
  readonly by?: string;
  readonly ms: number;
}

/** The longest that one test file may take without a break; with one it may take four times what it took, and 15 s. */
const FILE_MS = 300_000;
const MORE_MS = 15_000;

/** The files of a folder that breaks are made in: neither tests nor what is for tests. */
export function productFiles(root: string, folder: string): string[] {
  return fs
    .readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => path.posix.join(folder, name))
    .filter((file) => file.endsWith('.ts') && !isTestFile(file))
    .sort();
}

/**
 * Runs each test file that `tests` names once as it is, to learn which breaks it reaches; then, for each break, the files that
 * reach it, those beside it and the quickest first, until one fails, or those that are left would take more than `mostMs` with the others.
 */
export async function* testMutants(
  runner: TestRunner,
  tests: readonly string[],
  mutants: readonly Mutant[],
  mostMs: number,
  say: (text: string) => void,
): AsyncGenerator<Verdict> {
  const known: { readonly test: TestSpecification; readonly ids: ReadonlySet<string>; readonly ms: number }[] = [];
  for (const test of await runner.related(tests)) {
    const { failure, reached, ms } = await runner.run(test, FILE_MS);
    if (failure === undefined) known.push({ test, ids: new Set(Object.keys(reached)), ms });
    else say(`left out, for it fails without a break: ${test.moduleId}: ${failure}`);
  }
  say(`${known.length} test files in ${(known.reduce((sum, { ms }) => sum + ms, 0) / 1000).toFixed(0)} s`);
  known.sort((a, b) => a.ms - b.ms);
  for (const mutant of mutants) {
    const begun = performance.now();
    const isBeside = ({ test }: { readonly test: TestSpecification }): boolean =>
      path.dirname(test.moduleId).endsWith(path.dirname(mutant.file));
    const reaching = known
      .filter(({ ids }) => ids.has(mutant.id))
      .toSorted((a, b) => Number(isBeside(b)) - Number(isBeside(a)));
    let by: string | undefined;
    let spent = 0;
    for (const { test, ms } of reaching) {
      if (spent > 0 && spent + ms > mostMs) break;
      spent += ms;
      const { failure } = await runner.run(test, ms * 4 + MORE_MS, mutant.id);
      if (failure === undefined) continue;
      by = `${path.basename(test.moduleId)}: ${failure}`;
      break;
    }
    const outcome = by !== undefined ? 'noticed' : reaching.length > 0 ? 'survived' : 'unreached';
    yield { mutant, outcome, ...(by === undefined ? {} : { by }), ms: performance.now() - begun };
  }
}

/** The share of breaks that are noticed, in percent, of those that do harm. */
export function scoreOf(verdicts: readonly Verdict[]): {
  readonly killed: number;
  readonly argued: number;
  readonly survived: number;
  readonly percent: number;
} {
  const killed = verdicts.filter(({ outcome }) => outcome === 'noticed').length;
  const argued = verdicts.filter(
    ({ outcome, mutant }) => outcome !== 'noticed' && harmless(mutant) !== undefined,
  ).length;
  const survived = verdicts.length - killed - argued;
  return { killed, argued, survived, percent: killed + survived === 0 ? 100 : (100 * killed) / (killed + survived) };
}
