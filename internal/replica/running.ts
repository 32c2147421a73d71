import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { FatalError } from '../machinery/assert.js';
import type { NodeId } from '../raft/index.js';
import { LOG_VERSION } from '../store/command.js';
import { messageOf } from '../store/lmdb.js';
import type { CorruptRecordError } from '../store/rows.js';
import { Scrub } from '../store/scrub.js';
import { StateStore } from '../store/state.js';
import type { Backend } from '../store/types.js';
import { AppendTimes } from './archive/append-times.js';
import { Archiver, type ArchiveStatus } from './archive/archiver.js';
import { archiveSource } from './archive/source.js';
import { ReplicaBackend } from './backend.js';
import { callMember } from './calls.js';
import { ClusterClock } from './cluster-clock.js';
import type { LogLevel, PeerTls, ReplicaConfig } from './config.js';
import { Damage } from './damage.js';
import { Driver } from './driver.js';
import { Housekeeping } from './housekeeping.js';
import { type Backup, backupOf } from './backup.js';
import { foundingOrigin, type Identity, openIdentity, originConf, originMembers, type Member } from './identity.js';
import { findOrigin } from './join.js';
import type { DirectoryLock } from './lock.js';
import { FORMER_LOG_DIRECTORY, LOG_DIRECTORY, LogStore } from './log.js';
import { Membership, type MembershipRequest } from './membership.js';
import { DISOWNED, Peers } from './peers.js';
import { Proposals } from './proposals.js';
import { Reads } from './reads.js';
import { DAMAGED, RESEED, reseedIfWanted, STATE_DIRECTORY } from './reseed.js';
import { statusOf } from './status.js';
import { DiskWatch, SLOW_DISK_LIMITS } from './slow-disk.js';
import { SnapshotReceiver, STATE_NAME } from './snapshot-receiver.js';
import { SpaceGuard } from './space.js';
import type { Replica, ReplicaStatus } from './types.js';
import { newLineage } from './verdict.js';
import { DifferingStateError, DISPUTED, Verifier } from './verify.js';

const SEQ_PER_BOOT = 2 ** 32;
const MIB = 1024 * 1024;
/** The leader has changed the membership; the replica that was asked may take so long to see it itself. */
const SEE_CHANGE_MS = 5_000;
/** For the leader's answer to a change of the membership that is passed on to it. */
const FORWARDED_MS = 15_000;
/** How long the note of what is to be done at the next start may take. */
const NOTE_MS = 10_000;
/** How often a founder says that it still waits for others. */
const SAY_AWAITED_MS = 10_000;
/** The whole state is read this often; a pass takes about a minute for each GiB (store/scrub.ts). */
const SCRUB_INTERVAL_MS = 3_600_000;
/** A disk that stays full is told of so often. */
const SAY_FULL_MS = 30_000;

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
  #log: LogStore | undefined;
  #state: StateStore | undefined;
  #parts: Parts | undefined;
  #identity: Identity | undefined;
  #tls: PeerTls | undefined;
  #ticker: NodeJS.Timeout | undefined;
  #peers: Peers | undefined;
  #receiver: SnapshotReceiver | undefined;
  #housekeeping: Housekeeping | undefined;
  #space: SpaceGuard | undefined;
  #damage: Damage | undefined;
  #verifier: Verifier | undefined;
  #scrub: Scrub | undefined;
  #archiver: Archiver | undefined;
  #leaderChanges = 0;
  /** Why the state is not to be served any more; '' while it is. */
  #quarantine = '';
  /** The state is known to be another than the others'. */
  #differs = false;
  /** When it is on disk that a copy is wanted. */
  #noted: Promise<void> | undefined;
  #copied = false;
  #closed = false;

  constructor(config: ReplicaConfig, lock: DirectoryLock) {
    this.#config = config;
    this.#tls = config.tls;
    this.#lock = lock;
  }

  async start(): Promise<void> {
    const config = this.#config;
    let saidAt = -Infinity;
    const onDiskFull = (error: Error | undefined): void => {
      if (error === undefined) this.#say('info', 'the disk takes writes again');
      else {
        // It is tried again every second.
        if (performance.now() > saidAt + SAY_FULL_MS) {
          saidAt = performance.now();
          this.#say('error', `the disk is full (${error.message}); writes wait until space is made on it`);
        }
        space.onFull();
      }
    };
    const space = new SpaceGuard({ dataDir: config.dataDir, say: (level, text) => this.#say(level, text) });
    this.#space = space;
    const disks = new DiskWatch({ ...SLOW_DISK_LIMITS, ...config.slowDisk });
    const log = await LogStore.open({
      path: join(config.dataDir, LOG_DIRECTORY),
      formerPath: join(config.dataDir, FORMER_LOG_DIRECTORY),
      stateMeta: () => ({
        index: state.meta.appliedIndex,
        term: state.meta.appliedTerm,
        confState: state.meta.conf,
      }),
      onDiskFull,
      observeWrite: (seconds) => {
        disks.onWritten(performance.now(), seconds * 1000);
        config.observe?.('logWriteSeconds', seconds);
      },
      ...(config.archive === undefined ? {} : { onAppend: (first: number, last: number) => times.note(first, last) }),
      ...(config.unsafeLogDelayMs === undefined ? {} : { delayMs: config.unsafeLogDelayMs }),
    });
    this.#log = log;
    const times = new AppendTimes(log.lastIndex());
    checkWhole(config.dataDir, log);
    const disowned = log.getFact(DISOWNED)?.toString();
    if (disowned !== undefined) throw new FatalError(disowned);
    const opened = await openIdentity(log, config.name, (nonce) =>
      findOrigin(config, nonce, (text) => this.#say('info', text)),
    );
    const identity: Member = { ...opened, logVersion: config.unsafeLogVersion ?? LOG_VERSION };
    this.#identity = identity;
    const { initialCluster = [] } = config;
    if (
      initialCluster.length > 0 &&
      foundingOrigin(config.name, initialCluster, config.initialClusterToken).cluster !== identity.cluster
    ) {
      this.#say(
        'warn',
        `the data directory ${config.dataDir} is of another cluster than the one that --initial-cluster names; the data ` +
          'directory counts. If that is a mistake, stop this replica at once, and give it the right one.',
      );
    }
    const directory = log.getFact(STATE_DIRECTORY)?.toString() ?? 'state';
    const say = (level: LogLevel, text: string): void => this.#say(level, text);
    const receiver = await SnapshotReceiver.open({ dataDir: config.dataDir, say }, directory);
    this.#receiver = receiver;
    const state = new StateStore({
      path: join(config.dataDir, directory),
      conf: originConf(identity),
      members: originMembers(identity),
      lineage: newLineage(identity.id),
      onVisible: () => {
        // Watchers are told before the writes are answered.
        this.#parts?.backend.announce();
        this.#parts?.driver.onVisible();
      },
      // What waited for memory goes on.
      onDurable: () => this.#parts?.driver.wake(),
      onDiskFull,
      onFatal: (error) => this.#fatal(error),
      othersHoldState: () => othersVote(state, identity.id),
      observeCommit: (seconds, rows) => {
        config.observe?.('stateCommitSeconds', seconds);
        config.observe?.('stateCommitRows', rows);
      },
    });
    this.#state = state;
    const damage = new Damage({
      hasOthers: () => othersVote(state, identity.id),
      // That the state differs says more, and is not to be forgotten for that.
      wantCopy: () => (this.#differs ? Promise.resolve() : log.putFact(RESEED, Buffer.from(DAMAGED))),
      say,
    });
    this.#damage = damage;
    const wantsCopy = isNoted(log.getFact(RESEED));
    const { dataDir, tls, stopping } = config;
    await reseedIfWanted({ dataDir, identity, tls, log, state, say, stopping });
    this.#copied = wantsCopy && !isNoted(log.getFact(RESEED));
    await this.#doWithoutLost(log, state);
    const { appliedIndex } = state.meta;
    if (appliedIndex > log.lastIndex() || appliedIndex < log.firstIndex() - 1) {
      const extent = `the log in ${config.dataDir} is from ${log.firstIndex()} to ${log.lastIndex()}`;
      throw new FatalError(`${extent} but the state has applied ${appliedIndex}: ${PART_LOST}`);
    }
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
            say: (level, text) => this.#say(level, text),
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
      raft: {
        id: identity.id,
        heartbeatTicks: Math.max(1, Math.round((config.heartbeatMs ?? 100) / tickMs)),
        electionTicks: Math.max(2, Math.round((config.electionMs ?? 500) / tickMs)),
        maxSizePerMessageBytes: MIB,
        maxInflightMessages: 256,
        maxInflightBytes: 32 * MIB,
        maxUncommittedBytes: 128 * MIB,
        maxCommittedBytesPerReady: MIB,
        preVote: true,
        checkQuorum: true,
        // Alone there is nobody who could hold something already.
        holdFirstTerm: !identity.joined && identity.members.length > 1,
        applied: state.meta.appliedIndex,
        confState: state.meta.conf,
        ...(log.hardState === undefined ? {} : { hardState: log.hardState }),
      },
      onFatal: (error) => this.#fatal(error),
      onDamagedEntry: (error) => this.#halted(error),
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
      say: (level, text) => this.#say(level, text),
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
      const awaited = now > awaitedAt + SAY_AWAITED_MS ? (peers?.awaited ?? []) : [];
      if (now > awaitedAt + SAY_AWAITED_MS) awaitedAt = now;
      if (awaited.length > 0) {
        this.#say(
          'warn',
          `the cluster begins when all of its founders are connected and empty; missing: ${awaited.join(', ')}`,
        );
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
      onDiverged: (revision) => this.#diverged(revision),
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
      say: (level, text) => this.#say(level, text),
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

  /** What of the log is damaged is only missed by followers that are far behind, where the state holds all that it said. */
  async #doWithoutLost(log: LogStore, state: StateStore): Promise<void> {
    const { lost } = log;
    if (lost === undefined) return;
    // What was found may have been written by a process that was killed before it had synced it.
    await state.sync();
    await log.giveUpLost(state.durableIndex);
    const { dataDir } = this.#config;
    const files = lost.names.length === 0 ? '' : ` (${lost.names.join(', ')} removed)`;
    this.#say(
      'error',
      `the Raft log in ${join(dataDir, LOG_DIRECTORY)} is damaged: ${lost.reason}. The state holds all that it said, so the ` +
        `log begins behind it, at entry ${lost.last.index + 1}${files}: followers that need more are sent a snapshot. ` +
        'Look after the disk.',
    );
  }

  get backend(): Backend {
    return this.#running().backend;
  }

  status(): ReplicaStatus {
    const { driver, proposals, id } = this.#running();
    const state = this.#state;
    if (state === undefined) throw new Error('the replica is closed');
    return statusOf({
      id,
      name: this.#config.name,
      raft: driver.status(),
      state,
      logFirst: this.#log?.firstIndex() ?? 0,
      diskLow: this.#space?.low ?? false,
      damagedRecords: this.#damage?.records ?? 0,
      scrub: this.#scrub?.progress ?? NOT_SCRUBBED,
      failure: this.#quarantine || (this.#damage?.failure ?? ''),
      differences: this.#verifier?.differences ?? 0,
      disputed: this.#verifier?.disputed ?? false,
      copied: this.#copied,
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
    const [state, identity] = [this.#state, this.#identity];
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
    const { driver, id } = this.#running();
    const { role, peers, confState } = driver.status();
    if (role !== 'leader' || this.#verifier?.disputed === true) return undefined;
    const transferees = peers.filter(
      (peer) =>
        peer.id !== id &&
        confState.voters.includes(peer.id) &&
        peer.state !== 'snapshot' &&
        (this.#peers?.reachable(peer.id) ?? false),
    );
    const [transferee] = transferees.sort((a, b) => b.match - a.match);
    if (transferee === undefined) return undefined;
    driver.report((raft) => raft.transferLeader(transferee.id));
    return this.#state?.meta.members.get(transferee.id)?.name ?? String(transferee.id);
  }

  transferLeader(name: string): void {
    const { driver } = this.#running();
    const member = this.status().members.find((m) => m.name === name);
    if (member === undefined) throw new Error(`no member is named ${name}`);
    if (this.#verifier?.disputed === true && driver.leads) throw new Error(DISPUTED);
    const result = driver.raft.transferLeader(member.id);
    if (result === 'noLeader') throw new Error('no leader is known; try again');
    if (result === 'notVoter') throw new Error(`${name} is a learner: it has no vote, and cannot lead`);
    driver.wake();
  }

  async compact(revision: number): Promise<void> {
    await this.#housekeeping?.compactTo(revision);
  }

  #running(): Parts {
    const parts = this.#parts;
    if (parts === undefined) throw new Error('the replica is not running');
    return parts;
  }
  #say(level: LogLevel, text: string): void {
    this.#config.log?.(level, text);
  }

  /**
   * The state is not what the others have: it is served no more, and replaced at the next start. A slow or full disk delays
   * the note of that, and not that it is served no more.
   */
  #diverged(revision: number): void {
    // The leader goes on telling.
    if (this.#quarantine !== '' || this.#closed) return;
    this.#quarantine =
      `the state of this replica differs from that of the others at revision ${revision}. It serves no more until it ` +
      'has taken a copy from the leader, which it does at its next start.';
    this.#differs = true;
    this.#noted = this.#log?.putFact(RESEED, Buffer.from(String(revision)));
    this.#noted?.catch((error: unknown) => this.#say('error', messageOf(error)));
    this.#fatal(new DifferingStateError(this.#quarantine));
  }

  /** The log cannot be applied any further with the state as it is. */
  #halted(error: CorruptRecordError): void {
    if (this.#quarantine !== '' || this.#closed) return;
    this.#quarantine =
      `${error.message}, and the log cannot be applied without it. This replica serves no more until it has taken a copy ` +
      'of the state from the leader, which it does at its next start.';
    this.#damage?.note(error);
    this.#noted = this.#damage?.settled();
    this.#fatal(new DifferingStateError(this.#quarantine));
  }

  /** Waits until it is on disk that a copy is wanted. Throws FatalError when that cannot be noted: then it would be forgotten. */
  async #settleNote(): Promise<void> {
    if (this.#noted === undefined) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error('the disk did not take the note in time')), NOTE_MS);
    });
    try {
      await Promise.race([this.#noted, late]);
    } catch (error) {
      throw new FatalError(
        `${this.#quarantine} That could not be noted on disk (${messageOf(error)}): make space on it, or mend it, before ` +
          'this replica is started again.',
      );
    } finally {
      clearTimeout(timer);
    }
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
    const noted = this.#settleNote();
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
    await this.#receiver?.close();
    try {
      await noted;
    } finally {
      if (this.#noted === undefined) await this.#damage?.settled();
      await this.#state?.close();
      await this.#log?.close();
      this.#lock.release();
    }
  }
}

const NOT_SCRUBBED = { passes: 0, lastRows: 0, lastSeconds: 0, lastRevision: 0, rows: 0 };

/** Are there voters beside this one? They hold the state as well. */
function othersVote(state: StateStore, id: NodeId): boolean {
  return state.meta.conf.voters.some((voter) => voter !== id);
}

const PART_LOST =
  'part of the data directory was lost or mixed with another. Remove this replica from its cluster and join it again with ' +
  'an empty data directory. Only where it is the only replica may the whole directory be restored from a backup.';

/** Is there a wish for a copy of the state? Empty: it was fulfilled. */
function isNoted(wish: Buffer | undefined): boolean {
  return wish !== undefined && wish.length > 0;
}

/** A log that knows nothing beside a state that exists: going on would begin anew, and throw the state away. */
function checkWhole(dataDir: string, log: LogStore): void {
  if (log.getFact('identity') !== undefined) return;
  const state = readdirSync(dataDir).find((name) => STATE_NAME.test(name));
  if (state !== undefined) throw new FatalError(`${dataDir} holds a state (${state}) but an empty log: ${PART_LOST}`);
}
