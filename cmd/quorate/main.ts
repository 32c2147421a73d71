import { Command } from 'commander';
import { FatalError } from '../../internal/machinery/assert.js';
import { logger } from '../../internal/machinery/log.js';
import { VERSION } from '../../internal/server/version.js';
import { addClusterCommands } from './cluster-commands.js';
import { addFlags, normalizeArguments } from './flags.js';
import { addMemberCommands } from './member-commands.js';
import { addKubeconfigCommand, addPkiCommand } from './pki-commands.js';

const log = logger('main.ts');

/** Runs one `quorate` command; resolves when it is done (serve: when the replica has stopped). */
async function main(argv: readonly string[]): Promise<void> {
  const program = new Command('quorate').description('A Kubernetes API server with the quorum built in.');
  program
    .command('version')
    .description('Print the version.')
    .action(() => {
      process.stdout.write(`quorate ${VERSION.gitVersion} (Kubernetes ${VERSION.major}.${VERSION.minor})\n`);
    });
  addPkiCommand(program);
  addKubeconfigCommand(program);
  addClusterCommands(program);
  addMemberCommands(program);
  const serve = program.command('serve').description('Run one replica until SIGTERM or SIGINT.');
  const flags = addFlags(serve);
  serve.action(async () => {
    const { runServe } = await import('./serve.js');
    await runServe(flags());
  });
  await program.parseAsync([...argv.slice(0, 2), ...normalizeArguments(argv.slice(2))]);
}

try {
  await main(process.argv);
} catch (error) {
  if (!(error instanceof FatalError)) throw error;
  // A replica's log is klog lines; a person at a terminal gets the sentence as it is.
  if (process.argv[2] === 'serve') log.fatal(error.message);
  else process.stderr.write(`quorate: ${error.message}\n`);
  process.exitCode = 1;
}
