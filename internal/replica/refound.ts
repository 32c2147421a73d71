import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { FatalError } from '../machinery/assert.js';
import { isThere, makeDirectory } from '../machinery/directory.js';
import type { ConfState } from '../raft/index.js';
import { checkState } from '../store/check.js';
import { type Environment, flushedOf, openEnvironment, openTables } from '../store/lmdb.js';
import { LmdbSnapshot } from '../store/lmdb-snapshot.js';
import { decodeMeta, encodeMeta, hashText, META_KEY, type StateMeta } from '../store/meta.js';
import { StagedState } from '../store/snapshot.js';
import { StateStore } from '../store/state.js';
import { isAddress, isUnspecified } from '../transport/address.js';
import { isMemberName, NAME_RULE } from './config.js';
import { type Identity, newMemberId } from './identity.js';
import { lockDirectory } from './lock.js';
import { FORMER_LOG_DIRECTORY, LOG_DIRECTORY, type LogOptions, LogStore } from './log.js';
import { RESEED, STATE_DIRECTORY } from './reseed.js';
import { SnapshotFile, type SnapshotFileHeader } from './snapshot-file.js';
import { newLineage } from './verdict.js';

/** A cluster of one replica that begins with a state that is there already. */
export interface Refounding {
  readonly dataDir: string;
  /** The replica's --name, and host:port of its --peer-listen as others will reach it. */
  readonly name: string;
  readonly address: string;
  /** How much the revision jumps: beyond every resourceVersion that a client may have seen of what is not in the state. */
  readonly bumpRevision: number;
}

/** What a cluster begins with. */
export interface Refounded {
  readonly revision: number;
  readonly revisionBefore: number;
}

const REVISION_MAX = 2 ** 48 - 1;
const STATE = 'state';
const NOBODY: ConfState = { voters: [], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false };

/** What is to be done with a state that was received, before it is what a cluster begins with; `cluster` is that of the file. */
export type GoOn = (state: StateStore, cluster: number) => Promise<void>;

/**
 * Makes the data directory of a new cluster of one replica from a snapshot file, and from what `goOn` makes of its state.
 * Throws FatalError for a file that is not whole, and for a directory that holds anything; what was made until then is no
 * data directory that a replica starts on.
 */
export async function restoreSnapshot(
  path: string,
  options: Refounding,
  progress: (done: number, total: number) => void,
  goOn?: GoOn,
): Promise<Refounded> {
  checkPlace(options);
  const { dataDir } = options;
  if (existsSync(dataDir) && readdirSync(dataDir).length > 0) {
    throw new FatalError(
      `${dataDir} is not empty: a snapshot is restored into an empty directory only. Move it away, or give another --data-dir.`,
    );
  }
  const file = await SnapshotFile.open(path);
  try {
    makeDirectory(dataDir, 0o700);
    const lock = lockDirectory(dataDir);
    try {
      await receive(path, file, join(dataDir, STATE), progress);
      if (goOn !== undefined) await continued(join(dataDir, STATE), (state) => goOn(state, file.header.cluster));
      return await beginAnew(options, STATE, [file.header.cluster]);
    } finally {
      lock.release();
    }
  } finally {
    await file.close();
  }
}

/**
 * Reads a snapshot file from end to end: checksums, and every table against the others; then does with its state what a
 * restore would. Throws FatalError with what is wrong.
 */
export async function verifySnapshot(
  path: string,
  scratch: string,
  progress: (done: number, total: number) => void,
  goOn?: GoOn,
): Promise<SnapshotFileHeader> {
  const file = await SnapshotFile.open(path);
  try {
    await receive(path, file, scratch, progress);
    if (goOn !== undefined) await continued(scratch, (state) => goOn(state, file.header.cluster));
    return file.header;
  } finally {
    await file.close();
  }
}

async function continued(directory: string, work: (state: StateStore) => Promise<void>): Promise<void> {
  const state = openState(directory);
  try {
    await work(state);
  } finally {
    await state.close();
  }
}

/** Brings the rows of a snapshot file into an environment, and holds them against what they must be. */
async function receive(
  path: string,
  file: SnapshotFile,
  directory: string,
  progress: (done: number, total: number) => void,
): Promise<void> {
  const staged = new StagedState(directory);
  try {
    for await (const chunk of file.chunks()) {
      await staged.add(chunk);
      progress(file.position, file.size);
    }
    await staged.finish();
  } catch (error) {
    await staged.discard();
    // What cannot be read as rows is damage, which the checksum at the end would have told as well; a disk has a code.
    if (error instanceof FatalError || !(error instanceof Error) || 'code' in error) throw error;
    throw new FatalError(
      `the snapshot ${path} cannot be used: it is damaged (${error.message.replace(/^the snapshot cannot be used: /, '')}). Take another one.`,
    );
  }
  const environment = openEnvironment({ path: directory, overlappingSync: true });
  const snapshot = new LmdbSnapshot(environment, openTables(environment));
  const problems: string[] = [];
  try {
    const meta = metaOf(snapshot);
    checkState(snapshot, meta, (problem) => void problems.push(problem));
    if (hashText(meta) !== file.header.stateHash) problems.push('its state is not the one that its header tells of');
  } finally {
    snapshot.release();
    await environment.close();
  }
  if (problems.length > 0) throw new FatalError(`the snapshot ${path} is damaged: ${problems.slice(0, 5).join('; ')}`);
}

function metaOf(snapshot: LmdbSnapshot): StateMeta {
  const row = snapshot.get('meta', META_KEY);
  if (row === undefined) throw new FatalError('the state says nothing of itself: it is no whole state');
  return decodeMeta(row);
}

/** What a recovery would begin with, and what may be missing in it. */
export interface RecoveryPlan {
  readonly name: string;
  readonly address: string;
  readonly revision: number;
  readonly applied: number;
  /** Entries behind the applied ones: they are kept, whether or not they were ever acknowledged. */
  readonly kept: number;
  readonly lastTerm: number;
  readonly otherMembers: readonly { readonly name: string; readonly address: string; readonly learner: boolean }[];
  /** Why the state here should not be believed; '' when there is no reason. */
  readonly doubt: string;
}

/** Reads what a stopped member holds. Throws FatalError where no cluster can begin with it. */
export async function planRecovery(dataDir: string): Promise<RecoveryPlan> {
  return withMember(dataDir, (member) => Promise.resolve(planOf(member)));
}

/**
 * Turns a stopped member's data directory into that of a new cluster of this one replica: everything in its log is applied,
 * whoever was a member before is turned away for good. Throws FatalError.
 */
export async function recover(dataDir: string, bumpRevision: number): Promise<Refounded> {
  return withMember(dataDir, async (member) => {
    const { log, state, identity } = member;
    const plan = planOf(member);
    const options = { dataDir, name: plan.name, address: plan.address, bumpRevision };
    checkPlace(options);
    await applyAll(log, state);
    const directory = log.getFact(STATE_DIRECTORY)?.toString() ?? STATE;
    await state.close();
    return beginAnew(options, directory, [...(identity.former ?? []), identity.cluster], log);
  });
}

interface StoppedMember {
  readonly log: LogStore;
  readonly state: StateStore;
  readonly identity: Identity;
}

async function withMember<T>(dataDir: string, work: (member: StoppedMember) => Promise<T>): Promise<T> {
  if (![LOG_DIRECTORY, FORMER_LOG_DIRECTORY].some((name) => isThere(join(dataDir, name))))
    throw new FatalError(`${dataDir} holds no replica's data. Check --data-dir.`);
  const lock = lockDirectory(dataDir);
  try {
    const log = await LogStore.open(logOptions(dataDir));
    try {
      const stored = log.getFact('identity');
      if (stored === undefined)
        throw new FatalError(`${dataDir} belongs to no member yet: there is nothing to recover in it.`);
      const state = openState(join(dataDir, log.getFact(STATE_DIRECTORY)?.toString() ?? STATE));
      try {
        log.checkLost(state.meta.appliedIndex);
        return await work({ log, state, identity: JSON.parse(stored.toString()) as Identity });
      } finally {
        await state.close();
      }
    } finally {
      await log.close();
    }
  } finally {
    lock.release();
  }
}

const nothing = (): void => undefined;
const logOptions = (dataDir: string): LogOptions => ({
  path: join(dataDir, LOG_DIRECTORY),
  formerPath: join(dataDir, FORMER_LOG_DIRECTORY),
  stateMeta: () => ({ index: 0, term: 0, confState: NOBODY }),
  onDiskFull: nothing,
});

function openState(path: string): StateStore {
  return new StateStore({
    path,
    conf: NOBODY,
    members: new Map(),
    onVisible: nothing,
    onDurable: nothing,
    onDiskFull: (error) => {
      throw new FatalError(`the disk is full (${error?.message ?? ''}): make space, and run this again`);
    },
    onFatal: (error) => {
      throw error;
    },
  });
}

function planOf({ log, state, identity }: StoppedMember): RecoveryPlan {
  const { meta } = state;
  const own = meta.members.get(identity.id);
  const wish = log.getFact(RESEED);
  const { appliedIndex } = meta;
  if (appliedIndex > log.lastIndex() || appliedIndex < log.firstIndex() - 1) {
    throw new FatalError(
      `the log is from ${log.firstIndex()} to ${log.lastIndex()}, but the state has applied ${appliedIndex}: part of the data directory was lost. Recover another member, or restore a snapshot.`,
    );
  }
  return {
    name: identity.name,
    address: own?.address ?? identity.members.find(([id]) => id === identity.id)?.[2] ?? '',
    revision: meta.revision,
    applied: meta.appliedIndex,
    kept: log.lastIndex() - appliedIndex,
    lastTerm: log.term(log.lastIndex()) ?? 0,
    otherMembers: [...meta.members]
      .filter(([id]) => id !== identity.id)
      .map(([id, { name, address }]) => ({ name, address, learner: meta.conf.learners.includes(id) })),
    doubt:
      wish !== undefined && wish.length > 0
        ? 'its state was found to be damaged, or another than that of the others'
        : '',
  };
}

/** Applies what the log holds; changes of the membership count for nothing any more. */
async function applyAll(log: LogStore, state: StateStore): Promise<void> {
  const { conf, members } = state.meta;
  for (let index = state.meta.appliedIndex + 1; index <= log.lastIndex(); index++) {
    const [entry] = log.entries(index, index + 1, Number.POSITIVE_INFINITY);
    if (entry === undefined)
      throw new FatalError(`entry ${index} of the log is missing. Recover another member, or restore a snapshot.`);
    if (entry.type === 'confChange') state.applyConfChange(index, entry.term, conf, members);
    else state.applyEntry(index, entry.term, entry.data);
    if (index % 256 === 0) {
      state.commit();
      await state.whenCommitted();
    }
  }
  state.commit();
  await state.whenCommitted();
}

/** Throws FatalError for a name or an address that no member may have. */
function checkPlace({ name, address, bumpRevision }: Refounding): void {
  if (!isMemberName(name)) throw new FatalError(`--name ${JSON.stringify(name)} ${NAME_RULE}.`);
  if (!isAddress(address) || isUnspecified(address)) {
    throw new FatalError(
      `${JSON.stringify(address)} is no address that others can reach this member at: write e.g. --peer-address 10.0.0.1:2380.`,
    );
  }
  if (!Number.isInteger(bumpRevision) || bumpRevision < 1)
    throw new FatalError('--bump-revision must be a positive whole number: a resourceVersion must never come twice');
}

/**
 * The state becomes that of a new cluster: a new name of the cluster, a new member id and data directory, a revision that no
 * client has seen, and no history, so that every watch from before is told 410 and its client lists anew. The identity is
 * written last: until then the directory is started on by nobody.
 */
async function beginAnew(
  options: Refounding,
  directory: string,
  former: readonly number[],
  log?: LogStore,
): Promise<Refounded> {
  const { dataDir, name, address, bumpRevision } = options;
  const environment = openEnvironment({ path: join(dataDir, directory), overlappingSync: true });
  let meta: StateMeta;
  let refounded: Refounded;
  const nonce = randomBytes(16).toString('hex');
  let id: number;
  try {
    const tables = openTables(environment);
    const snapshot = new LmdbSnapshot(environment, tables);
    const before = metaOf(snapshot);
    snapshot.release();
    const revision = before.revision + bumpRevision;
    if (revision > REVISION_MAX)
      throw new FatalError(`--bump-revision ${bumpRevision} is too much: revisions end at ${REVISION_MAX}`);
    id = newMemberId((used) => before.members.has(used) || before.removed.has(used));
    meta = {
      ...before,
      revision,
      compactRevision: revision,
      sums: { ...before.sums, historyA: 0, historyB: 0 },
      conf: { ...NOBODY, voters: [id] },
      members: new Map([[id, { name, address, nonce }]]),
      sessions: new Map(),
      removed: new Set([...before.removed, ...before.members.keys()]),
      lineage: newLineage(id),
    };
    refounded = { revision, revisionBefore: before.revision };
    await tables.past.clearAsync();
    await tables.events.clearAsync();
    await written(environment, () => void tables.meta.put(META_KEY, encodeMeta(meta)));
  } finally {
    await environment.close();
  }
  const identity: Identity & { version: 1 } = {
    version: 1,
    id,
    cluster: randomBytes(6).readUIntBE(0, 6) || 1,
    members: [[id, name, address]],
    joined: false,
    name,
    boots: 0,
    nonce,
    starts: [],
    former,
  };
  const store = log ?? (await LogStore.open(logOptions(dataDir)));
  try {
    const { appliedIndex: index, appliedTerm: term } = meta;
    const hardState = { term: Math.max(term, store.hardState?.term ?? 0), vote: 0, commit: index };
    await store.reset({ index, term, confState: meta.conf }, hardState, {
      identity: Buffer.from(JSON.stringify(identity)),
      [STATE_DIRECTORY]: Buffer.from(directory),
      [RESEED]: Buffer.alloc(0),
    });
  } finally {
    if (log === undefined) await store.close();
  }
  return refounded;
}

async function written(environment: Environment, write: () => void): Promise<void> {
  const committed = environment.batch(write);
  await flushedOf(committed);
}
