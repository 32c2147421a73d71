import type { FatalError } from '../machinery/assert.js';
import type { NodeId } from '../raft/index.js';
import { messageOf } from '../store/lmdb.js';
import { Scrub } from '../store/scrub.js';
import type { Backend } from '../store/types.js';
import { Archiver, type ArchiveStatus } from './archive/archiver.js';
import { archiveSource } from './archive/source.js';
import { ReplicaBackend } from './backend.js';
import { callMember } from './calls.js';
import { ClusterClock } from './cluster-clock.js';
import type { LogLevel, PeerTls, ReplicaConfig } from './config.js';
import { DataFiles } from './data-files.js';
import { Driver } from './driver.js';
import { Housekeeping } from './housekeeping.js';
import { type Backup, backupOf } from './backup.js';
import { handOver, transferLeader } from './leadership.js';
import type { DirectoryLock } from './lock.js';
import { Membership, type MembershipRequest } from './membership.js';
import { Peers } from './peers.js';
import { Proposals } from './proposals.js';
import { Quarantine } from './quarantine.js';
import { raftConfigOf } from './raft-config.js';
import { Reads } from './reads.js';
import { RESEED } from './reseed.js';
import { statusOf } from './status.js';
import { DiskWatch, SLOW_DISK_LIMITS } from './slow-disk.js';
import { SpaceGuard } from './space.js';
import type { Replica, ReplicaStatus } from './types.js';
import { Verifier } from './verify.js';

const SEQ_PER_BOOT = 2 ** 32;
/** The leader has changed the membership; the replica that was asked may take so long to see it itself. */
const SEE_CHANGE_MS = 5_000;
/** For the leader's answer to a change of the membership that is passed on to it. */
const FORWARDED_MS = 15_000;
/** How often a founder says that it still waits for others. */
const SAY_AWAITED_MS = 10_000;
const FOUNDERS_MISSING = 'the cluster begins when all of its founders are connected and empty; missing';
/** The whole state is read this often; a pass takes about a minute for each GiB (store/scrub.ts). */
const SCRUB_INTERVAL_MS = 3_600_000;

interface Parts {
  readonly driver: Driver;
  readonly proposals: Proposals;
  readonly reads: Reads;
  readonly backend: ReplicaBackend;
  readonly membership: Membership;
  readonly id: NodeId;
}

/** The parts of one replica, wired together. */
export class RunningReplica implements Replica {
  readonly #config: ReplicaConfig;
  readonly #lock: DirectoryLock;
  #data: DataFiles | undefined;
  #parts: Parts | undefined;
  #tls: PeerTls | undefined;
  #ticker: NodeJS.Timeout | undefined;
  #peers: Peers | undefined;
  #housekeeping: Housekeeping | undefined;
  #space: SpaceGuard | undefined;
  #verifier: Verifier | undefined;
  #scrub: Scrub | undefined;
  #archiver: Archiver | undefined;
  #leaderChanges = 0;
  readonly #quarantine: Quarantine;
  #closed = false;
  readonly #say = (level: LogLevel, text: string): void => this.#config.log?.(level, text);

  constructor(config: ReplicaConfig, lock: DirectoryLock) {
    this.#config = config;
    this.#tls = config.tls;
    this.#lock = lock;
    this.#quarantine = new Quarantine({
      noteDiffering: (revision) => this.#data?.log?.putFact(RESEED, Buffer.from(String(revision))) ?? Promise.resolve(),
      noteDamage: (error) => {
        this.#data?.damage?.note(error);
        return this.#data?.damage?.settled() ?? Promise.resolve();
      },
      onFatal: (error) => this.#fatal(error),
      say: this.#say,
    });
  }

  async start(): Promise<void> {
    const config = this.#config;
    const say = this.#say;
    const space = new SpaceGuard({ dataDir: config.dataDir, say });
    this.#space = space;
    const disks = new DiskWatch({ ...SLOW_DISK_LIMITS, ...config.slowDisk });
    this.#data = new DataFiles(config, {
      onDiskFull: (error) => space.onDiskFull(error),
      observeWrite: (seconds) => {
        disks.onWritten(performance.now(), seconds * 1000);
        config.observe?.('logWriteSeconds', seconds);
      },
      onVisible: () => {
        // Watchers are told before the writes are answered.
        this.#parts?.backend.announce();
        this.#parts?.driver.onVisible();
      },
      // What waited for memory goes on.
      onDurable: () => this.#parts?.driver.wake(),
      onFatal: (error) => this.#fatal(error),
      differs: () => this.#quarantine.differs,
      say,
    });
    const { log, identity, receiver, state, damage, times } = await this.#data.open();
    const peers =
      config.peerListen === undefined
        ? undefined
        : new Peers({
            identity,
            receiver,
            listen: config.peerListen,
            address:
              config.peerAddress ?? identity.members.find(([id]) => id === identity.id)?.[2] ?? config.peerListen,
            tls: config.tls,
            log,
            state,
            space,
            onFatal: (error) => this.#fatal(error),
            onCorrupt: (error) => damage.note(error),
            say,
          });
    this.#peers = peers;
    const tickMs = config.tickMs ?? 50;
    const driver = new Driver({
      id: identity.id,
      log,
      state,
      outbox: peers ?? { send: () => undefined, setMembers: () => undefined },
      installer: peers,
      disks,
      ...(config.unsafeLogVersion === undefined ? {} : { knows: config.unsafeLogVersion }),
      raft: raftConfigOf(config, tickMs, { identity, log, state }),
      onFatal: (error) => this.#fatal(error),
      onDamagedEntry: (error) => {
        if (!this.#closed) this.#quarantine.halted(error);
      },
      onLeader: (leader, term) => {
        if (leader !== 0) this.#leaderChanges++;
        const name = state.meta.members.get(leader)?.name ?? '';
        this.#say('info', leader === 0 ? `no leader in term ${term}` : `${name} leads in term ${term}`);
        peers?.onLeader();
        void this.#housekeeping?.raiseVersion().catch(() => undefined); // Tried again every second.
      },
      onConfChange: (request) => membership.onApplied(request),
      onConfChangeRefused: (refusal) => membership.onRefused(refusal),
    });
    const clock = new ClusterClock(() => state.meta.clock);
    const proposals = new Proposals({
      proposer: identity.id,
      seq: identity.boots * SEQ_PER_BOOT,
      now: () => clock.now(),
      propose: (payload, context) => driver.raft.propose([payload], context),
      wake: driver.wake,
    });
    const reads = new Reads({
      prefix: `${identity.id}.${identity.boots}`,
      readIndex: (context) => driver.raft.readIndex(context),
      visibleIndex: () => state.visible.appliedIndex,
      wake: driver.wake,
    });
    driver.attach(proposals, reads);
    const membership = new Membership({
      driver,
      state,
      id: identity.id,
      cluster: identity.cluster,
      former: identity.former,
      prefix: `${identity.id}.${identity.boots}`,
      nonceOf: (id) => (id === identity.id ? identity.nonce : peers?.nonceOf(id)),
      reachable: (id) => peers?.reachable(id) ?? false,
      call: (id, address, payload) => callMember(address, this.#tls, payload, FORWARDED_MS, { self: identity, to: id }),
      say,
    });
    const backend = new ReplicaBackend({
      state,
      driver,
      proposals,
      reads,
      txnTimeoutMs: config.txnTimeoutMs ?? 10_000,
      readTimeoutMs: config.readTimeoutMs ?? 5_000,
      onCorrupt: (error) => damage.note(error),
      space,
    });
    this.#parts = { driver, proposals, reads, backend, membership, id: identity.id };
    let awaitedAt = performance.now();
    this.#ticker = setInterval(() => {
      const now = performance.now();
      if (now > awaitedAt + SAY_AWAITED_MS) {
        awaitedAt = now;
        const awaited = peers?.awaited ?? [];
        if (awaited.length > 0) say('warn', `${FOUNDERS_MISSING}: ${awaited.join(', ')}`);
      }
      clock.observe();
      proposals.expire(now);
      proposals.resend(driver.leader !== identity.id);
      reads.expire(now);
      driver.tick();
    }, tickMs);
    const verifier = new Verifier({
      id: identity.id,
      state,
      ask: (id, payload) => (peers === undefined ? Promise.reject(new Error('no peers')) : peers.ask(id, payload)),
      onDiverged: (revision) => {
        if (!this.#closed) this.#quarantine.diverged(revision);
      },
      say,
    });
    this.#verifier = verifier;
    const housekeeping = new Housekeeping({
      id: identity.id,
      driver,
      state,
      log,
      proposals,
      membership,
      verifier,
      clock,
      reachable: (id) => peers?.reachable(id) ?? false,
      logVersionOf: (id) => (id === identity.id ? identity.logVersion : peers?.logVersionOf(id)),
      snapshotFor: (id) => peers?.snapshotFor(id),
      compactionIntervalMs: config.compactionIntervalMs ?? 300_000,
      space,
      disks,
      hasSpace: (id) => peers?.hasSpace(id) ?? Promise.resolve(false),
      damaged: () => damage.failure !== undefined,
      keepEntries: config.logKeepEntries ?? 100_000,
      say,
    });
    this.#housekeeping = housekeeping;
    const scrub = new Scrub({
      state,
      intervalMs: config.scrubIntervalMs ?? SCRUB_INTERVAL_MS,
      onCorrupt: (error) => damage.note(error),
      onBrokenOff: (error) => say('warn', `the state could not be read to its end: ${messageOf(error)}`),
    });
    this.#scrub = scrub;
    await peers?.start(driver, membership, verifier);
    scrub.start();
    housekeeping.start();
    if (config.archive !== undefined) {
      const { name: member, cluster } = identity;
      const source = archiveSource({ member, cluster, driver, log, state, times, backup: () => this.backup(), say });
      this.#archiver = new Archiver(source, config.archive);
      this.#archiver.start();
    }
    driver.tick();
  }

  get backend(): Backend {
    return this.#running().backend;
  }
  get leads(): boolean {
    return this.#running().driver.raft.role === 'leader';
  }
  status(): ReplicaStatus {
    const { driver, proposals, id } = this.#running();
    const state = this.#data?.state;
    if (state === undefined) throw new Error('the replica is closed');
    return statusOf({
      id,
      name: this.#config.name,
      raft: driver.status(),
      state,
      logFirst: this.#data?.log?.firstIndex() ?? 0,
      diskLow: this.#space?.low ?? false,
      damagedRecords: this.#data?.damage?.records ?? 0,
      scrub: this.#scrub?.progress ?? NOT_SCRUBBED,
      failure: this.#quarantine.reason || (this.#data?.damage?.failure ?? ''),
      differences: this.#verifier?.differences ?? 0,
      disputed: this.#verifier?.disputed ?? false,
      copied: this.#data?.copied ?? false,
      leaderChanges: this.#leaderChanges,
      handOvers: this.#housekeeping?.handOvers ?? 0,
      proposalsInFlight: proposals.inFlight,
      connected: (member) => member === id || (this.#peers?.reachable(member) ?? false),
    });
  }

  async ready(): Promise<void> {
    const { reads } = this.#running();
    if (this.#parts?.driver.soleLeader === true) return;
    // However long it takes: at a start, elections that follow each other are no reason to give up.
    await reads.wait(2 ** 31 - 1);
  }

  replaceTls(tls: PeerTls): void {
    this.#peers?.replaceTls(tls);
    this.#tls = tls;
  }
  async backup(): Promise<Backup> {
    const { reads } = this.#running();
    // All that was acknowledged when it was asked for is in it.
    await reads.wait(this.#config.readTimeoutMs ?? 5_000);
    const [state, identity] = [this.#data?.state, this.#data?.identity];
    if (state === undefined || identity === undefined) throw new Error('the replica is closed');
    return backupOf(state, identity, this.#verifier?.disputed ?? false);
  }

  archive(): ArchiveStatus | undefined {
    return this.#archiver?.status;
  }

  async addMember(name: string, address: string): Promise<void> {
    await this.#ask({ op: 'add', name, address });
  }
  async promoteMember(name: string): Promise<void> {
    await this.#ask({ op: 'promote', name });
  }
  async removeMember(name: string): Promise<void> {
    await this.#ask({ op: 'remove', name });
  }
  async #ask(request: MembershipRequest): Promise<void> {
    const { membership, reads, id } = this.#running();
    await membership.ask(request);
    // Who removes itself stops, and sees nothing of it.
    if (request.op === 'remove' && (request.name === this.#config.name || request.name === String(id))) return;
    try {
      await reads.wait(SEE_CHANGE_MS);
    } catch (error) {
      this.#say('debug', `the change of the membership is done, but not seen here yet: ${messageOf(error)}`);
    }
  }

  handOver(): string | undefined {
    return handOver(this.#leadership());
  }
  transferLeader(name: string): void {
    const member = this.status().members.find((m) => m.name === name);
    if (member === undefined) throw new Error(`no member is named ${name}`);
    transferLeader(this.#leadership(), member);
  }

  #leadership(): Parameters<typeof handOver>[0] {
    const { driver, id } = this.#running();
    return {
      id,
      driver,
      disputed: this.#verifier?.disputed === true,
      reachable: (member) => this.#peers?.reachable(member) ?? false,
      nameOf: (member) => this.#data?.state?.meta.members.get(member)?.name ?? String(member),
    };
  }

  async compact(revision: number): Promise<void> {
    await this.#housekeeping?.compactTo(revision);
  }

  #running(): Parts {
    const parts = this.#parts;
    if (parts === undefined) throw new Error('the replica is not running');
    return parts;
  }

  #fatal(error: FatalError): void {
    this.#say('error', error.message);
    this.#archiver?.halt();
    clearInterval(this.#ticker);
    this.#housekeeping?.stop();
    this.#scrub?.stop();
    this.#space?.stop();
    this.#parts?.driver.stop();
    this.#parts?.proposals.close('this replica has stopped');
    this.#parts?.reads.close('this replica has stopped');
    if (this.#config.onFatal === undefined) throw error;
    this.#config.onFatal(error);
  }

  /** Throws FatalError, when all is closed, if what is to be done at the next start could not be noted. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const noted = this.#quarantine.settle();
    noted.catch(() => undefined); // Heard below.
    // What was acknowledged until now is in it, where the disk takes it.
    await this.#archiver?.stop();
    clearInterval(this.#ticker);
    this.#housekeeping?.stop();
    this.#scrub?.stop();
    this.#space?.stop();
    this.#parts?.driver.stop();
    this.#parts?.proposals.close('this replica is shutting down');
    this.#parts?.reads.close('this replica is shutting down');
    await this.#peers?.close();
    await this.#data?.receiver?.close();
    try {
      await noted;
    } finally {
      if (!this.#quarantine.isNoted) await this.#data?.damage?.settled();
      await this.#data?.state?.close();
      await this.#data?.log?.close();
      this.#lock.release();
    }
  }
}

const NOT_SCRUBBED = { passes: 0, lastRows: 0, lastSeconds: 0, lastRevision: 0, rows: 0 };
