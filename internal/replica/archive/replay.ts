import { FatalError } from '../../machinery/assert.js';
import type { Entry } from '../../raft/index.js';
import { decodeProposal } from '../../store/command.js';
import { stateHashOf } from '../../store/meta.js';
import type { StateStore } from '../../store/state.js';
import { decodeLogPiece } from './log-piece.js';
import type { ArchivedLog } from './names.js';
import type { RestorePlan, RestorePoint } from './plan.js';
import type { ArchiveTarget } from './target.js';

/** Applied and not in LMDB yet, about: then the disk is waited for. */
const PENDING_BYTES_MAX = 32 * 1024 * 1024;
/** A proposer that no member has: members' ids are positive. */
const NOBODY = -1;

/**
 * Applies the archived log to a base, up to a moment. Throws FatalError for a log that is damaged, of another cluster, or
 * leads to another state than it did when it was written, and where the revision that is wanted is not in it.
 */
export async function replay(
  state: StateStore,
  cluster: number,
  target: ArchiveTarget,
  { base, logs }: RestorePlan,
  point: RestorePoint,
  progress: (done: number, total: number) => void,
): Promise<void> {
  const replayed = new Replay(state, cluster, base.index, point);
  for (const [i, log] of logs.entries()) {
    if (replayed.isReached) break;
    replayed.apply(log, await target.read(log.name));
    state.commit();
    if (state.pendingBytes > PENDING_BYTES_MAX) await state.whenCommitted();
    progress(i + 1, logs.length);
  }
  state.commit();
  await state.whenCommitted();
  replayed.end();
  if (point.revision !== undefined && state.meta.revision < point.revision) {
    throw new FatalError(
      `the archive ends at revision ${state.meta.revision}: revision ${point.revision} is not in it. Restore to that one, or leave it away.`,
    );
  }
}

class Replay {
  readonly #state: StateStore;
  readonly #cluster: number;
  readonly #revision: number;
  readonly #timeMs: number;
  /** The last entry of the old log that was applied: where one is applied in parts, the state counts further. */
  #applied: number;
  #parts = 0;
  /** The last piece whose hash was compared, if it differed. */
  #contradiction = '';
  isReached = false;

  constructor(state: StateStore, cluster: number, applied: number, point: RestorePoint) {
    this.#state = state;
    this.#cluster = cluster;
    this.#applied = applied;
    this.#revision = point.revision ?? Number.POSITIVE_INFINITY;
    this.#timeMs = point.timeMs ?? Number.POSITIVE_INFINITY;
  }

  apply(log: ArchivedLog, bytes: Buffer): void {
    const { header, entries } = decodeLogPiece(bytes, log.name);
    if (header.first !== log.first || header.last !== log.last || header.revision !== log.revision) {
      throw new FatalError(
        `the archived log ${log.name} is another than its name says: it was renamed. Name it as it was.`,
      );
    }
    if (header.cluster !== this.#cluster)
      throw new FatalError(`the archived log ${log.name} is of another cluster than the copy of the state before it.`);
    for (const { entry, timeMs } of entries) {
      if (entry.index <= this.#applied) continue;
      this.isReached = timeMs > this.#timeMs || this.#state.meta.revision >= this.#revision;
      if (this.isReached) return;
      this.#apply(entry);
      this.#applied = entry.index;
    }
    if (header.revision === 0 || this.#revision < header.revision) return;
    const { meta } = this.#state;
    // A leader whose own state is wrong may have written down its hash; the entries are right all the same.
    const isSame = meta.revision === header.revision && stateHashOf(meta).changes === header.changes;
    this.#contradiction = isSame ? '' : log.name;
  }

  /** Throws FatalError when what was applied last leads to another state than it once did. */
  end(): void {
    if (this.#contradiction === '') return;
    throw new FatalError(
      `the archived log ${this.#contradiction} leads to another state than it did when it was written: the archive is ` +
        'damaged before its end. Restore to an earlier moment.',
    );
  }

  /** Applies an entry; one that may go beyond the revision that is wanted, change by change. */
  #apply({ type, term, data }: Entry): void {
    const state = this.#state;
    const { appliedIndex, conf, members, revision, sessions } = state.meta;
    if (type === 'confChange') {
      state.applyConfChange(appliedIndex + 1, term, conf, members);
      return;
    }
    const proposal = data.length === 0 ? undefined : decodeProposal(data);
    if (proposal === undefined || revision + proposal.commands.length <= this.#revision) {
      state.applyEntry(appliedIndex + 1, term, data, proposal);
      return;
    }
    const { proposer, seq, time, commands } = proposal;
    // A repetition does nothing.
    if (seq <= (sessions.get(proposer) ?? 0)) return;
    for (const command of commands) {
      if (state.meta.revision >= this.#revision) return;
      const part = { proposer: NOBODY, seq: ++this.#parts, time, commands: [command] };
      state.applyEntry(state.meta.appliedIndex + 1, term, data, part);
    }
    state.applyEntry(state.meta.appliedIndex + 1, term, data, { ...proposal, commands: [] });
  }
}
