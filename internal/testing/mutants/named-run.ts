import fs from 'node:fs';
import path from 'node:path';
import { UsageError } from '../command-line.js';
import { NAMED, type NamedBreak } from './named.js';
import { Runners } from './runners.js';
import { Sources } from './sources.js';
import type { TestRunner } from './test-runner.js';

/** The longest that a test file may take, with a break in the product or without: some breaks make it wait for ever. */
const FILE_MS = 300_000;

/**
 * Makes every break of `named.ts` whose file, test or loss `matches`, `workers` at a time, and runs its test. Says for each
 * which test noticed it, and gives back those that none did. Throws UsageError when there is none.
 */
export async function runNamed(
  root: string,
  matches: (text: string) => boolean,
  workers: number,
  say: (text: string) => void,
): Promise<readonly NamedBreak[]> {
  const asked = NAMED.filter(({ file, test, loss }) => [file, test, loss].some(matches));
  if (asked.length === 0) throw new UsageError('no named break holds this');
  const sources = Sources.read(root);
  for (const { file, test } of asked) {
    if (!sources.needs(test).has(file)) throw new Error(`${test} does not import ${file}`);
  }
  const runners = new Runners(root, new Map(), workers);
  try {
    const results = await runners.each(asked, async (runner, named) => {
      const begun = performance.now();
      const failure = await firstFailure(root, runner, named);
      const seconds = ((performance.now() - begun) / 1000).toFixed(1);
      say(
        `${failure === undefined ? 'NOT NOTICED' : 'noticed'}: ${named.loss} (${named.file}; ${failure ?? named.test}) ${seconds} s`,
      );
      return { named, failure };
    });
    return results.filter(({ failure }) => failure === undefined).map(({ named }) => named);
  } finally {
    await runners.close();
  }
}

/**
 * The name of the first test that fails with the break; undefined when none does. A file that cannot be read is an error, and
 * so is one that the clock ends with the break and without: on a machine as slow as that nothing is learned.
 */
async function firstFailure(root: string, runner: TestRunner, named: NamedBreak): Promise<string | undefined> {
  const file = path.join(root, named.file);
  runner.replace(new Map([[file, brokenSource(fs.readFileSync(file, 'utf8'), named)]]));
  const { failure, isOfTest, isLate } = await runner.run(named.test, FILE_MS);
  if (isLate) {
    runner.replace(new Map());
    const without = await runner.run(named.test, FILE_MS);
    if (without.failure !== undefined) throw new Error(`${named.test} fails without the break: ${without.failure}`);
    return failure;
  }
  if (failure !== undefined && !isOfTest) throw new Error(`${named.test} does not run with the break: ${failure}`);
  return failure;
}

/** The source with the break in it. Throws when the piece to break is not there exactly once. */
export function brokenSource(source: string, named: NamedBreak): string {
  const parts = source.split(named.source);
  if (parts.length !== 2)
    throw new Error(`${named.file}: not there once, but ${parts.length - 1} times: ${named.source}`);
  return parts.join(named.broken);
}
