import type { Message, NodeId } from '../raft/index.js';
import { decodeMeta, META_KEY, stateHashOf } from '../store/meta.js';
import { CorruptRecordError } from '../store/rows.js';
import { StateExport } from '../store/snapshot.js';
import type { StateStore } from '../store/state.js';
import { paced } from './pace.js';
import { encodeSnapshotHeader } from './wire.js';

/** The header of a copy that no Raft message asked for. */
const EMPTY_MESSAGE: Message = {
  type: 'snapshot',
  from: 0,
  to: 0,
  term: 0,
  index: 0,
  logTerm: 0,
  commit: 0,
  entries: [],
  reject: false,
  rejectHint: 0,
  context: '',
};

export interface CopiesOptions {
  readonly state: StateStore;
  readonly id: NodeId;
  /** The last index of the log: how much is written decides about the pace. */
  readonly lastIndex: () => number;
  /** A record that others ask for is damaged here. */
  readonly onCorrupt: (error: CorruptRecordError) => void;
}

/** Copies of the state that members are being given which asked for one (reseed.ts). */
export class Copies {
  readonly #options: CopiesOptions;
  readonly #given = new Set<StateExport>();

  constructor(options: CopiesOptions) {
    this.#options = options;
  }

  /** All of the state as of now, with a header, at the pace of a snapshot. */
  async *give(to: NodeId): AsyncGenerator<Buffer> {
    const { state, id, lastIndex, onCorrupt } = this.#options;
    const snapshot = await state.takeSnapshot();
    const chunks = new StateExport(snapshot);
    this.#given.add(chunks);
    try {
      const row = snapshot.get('meta', META_KEY);
      if (row === undefined) throw new Error('there is no state to send yet');
      const stored = decodeMeta(row);
      const meta = { index: stored.appliedIndex, term: stored.appliedTerm, confState: stored.conf };
      const message = { ...EMPTY_MESSAGE, from: id, to, snapshot: meta };
      yield encodeSnapshotHeader(message, undefined, { revision: stored.revision, hash: stateHashOf(stored) });
      yield* paced(chunks.chunks(), lastIndex);
    } catch (error) {
      if (error instanceof CorruptRecordError) onCorrupt(error);
      throw error;
    } finally {
      this.#given.delete(chunks);
      chunks.release();
    }
  }

  /** The state is about to be closed or replaced: who is being given a copy of it asks again. */
  release(): void {
    for (const copy of this.#given) copy.release();
  }
}
