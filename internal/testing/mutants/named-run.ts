import fs from 'node:fs';
import path from 'node:path';
import { UsageError } from '../command-line.js';
import { NAMED, type NamedBreak } from './named.js';
import { TestRunner } from './test-runner.js';

/** The longest that a test file may take with a break in the product. */
const FILE_MS = 120_000;
/** The longest that one test may take: some breaks make it wait for ever. */
const TEST_MS = 20_000;

/**
 * Makes every break of `named.ts` whose file, test or loss `matches`, and runs its test. Says for each which test noticed it,
 * and gives back those that none did. Throws UsageError when there is none.
 */
export async function runNamed(
  root: string,
  matches: (text: string) => boolean,
  say: (text: string) => void,
): Promise<readonly NamedBreak[]> {
  const asked = NAMED.filter(({ file, test, loss }) => [file, test, loss].some(matches));
  if (asked.length === 0) throw new UsageError('no named break holds this');
  const unnoticed: NamedBreak[] = [];
  for (const named of asked) {
    const begun = performance.now();
    const failure = await firstFailure(root, named);
    const seconds = ((performance.now() - begun) / 1000).toFixed(1);
    if (failure === undefined) unnoticed.push(named);
    say(
      `${failure === undefined ? 'NOT NOTICED' : 'noticed'}: ${named.loss} (${named.file}; ${failure ?? named.test}) ${seconds} s`,
    );
  }
  return unnoticed;
}

/** The name of the first test that fails with the break; undefined when none does. A file that cannot be read is an error. */
async function firstFailure(root: string, named: NamedBreak): Promise<string | undefined> {
  const file = path.join(root, named.file);
  const sources = new Map([[file, brokenSource(fs.readFileSync(file, 'utf8'), named)]]);
  const runner = await TestRunner.open(root, { mutants: [], sources }, TEST_MS);
  try {
    const [test] = await runner.related([named.test]);
    if (test === undefined) throw new Error(`${named.test} does not import ${named.file}`);
    const { failure, isOfTest } = await runner.run(test, FILE_MS);
    if (failure !== undefined && !isOfTest) throw new Error(`${named.test} does not run with the break: ${failure}`);
    return failure;
  } finally {
    await runner.close();
  }
}

/** The source with the break in it. Throws when the piece to break is not there exactly once. */
export function brokenSource(source: string, named: NamedBreak): string {
  const parts = source.split(named.source);
  if (parts.length !== 2)
    throw new Error(`${named.file}: not there once, but ${parts.length - 1} times: ${named.source}`);
  return parts.join(named.broken);
}
