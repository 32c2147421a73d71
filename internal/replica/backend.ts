import { assert } from '../machinery/assert.js';
import type { Awaitable } from '../machinery/awaitable.js';
import { CHARGES_SINCE, knownSince } from '../store/command.js';
import { CorruptRecordError, MAX_KEY_BYTES } from '../store/rows.js';
import type { StateStore } from '../store/state.js';
import {
  type Backend,
  type ChangeEvent,
  CompactedError,
  type KeyValue,
  type RangeOptions,
  type RangeResult,
  type Txn,
  type TxnResult,
  UnavailableError,
} from '../store/types.js';
import { changesAfter, getAsOf, getLatest, rangeAsOf, rangeLatest } from '../store/view.js';
import type { Driver } from './driver.js';
import type { Proposals } from './proposals.js';
import type { Reads } from './reads.js';
import type { SpaceGuard } from './space.js';

const TXN_OPS_MAX = 128;
const TXN_BYTES_MAX = 8 * 1024 * 1024;

export interface BackendOptions {
  readonly state: StateStore;
  readonly driver: Driver;
  readonly proposals: Proposals;
  readonly reads: Reads;
  readonly txnTimeoutMs: number;
  readonly readTimeoutMs: number;
  readonly onCorrupt: (error: CorruptRecordError) => void;
  readonly space: SpaceGuard;
}

/** The store as the serving side sees it: local reads, and writes through the log. */
export class ReplicaBackend implements Backend {
  readonly #options: BackendOptions;
  readonly #state: StateStore;
  readonly #driver: Driver;
  readonly #listeners = new Set<(revision: number) => void>();
  #announced: number;

  constructor(options: BackendOptions) {
    this.#options = options;
    this.#state = options.state;
    this.#driver = options.driver;
    this.#announced = options.state.visible.revision;
  }

  get revision(): number {
    return this.#state.visible.revision;
  }
  get compactRevision(): number {
    return this.#state.visible.compactRevision;
  }

  get takesCharges(): boolean {
    return this.#state.meta.version >= CHARGES_SINCE;
  }

  readBarrier(timeoutMs?: number): Awaitable<void> {
    // Alone, whatever was acknowledged is visible here already.
    if (this.#driver.soleLeader) return undefined;
    return this.#options.reads.wait(timeoutMs ?? this.#options.readTimeoutMs);
  }

  async txn(txn: Txn, timeoutMs?: number): Promise<TxnResult> {
    const bytes = checkTxn(txn);
    if (this.#options.space.low && txn.deletes !== true && txn.ops.some((op) => op.type === 'put')) {
      throw new UnavailableError('the disk of this replica is nearly full: only deletes are taken', false);
    }
    const command = { kind: 'txn', txn } as const;
    assert(knownSince(command) <= this.#state.meta.version, 'every member knows what is proposed');
    return this.#options.proposals.submit(command, bytes, timeoutMs ?? this.#options.txnTimeoutMs);
  }

  get(key: string): KeyValue | undefined {
    return isTooLong(key) ? undefined : this.#noting(() => getLatest(this.#state.snapshot, key));
  }

  getAt(key: string, revision: number): KeyValue | undefined {
    this.#checkRevision(revision);
    return isTooLong(key) ? undefined : this.#noting(() => getAsOf(this.#state.snapshot, key, revision));
  }

  range(asked: RangeOptions): RangeResult {
    const { revision } = asked;
    const options = { ...asked, start: within(asked.start), end: within(asked.end) };
    if (revision === undefined || revision === this.revision) {
      return rangeLatest(this.#state.snapshot, options, this.#options.onCorrupt);
    }
    this.#checkRevision(revision);
    return rangeAsOf(this.#state.snapshot, options, revision, this.#options.onCorrupt);
  }

  count(start: string, end: string): number {
    return this.#state.snapshot.count('objects', within(start), within(end));
  }

  changes(after: number, limit: number, wanted?: (key: string) => boolean): readonly ChangeEvent[] {
    if (after < this.compactRevision) throw new CompactedError(after, this.compactRevision);
    if (after >= this.revision) return [];
    return changesAfter(this.#state.snapshot, after, limit, this.#options.onCorrupt, wanted);
  }

  lastChange(resource: string): number {
    return this.#state.changed.of(resource);
  }

  onApplied(listener: (revision: number) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Tells the listeners when the visible revision has moved. */
  announce(): void {
    const { revision } = this;
    if (revision === this.#announced) return;
    this.#announced = revision;
    for (const listener of this.#listeners) listener(revision);
  }

  #noting<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (error instanceof CorruptRecordError) this.#options.onCorrupt(error);
      throw error;
    }
  }

  #checkRevision(revision: number): void {
    if (revision < this.compactRevision) throw new CompactedError(revision, this.compactRevision);
    if (revision > this.revision) throw new RangeError(`revision ${revision} is in the future (now ${this.revision})`);
  }
}

/** Nothing is stored under such a key; LMDB must not see one, for its buffer for keys would not recover. */
const isTooLong = (key: string): boolean => key.length * 3 > MAX_KEY_BYTES && Buffer.byteLength(key) > MAX_KEY_BYTES;

/** An end of a range as LMDB can look for it: no stored key lies between a longer one and its beginning. */
function within(key: string): string {
  if (!isTooLong(key)) return key;
  // oxlint-disable-next-line no-control-regex -- ASCII is what has one byte for each character
  return key.slice(0, /^[\0-\x7f]*$/.test(key) ? MAX_KEY_BYTES : Math.floor(MAX_KEY_BYTES / 3));
}

/** The bytes that a transaction counts for. Throws AssertionError or RangeError for what can never be applied. */
function checkTxn(txn: Txn): number {
  assert(txn.ops.length <= TXN_OPS_MAX, `a transaction has at most ${TXN_OPS_MAX} ops`);
  let bytes = 0;
  for (const compare of txn.compares) bytes += checkKey(compare.key);
  for (const [i, op] of txn.ops.entries()) {
    bytes += checkKey(op.key);
    for (let j = 0; j < i; j++) assert(txn.ops[j]?.key !== op.key, `a transaction changes ${op.key} twice`);
    if (op.type === 'charge') for (const [name, amount] of op.amounts) bytes += name.length + amount.length;
    if (op.type !== 'put') continue;
    assert(op.revisionAt >= -1 && op.revisionAt <= op.value.length, 'revisionAt lies within the value');
    bytes += op.value.length;
  }
  if (bytes > TXN_BYTES_MAX)
    throw new RangeError(`the transaction has ${bytes} bytes; at most ${TXN_BYTES_MAX} are allowed`);
  return bytes + 64;
}

function checkKey(key: string): number {
  // UTF-8 has at most three bytes per UTF-16 unit.
  const bytes = key.length * 3 <= MAX_KEY_BYTES ? key.length : Buffer.byteLength(key);
  if (bytes === 0 || bytes > MAX_KEY_BYTES || key.includes('\0')) {
    throw new RangeError(
      `the key ${JSON.stringify(key.slice(0, 100))} is empty, holds NUL, or is longer than ${MAX_KEY_BYTES} bytes`,
    );
  }
  return bytes;
}
