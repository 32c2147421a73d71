import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, cpSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensurePki } from '../../../pki/pki.js';
import { call, TOKEN } from './api.js';
import { SmallDisk } from './disk.js';
import { Network } from './network.js';
import { clockArguments, setClock } from './process-clock.js';
import { ownerOfPort } from './sockets.js';
import { noOrphan } from '../../orphans.js';

export const repoRoot = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../../..');

const STATUS_TIMEOUT_MS = 2_000;
/** Starting and healing on a busy machine. */
const PATIENCE_MS = 180_000;
const POLL_MS = 100;
const SMALL_DISK_MIB = 400;
/** What a replica says last when it ends by itself. */
const LOG_TAIL_LINES = 12;
/** Says a replica that was removed from the cluster. */
const REMOVED = 'was removed from the cluster';
/** Says one that comes back without what it had promised, to those who knew it. */
const REFUSED = /came back with another data directory|had a data directory before/;

/** What `/debug/raft` tells, as far as it matters here. */
export interface RaftStatus {
  readonly name: string;
  readonly role: string;
  readonly term: number;
  readonly leaderName: string;
  readonly commit: number;
  readonly applied: number;
  readonly revision: number;
  readonly compactRevision: number;
  readonly stateHash: string;
  readonly leaderChanges: number;
  readonly members: readonly { readonly name: string; readonly learner: boolean }[];
}

export interface ClusterOptions {
  /** Absolute; everything of the run lies below it. */
  readonly dir: string;
  readonly replicas: number;
  /** 60 ports from here on are ours. */
  readonly basePort: number;
  readonly serveFlags?: readonly string[];
  /** What the replicas run; default: the build in dist. */
  readonly program?: string;
  /** Put the data of the last replica on a small disk, if that is allowed here. */
  readonly smallDisk?: boolean;
}

interface Member {
  readonly name: string;
  readonly apiPort: number;
  readonly peerPort: number;
  readonly proxyPort: number;
  process: ChildProcess | undefined;
  paused: boolean;
  /** Counts starts. */
  boots: number;
  /** Has no data of its own yet, and joins through the others. */
  joins: boolean;
  /** Its removal was asked for: it may learn of it, and end, at any time. */
  condemned: boolean;
  /** Its data are gone, and the others have not removed it yet: they must refuse it. */
  wiped: boolean;
  /** Its machine is being replaced: no other fault may start it before the others have let go of its member. */
  away: boolean;
  /** Not of the first hour: it joins and leaves. */
  readonly spare: boolean;
}

/** A process that ended although nobody had told it to. */
export interface UnexpectedExit {
  readonly name: string;
  readonly code: number | null;
  readonly signal: string | null;
  readonly lastWords: readonly string[];
}

/** Real replicas as processes of this machine, with the network between them in our hands. */
export class ChaosCluster {
  readonly network: Network;
  readonly disk: SmallDisk | undefined;
  /** The replica whose data lie on the small disk. */
  readonly smallDiskOf: string | undefined;
  readonly unexpectedExits: UnexpectedExit[] = [];
  /** How often a member that had lost its data was refused. */
  refusals = 0;
  readonly #members: Member[];
  readonly #expected = new WeakSet<ChildProcess>();
  #stopping = false;

  private constructor(readonly options: ClusterOptions) {
    const { basePort, replicas, dir } = options;
    this.#members = Array.from({ length: replicas + 1 }, (_, i) => ({
      name: `r${i + 1}`,
      apiPort: basePort + i,
      peerPort: basePort + 20 + i,
      proxyPort: basePort + 40 + i,
      process: undefined,
      paused: false,
      boots: 0,
      joins: i === replicas,
      condemned: false,
      wiped: false,
      away: false,
      spare: i === replicas,
    }));
    this.network = new Network({
      hosts: this.#members.map(({ name, peerPort, proxyPort }) => ({
        name,
        listenPort: peerPort,
        proxyPort,
      })),
      hostOfPort: (port) => ownerOfPort(port, this.#pids()),
    });
    const last = this.names.at(-1) ?? '';
    const disk = new SmallDisk(path.join(dir, last, 'data'), SMALL_DISK_MIB);
    const mounted = options.smallDisk === true && disk.mount();
    this.disk = mounted ? disk : undefined;
    this.smallDiskOf = mounted ? last : undefined;
  }

  /** Starts all replicas and waits until they are ready. */
  static async start(options: ClusterOptions): Promise<ChaosCluster> {
    mkdirSync(options.dir, { recursive: true });
    writeFileSync(path.join(options.dir, 'tokens.csv'), `${TOKEN},chaos,chaos,"system:masters"\n`);
    await ensurePki(path.join(options.dir, 'pki'), { serviceIp: '10.96.0.1' });
    const cluster = new ChaosCluster(options);
    // A harness that fails must not leave replicas behind.
    process.once('exit', cluster.#killAll);
    try {
      await Promise.all(cluster.names.map((name) => cluster.startReplica(name)));
      await cluster.allReady();
    } catch (error) {
      await cluster.stop();
      cluster.unmount(false);
      throw error;
    }
    return cluster;
  }

  /** The replicas that are always there, if only faults let them. */
  get names(): string[] {
    return this.#members.filter((member) => !member.spare).map((member) => member.name);
  }
  /** The one that joins and leaves. */
  get spare(): string {
    return this.#members.find((member) => member.spare)?.name ?? '';
  }
  /** Those that run or could: `names`, and the spare one while it runs. */
  get hosts(): string[] {
    return this.#members.filter((member) => !member.spare || member.process !== undefined).map(({ name }) => name);
  }

  #member(name: string): Member {
    const member = this.#members.find((m) => m.name === name);
    if (member === undefined) throw new Error(`there is no replica ${name}`);
    return member;
  }

  *#pids(): Generator<readonly [string, number]> {
    for (const { name, process: child } of this.#members) if (child?.pid !== undefined) yield [name, child.pid];
  }

  url(name: string): string {
    return `https://127.0.0.1:${this.#member(name).apiPort}`;
  }
  boots(name: string): number {
    return this.#member(name).boots;
  }
  isRunning(name: string): boolean {
    return this.#member(name).process !== undefined;
  }
  isPaused(name: string): boolean {
    return this.#member(name).paused;
  }
  dataDir(name: string): string {
    return path.join(this.options.dir, name, 'data');
  }
  logFile(name: string): string {
    return path.join(this.options.dir, name, 'log');
  }

  #arguments(member: Member): string[] {
    const { dir, serveFlags = [], program = path.join(repoRoot, 'dist/quorate.js') } = this.options;
    const pki = (file: string): string => path.join(dir, 'pki', file);
    const address = (m: Member): string => `127.0.0.1:${m.proxyPort}`;
    const founders = this.#members.filter((m) => !m.spare);
    const others = founders.filter((m) => m !== member);
    return [
      ...clockArguments(path.join(dir, member.name, 'clock')),
      program,
      'serve',
      `--name=${member.name}`,
      `--data-dir=${this.dataDir(member.name)}`,
      `--peer-listen=127.0.0.1:${member.peerPort}`,
      // Else the others would reach a member that joined later past the network that is in our hands.
      `--peer-address=${address(member)}`,
      member.joins
        ? `--join=${others.map(address).join(',')}`
        : `--initial-cluster=${founders.map((m) => `${m.name}=${address(m)}`).join(',')}`,
      `--peer-ca-file=${pki('peer/ca.crt')}`,
      `--peer-cert-file=${pki('peer/peer.crt')}`,
      `--peer-key-file=${pki('peer/peer.key')}`,
      '--bind-address=127.0.0.1',
      '--advertise-address=127.0.0.1',
      `--secure-port=${member.apiPort}`,
      `--tls-cert-file=${pki('apiserver.crt')}`,
      `--tls-private-key-file=${pki('apiserver.key')}`,
      `--client-ca-file=${pki('ca.crt')}`,
      `--service-account-key-file=${pki('sa.pub')}`,
      `--service-account-signing-key-file=${pki('sa.key')}`,
      `--token-auth-file=${path.join(dir, 'tokens.csv')}`,
      ...serveFlags,
    ];
  }

  /** Starts the process of a replica unless it runs. */
  async startReplica(name: string): Promise<void> {
    const member = this.#member(name);
    if (member.process !== undefined || member.away || this.#stopping) return;
    const home = path.join(this.options.dir, name);
    mkdirSync(home, { recursive: true });
    setClock(path.join(home, 'clock'), { offsetMs: 0 });
    const log = openSync(this.logFile(name), 'a');
    const child = spawn(process.execPath, this.#arguments(member), { stdio: ['ignore', log, log] });
    closeSync(log);
    noOrphan(child);
    member.process = child;
    member.paused = false;
    member.boots += 1;
    child.on('exit', (code, signal) => {
      if (member.process === child) member.process = undefined;
      if (this.#expected.has(child) || this.#stopping) return;
      void this.network.down(name);
      const lastWords = this.lastWords(name);
      if (member.condemned && lastWords.some((line) => line.includes(REMOVED))) this.#loseData(name);
      else if (member.wiped && lastWords.some((line) => REFUSED.test(line))) this.refusals += 1;
      else this.unexpectedExits.push({ name, code, signal, lastWords });
    });
    await this.network.up(name);
  }

  /** The end of a replica's log. */
  lastWords(name: string): string[] {
    return readFileSync(this.logFile(name), 'utf8').trimEnd().split('\n').slice(-LOG_TAIL_LINES);
  }

  /** SIGKILL, or SIGTERM; resolves when the process is gone. */
  async kill(name: string, signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    const member = this.#member(name);
    const child = member.process;
    if (child === undefined) return;
    this.#expected.add(child);
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    if (signal === 'SIGTERM' && member.paused) this.resume(name);
    child.kill(signal);
    await gone;
    await this.network.down(name);
  }

  /** SIGSTOP: the process stands still, and its kernel goes on taking connections and bytes. */
  pause(name: string): void {
    const member = this.#member(name);
    member.paused = member.process?.kill('SIGSTOP') ?? false;
  }
  resume(name: string): void {
    const member = this.#member(name);
    member.process?.kill('SIGCONT');
    member.paused = false;
  }

  setClock(name: string, setting: { readonly offsetMs: number } | 'stop'): void {
    setClock(path.join(this.options.dir, name, 'clock'), setting);
  }

  /** Stops a replica whose member was removed and loses its data: it joins as a new one when it is started. */
  async replace(name: string): Promise<void> {
    await this.#stopped(name);
    this.#loseData(name);
    this.bringBack(name);
  }

  /**
   * Stops a replica for good, whatever else strikes it, until it is replaced or brought back. Were it started meanwhile it
   * could be let in anew between its removal and the loss of its data, which then is another member's.
   */
  async takeAway(name: string): Promise<void> {
    this.#member(name).away = true;
    await this.#stopped(name);
  }
  bringBack(name: string): void {
    this.#member(name).away = false;
  }
  isAway(name: string): boolean {
    return this.#member(name).away;
  }

  /** Another fault may start it again meanwhile. */
  async #stopped(name: string): Promise<void> {
    do await this.kill(name);
    while (this.isRunning(name));
  }

  #loseData(name: string): void {
    this.#erase(name);
    const member = this.#member(name);
    member.joins = true;
    member.condemned = false;
    member.wiped = false;
  }

  /** Stops a replica and loses its data, while the others still know its member: they must not take it back. */
  async wipe(name: string): Promise<void> {
    await this.#stopped(name);
    this.#erase(name);
    this.#member(name).wiped = true;
  }
  /** Its data are gone, and its member was not removed yet. */
  isWiped(name: string): boolean {
    return this.#member(name).wiped;
  }

  #erase(name: string): void {
    if (this.#member(name).process !== undefined) throw new Error(`${name} runs`);
    const directory = this.dataDir(name);
    mkdirSync(directory, { recursive: true });
    // A disk of its own stays mounted.
    for (const file of readdirSync(directory)) rmSync(path.join(directory, file), { recursive: true, force: true });
  }

  /** From now on a replica may end because it was removed; then it loses its data, and joins when it is started. */
  condemn(name: string): void {
    this.#member(name).condemned = true;
  }

  /** What a replica tells of itself; undefined when it does not answer. */
  async status(name: string): Promise<RaftStatus | undefined> {
    try {
      const answer = await call(`${this.url(name)}/debug/raft`, { timeoutMs: STATUS_TIMEOUT_MS });
      return answer.status === 200 ? (JSON.parse(answer.body) as RaftStatus) : undefined;
    } catch {
      return undefined; // down, paused, or busy
    }
  }

  /** Of the replicas that are always there. */
  async statuses(): Promise<Map<string, RaftStatus>> {
    return this.#statusesOf(this.names);
  }

  async #statusesOf(names: readonly string[]): Promise<Map<string, RaftStatus>> {
    const all = await Promise.all(names.map(async (name) => [name, await this.status(name)] as const));
    return new Map(all.flatMap(([name, status]) => (status === undefined ? [] : [[name, status] as const])));
  }

  /** The replica that leads in the highest term; undefined when none says so. */
  async leader(): Promise<string | undefined> {
    let best: RaftStatus | undefined;
    for (const status of (await this.#statusesOf(this.hosts)).values()) {
      if (status.role === 'leader' && status.term > (best?.term ?? -1)) best = status;
    }
    return best?.name;
  }

  /** Asks a replica for something of its own, such as handing over leadership. */
  async ask(name: string, method: string, where: string, body: unknown, timeoutMs: number): Promise<string> {
    const answer = await call(`${this.url(name)}${where}`, { method, body, timeoutMs });
    if (answer.status >= 300) throw new Error(`${method} ${where} at ${name}: ${answer.status} ${answer.body}`);
    return answer.body;
  }

  /** Asks replicas in turn to remove a member. False when it could not be done in time. */
  async removeMember(name: string, timeoutMs: number): Promise<boolean> {
    const through = this.names.filter((other) => other !== name);
    let turn = 0;
    return this.eventually(async () => {
      const asked = through[turn++ % through.length] ?? '';
      try {
        await this.ask(asked, 'DELETE', `/debug/raft/members/${name}`, undefined, STATUS_TIMEOUT_MS * 4);
        return true;
      } catch (error) {
        return error instanceof Error && error.message.includes('no member is named');
      }
    }, timeoutMs);
  }

  /** Asks replicas in turn to take the spare one in as a learner. False when it could not be done in time. */
  async addSpare(timeoutMs: number): Promise<boolean> {
    const { name, proxyPort } = this.#member(this.spare);
    const body = { name, address: `127.0.0.1:${proxyPort}` };
    let turn = 0;
    return this.eventually(async () => {
      try {
        const asked = this.names[turn++ % this.names.length] ?? '';
        await this.ask(asked, 'POST', '/debug/raft/members', body, STATUS_TIMEOUT_MS * 4);
        return true;
      } catch {
        return false; // no leader, or another change is under way
      }
    }, timeoutMs);
  }

  /** Removes the spare member if it is one, and its process and data. False when it could not be done in time. */
  async retireSpare(timeoutMs: number): Promise<boolean> {
    const { spare } = this;
    this.condemn(spare);
    const removed = await this.removeMember(spare, timeoutMs);
    if (removed) await this.replace(spare);
    else await this.kill(spare);
    return removed;
  }

  /** Polls until `probe` is true; false when it is not within `timeoutMs`. */
  async eventually(probe: () => Promise<boolean>, timeoutMs = PATIENCE_MS): Promise<boolean> {
    for (const until = performance.now() + timeoutMs; performance.now() < until; ) {
      if (await probe()) return true;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    return false;
  }

  /**
   * Waits until every replica answers /readyz with 200. Throws with the end of its log when one does not. With
   * `supervised`, one that ends by itself is started again, as an init system would.
   */
  async allReady(supervised = false): Promise<void> {
    await Promise.all(
      this.names.map(async (name) => {
        const ready = await this.eventually(async () => {
          if (supervised) await this.startReplica(name);
          try {
            return (await call(`${this.url(name)}/readyz`, { timeoutMs: STATUS_TIMEOUT_MS })).status === 200;
          } catch {
            return false;
          }
        });
        if (!ready) throw new Error(`${name} is not ready: ${this.lastWords(name).join('\n')}`);
      }),
    );
  }

  readonly #killAll = (): void => {
    for (const { process: child } of this.#members) child?.kill('SIGKILL');
  };

  /** Kills everything, so that nothing writes to the data any more. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#members.map(({ name }) => this.kill(name)));
    this.network.close();
    process.off('exit', this.#killAll);
  }

  /** After `stop`: brings data off the small disk, for who wants to look, and unmounts it. */
  unmount(keep: boolean): void {
    const { disk, smallDiskOf } = this;
    if (disk === undefined || smallDiskOf === undefined) return;
    disk.empty();
    const copy = path.join(this.options.dir, smallDiskOf, 'data-copy');
    if (keep) cpSync(disk.directory, copy, { recursive: true });
    disk.unmount();
  }
}
