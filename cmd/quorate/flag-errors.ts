import type { Command } from 'commander';

/**
 * Lets a command, and those added to it later, say what is wrong with a command line as kube-apiserver does: in the
 * words of Go's pflag and cobra.
 */
export function speakLikeCobra(command: Command): void {
  command.configureOutput({ outputError: (text, write) => write(inCobrasWords(text)) });
}

/** The translation of what commander says; unchanged where cobra has no such error. */
export function inCobrasWords(text: string): string {
  const rest = /^error: ([\s\S]*)$/.exec(text)?.[1];
  if (rest === undefined) return text;
  const unknown = /^unknown option '(-.)?([^'=]*)(?:=[^']*)?'/.exec(rest);
  if (unknown !== null) {
    const [, dash = '', name = ''] = unknown;
    if (dash === '--') return `Error: unknown flag: --${name}\n`;
    return `Error: unknown shorthand flag: '${dash.slice(1)}' in ${dash}${name}\n`;
  }
  const missing = /^option '(?:-\w, )?(--[\w-]+)[^']*' argument missing/.exec(rest);
  if (missing !== null) return `Error: flag needs an argument: ${missing[1]}\n`;
  const invalid = /^option '((?:-\w, )?--[\w-]+)[^']*' argument '([\s\S]*)' is invalid\. ([\s\S]*)$/.exec(rest);
  if (invalid !== null) {
    return `Error: invalid argument ${JSON.stringify(invalid[2])} for ${JSON.stringify(invalid[1])} flag: ${invalid[3]}`;
  }
  return `Error: ${rest}`;
}
