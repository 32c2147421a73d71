import { addRow, differenceOf, emptySums } from './row-sums.js';
import {
  checkObject,
  CorruptRecordError,
  decodeEvent,
  eventKeyRevision,
  expiresAtOf,
  expiryKey,
  modRevisionOf,
  parseExpiryKey,
  parsePastKey,
  pastKey,
} from './rows.js';
import type { StateMeta } from './meta.js';
import type { Row, Snapshot, TableName } from './tables.js';

export interface StateCheck {
  readonly objects: number;
  readonly past: number;
  readonly events: number;
  readonly expiry: number;
}

/** A view of which every row can be read. */
export interface WholeSnapshot extends Snapshot {
  /** Every row of a table; keys as bytes. */
  scanAll(table: TableName): Iterable<Row<Buffer>>;
}

/** Reads the whole state: every record is whole, and every table agrees with the others. Reports what does not. */
export function checkState(snapshot: WholeSnapshot, meta: StateMeta, report: (problem: string) => void): StateCheck {
  const counts = { objects: 0, past: 0, events: 0, expiry: 0 };
  const sums = emptySums(true);
  const whole = (work: () => void): void => {
    try {
      work();
    } catch (error) {
      if (!(error instanceof CorruptRecordError)) throw error;
      report(error.message);
    }
  };
  for (const { key, value } of snapshot.scanAll('objects')) {
    counts.objects++;
    addRow(sums, 'objects', key, value);
    const name = key.toString();
    whole(() => {
      checkObject('objects', name, value);
      const revision = modRevisionOf(value);
      if (revision > meta.revision)
        report(`object ${name} is of revision ${revision}, beyond the state's ${meta.revision}`);
      const expiresAt = expiresAtOf(value);
      if (expiresAt > 0 && snapshot.get('expiry', expiryKey(expiresAt, name)) === undefined) {
        report(`object ${name} has a time to live but will not be found when it is over`);
      }
    });
  }
  for (const { key, value } of snapshot.scanAll('past')) {
    counts.past++;
    addRow(sums, 'past', key, value);
    const past = parsePastKey(key);
    whole(() => checkObject('past', past.key, value));
    if (past.supersededAt <= past.modRevision || past.supersededAt > meta.revision) {
      report(`an old version of ${past.key} lived from ${past.modRevision} to ${past.supersededAt}, which cannot be`);
    }
  }
  let last = 0;
  for (const { key, value } of snapshot.scanAll('events')) {
    counts.events++;
    addRow(sums, 'events', key, value);
    const revision = eventKeyRevision(key);
    if (revision > meta.compactRevision && last > 0 && revision > last + 1)
      report(`no change of revision ${last + 1} is kept`);
    last = revision;
    whole(() => {
      const event = decodeEvent(key, value);
      if (revision <= meta.compactRevision || event.prevRevision === 0) return;
      if (snapshot.get('past', pastKey(event.key, event.prevRevision, revision)) === undefined) {
        report(`the version of ${event.key} before revision ${revision} is missing`);
      }
    });
  }
  if (last > 0 && last !== meta.revision)
    report(`the last change kept is of revision ${last}, the state's is ${meta.revision}`);
  for (const { key, value } of snapshot.scanAll('expiry')) {
    counts.expiry++;
    addRow(sums, 'expiry', key, value);
    const { key: name } = parseExpiryKey(key);
    const record = snapshot.get('objects', name);
    if (record === undefined || modRevisionOf(record) !== value.readUIntBE(0, 6)) {
      report(`a time to live is kept for ${name}, which has changed since`);
    }
  }
  const tables = differenceOf(sums, meta.sums);
  if (tables !== '') report(`rows are missing or left over in ${tables}`);
  return counts;
}
