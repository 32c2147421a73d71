#!/usr/bin/env node
import '../../internal/machinery/plain-keys.js';
import { Command } from 'commander';
import { FatalError } from '../../internal/machinery/assert.js';
import { logger } from '../../internal/machinery/log.js';
import { speakLikeCobra } from './flag-errors.js';
import { nodeFault } from './node-version.js';
import { addVersionFlag } from './version-flag.js';
import { addFlags, normalizeArguments } from './flags.js';
import { versionText } from './version-text.js';

const log = logger('main.ts');

// Whoever reads the output may stop early (`| head`): no reason for a stack trace.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

/** Runs one `quorate` command; resolves when it is done (serve: when the replica has stopped). */
async function main(argv: readonly string[]): Promise<void> {
  const fault = nodeFault(process.versions.node);
  if (fault !== undefined) throw new FatalError(fault);
  const program = new Command('quorate').description('A Kubernetes API server with the quorum built in.');
  speakLikeCobra(program);
  // `init` and `init phase` have flags of the same names: each belongs to the command before it.
  program.enablePositionalOptions();
  // Commander would add what a flag without a value means to each description.
  program.configureHelp({ optionDescription: (option) => option.description });
  program.version(versionText(), '--version', 'Print the version.');
  // A replica keeps no other command in memory.
  if (argv[2] !== 'serve') {
    const { addCommands } = await import('./commands.js');
    addCommands(program);
  }
  const serve = program.command('serve').description('Run one replica until SIGTERM or SIGINT.');
  const flags = addFlags(serve);
  const version = addVersionFlag(serve);
  serve.action(async () => {
    const text = version();
    if (text !== undefined) {
      process.stdout.write(text);
      return;
    }
    const { runServe } = await import('./serve.js');
    await runServe(flags());
  });
  await program.parseAsync([...argv.slice(0, 2), ...normalizeArguments(argv.slice(2))]);
}

/** The sentence for a failure that a person can do something about, or undefined for a bug. */
function sentenceOf(error: unknown): string | undefined {
  if (error instanceof FatalError) return error.message;
  // A file or a directory that cannot be used as we must; the text names both the reason and the path.
  const { code, path, message } = error as NodeJS.ErrnoException;
  return error instanceof Error && code !== undefined && path !== undefined
    ? `${message}: correct the permissions, or choose another place`
    : undefined;
}

try {
  await main(process.argv);
} catch (error) {
  const sentence = sentenceOf(error);
  if (sentence === undefined) throw error;
  // A replica's log is klog lines; a person at a terminal gets the sentence as it is.
  if (process.argv[2] === 'serve') log.fatal(sentence);
  else process.stderr.write(`quorate: ${sentence}\n`);
  process.exitCode = 1;
}
