import crypto from 'node:crypto';
import path from 'node:path';
import type { Mutant } from './mutants.js';
import type { Questions } from './questions.js';
import type { Runners } from './runners.js';
import { distance, type Verdict } from './score.js';
import type { Sources } from './sources.js';

/** Test files that are looked at for one break, the nearest first, and how many of those that reach it are asked. */
const LOOKED_AT_MAX = 6;
const ASKED_MAX = 3;

/**
 * `count` of `mutants`, those whose digests are smallest: the same in every run, and a change of the source exchanges only
 * breaks of the lines that it changes.
 */
export function steadySample(mutants: readonly Mutant[], count: number): Mutant[] {
  const seen = new Map<string, number>();
  const drawn = mutants.map((mutant) => {
    const { file, text, kind, original, replacement } = mutant;
    const same = [file, text, kind, original, replacement].join('\0');
    const nth = seen.get(same) ?? 0;
    seen.set(same, nth + 1);
    return { mutant, digest: crypto.createHash('sha256').update(`${same}\0${nth}`).digest('hex') };
  });
  const chosen = new Set(
    drawn
      .sort((a, b) => (a.digest < b.digest ? -1 : 1))
      .slice(0, count)
      .map(({ mutant }) => mutant),
  );
  return mutants.filter((mutant) => chosen.has(mutant));
}

/** Of `tests` those that import the file of the break, the nearest first, then those that import least. */
export function nearest(tests: readonly string[], mutant: Mutant, sources: Sources): string[] {
  const order = (test: string): number => distance(test, mutant.file, sources) * 1e6 + sources.needs(test).size;
  return tests
    .filter((test) => sources.needs(test).has(mutant.file))
    .toSorted((a, b) => order(a) - order(b) || (a < b ? -1 : 1))
    .slice(0, LOOKED_AT_MAX);
}

/**
 * Asks a few test files about each break, chosen by what they import and not by how long they take: the clock chooses
 * nothing. Where it ended a test, or a file failed without a break, the break counts as `late` unless a test noticed it
 * before: a slow machine takes breaks out of the count, and turns none that is noticed into one that is not.
 */
export async function testByNearest(
  runners: Runners,
  questions: Questions,
  sources: Sources,
  breaks: readonly { readonly mutant: Mutant; readonly tests: readonly string[] }[],
  told: (verdict: Verdict) => void,
): Promise<Verdict[]> {
  return runners.each(breaks, async (runner, { mutant, tests }) => {
    const begun = performance.now();
    let by: string | undefined;
    let asked = 0;
    let late = false;
    for (const test of nearest(tests, mutant, sources)) {
      const baseline = await questions.baseline(runner, test);
      late ||= baseline === undefined;
      if (baseline?.reaches.has(mutant.id) !== true) continue;
      const answer = await questions.ask(runner, baseline, mutant);
      asked += 1;
      late ||= answer.late;
      if (answer.failure !== undefined && !answer.late) by = `${path.basename(test)}: ${answer.failure}`;
      if (by !== undefined || answer.late || asked === ASKED_MAX) break;
    }
    const outcome = by !== undefined ? 'noticed' : late ? 'late' : asked > 0 ? 'survived' : 'unreached';
    const verdict: Verdict = { mutant, outcome, ...(by === undefined ? {} : { by }), ms: performance.now() - begun };
    told(verdict);
    return verdict;
  });
}
