import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { FatalError } from '../machinery/assert.js';
import type { NodeId } from '../raft/index.js';
import { LOG_VERSION } from '../store/command.js';
import { StateStore } from '../store/state.js';
import { AppendTimes } from './archive/append-times.js';
import type { LogLevel, ReplicaConfig } from './config.js';
import { Damage } from './damage.js';
import { DISOWNED } from './disown.js';
import { foundingOrigin, openIdentity, originConf, originMembers, type Member } from './identity.js';
import { findOrigin } from './join.js';
import { FORMER_LOG_DIRECTORY, LOG_DIRECTORY, LogStore } from './log.js';
import { DAMAGED, RESEED, reseedIfWanted, STATE_DIRECTORY } from './reseed.js';
import { SnapshotReceiver, STATE_NAME } from './snapshot-receiver.js';
import { newLineage } from './verdict.js';

/** What the replica does when something happens to its files. */
export interface DataEvents {
  readonly onDiskFull: (error: Error | undefined) => void;
  /** Seconds that a durable write of the log took. */
  readonly observeWrite: (seconds: number) => void;
  /** Readers see more of the state. */
  readonly onVisible: () => void;
  /** More of the state is on the disk. */
  readonly onDurable: () => void;
  readonly onFatal: (error: FatalError) => void;
  /** Is it known that the state differs from that of the others? */
  readonly differs: () => boolean;
  readonly say: (level: LogLevel, text: string) => void;
}

/** What is in a data directory, when all of it is open. */
export interface OpenFiles {
  readonly log: LogStore;
  readonly identity: Member;
  readonly receiver: SnapshotReceiver;
  readonly state: StateStore;
  readonly damage: Damage;
  /** When entries were appended that the archive asks for. */
  readonly times: AppendTimes;
  /** The state was taken from the leader at this start. */
  readonly copied: boolean;
}

/** Log, identity and state of one replica: opened in this order, for each says where the next is. */
export class DataFiles {
  readonly #config: ReplicaConfig;
  readonly #events: DataEvents;
  log: LogStore | undefined;
  identity: Member | undefined;
  receiver: SnapshotReceiver | undefined;
  state: StateStore | undefined;
  damage: Damage | undefined;

  constructor(config: ReplicaConfig, events: DataEvents) {
    this.#config = config;
    this.#events = events;
  }

  /** Throws FatalError when the directory cannot be used, or is not whole; what is open by then is to be closed. */
  async open(): Promise<OpenFiles> {
    const config = this.#config;
    const { onDiskFull, onVisible, onDurable, onFatal, observeWrite, say, differs } = this.#events;
    const log = await LogStore.open({
      path: join(config.dataDir, LOG_DIRECTORY),
      formerPath: join(config.dataDir, FORMER_LOG_DIRECTORY),
      stateMeta: () => ({
        index: state.meta.appliedIndex,
        term: state.meta.appliedTerm,
        confState: state.meta.conf,
      }),
      onDiskFull,
      observeWrite,
      unneeded: () => this.#appliedAlone(),
      ...(config.archive === undefined ? {} : { onAppend: (first: number, last: number) => times.note(first, last) }),
      ...(config.unsafeLogDelayMs === undefined ? {} : { delayMs: config.unsafeLogDelayMs }),
    });
    this.log = log;
    const times = new AppendTimes(log.lastIndex());
    checkWhole(config.dataDir, log);
    const disowned = log.getFact(DISOWNED)?.toString();
    if (disowned !== undefined) throw new FatalError(disowned);
    const opened = await openIdentity(log, config.name, (nonce) =>
      findOrigin(config, nonce, (text) => say('info', text)),
    );
    const identity: Member = { ...opened, logVersion: config.unsafeLogVersion ?? LOG_VERSION };
    this.identity = identity;
    this.#warnOfOtherCluster(identity);
    const directory = log.getFact(STATE_DIRECTORY)?.toString() ?? 'state';
    const receiver = await SnapshotReceiver.open({ dataDir: config.dataDir, say }, directory);
    this.receiver = receiver;
    const state = new StateStore({
      path: join(config.dataDir, directory),
      conf: originConf(identity),
      members: originMembers(identity),
      lineage: newLineage(identity.id),
      onVisible,
      onDurable,
      onDiskFull,
      onFatal,
      othersHoldState: () => othersVote(state, identity.id),
      observeCommit: (seconds, rows) => {
        config.observe?.('stateCommitSeconds', seconds);
        config.observe?.('stateCommitRows', rows);
      },
    });
    this.state = state;
    const damage = new Damage({
      hasOthers: () => othersVote(state, identity.id),
      // That the state differs says more, and is not to be forgotten for that.
      wantCopy: () => (differs() ? Promise.resolve() : log.putFact(RESEED, Buffer.from(DAMAGED))),
      say,
    });
    this.damage = damage;
    const wantsCopy = isNoted(log.getFact(RESEED));
    const { dataDir, tls, stopping } = config;
    await reseedIfWanted({ dataDir, identity, tls, log, state, say, stopping });
    const copied = wantsCopy && !isNoted(log.getFact(RESEED));
    if (log.lost !== undefined) await this.#doWithoutLost(log, state);
    const { appliedIndex } = state.meta;
    if (appliedIndex > log.lastIndex() || appliedIndex < log.firstIndex() - 1) {
      const extent = `the log in ${config.dataDir} is from ${log.firstIndex()} to ${log.lastIndex()}`;
      throw new FatalError(`${extent} but the state has applied ${appliedIndex}: ${PART_LOST}`);
    }
    return { log, identity, receiver, state, damage, times, copied };
  }

  /** The last entry that was applied here, where there is no other member to send entries to, and no archive; else 0. */
  #appliedAlone(): number {
    const meta = this.state?.meta;
    return meta === undefined || meta.members.size > 1 || this.#config.archive !== undefined ? 0 : meta.appliedIndex;
  }

  #warnOfOtherCluster({ cluster }: Member): void {
    const { name, initialCluster = [], initialClusterToken, dataDir } = this.#config;
    if (initialCluster.length === 0) return;
    if (foundingOrigin(name, initialCluster, initialClusterToken).cluster === cluster) return;
    this.#events.say(
      'warn',
      `the data directory ${dataDir} is of another cluster than the one that --initial-cluster names; the data ` +
        'directory counts. If that is a mistake, stop this replica at once, and give it the right one.',
    );
  }

  /** What of the log is damaged is only missed by followers that are far behind, where the state holds all that it said. */
  async #doWithoutLost(log: LogStore, state: StateStore): Promise<void> {
    const { lost } = log;
    if (lost === undefined) return;
    // What was found may have been written by a process that was killed before it had synced it.
    await state.sync();
    await log.giveUpLost(state.durableIndex);
    const files = lost.names.length === 0 ? '' : ` (${lost.names.join(', ')} removed)`;
    this.#events.say(
      'error',
      `the Raft log in ${join(this.#config.dataDir, LOG_DIRECTORY)} is damaged: ${lost.reason}. The state holds all that it ` +
        `said, so the log begins behind it, at entry ${lost.last.index + 1}${files}: followers that need more are sent a ` +
        'snapshot. Look after the disk.',
    );
  }
}

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
