import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import https from 'node:https';
import { join } from 'node:path';
import { FatalError } from '../machinery/assert.js';
import { isThere, makeDirectory } from '../machinery/directory.js';
import { whyNotFree } from '../machinery/port.js';
import { kubeconfig } from '../pki/kubeconfig.js';
import { ensurePki, issueAdmin, PKI_FILES, readPair, writeWhole } from '../pki/pki.js';
import { hasHaproxy, startHaproxy, stopHaproxy } from './haproxy.js';
import { BALANCER_OFFSET, Layout } from './layout.js';
import { asArguments, replicaFlags, makeWay } from './replica-flags.js';
import { isAlive, runningPid, startDetached, stopProcess } from './processes.js';

/** How long the replicas may take until /readyz answers 200. */
const READY_MS = 60_000;
/** How long the others may take once so many have ended that, as they were, the rest is no majority. */
const LEFT_MS = 10_000;
const POLL_MS = 50;
const MAX_PORT = 65_535;
/** What a replica says when it fails is at the end of its log. */
const LOG_TAIL_LINES = 20;

/** What a person asked for; what is absent is taken from the last run in the directory, or the default. */
export interface UpOptions {
  /** Absolute. */
  readonly dir: string;
  readonly replicas?: number;
  readonly port?: number;
  /** Flags for `quorate serve`, after our own. */
  readonly serveFlags?: readonly string[];
  /** Program and arguments that run `quorate`. */
  readonly command: readonly [string, ...string[]];
}

interface Settings {
  readonly replicas: number;
  readonly port: number;
  readonly serveFlags: readonly string[];
  /** Replicas that were ready with their data in `dir`: one that has none any more must not begin anew unasked. */
  readonly started?: readonly string[];
}

/** What is running after `up`. */
export interface UpResult {
  readonly kubeconfig: string;
  readonly layout: Layout;
  readonly balanced: boolean;
  /** Replicas that ran already, with other serve flags than those that were given: they keep what they have. */
  readonly untouched: readonly string[];
}

/**
 * Starts what is not running of the cluster in `dir` and waits until every replica answers /readyz with 200.
 * Throws FatalError when one does not, or when the directory holds a cluster of another shape, or has lost its data.
 */
export async function up(options: UpOptions): Promise<UpResult> {
  const settings = settle(options);
  const layout = new Layout(options.dir, settings.port, settings.replicas);
  const isRunning = (name: string): boolean => runningPid(layout.pidFile(name), layout.dataDir(name)) !== undefined;
  refuseOwnFlags(settings.serveFlags);
  const stopped = layout.names.filter((name) => !isRunning(name));
  await mustBeFree(layout, stopped);
  refuseToFoundAgain(layout, settings.started?.filter((name) => stopped.includes(name)) ?? []);
  const kept = readSettings(options.dir)?.serveFlags ?? [];
  const isOther = settings.serveFlags.join('\n') !== kept.join('\n');
  makeDirectory(options.dir);
  store(options.dir, { ...settings, serveFlags: kept });
  await ensurePki(layout.pki, { serviceIp: '10.96.0.1' });
  const balanced = layout.replicas > 1 && hasHaproxy();
  await writeKubeconfigs(layout, balanced);
  const caCert = readPair(layout.pki, PKI_FILES.ca).cert;
  const [program, ...before] = options.command;
  const logged = new Map(stopped.map((name) => [name, sizeOf(layout.logFile(name))]));
  for (const name of stopped) {
    const args = [...before, 'serve', ...flagsOf(layout, name, settings.serveFlags)];
    startDetached(program, args, layout.logFile(name), layout.pidFile(name));
  }
  const wait: Wait = { untilMs: Date.now() + READY_MS, ended: [], logged };
  const outcomes = await Promise.allSettled(layout.names.map((name) => becomeReady(layout, name, caCert, wait)));
  if (outcomes.some((outcome) => outcome.status === 'fulfilled')) {
    // Only flags that a replica has started with are kept for the next time.
    const took = layout.names.some((name, i) => outcomes[i]?.status === 'fulfilled' && stopped.includes(name));
    const serveFlags = took ? settings.serveFlags : kept;
    const ready = layout.names.filter((name, i) => outcomes[i]?.status === 'fulfilled' && hasData(layout, name));
    store(options.dir, {
      ...settings,
      serveFlags,
      started: [...new Set([...(settings.started ?? []), ...ready])].sort(),
    });
    // Also when one of them is not to be had, such as a member that was removed: the others serve.
    if (balanced) startHaproxy(layout, caCert);
  }
  const [ended] = wait.ended;
  if (ended !== undefined) {
    if (options.serveFlags !== undefined || kept.length === 0) throw ended;
    throw new FatalError(
      `${ended.message}\nIt was started with the serve flags of the last time: ${kept.join(' ')} (others, given behind \`--\`, take their place)`,
    );
  }
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  const untouched = isOther ? layout.names.filter((name) => !stopped.includes(name)) : [];
  return { kubeconfig: layout.kubeconfig('admin'), layout, balanced, untouched };
}

/** Throws FatalError when another program has a port of a replica that is about to be started. */
async function mustBeFree(layout: Layout, names: readonly string[]): Promise<void> {
  for (const name of names) {
    for (const port of layout.portsOf(name)) {
      if ((await whyNotFree(layout.host, port)) === undefined) continue;
      throw new FatalError(
        `${name} needs port ${port} of ${layout.host}, and another program has it: stop that program, or use another --port (with another --dir)`,
      );
    }
  }
}

/** Stops what `up` started in `dir`; data stays. Throws FatalError where no cluster was ever started. */
export async function down(dir: string): Promise<void> {
  const entries = existsSync(dir) ? readdirSync(dir) : [];
  const names = entries.filter((entry) => /^r\d+$/.test(entry));
  if (names.length === 0 && !entries.includes('cluster.json')) {
    throw new FatalError(`${dir} holds no cluster that \`up\` started: name its directory with --dir`);
  }
  await stopHaproxy(dir);
  await Promise.all(
    names.map(async (name) => {
      const pidFile = join(dir, name, 'pid');
      const pid = runningPid(pidFile, join(dir, name));
      if (pid !== undefined) await stopProcess(pid, pidFile);
    }),
  );
}

/** Peer addresses are part of the stored membership, so a cluster keeps its size and ports for life. */
function settle(options: UpOptions): Settings {
  const stored = readSettings(options.dir);
  for (const [name, given, was] of [
    ['--replicas', options.replicas, stored?.replicas],
    ['--port', options.port, stored?.port],
  ] as const) {
    if (given !== undefined && was !== undefined && given !== was) {
      throw new FatalError(
        `the cluster in ${options.dir} was made with ${name} ${was}: leave ${name} away, or use another --dir`,
      );
    }
  }
  const settings = {
    replicas: options.replicas ?? stored?.replicas ?? 3,
    port: options.port ?? stored?.port ?? 6443,
    serveFlags: options.serveFlags ?? stored?.serveFlags ?? [],
    ...(stored?.started === undefined ? {} : { started: stored.started }),
  };
  const highest = Math.max(...new Layout(options.dir, settings.port, settings.replicas).ports);
  if (highest > MAX_PORT || settings.replicas > BALANCER_OFFSET) {
    throw new FatalError(
      `--port ${settings.port} with --replicas ${settings.replicas} needs ports up to ${highest}, and there are ${MAX_PORT}; --replicas is at most ${BALANCER_OFFSET}: choose a lower one`,
    );
  }
  return settings;
}

/** Flags of `serve` that `up` gives every replica from flags of its own. */
const OWN_FLAGS: ReadonlyMap<string, string> = new Map([
  ['name', '--replicas'],
  ['initial-cluster', '--replicas'],
  ['data-dir', '--dir'],
  ['secure-port', '--port'],
  ['spdy-bind-port', '--port'],
  ['peer-listen', '--port'],
]);

/** The name of a flag as it was given, with dashes; empty for what is none. */
function nameOf(flag: string): string {
  return /^--([^=]*)/.exec(flag)?.[1]?.replaceAll('_', '-') ?? '';
}

/** Throws FatalError for a flag of `serve` that all replicas cannot have alike. */
function refuseOwnFlags(serveFlags: readonly string[]): void {
  for (const text of serveFlags) {
    const own = OWN_FLAGS.get(nameOf(text));
    if (own !== undefined) throw new FatalError(`${text} differs from replica to replica: use ${own} of \`up\``);
  }
}

/** What the last run in the directory was started with. */
function readSettings(dir: string): Settings | undefined {
  const file = join(dir, 'cluster.json');
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Settings) : undefined;
}

function hasData(layout: Layout, name: string): boolean {
  return layout.raftLogs(name).some((path) => isThere(path));
}

/**
 * Throws FatalError when so many of `stopped` have lost their data that, started as they were, they would be a majority
 * that agrees on an empty cluster. A smaller number is turned away by the others, with a sentence.
 */
function refuseToFoundAgain(layout: Layout, stopped: readonly string[]): void {
  const lost = stopped.filter((name) => layout.names.includes(name) && !hasData(layout, name));
  if (lost.length <= layout.replicas / 2) return;
  const [name = ''] = lost;
  throw new FatalError(
    `${lost.join(', ')} ran before, but the data in ${lost.map((n) => layout.dataDir(n)).join(', ')} is gone: started ` +
      'again as before this would be a new, empty cluster under the old name. Put the data back. Or, where other members ' +
      `live, run \`quorate member remove ${name}\` and \`quorate member add ${name} ${layout.peerAddress(name)}\` ` +
      'against one of them, and start it with an empty data directory and the --join that the latter prints. Or, for an ' +
      `empty cluster, delete ${join(layout.dir, 'cluster.json')} first.`,
  );
}

function store(dir: string, settings: Settings): void {
  writeWhole(join(dir, 'cluster.json'), `${JSON.stringify(settings, undefined, 2)}\n`, 0o644);
}

/** The flags of one replica, on the loopback; those of `extra` stand behind them, as they were given. */
function flagsOf(layout: Layout, name: string, extra: readonly string[]): string[] {
  const flags = replicaFlags({
    name,
    pki: layout.pki,
    data: layout.dataDir(name),
    advertiseAddress: layout.host,
    bindAddress: layout.host,
    port: layout.port(name),
    peerAddress: layout.peerAddress(name),
    serviceSubnet: '10.96.0.0/12',
    dnsDomain: 'cluster.local',
    membership: { 'initial-cluster': layout.names.map((n) => `${n}=${layout.peerAddress(n)}`).join(',') },
  });
  flags.set('spdy-bind-port', String(layout.spdyPort(name)));
  makeWay(flags, extra.map(nameOf));
  return [...asArguments(flags), ...extra];
}

async function writeKubeconfigs(layout: Layout, balanced: boolean): Promise<void> {
  const first = layout.names[0] ?? 'r1';
  const balancer = `https://${layout.host}:${layout.balancerPort}`;
  const targets: [string, string][] = [
    [layout.kubeconfig('admin'), balanced ? balancer : layout.url(first)],
    ...layout.names.map((name): [string, string] => [layout.kubeconfig(name), layout.url(name)]),
  ];
  const stale = targets.filter(
    ([file, server]) => !existsSync(file) || !readFileSync(file, 'utf8').includes(`server: ${server}\n`),
  );
  if (stale.length === 0) return;
  const client = await issueAdmin(layout.pki);
  const caCert = readPair(layout.pki, PKI_FILES.ca).cert;
  for (const [file, server] of stale) {
    writeWhole(file, kubeconfig({ server, caCert, user: 'kubernetes-admin', client }), 0o600);
  }
}

/** How long replicas are waited for, and why some of them ended. */
interface Wait {
  untilMs: number;
  readonly ended: FatalError[];
  /** Bytes of each log before this start: what is told is of this one. */
  readonly logged: ReadonlyMap<string, number>;
}

async function becomeReady(layout: Layout, name: string, ca: string, wait: Wait): Promise<void> {
  for (;;) {
    if ((await readyStatus(`${layout.url(name)}/readyz`, ca)) === 200) return;
    const pid = Number(readFileSync(layout.pidFile(name), 'utf8'));
    if (!isAlive(pid)) {
      const error = new FatalError(`${name} ended by itself:\n${logTail(layout.logFile(name), wait.logged.get(name))}`);
      wait.ended.push(error);
      // The rest waits for a majority that does not come; but for one that was restored alone, as which it can be ready.
      if (wait.ended.length >= layout.replicas / 2) wait.untilMs = Math.min(wait.untilMs, Date.now() + LEFT_MS);
      throw error;
    }
    if (Date.now() > wait.untilMs) {
      throw new FatalError(
        `${name} is not ready yet (${layout.url(name)}/readyz?verbose says what is missing):\n${logTail(layout.logFile(name), wait.logged.get(name))}`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

function logTail(file: string, from = 0): string {
  return readFileSync(file).subarray(from).toString('utf8').trimEnd().split('\n').slice(-LOG_TAIL_LINES).join('\n');
}

const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;

/** The status code that a URL answers, 0 when nothing does. */
function readyStatus(url: string, ca: string): Promise<number> {
  return new Promise((resolve) => {
    const request = https.get(url, { ca, agent: false, timeout: 2000 }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(0));
  });
}
