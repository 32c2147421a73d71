import {
  checkObject,
  compareKeys,
  CorruptRecordError,
  createRevisionOf,
  decodeEvent,
  eventKey,
  eventKeyRevision,
  eventKeySub,
  modRevisionOf,
  parsePastKey,
  type PastKey,
  pastKey,
  valueOf,
} from './rows.js';
import type { Row, Snapshot } from './tables.js';
import type { ChangeEvent, KeyValue, RangeOptions, RangeResult } from './types.js';

/** Told of a damaged record that a range or a change stream had to leave out. */
export type CorruptListener = (error: CorruptRecordError) => void;

const MAX_REVISION = 0xffff_ffff_ffff;

/** The newest version of a key. Throws CorruptRecordError. */
export function getLatest(snapshot: Snapshot, key: string): KeyValue | undefined {
  const record = snapshot.get('objects', key);
  return record === undefined ? undefined : toKeyValue('objects', key, record);
}

/** The version of a key that was the newest at `revision`, which must not be compacted. Throws CorruptRecordError. */
export function getAsOf(snapshot: Snapshot, key: string, revision: number): KeyValue | undefined {
  const record = snapshot.get('objects', key);
  if (record !== undefined && modRevisionOf(record) <= revision) return toKeyValue('objects', key, record);
  // The version with the highest modRevision at or below `revision`; it counts only if it was still alive then.
  const from = pastKey(key, revision, MAX_REVISION);
  const to = pastKey(key, 0, 0);
  for (const row of snapshot.scan('past', from, to, { reverse: true, limit: 1 })) {
    if (parsePastKey(row.key).supersededAt > revision) return toKeyValue('past', key, row.value);
  }
  return undefined;
}

/** A range of the newest versions. Damaged records are reported and left out. */
export function rangeLatest(snapshot: Snapshot, options: RangeOptions, onCorrupt: CorruptListener): RangeResult {
  const page = new Page(options, onCorrupt);
  for (const row of snapshot.scan('objects', options.start, options.end)) {
    if (page.full) return page.result(true);
    page.add('objects', row.key, row.value);
  }
  return page.result(false);
}

/** A range as of `revision`: a merge of what is still the newest and what has been superseded since. */
export function rangeAsOf(
  snapshot: Snapshot,
  options: RangeOptions,
  revision: number,
  onCorrupt: CorruptListener,
): RangeResult {
  const page = new Page(options, onCorrupt);
  const past = pastAsOf(snapshot, options.start, options.end, revision);
  let old = past.next();
  for (const row of snapshot.scan('objects', options.start, options.end)) {
    while (old.done !== true && compareKeys(old.value.key, row.key) <= 0) {
      if (page.full) return page.result(true);
      page.addPast(snapshot, old.value);
      old = past.next();
    }
    if (modRevisionOf(row.value) > revision) continue;
    if (page.full) return page.result(true);
    page.add('objects', row.key, row.value);
  }
  while (old.done !== true) {
    if (page.full) return page.result(true);
    page.addPast(snapshot, old.value);
    old = past.next();
  }
  return page.result(false);
}

/** The superseded versions in [start, end) that were the newest at `revision`: at most one of each key, in order. */
function* pastAsOf(snapshot: Snapshot, start: string, end: string, revision: number): Generator<PastKey, void> {
  // The rows of a key stand behind the key with a zero: where what follows it begins, and a range of it alone ends.
  const zero = end.indexOf('\0');
  const to = zero < 0 ? end : `${end.slice(0, zero)}\x01`;
  for (const row of snapshot.scan('past', Buffer.from(start), Buffer.from(to), { values: false })) {
    const past = parsePastKey(row.key);
    if (past.modRevision > revision || past.supersededAt <= revision || compareKeys(past.key, start) < 0) continue;
    yield past;
  }
}

/**
 * Changes after a revision in order, in whole transactions: stops at the first boundary at or beyond `limit`. Those of keys
 * that are not `wanted` come without their versions.
 */
export function changesAfter(
  snapshot: Snapshot,
  after: number,
  limit: number,
  onCorrupt: CorruptListener,
  wanted: (key: string) => boolean = all,
): readonly ChangeEvent[] {
  const out: ChangeEvent[] = [];
  let last = after;
  for (const row of snapshot.scan('events', eventKey(after + 1, 0), eventKey(MAX_REVISION, 0))) {
    const revision = eventKeyRevision(row.key);
    if (revision !== last) {
      if (out.length >= limit) break;
      last = revision;
    }
    try {
      out.push(readChange(snapshot, revision, row, wanted));
    } catch (error) {
      if (!(error instanceof CorruptRecordError)) throw error;
      onCorrupt(error);
    }
  }
  return out;
}

const all = (): boolean => true;

function readChange(
  snapshot: Snapshot,
  revision: number,
  { key, value: row }: Row<Buffer>,
  wanted: (key: string) => boolean,
): ChangeEvent {
  const event = decodeEvent(key, row);
  const base = { revision, sub: eventKeySub(key), type: event.type, key: event.key };
  if (!wanted(event.key)) return base;
  const prev = event.prevRevision === 0 ? undefined : readPast(snapshot, event.key, event.prevRevision, revision);
  if (event.type === 'delete') return prev === undefined ? base : { ...base, prev };
  const value = readVersion(snapshot, event.key, revision);
  return prev === undefined ? { ...base, value } : { ...base, value, prev };
}

function readPast(snapshot: Snapshot, key: string, modRevision: number, supersededAt: number): KeyValue {
  const record = snapshot.get('past', pastKey(key, modRevision, supersededAt));
  if (record === undefined) throw new CorruptRecordError('past', `${key}@${modRevision}`, 'missing');
  return toKeyValue('past', key, record);
}

function readVersion(snapshot: Snapshot, key: string, revision: number): Buffer {
  const record = snapshot.get('objects', key);
  if (record !== undefined && modRevisionOf(record) === revision) return toKeyValue('objects', key, record).value;
  const from = pastKey(key, revision, 0);
  for (const row of snapshot.scan('past', from, pastKey(key, revision, MAX_REVISION), { limit: 1 })) {
    return toKeyValue('past', key, row.value).value;
  }
  throw new CorruptRecordError('past', `${key}@${revision}`, 'missing');
}

function toKeyValue(table: 'objects' | 'past', key: string, record: Buffer): KeyValue {
  checkObject(table, key, record);
  return {
    key,
    value: valueOf(record),
    modRevision: modRevisionOf(record),
    createRevision: createRevisionOf(record),
  };
}

/** Collects a range's items up to its bounds. */
class Page {
  readonly #items: KeyValue[] = [];
  readonly #limit: number;
  readonly #bytesMax: number;
  readonly #onCorrupt: CorruptListener;
  #bytes = 0;

  constructor(options: RangeOptions, onCorrupt: CorruptListener) {
    this.#limit = options.limit ?? Number.POSITIVE_INFINITY;
    this.#bytesMax = options.bytesMax ?? Number.POSITIVE_INFINITY;
    this.#onCorrupt = onCorrupt;
  }

  get full(): boolean {
    return this.#items.length >= this.#limit || (this.#items.length > 0 && this.#bytes >= this.#bytesMax);
  }

  add(table: 'objects' | 'past', key: string, record: Buffer): void {
    try {
      const item = toKeyValue(table, key, record);
      this.#items.push(item);
      this.#bytes += item.value.length;
    } catch (error) {
      if (!(error instanceof CorruptRecordError)) throw error;
      this.#onCorrupt(error);
    }
  }

  addPast(snapshot: Snapshot, past: PastKey): void {
    const record = snapshot.get('past', pastKey(past.key, past.modRevision, past.supersededAt));
    if (record === undefined) {
      this.#onCorrupt(new CorruptRecordError('past', `${past.key}@${past.modRevision}`, 'missing'));
    } else {
      this.add('past', past.key, record);
    }
  }

  result(more: boolean): RangeResult {
    return { items: this.#items, more };
  }
}
