import { Command } from 'commander';
import { addFlags, type FlagValues, normalizeArguments } from './flags.js';

/** The flags of a command line of `quorate serve`. Throws commander's error for one that cannot be read. */
export function flagsOf(...args: string[]): FlagValues {
  const command = new Command('serve').exitOverride().configureOutput({ writeErr: () => undefined });
  const values = addFlags(command);
  command.parse(normalizeArguments(args), { from: 'user' });
  return values();
}
