import { spawn } from 'node:child_process';
import { once } from 'node:events';
import https from 'node:https';
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { FatalError } from '../../internal/machinery/assert.js';
import { kubeconfigOr, serverAccess } from './kubeconfig-file.js';
import { addMemberStatus } from './member-status.js';

interface Member {
  readonly id: number;
  readonly name: string;
  readonly address: string;
  readonly learner: boolean;
  readonly connected: boolean;
}
interface Status {
  readonly leaderName: string;
  readonly members: readonly Member[];
}
interface Target {
  readonly kubeconfig: string;
  readonly server?: string;
}

/** A request to one replica may take this long, a change of membership included. */
const TIMEOUT_MS = 30_000;

/** `quorate member list|status|add|promote|remove`, `quorate move-leader`, `quorate check`. */
export function addMemberCommands(program: Command): void {
  const withTarget = (command: Command): Command =>
    command
      .option('--kubeconfig <file>', 'admin kubeconfig, as scripts/up writes it', kubeconfigOr('.quorate/admin.conf'))
      .option('--server <url>', 'a replica to ask instead of the one in the kubeconfig');
  const member = program.command('member').description('Members of the cluster.');
  withTarget(member.command('list').description('Show the members.')).action(async (target: Target) => {
    print(await ask(target, 'GET', ''));
  });
  addMemberStatus(member);
  withTarget(member.command('add').description('Add a member: a learner, which votes once it has caught up.'))
    .argument('<name>', 'its --name')
    .argument('<address>', 'host:port of its --peer-listen, as the others reach it')
    .action(async (name: string, address: string, target: Target) => {
      const status = await ask(target, 'POST', '/members', { name, address });
      print(status);
      const others = status.members.filter((m) => m.name !== name).map((m) => m.address);
      process.stdout.write(
        `Now start it on an empty data directory: quorate serve --name=${name} --peer-listen=${address} --join=${others.join(',')} ...\n`,
      );
    });
  withTarget(member.command('promote').description('Make a learner that has caught up a voter now.'))
    .argument('<name>', 'its name, or its id')
    .action(async (name: string, target: Target) => {
      print(await ask(target, 'POST', `/members/${encodeURIComponent(name)}/promote`, {}));
    });
  withTarget(member.command('remove').description('Remove a member for good.'))
    .argument('<name>', 'its name, or its id')
    .action(async (name: string, target: Target) => {
      const status = await ask(target, 'DELETE', `/members/${encodeURIComponent(name)}`);
      // A replica that was asked to remove itself does not see that it is gone.
      const isLeft = (member: Member): boolean => member.name !== name && String(member.id) !== name;
      print({ ...status, members: status.members.filter(isLeft) });
    });
  withTarget(program.command('move-leader').description('Hand leadership to a member.'))
    .argument('<name>')
    .action(async (name: string, target: Target) => {
      print(await ask(target, 'POST', '/leader', { name }));
    });
  program
    .command('check')
    .description("Read a stopped replica's data from end to end: checksums, and the tables against each other.")
    .requiredOption('--data-dir <dir>', 'its --data-dir')
    .addOption(new Option('--in-this-process').hideHelp())
    .action(async (options: { dataDir: string; inThisProcess?: boolean }) => {
      if (options.inThisProcess !== true) return checkInChild(resolve(options.dataDir));
      const { checkDataDirectory } = await import('../../internal/replica/index.js');
      const report = await checkDataDirectory(resolve(options.dataDir));
      process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
      if (report.problems.length > 0) process.exitCode = 1;
    });
}

/** How a process ends that reads pages of LMDB which are none. */
const BY_DAMAGE: readonly NodeJS.Signals[] = ['SIGABRT', 'SIGSEGV', 'SIGBUS', 'SIGFPE'];

/** LMDB ends the process where a page is no page: another process looks, so that this one can say what that means. */
async function checkInChild(dataDir: string): Promise<void> {
  const args = [...process.execArgv, process.argv[1] ?? '', 'check', '--data-dir', dataDir, '--in-this-process'];
  const child = spawn(process.execPath, args, { stdio: 'inherit' });
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  if (signal === null) {
    process.exitCode = code ?? 1;
    return;
  }
  const why = BY_DAMAGE.includes(signal)
    ? 'the state is damaged. Remove this replica from its cluster and join it again with an empty data directory; if it is the only replica, restore the data directory from a backup.'
    : 'somebody ended it. Run it again.';
  throw new FatalError(`${dataDir} could not be read to its end (${signal}): ${why}`);
}

function print(status: Status): void {
  const rows = status.members.map((m) => [
    m.name,
    String(m.id),
    m.address,
    m.learner ? 'learner' : 'voter',
    m.name === status.leaderName ? 'leader' : '',
    m.connected ? 'connected' : 'not connected',
  ]);
  const all = [['NAME', 'ID', 'PEER', 'VOTES', 'LEADS', 'CONNECTION'], ...rows];
  const width = (i: number): number => Math.max(...all.map((r) => r[i]?.length ?? 0));
  for (const row of all)
    process.stdout.write(
      `${row
        .map((cell, i) => cell.padEnd(width(i)))
        .join('  ')
        .trimEnd()}\n`,
    );
}

async function ask(target: Target, method: string, path: string, body?: object): Promise<Status> {
  const { server, token, ...tls } = serverAccess(target.kubeconfig, target.server);
  const text = body === undefined ? '' : JSON.stringify(body);
  const answer = await new Promise<{ code: number; body: string }>((done, fail) => {
    const request = https.request(
      `${server}/debug/raft${path}`,
      {
        method,
        timeout: TIMEOUT_MS,
        ...tls,
        headers: {
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(text),
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', fail);
        response.on('end', () =>
          done({ code: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') }),
        );
      },
    );
    request.on('timeout', () => request.destroy(new Error(`no answer within ${TIMEOUT_MS / 1000} s`)));
    request.on('error', fail);
    request.end(text);
  }).catch((error: Error) => {
    throw new FatalError(`${server} does not answer: ${error.message}`);
  });
  const value = parse(answer.body);
  if (answer.code !== 200) throw new FatalError(value?.message ?? `${server} answered ${answer.code}`);
  if (value?.members === undefined) throw new FatalError(`${server} is no replica of quorate. Give --server.`);
  return value;
}

/** Undefined for what no replica says: something else may listen there. */
function parse(body: string): (Status & { readonly message?: string }) | undefined {
  try {
    return JSON.parse(body) as Status & { message?: string };
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
