import fs from 'node:fs';
import path from 'node:path';
import { Instrumenter } from '@stryker-mutator/instrumenter';
import { Random } from '../sim/random.js';

/** One small break of one line of the product: `original` becomes `replacement`. */
export interface Mutant {
  /** What the instrumented code asks for, to know whether this break is the active one. */
  readonly id: string;
  /** Its place and what it becomes: the same in every run over the same source. */
  readonly key: string;
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  /** The whole line in which the break begins, without its indentation. */
  readonly text: string;
  /** Stryker's name of the kind of break. */
  readonly kind: string;
  readonly original: string;
  readonly replacement: string;
}

/** The sampled breaks, and the source of their files with all of them in it, each behind a switch. */
export interface Instrumented {
  readonly mutants: readonly Mutant[];
  /** By absolute path. */
  readonly sources: ReadonlyMap<string, string>;
}

type Results = Awaited<ReturnType<Instrumenter['instrument']>>['mutants'];
type Result = Results[number];
type Location = Result['location'];

/**
 * The breaks of `files` (paths below `root`) that `wanted` chooses, behind switches. Breaks of log lines and of assertions
 * are left out: a user misses neither. The breaks are Stryker's; its runner is not used because it runs tests in
 * threads, which LMDB and uWebSockets.js are not safe in.
 */
export async function instrument(
  root: string,
  files: readonly string[],
  wanted: (mutants: readonly Mutant[]) => readonly Mutant[],
): Promise<Instrumented> {
  const contents = new Map(files.map((file) => [file, fs.readFileSync(path.join(root, file), 'utf8')]));
  const all = await instrumented([...contents].map(([name, content]) => ({ name, content, mutate: true })));
  const known = all.mutants
    .filter(({ status }) => status !== 'Ignored')
    .map((result) => ({ result, mutant: mutantOf(result, contents) }));
  const chosen = new Set(wanted(known.map(({ mutant }) => mutant)));
  const keys = new Set(known.filter(({ mutant }) => chosen.has(mutant)).map(({ result }) => keyOf(result)));

  const places = new Map<string, Location[]>();
  for (const { result, mutant } of known) {
    if (chosen.has(mutant)) places.set(result.fileName, [...(places.get(result.fileName) ?? []), result.location]);
  }
  const again = await instrumented(
    [...places].map(([name, mutate]) => ({ name, content: contents.get(name) ?? '', mutate })),
  );
  return {
    mutants: again.mutants
      .filter((result) => result.status !== 'Ignored' && keys.has(keyOf(result)))
      .map((result) => mutantOf(result, contents)),
    sources: new Map(again.files.map(({ name, content }) => [path.join(root, name), content])),
  };
}

/** `count` of `mutants`, the same for the same seed, in the order of the files. */
export function sample(mutants: readonly Mutant[], count: number, seed: number): Mutant[] {
  const random = new Random(seed);
  const drawn = mutants.map((mutant) => ({ mutant, at: random.next() })).sort((a, b) => a.at - b.at);
  const chosen = new Set(drawn.slice(0, count).map(({ mutant }) => mutant));
  return mutants.filter((mutant) => chosen.has(mutant));
}

const silent = (): void => undefined;
const no = (): boolean => false;
const SILENT = {
  trace: silent,
  debug: silent,
  info: silent,
  warn: silent,
  error: silent,
  fatal: silent,
  isTraceEnabled: no,
  isDebugEnabled: no,
  isInfoEnabled: no,
  isWarnEnabled: no,
  isErrorEnabled: no,
  isFatalEnabled: no,
};

async function instrumented(files: Parameters<Instrumenter['instrument']>[0]): ReturnType<Instrumenter['instrument']> {
  return new Instrumenter(SILENT).instrument(files, {
    plugins: null,
    excludedMutations: [],
    ignorers: [{ shouldIgnore: (at) => (isLogOrAssertion((at as { node: Node }).node) ? 'not for users' : undefined) }],
  });
}

/** As much of a node of Babel's syntax tree as is looked at. */
interface Node {
  readonly type: string;
  readonly callee?: { readonly type: string; readonly name?: string; readonly object?: { readonly name?: string } };
}

/** Functions whose arguments only we see. */
const OURS = new Set(['assert', 'invariant', 'logger']);

function isLogOrAssertion({ type, callee }: Node): boolean {
  if (type !== 'CallExpression') return false;
  return OURS.has(callee?.name ?? '') || callee?.object?.name === 'log';
}

function mutantOf(result: Result, contents: ReadonlyMap<string, string>): Mutant {
  const lines = (contents.get(result.fileName) ?? '').split('\n');
  const { start, end } = result.location;
  const within = lines.slice(start.line, end.line + 1);
  within[within.length - 1] = (within.at(-1) ?? '').slice(0, end.column);
  within[0] = (within[0] ?? '').slice(start.column);
  return {
    id: result.id,
    key: keyOf(result),
    file: result.fileName,
    line: start.line + 1,
    text: (lines[start.line] ?? '').trim(),
    kind: result.mutatorName,
    original: within.join('\n'),
    replacement: result.replacement,
  };
}

const keyOf = ({ fileName, location: { start, end }, mutatorName, replacement }: Result): string =>
  [fileName, start.line, start.column, end.line, end.column, mutatorName, replacement].join(' ');
