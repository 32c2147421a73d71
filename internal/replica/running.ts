import type { FatalError } from '../machinery/assert.js';
import type { NodeId } from '../raft/index.js';
import { messageOf } from '../store/lmdb.js';
import { Scrub } from '../store/scrub.js';
import type { Backend } from '../store/types.js';
import { Archiver, type ArchiveStatus } from './archive/archiver.js';
import { archiveSource } from './archive/source.js';
import { AwaitedFounders } from './awaited.js';
import { ReplicaBackend } from './backend.js';
import { callMember } from './calls.js';
import { carryOut } from './carry-out.js';
import { ClusterClock } from './cluster-clock.js';
import { addressOf, amountsOf, type LogLevel, type PeerTls, type ReplicaConfig } from './config.js';
import { DataFiles, type OpenFiles } from './data-files.js';
import { Driver } from './driver.js';
import { Housekeeping } from './housekeeping.js';
import { type Backup, backupOf } from './backup.js';
import { handOver, transferLeader } from './leadership.js';
import type { DirectoryLock } from './lock.js';
import { Membership } from './membership.js';
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
/** For the leader's answer to a change of the membership that is passed on to it. */
const FORWARDED_MS = 15_000;

interface Parts {
  readonly files: OpenFiles;
  readonly driver: Driver;
  readonly proposals: Proposals;
  readonly reads: Reads;
  readonly backend: ReplicaBackend;
  readonly membership: Membership;
  readonly verifier: Verifier;
  readonly housekeeping: Housekeeping;
  readonly scrub: Scrub;
  readonly space: SpaceGuard;
  /** Absent where this replica listens for no others. */
  readonly peers: Peers | undefined;
  /** Is there a connection to this member? */
  readonly reachable: (id: NodeId) => boolean;
  readonly id: NodeId;
}

/** The parts of one replica, wired together. */
export class RunningReplica implements Replica {
  readonly #config: ReplicaConfig;
  readonly #lock: DirectoryLock;
  #data: DataFiles | undefined;
  #space: SpaceGuard | undefined;
  /** When all is wired, before anything moves. */
  #parts: Parts | undefined;
  /** What ends the work of the parts that there are by now; each may be called again. */
  readonly #stops: ((reason: string) => void)[] = [];
  #tls: PeerTls | undefined;
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
      noteDiffering: (revision) => this.#running().files.log.putFact(RESEED, Buffer.from(String(revision))),
      noteDamage: (error) => {
        const { damage } = this.#running().files;
        damage.note(error);
        return damage.settled();
      },
      onFatal: (error) => this.#fatal(error),
      say: this.#say,
    });
  }

  async start(): Promise<void> {
    const config = this.#config;
    const amounts = amountsOf(config);
    const say = this.#say;
    const space = (this.#space = new SpaceGuard({ dataDir: config.dataDir, say }));
    this.#stops.push(() => space.stop());
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
    const files = await this.#data.open();
    const { log, identity, receiver, state, damage, times } = files;
    const peers =
      config.peerListen === undefined
        ? undefined
        : new Peers({
            identity,
            receiver,
            listen: config.peerListen,
            address: addressOf(config, config.peerListen, identity),
            tls: config.tls,
            log,
            state,
            space,
            onFatal: (error) => this.#fatal(error),
            onCorrupt: (error) => damage.note(error),
            say,
          });
    const reachable = (id: NodeId): boolean => peers?.reachable(id) ?? false;
    const driver = new Driver({
      id: identity.id,
      log,
      state,
      outbox: peers ?? { send: () => undefined, setMembers: () => undefined },
      installer: peers,
      disks,
      ...(config.unsafeLogVersion === undefined ? {} : { knows: config.unsafeLogVersion }),
      raft: raftConfigOf(amounts, { identity, log, state }),
      onFatal: (error) => this.#fatal(error),
      onDamagedEntry: (error) => {
        if (!this.#closed) this.#quarantine.halted(error);
      },
      onLeader: (leader, term) => {
        if (leader !== 0) this.#leaderChanges++;
        const name = state.meta.members.get(leader)?.name ?? '';
        this.#say('info', leader === 0 ? `no leader in term ${term}` : `${name} leads in term ${term}`);
        peers?.onLeader();
        void housekeeping.raiseVersion().catch(() => undefined); // Tried again every second.
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
      release: config.releaseRead,
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
      reachable,
      call: (id, address, payload) => callMember(address, this.#tls, payload, FORWARDED_MS, { self: identity, to: id }),
      confirm: (timeoutMs) => reads.wait(timeoutMs),
      say,
    });
    const backend = new ReplicaBackend({
      state,
      driver,
      proposals,
      reads,
      ...amounts,
      onCorrupt: (error) => damage.note(error),
      space,
    });
    const verifier = new Verifier({
      id: identity.id,
      state,
      ask: (id, payload) => (peers === undefined ? Promise.reject(new Error('no peers')) : peers.ask(id, payload)),
      onDiverged: (revision) => {
        if (!this.#closed) this.#quarantine.diverged(revision);
      },
      say,
    });
    const housekeeping = new Housekeeping({
      id: identity.id,
      driver,
      state,
      log,
      proposals,
      membership,
      verifier,
      clock,
      reachable,
      logVersionOf: (id) => (id === identity.id ? identity.logVersion : peers?.logVersionOf(id)),
      snapshotFor: (id) => peers?.snapshotFor(id),
      compactionIntervalMs: amounts.compactionIntervalMs,
      space,
      disks,
      hasSpace: (id) => peers?.hasSpace(id) ?? Promise.resolve(false),
      damaged: () => damage.failure !== undefined,
      keepEntries: amounts.logKeepEntries,
      say,
    });
    const scrub = new Scrub({
      state,
      intervalMs: amounts.scrubIntervalMs,
      onCorrupt: (error) => damage.note(error),
      onBrokenOff: (error) => say('warn', `the state could not be read to its end: ${messageOf(error)}`),
    });
    this.#parts = {
      files,
      driver,
      proposals,
      reads,
      backend,
      membership,
      verifier,
      housekeeping,
      scrub,
      space,
      peers,
      reachable,
      id: identity.id,
    };
    const founders = new AwaitedFounders(() => peers?.awaited ?? [], say, performance.now());
    const ticker = setInterval(() => {
      const now = performance.now();
      founders.observe(now);
      clock.observe();
      proposals.expire(now);
      proposals.resend(driver.leader !== identity.id);
      reads.expire(now);
      driver.tick();
    }, amounts.tickMs);
    this.#stops.push(
      () => clearInterval(ticker),
      () => housekeeping.stop(),
      () => scrub.stop(),
      () => driver.stop(),
      (reason) => proposals.close(reason),
      (reason) => reads.close(reason),
    );
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
    const { files, driver, proposals, verifier, housekeeping, scrub, space, reachable, id } = this.#running();
    return statusOf({
      id,
      name: this.#config.name,
      raft: driver.status(),
      state: files.state,
      logFirst: files.log.firstIndex(),
      diskLow: space.low,
      damagedRecords: files.damage.records,
      scrub: scrub.progress,
      failure: this.#quarantine.reason || (files.damage.failure ?? ''),
      differences: verifier.differences,
      disputed: verifier.disputed,
      copied: files.copied,
      leaderChanges: this.#leaderChanges,
      handOvers: housekeeping.handOvers,
      proposalsInFlight: proposals.inFlight,
      connected: (member) => member === id || reachable(member),
    });
  }

  async ready(): Promise<void> {
    const { reads, driver } = this.#running();
    if (driver.soleLeader) return;
    // However long it takes: at a start, elections that follow each other are no reason to give up.
    await reads.wait(2 ** 31 - 1);
  }

  replaceTls(tls: PeerTls): void {
    this.#running().peers?.replaceTls(tls);
    this.#tls = tls;
  }
  async backup(): Promise<Backup> {
    const { reads, files, verifier } = this.#running();
    // All that was acknowledged when it was asked for is in it.
    await reads.wait(amountsOf(this.#config).readTimeoutMs);
    return backupOf(files.state, files.identity, verifier.disputed);
  }

  archive(): ArchiveStatus | undefined {
    return this.#archiver?.status;
  }
  addMember(name: string, address: string): Promise<void> {
    return this.#carryOut({ op: 'add', name, address });
  }
  promoteMember(name: string): Promise<void> {
    return this.#carryOut({ op: 'promote', name });
  }
  removeMember(name: string): Promise<void> {
    return this.#carryOut({ op: 'remove', name });
  }
  async #carryOut(request: Parameters<typeof carryOut>[0]): Promise<void> {
    const { membership, reads, id } = this.#running();
    await carryOut(request, {
      ask: (wish) => membership.ask(wish),
      confirm: (timeoutMs) => reads.wait(timeoutMs),
      isOwn: request.name === this.#config.name || request.name === String(id),
      say: this.#say,
    });
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
    const { files, driver, verifier, reachable, id } = this.#running();
    return {
      id,
      driver,
      disputed: verifier.disputed,
      reachable,
      nameOf: (member) => files.state.meta.members.get(member)?.name ?? String(member),
    };
  }

  async compact(revision: number): Promise<void> {
    await this.#running().housekeeping.compactTo(revision);
  }

  #running(): Parts {
    const parts = this.#parts;
    if (parts === undefined) throw new Error('the replica is not running');
    return parts;
  }

  #fatal(error: FatalError): void {
    this.#say('error', error.message);
    this.#archiver?.halt();
    for (const stop of this.#stops) stop('this replica has stopped');
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
    for (const stop of this.#stops) stop('this replica is shutting down');
    await this.#parts?.peers?.close();
    await this.#data?.receiver?.close();
    try {
      await noted;
    } finally {
      if (!this.#quarantine.isNoted) await this.#data?.damage?.settled();
      await this.#data?.state?.close();
      await this.#data?.log?.close();
      await this.#space?.settled();
      this.#lock.release();
    }
  }
}
