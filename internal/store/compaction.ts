import { decodeEvent, eventKey, eventKeyRevision, pastKey } from './rows.js';
import type { StateStore } from './state.js';
import { CorruptRecordError } from './rows.js';

/** Changes forgotten in one go: some milliseconds of work between which others get their turn. */
const SLICE_ROWS = 256;
const PAUSE_MS = 5;
/** With so much still to be written to LMDB it waits, for it would only add to that. */
const PENDING_BYTES_MAX = 32 * 1024 * 1024;

/**
 * Removes the rows that a compaction made unreadable: the changes up to the compact revision, and the versions that
 * those superseded. Each replica does this for itself, in small slices; nothing that can still be read depends on it,
 * and after a crash the rest is found again.
 */
export class HistoryRemover {
  readonly #state: StateStore;
  #running = false;
  #stopped = false;

  constructor(state: StateStore) {
    this.#state = state;
  }

  /** Removes what can be removed now; returns at once when that is already under way. */
  async run(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    try {
      while (!this.#stopped && this.#slice()) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    } finally {
      this.#running = false;
    }
  }

  /** Removes up to one slice of rows; false when there was nothing left. */
  #slice(): boolean {
    const state = this.#state;
    if (state.pendingBytes > PENDING_BYTES_MAX) return true;
    const end = eventKey(state.visible.compactRevision + 1, 0);
    // A transaction that writes a key three times leaves one version of it that two changes superseded.
    const gone = new Set<string>();
    const isGone = (superseded: Buffer): boolean => gone.size === gone.add(superseded.toString('latin1')).size;
    const rows = [...state.snapshot.scan('events', eventKey(0, 0), end, { limit: SLICE_ROWS })];
    for (const { key, value } of rows) {
      state.forget('events', key, value);
      try {
        const event = decodeEvent(key, value);
        if (event.prevRevision > 0) {
          const superseded = pastKey(event.key, event.prevRevision, eventKeyRevision(key));
          const record = state.snapshot.get('past', superseded);
          if (record !== undefined && !isGone(superseded)) state.forget('past', superseded, record);
        }
      } catch (error) {
        // A damaged change goes all the same; the version that it superseded stays behind unread.
        if (!(error instanceof CorruptRecordError)) throw error;
      }
    }
    state.commit();
    return rows.length > 0;
  }

  stop(): void {
    this.#stopped = true;
  }
}
