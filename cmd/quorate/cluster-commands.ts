import { resolve } from 'node:path';
import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import { down, up } from '../../internal/bootstrap/local-cluster.js';

/** `quorate cluster up|down`: replicas on this machine, for development and tests (scripts/up, scripts/down). */
export function addClusterCommands(program: Command): void {
  const cluster = program.command('cluster').description('A cluster on this machine.');
  const wholeNumber = (text: string): number => {
    if (!/^\d+$/.test(text) || Number(text) < 1) throw new InvalidArgumentError(`"${text}" is no positive number`);
    return Number(text);
  };
  cluster
    .command('up')
    .description(
      'Start what is not running, and wait until every replica is ready. Flags for serve follow `--`, and are kept for the next time.',
    )
    .option('--replicas <n>', 'number of replicas (default 3)', wholeNumber)
    .option('--dir <dir>', 'directory for everything', '.quorate')
    .option(
      '--port <base>',
      'port of r1; r2 has the next one ... The balancer is at BASE+1000, SPDY from BASE+3000 on (default 6443)',
      wholeNumber,
    )
    .argument('[serveFlags...]', 'flags for quorate serve')
    .action(async (serveFlags: string[], options: { replicas?: number; dir: string; port?: number }) => {
      const result = await up({
        dir: resolve(options.dir),
        ...(options.replicas === undefined ? {} : { replicas: options.replicas }),
        ...(options.port === undefined ? {} : { port: options.port }),
        ...(serveFlags.length === 0 ? {} : { serveFlags }),
        command: [process.execPath, process.argv[1] ?? ''],
      });
      const { layout } = result;
      for (const name of layout.names) process.stdout.write(`${name} is ready at ${layout.url(name)}\n`);
      if (result.balanced) process.stdout.write(`HAProxy is at https://${layout.host}:${layout.balancerPort}\n`);
      if (result.untouched.length > 0) {
        process.stderr.write(
          `${result.untouched.join(', ')} ran before, without these flags: to start anew with them, \`down\` first, and \`up\` with them again\n`,
        );
      }
      process.stdout.write(`export KUBECONFIG=${shellWord(result.kubeconfig)}\n`);
    });
  cluster
    .command('down')
    .description('Stop what `up` started; data stays.')
    .option('--dir <dir>', 'directory of the cluster', '.quorate')
    .action((options: { dir: string }) => down(resolve(options.dir)));
}

/** A word that a shell reads back as it is. */
function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
