import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';
import { commandLine, UsageError, wholeOption } from '../command-line.js';
import { FOLDERS, type Folder } from './folders.js';
import { harmless } from './harmless.js';
import { instrument, type Mutant, sample } from './mutants.js';
import { runNamed } from './named-run.js';
import { productFiles, scoreOf, testMutants, type Verdict } from './score.js';
import { TestRunner } from './test-runner.js';

const USAGE = `npm run mutants -- [--folder NAME] [--sample N] [--seed S] [--at FILE[:LINE]] [--kind NAME] [--seconds N] [--out FILE]
npm run mutants -- --named [--only TEXT]

Breaks one line after the other and runs the tests that reach it; a break that no test notices is a missing test.
  --folder NAME    auth, admission, server, transport, raft, replica or store (default: each in turn)
  --sample N       so many breaks of each folder, drawn by --seed (default 60; 0: all of them)
  --seed S         another sample (default 1)
  --at FILE[:LINE] only breaks of this file, or line
  --seconds N      for each break only as many test files as take so long without it, the quickest first (default 30)
  --kind NAME      only breaks of this kind, e.g. ConditionalExpression
  --named          only the breaks that named.ts lists, each of which must be noticed
  --only TEXT      of those the ones whose file, test or description holds this
  --out FILE       also writes what came of each, as JSON lines
A folder whose score is below its floor (folders.ts) makes the run fail. Without --sample 0 the score is an estimate.`;

const OPTIONS = {
  folder: { type: 'string' },
  sample: { type: 'string', default: '60' },
  seed: { type: 'string', default: '1' },
  at: { type: 'string' },
  kind: { type: 'string' },
  seconds: { type: 'string', default: '30' },
  out: { type: 'string' },
  named: { type: 'boolean', default: false },
  only: { type: 'string', default: '' },
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
  if (values.named) {
    const unnoticed = await runNamed(root, (text) => text.includes(values.only), say);
    if (unnoticed.length > 0) process.exitCode = 1;
    say(unnoticed.length === 0 ? 'every named break is noticed' : `${unnoticed.length} named breaks are not noticed`);
    return;
  }
  const count = wholeOption('sample', values.sample, 0);
  const seed = wholeOption('seed', values.seed, 0);
  const mostMs = wholeOption('seconds', values.seconds, 1) * 1000;
  const [file, line] = (values.at ?? '').split(':');
  const folders = FOLDERS.filter(({ name }) =>
    values.at !== undefined ? values.at.startsWith(`internal/${name}/`) : [undefined, name].includes(values.folder),
  );
  if (folders.length === 0) throw new UsageError(`no such folder: ${values.at ?? values.folder}`);
  const lines: string[] = [];
  for (const folder of folders) {
    const wanted = (mutants: readonly Mutant[]): readonly Mutant[] => {
      const asked = mutants.filter(
        (m) =>
          (values.at === undefined || (m.file === file && (line === undefined || m.line === Number(line)))) &&
          (values.kind === undefined || m.kind === values.kind),
      );
      return count === 0 || values.at !== undefined ? asked : sample(asked, count, seed);
    };
    lines.push(await runFolder(folder, wanted, mostMs, values.out));
  }
  for (const line of lines) say(line);
});

async function runFolder(
  folder: Folder,
  wanted: (mutants: readonly Mutant[]) => readonly Mutant[],
  mostMs: number,
  out: string | undefined,
): Promise<string> {
  const instrumented = await instrument(root, productFiles(root, `internal/${folder.name}`), wanted);
  say(`${folder.name}: ${instrumented.mutants.length} breaks in ${instrumented.sources.size} files`);
  const runner = await TestRunner.open(root, instrumented);
  const verdicts: Verdict[] = [];
  try {
    for await (const verdict of testMutants(runner, folder.tests, instrumented.mutants, mostMs, say)) {
      verdicts.push(verdict);
      say(describe(verdict));
      if (out !== undefined) fs.appendFileSync(out, `${JSON.stringify(verdict)}\n`);
    }
  } finally {
    await runner.close();
  }
  const { killed, argued, survived, percent } = scoreOf(verdicts);
  const low = percent < folder.floor;
  if (low) process.exitCode = 1;
  return (
    `${folder.name}: ${percent.toFixed(1)} % of ${verdicts.length} breaks: ${killed} noticed, ${survived} not, ` +
    `${argued} do no harm; floor ${folder.floor} %${low ? ': BELOW' : ''}`
  );
}

function describe({ mutant, outcome, by, ms }: Verdict): string {
  const short = (text: string): string => text.replace(/\s+/g, ' ').slice(0, 90);
  const why = outcome === 'survived' ? harmless(mutant) : undefined;
  return (
    `${why === undefined ? outcome : 'harmless'} ${mutant.file}:${mutant.line} ${mutant.kind}: ` +
    `${short(mutant.original)} -> ${short(mutant.replacement)} ${by === undefined ? '' : `(${short(by)}) `}${(ms / 1000).toFixed(1)} s`
  );
}
