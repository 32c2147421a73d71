import { assert } from '../machinery/assert.js';
import { type Charged, chargedRecord } from './charge.js';
import type { Command, Proposal } from './command.js';
import { foldHash, type StateMeta } from './meta.js';
import { addRow, subtractRow, type SummedTable } from './row-sums.js';
import {
  checksumOf,
  createRevisionOf,
  encodeEvent,
  encodeObject,
  encodeRevision,
  eventKey,
  expiresAtOf,
  expiryKey,
  modRevisionOf,
  pastKey,
} from './rows.js';
import type { ApplyTables, TableKey } from './tables.js';
import type { Txn, TxnResult } from './types.js';

const CREATE = 0;
const MODIFY = 1;
const DELETE = 2;

/**
 * Applies one log entry's commands to the state. Deterministic: the outcome depends on `meta`, the tables and the
 * proposal only, so that every replica gets the same revisions and the same hash.
 * Returns undefined when the proposal is a repetition (see Proposal.seq), which changes nothing.
 */
export function applyProposal(
  meta: StateMeta,
  tables: ApplyTables,
  proposal: Proposal,
): readonly TxnResult[] | undefined {
  const last = meta.sessions.get(proposal.proposer) ?? 0;
  if (proposal.seq <= last) return undefined;
  meta.sessions.set(proposal.proposer, proposal.seq);
  if (proposal.time > meta.clock) meta.clock = proposal.time;
  const results: TxnResult[] = [];
  for (const command of proposal.commands) results.push(applyCommand(meta, tables, command, proposal.time));
  return results;
}

function applyCommand(meta: StateMeta, tables: ApplyTables, command: Command, time: number): TxnResult {
  switch (command.kind) {
    case 'txn':
      return applyTxn(meta, tables, command.txn, time);
    case 'compact':
      // Logical at once and everywhere at the same point; each replica removes the rows in its own time (compaction.ts).
      if (command.revision <= meta.compactRevision || command.revision > meta.revision) {
        return { succeeded: false, revision: meta.revision };
      }
      meta.compactRevision = command.revision;
      return { succeeded: true, revision: meta.revision };
    case 'raiseVersion':
      meta.version = Math.max(meta.version, command.version);
      return { succeeded: true, revision: meta.revision };
  }
}

function applyTxn(meta: StateMeta, tables: ApplyTables, txn: Txn, time: number): TxnResult {
  for (const [i, compare] of txn.compares.entries()) {
    const record = tables.getObject(compare.key);
    const found = record === undefined ? 0 : modRevisionOf(record);
    const holds = 'modRevision' in compare ? found === compare.modRevision : found > 0;
    if (!holds) return { succeeded: false, revision: meta.revision, failed: i };
  }
  /** What charged objects are replaced by. */
  let charged: Map<string, Charged> | undefined;
  for (const [i, op] of txn.ops.entries()) {
    if (op.type !== 'charge') continue;
    const value = chargedRecord(tables.getObject(op.key), op);
    if (value === undefined) return { succeeded: false, revision: meta.revision, failed: txn.compares.length + i };
    (charged ??= new Map()).set(op.key, value);
  }
  const revision = meta.revision + 1;
  let sub = 0;
  /** Versions that this transaction has made and replaced again; hardly ever there is one. */
  let brief: Map<string, Buffer> | undefined;
  for (const op of txn.ops) {
    const old = tables.getObject(op.key);
    if (op.type === 'delete' && old === undefined) continue;
    if (sub === 0) meta.revision = revision;
    const prevRevision = old === undefined ? 0 : modRevisionOf(old);
    if (old !== undefined) {
      supersede(meta, tables, op.key, old, revision);
      if (prevRevision === revision) {
        const before = brief?.get(op.key);
        // Both are the same row of the past.
        if (before !== undefined) subtractRow(meta.sums, 'past', pastKey(op.key, revision, revision), before);
        (brief ??= new Map()).set(op.key, old);
      }
    }
    if (op.type === 'delete') {
      tables.remove('objects', op.key);
      putRow(
        meta,
        tables,
        'events',
        eventKey(revision, sub),
        encodeEvent({ type: 'delete', key: op.key, prevRevision }),
      );
      foldHash(meta, revision, DELETE, op.key, 0);
    } else {
      const put = op.type === 'put' ? op : charged?.get(op.key);
      assert(put !== undefined, 'what is charged was looked at');
      const ttlSeconds = op.type === 'put' ? (op.ttlSeconds ?? 0) : 0;
      const expiresAt = ttlSeconds <= 0 ? 0 : time + ttlSeconds * 1000;
      const record = encodeObject(put.value, put.revisionAt, {
        modRevision: revision,
        createRevision: old === undefined ? revision : createRevisionOf(old),
        expiresAt,
      });
      putRow(meta, tables, 'objects', op.key, record);
      if (expiresAt > 0) putRow(meta, tables, 'expiry', expiryKey(expiresAt, op.key), encodeRevision(revision));
      const type = old === undefined ? 'create' : 'modify';
      putRow(meta, tables, 'events', eventKey(revision, sub), encodeEvent({ type, key: op.key, prevRevision }));
      foldHash(meta, revision, old === undefined ? CREATE : MODIFY, op.key, checksumOf(record));
    }
    sub++;
  }
  return { succeeded: true, revision: meta.revision };
}

/** Moves a version to the past that `revision` replaces or deletes; its key in `objects` is still to be written. */
function supersede(meta: StateMeta, tables: ApplyTables, key: string, old: Buffer, revision: number): void {
  subtractRow(meta.sums, 'objects', key, old);
  const modRevision = modRevisionOf(old);
  putRow(meta, tables, 'past', pastKey(key, modRevision, revision), old);
  const expiresAt = expiresAtOf(old);
  if (expiresAt === 0) return;
  const expiry = expiryKey(expiresAt, key);
  tables.remove('expiry', expiry);
  subtractRow(meta.sums, 'expiry', expiry, encodeRevision(modRevision));
}

/** Writes a row that was not there. */
function putRow(meta: StateMeta, tables: ApplyTables, table: SummedTable, key: TableKey, row: Buffer): void {
  tables.put(table, key, row);
  addRow(meta.sums, table, key, row);
}
