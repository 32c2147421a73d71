import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';
import { commandLine, UsageError, wholeOption } from '../command-line.js';
import { runCi } from './ci.js';
import { FOLDERS, type Folder } from './folders.js';
import { harmless } from './harmless.js';
import { instrument, type Mutant, sample } from './mutants.js';
import { runNamed } from './named-run.js';
import { OutcomeCache } from './outcome-cache.js';
import { Questions } from './questions.js';
import { Runners } from './runners.js';
import { productFiles, related, scoreOf, testMutants, type Verdict } from './score.js';
import { Sources } from './sources.js';

const USAGE = `npm run mutants -- [--folder NAME] [--sample N] [--seed S] [--at FILE[:LINE]]... [--kind NAME] [--seconds N]
                   [--workers N] [--anew] [--out FILE]
npm run mutants -- --named [--only TEXT]
npm run mutants -- --ci [--out FILE]

Breaks one line after the other and runs the tests that reach it; a break that no test notices is a missing test.
  --folder NAME    auth, admission, server, transport, raft, replica or store (default: each in turn)
  --sample N       so many breaks of each folder, drawn by --seed (default 60; 0: all of them)
  --seed S         another sample (default 1)
  --at FILE[:LINE] only breaks of this file, or line; may be given several times
  --seconds N      for each break only as many test files as take so long without it, but three at least (default 30)
  --workers N      so many processes with tests at a time (default: the cores that there are)
  --anew           asks again what an earlier run has learned of the same sources (node_modules/.cache/mutants)
  --kind NAME      only breaks of this kind, e.g. ConditionalExpression
  --named          only the breaks that named.ts lists, each of which must be noticed
  --ci             a few breaks of every folder, always the same, against the floors of ci.ts
  --only TEXT      of those the ones whose file, test or description holds this
  --out FILE       also writes what came of each, as JSON lines
A folder whose score is below its floor (folders.ts) makes the run fail. Without --sample 0 the score is an estimate.`;

const OPTIONS = {
  folder: { type: 'string' },
  sample: { type: 'string', default: '60' },
  seed: { type: 'string', default: '1' },
  at: { type: 'string', multiple: true, default: [] as string[] },
  kind: { type: 'string' },
  seconds: { type: 'string', default: '30' },
  workers: { type: 'string', default: String(os.availableParallelism()) },
  anew: { type: 'boolean', default: false },
  out: { type: 'string' },
  named: { type: 'boolean', default: false },
  only: { type: 'string', default: '' },
  ci: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');
const say = (text: string): void => void process.stdout.write(`${text}\n`);

await commandLine(async () => {
  const { values } = parseArgs({ options: OPTIONS });
  if (values.help) {
    say(USAGE);
    return;
  }
  const workers = wholeOption('workers', values.workers, 1);
  if (values.named) {
    const unnoticed = await runNamed(root, (text) => text.includes(values.only), workers, say);
    process.exitCode = unnoticed.length > 0 ? 1 : 0;
    say(unnoticed.length === 0 ? 'every named break is noticed' : `${unnoticed.length} named breaks are not noticed`);
    return;
  }
  const count = wholeOption('sample', values.sample, 0);
  const seed = wholeOption('seed', values.seed, 0);
  const mostMs = wholeOption('seconds', values.seconds, 1) * 1000;
  const places = values.at.map((at) => {
    const [file, line] = at.split(':');
    return { file, ...(line === undefined ? {} : { line: Number(line) }) };
  });
  const folders = FOLDERS.filter(({ name }) =>
    places.length > 0
      ? places.some(({ file }) => file?.startsWith(`internal/${name}/`))
      : [undefined, name].includes(values.folder),
  );
  if (folders.length === 0) throw new UsageError(`no such folder: ${values.at.join(', ') || values.folder}`);
  const cacheFile = path.join(root, 'node_modules/.cache/mutants/outcomes.jsonl');
  if (values.anew) fs.rmSync(cacheFile, { force: true });
  const known: Known = { sources: Sources.read(root), cache: new OutcomeCache(cacheFile), workers, mostMs };
  if (values.ci) {
    const good = await runCi(root, known.sources, known.cache, workers, say, (verdict) => {
      if (verdict.outcome !== 'noticed' && harmless(verdict.mutant) === undefined) say(describe(verdict));
      write(values.out, verdict);
    });
    process.exitCode = good ? 0 : 1;
    return;
  }
  const ends: { readonly line: string; readonly low: boolean }[] = [];
  for (const folder of folders) {
    const wanted = (mutants: readonly Mutant[]): readonly Mutant[] => {
      const asked = mutants.filter(
        (m) =>
          (places.length === 0 ||
            places.some(({ file, line }) => m.file === file && (line === undefined || m.line === line))) &&
          (values.kind === undefined || m.kind === values.kind),
      );
      return count === 0 || places.length > 0 ? asked : sample(asked, count, seed);
    };
    ends.push(await runFolder(folder, wanted, known, values.out));
  }
  for (const { line } of ends) say(line);
  // Vitest leaves it at 1 when a test fails, which is what is wanted here.
  process.exitCode = ends.some(({ low }) => low) ? 1 : 0;
});

/** What all folders of a run share. */
interface Known {
  readonly sources: Sources;
  readonly cache: OutcomeCache;
  readonly workers: number;
  readonly mostMs: number;
}

async function runFolder(
  folder: Folder,
  wanted: (mutants: readonly Mutant[]) => readonly Mutant[],
  { sources, cache, workers, mostMs }: Known,
  out: string | undefined,
): Promise<{ readonly line: string; readonly low: boolean }> {
  const { mutants, sources: replaced } = await instrument(root, productFiles(root, `internal/${folder.name}`), wanted);
  const tests = related(sources.tests(folder.tests), mutants, sources);
  say(`${folder.name}: ${mutants.length} breaks in ${replaced.size} files, ${tests.length} test files`);
  const runners = new Runners(root, replaced, workers);
  let verdicts: Verdict[];
  try {
    const questions = new Questions(mutants, sources, cache, say);
    verdicts = await testMutants(runners, questions, sources, tests, mutants, mostMs, (verdict) => {
      say(describe(verdict));
      write(out, verdict);
    });
  } finally {
    await runners.close();
  }
  const { killed, argued, survived, percent } = scoreOf(verdicts);
  const low = percent < folder.floor;
  const line =
    `${folder.name}: ${percent.toFixed(1)} % of ${verdicts.length} breaks: ${killed} noticed, ${survived} not, ` +
    `${argued} do no harm; floor ${folder.floor} %${low ? ': BELOW' : ''}`;
  return { line, low };
}

function write(out: string | undefined, verdict: Verdict): void {
  if (out !== undefined) fs.appendFileSync(out, `${JSON.stringify(verdict)}\n`);
}

function describe({ mutant, outcome, by, ms }: Verdict): string {
  const short = (text: string): string => text.replace(/\s+/g, ' ').slice(0, 90);
  const why = outcome === 'survived' ? harmless(mutant) : undefined;
  return (
    `${why === undefined ? outcome : 'harmless'} ${mutant.file}:${mutant.line} ${mutant.kind}: ` +
    `${short(mutant.original)} -> ${short(mutant.replacement)} ${by === undefined ? '' : `(${short(by)}) `}${(ms / 1000).toFixed(1)} s`
  );
}
