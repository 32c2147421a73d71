import fs from 'node:fs';
import path from 'node:path';
import { isTestFile } from '../imports/directions.js';
import { harmless } from './harmless.js';
import type { Mutant } from './mutants.js';
import type { Questions } from './questions.js';
import type { Runners } from './runners.js';
import type { Sources } from './sources.js';

/** What the tests said of one break. */
export interface Verdict {
  readonly mutant: Mutant;
  /** `unreached`: no test runs the line at all. `late`: the clock ended the test, and is not to decide. */
  readonly outcome: 'noticed' | 'survived' | 'unreached' | 'late';
  /** The test that noticed it. */
  readonly by?: string;
  readonly ms: number;
}

/** So many test files that reach a break are asked about it, however long they take. */
const ASKED_MIN = 3;

/** The files of a folder that breaks are made in: neither tests nor what is for tests. */
export function productFiles(root: string, folder: string): string[] {
  return fs
    .readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => path.posix.join(folder, name))
    .filter((file) => file.endsWith('.ts') && !isTestFile(file))
    .sort();
}

/** Those of `tests` that import one of the files that `mutants` are in. */
export function related(tests: readonly string[], mutants: readonly Mutant[], sources: Sources): string[] {
  const files = new Set(mutants.map(({ file }) => file));
  return tests.filter((test) => [...sources.needs(test)].some((file) => files.has(file)));
}

/**
 * Runs each of `tests` once as it is, to learn which breaks it reaches; then, for each break, the files that reach it, the
 * nearest and of those the quickest first, until one fails, or the next would take more than `mostMs` with those before, of
 * which there are three at least. `told` gets each verdict when it is known; the order of the result is that of the breaks.
 */
export async function testMutants(
  runners: Runners,
  questions: Questions,
  sources: Sources,
  tests: readonly string[],
  mutants: readonly Mutant[],
  mostMs: number,
  told: (verdict: Verdict) => void,
): Promise<Verdict[]> {
  const baselines = await runners.each(tests, (runner, test) => questions.baseline(runner, test));
  const known = baselines.filter((baseline) => baseline !== undefined).sort((a, b) => a.ms - b.ms);
  return runners.each(mutants, async (runner, mutant) => {
    const begun = performance.now();
    const reaching = known
      .filter(({ reaches }) => reaches.has(mutant.id))
      .toSorted((a, b) => distance(a.test, mutant.file, sources) - distance(b.test, mutant.file, sources));
    let by: string | undefined;
    let spent = 0;
    for (const [nth, baseline] of reaching.entries()) {
      if (nth >= ASKED_MIN && spent + baseline.ms > mostMs) break;
      spent += baseline.ms;
      const { failure } = await questions.ask(runner, baseline, mutant);
      if (failure === undefined) continue;
      by = `${path.basename(baseline.test)}: ${failure}`;
      break;
    }
    const outcome = by !== undefined ? 'noticed' : reaching.length > 0 ? 'survived' : 'unreached';
    const verdict: Verdict = { mutant, outcome, ...(by === undefined ? {} : { by }), ms: performance.now() - begun };
    told(verdict);
    return verdict;
  });
}

/**
 * How far a test is from a file, for an order: first the one of the file's own name, then those whose names go on from it
 * (`log-rules.test.ts` of `log.ts`), then who imports it, then others; of those beside it before of those elsewhere.
 */
export function distance(test: string, file: string, sources: Sources): number {
  const name = file.replace(/\.ts$/, '');
  if (test === `${name}.test.ts`) return 0;
  if (test.startsWith(`${name}-`)) return 1;
  const isBeside = path.posix.dirname(test) === path.posix.dirname(file);
  const imports = sources.imports(test).has(file);
  return isBeside && imports ? 2 : isBeside ? 3 : imports ? 4 : 5;
}

/** The share of breaks that are noticed, in percent, of those that do harm and that the clock did not decide. */
export function scoreOf(verdicts: readonly Verdict[]): {
  readonly killed: number;
  readonly argued: number;
  readonly survived: number;
  readonly late: number;
  readonly percent: number;
} {
  const count = (is: (verdict: Verdict) => boolean): number => verdicts.filter(is).length;
  const killed = count(({ outcome }) => outcome === 'noticed');
  const late = count(({ outcome }) => outcome === 'late');
  const argued = count(
    ({ outcome, mutant }) => (outcome === 'survived' || outcome === 'unreached') && harmless(mutant) !== undefined,
  );
  const survived = verdicts.length - killed - argued - late;
  return {
    killed,
    argued,
    survived,
    late,
    percent: killed + survived === 0 ? 100 : (100 * killed) / (killed + survived),
  };
}
