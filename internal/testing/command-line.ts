/** What a person typed is wrong: its message is the sentence to print. */
export class UsageError extends Error {}

/**
 * Runs a tool and turns what a person typed wrongly (an unknown option, a value that is none) into a sentence on stderr
 * and exit code 2; every other error goes on.
 */
export async function commandLine(run: () => void | Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (!(error instanceof UsageError) && !code.startsWith('ERR_PARSE_ARGS')) throw error;
    process.stderr.write(`${(error as Error).message} (--help lists the options)\n`);
    process.exitCode = 2;
  }
}

/** The value of `--name`, a decimal number from `min` to `max`. Throws UsageError for every other text. */
export function numberOption(name: string, text: string, min: number, max = Number.MAX_SAFE_INTEGER): number {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
  throw new UsageError(`--${name} must be a number ${range}, not "${text}"`);
}

/** Like `numberOption`, without a fraction. */
export function wholeOption(name: string, text: string, min: number, max?: number): number {
  const value = numberOption(name, text, min, max);
  if (Number.isSafeInteger(value)) return value;
  throw new UsageError(`--${name} must be a whole number, not "${text}"`);
}
