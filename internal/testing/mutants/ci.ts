import { FOLDERS } from './folders.js';
import { instrument, type Mutant } from './mutants.js';
import { steadySample, testByNearest } from './nearest.js';
import type { OutcomeCache } from './outcome-cache.js';
import { Questions } from './questions.js';
import { Runners } from './runners.js';
import { productFiles, scoreOf, type Verdict } from './score.js';
import type { Sources } from './sources.js';

/** Breaks of each folder that CI makes: all of them together take some 450 s of processor time. */
const EACH = 20;

/** Breaks that were noticed, of those that do harm, among CI's 140, on 2026-11-30; the clock ended the tests of nine more. */
export const COUNTED: Readonly<Record<string, readonly [noticed: number, of: number]>> = {
  auth: [19, 19],
  admission: [16, 20],
  server: [13, 14],
  transport: [13, 15],
  raft: [14, 19],
  replica: [15, 17],
  store: [16, 18],
};

/**
 * The least share, in percent, of `of` breaks, when another sample had this count: the two differ by chance by more than
 * 3.1 times the deviation of their difference in one of a thousand cases. Two noticed and two not are added, so that a
 * sample without survivors still has a deviation.
 */
export function leastShare([noticed, counted]: readonly [number, number], of: number): number {
  if (of === 0) return 0;
  const share = (noticed + 2) / (counted + 4);
  return Math.max(0, 100 * (share - 3.1 * Math.sqrt(share * (1 - share) * (1 / counted + 1 / of))));
}

/**
 * CI's run: a few breaks of every folder, the same in each run, asked of the nearest tests. Says each that no test noticed,
 * then a line for each folder and one for all. Gives back whether every share is at least what `leastShare` says.
 */
export async function runCi(
  root: string,
  sources: Sources,
  cache: OutcomeCache,
  workers: number,
  say: (text: string) => void,
  told: (verdict: Verdict) => void,
): Promise<boolean> {
  const folderOf = (file: string): (typeof FOLDERS)[number] | undefined =>
    FOLDERS.find(({ name }) => file.startsWith(`internal/${name}/`));
  const wanted = (mutants: readonly Mutant[]): readonly Mutant[] =>
    FOLDERS.flatMap((folder) =>
      steadySample(
        mutants.filter(({ file }) => folderOf(file) === folder),
        EACH,
      ),
    );
  const files = FOLDERS.flatMap(({ name }) => productFiles(root, `internal/${name}`));
  const { mutants, sources: replaced } = await instrument(root, files, wanted);
  const breaks = mutants.map((mutant) => ({ mutant, tests: sources.tests(folderOf(mutant.file)?.tests ?? []) }));
  const runners = new Runners(root, replaced, workers);
  let verdicts: Verdict[];
  try {
    verdicts = await testByNearest(runners, new Questions(mutants, sources, cache, say), sources, breaks, told);
  } finally {
    await runners.close();
  }
  const judged = FOLDERS.map(({ name }) => ({
    name,
    counted: COUNTED[name] ?? [0, 0],
    of: verdicts.filter(({ mutant }) => folderOf(mutant.file)?.name === name),
  }));
  const sum = (at: 0 | 1): number => judged.reduce((total, { counted }) => total + counted[at], 0);
  return [...judged, { name: 'all', counted: [sum(0), sum(1)] as const, of: verdicts }]
    .map(({ name, counted, of }) => judge(name, counted, of, say))
    .every((good) => good);
}

function judge(
  name: string,
  counted: readonly [number, number],
  verdicts: readonly Verdict[],
  say: (text: string) => void,
): boolean {
  const { killed, argued, survived, late, percent } = scoreOf(verdicts);
  const least = leastShare(counted, killed + survived);
  const good = percent >= least;
  say(
    `mutants: ${name}: ${percent.toFixed(1)} %: ${killed} noticed, ${survived} not, ${argued} do no harm, ` +
      `${late} ended by the clock; floor ${least.toFixed(1)} %${good ? '' : ': BELOW'}`,
  );
  return good;
}
