import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { confState } from './cluster.testkit.js';
import { RaftLog } from './log.js';
import { MemoryLog } from './memory.testkit.js';
import type { Entry } from './types.js';

const entry = (term: number, index: number): Entry => ({ term, index, type: 'normal', data: new Uint8Array(8) });

/** The dumb twin: the whole log is one array of terms; index 0 holds term 0. */
interface Twin {
  terms: number[];
  committed: number;
}

const operation = fc.oneof(
  fc.record({
    kind: fc.constant('append' as const),
    back: fc.nat(4),
    terms: fc.array(fc.nat(2), { maxLength: 5 }),
    commit: fc.nat(6),
    wrongTerm: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('persist' as const) }),
  fc.record({ kind: fc.constant('apply' as const) }),
  fc.record({ kind: fc.constant('compact' as const) }),
);

describe('RaftLog', () => {
  it('is the same as one array, however it is split over memory and disk', () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
        const storage = new MemoryLog({ index: 0, term: 0, confState: confState([1]) });
        const log = new RaftLog(storage, 0, 0);
        const twin: Twin = { terms: [0], committed: 0 };
        for (const op of operations) {
          if (op.kind === 'append') {
            const prev = Math.max(twin.committed, twin.terms.length - 1 - op.back);
            const prevTerm = (twin.terms[prev] ?? 0) + (op.wrongTerm ? 1 : 0);
            let term = Math.max(1, twin.terms.at(-1) ?? 0);
            const entries = op.terms.map((step, i) => {
              term += step;
              return entry(term, prev + 1 + i);
            });
            const result = log.tryAppend(prev, prevTerm, entries, op.commit);
            expect(result).toBe(op.wrongTerm ? undefined : prev + entries.length);
            if (op.wrongTerm) continue;
            const conflict = entries.findIndex((e) => twin.terms[e.index] !== e.term);
            if (conflict >= 0) {
              twin.terms.length = prev + 1 + conflict;
              twin.terms.push(...entries.slice(conflict).map((e) => e.term));
            }
            twin.committed = Math.max(twin.committed, Math.min(op.commit, prev + entries.length));
          } else if (op.kind === 'persist') {
            const last = log.unpersisted.at(-1);
            storage.append(log.unpersisted);
            if (last !== undefined) log.persistedTo(last.index, last.term);
          } else if (op.kind === 'apply') {
            if (log.persisted >= log.committed) log.appliedTo(log.committed);
          } else if (log.applied > storage.snapshot.index) {
            storage.compact({ index: log.applied, term: log.termOrFail(log.applied), confState: confState([1]) });
          }
          expect(log.lastIndex).toBe(twin.terms.length - 1);
          expect(log.committed).toBe(twin.committed);
          const first = log.firstIndex;
          expect(log.slice(first, log.lastIndex + 1, 1e9).map((e) => e.term)).toEqual(twin.terms.slice(first));
          for (let i = Math.max(0, first - 1); i <= log.lastIndex + 1; i += 1) {
            expect(log.term(i)).toBe(twin.terms[i]);
          }
          expect(log.slice(first, log.lastIndex + 1, 40)).toHaveLength(Math.min(1, log.lastIndex + 1 - first));
        }
      }),
      { numRuns: 200 },
    );
  });

  it('never overwrites what is committed', () => {
    const log = new RaftLog(new MemoryLog({ index: 0, term: 0, confState: confState([1]) }), 0, 0);
    log.tryAppend(0, 0, [entry(1, 1), entry(1, 2)], 2);
    expect(() => log.tryAppend(1, 1, [entry(2, 2)], 0)).toThrow('entry 2 would overwrite committed 2');
  });

  it('refuses to start from a disk whose pointers are out of order', () => {
    const storage = new MemoryLog({ index: 5, term: 1, confState: confState([1]) });
    expect(() => new RaftLog(storage, 5, 9)).toThrow('log pointers out of order');
    expect(() => new RaftLog(storage, 3, 5)).toThrow('log pointers out of order');
  });

  /** Entries of these terms from `first` on. */
  const entriesOf = (terms: readonly number[], first = 1): Entry[] => terms.map((term, i) => entry(term, first + i));
  /** A log of which `stored` is on disk, behind a snapshot where there is one, and `held` in memory. */
  function logOf(stored: readonly number[], held: readonly number[] = [], snapshot = { index: 0, term: 0 }): RaftLog {
    const storage = new MemoryLog({ ...snapshot, confState: confState([1]) });
    storage.append(entriesOf(stored, snapshot.index + 1));
    const log = new RaftLog(storage, snapshot.index, snapshot.index);
    log.append(entriesOf(held, snapshot.index + stored.length + 1));
    return log;
  }

  it.each([
    [6, 4, { index: 6, term: 4 }],
    [6, 3, { index: 4, term: 2 }],
    [4, 3, { index: 4, term: 2 }],
    [6, 1, { index: 2, term: 1 }],
    [6, 0, { index: 0, term: 0 }],
  ])('can agree at or below %i with a log of term %i at %j', (index, term, hint) => {
    expect(logOf([1, 1, 2], [2, 4, 4]).agreementHint(index, term)).toEqual(hint);
  });

  it('may agree just below what is compacted', () => {
    expect(logOf([2, 2], [], { index: 3, term: 2 }).agreementHint(5, 1)).toEqual({ index: 2, term: 0 });
  });

  it.each([
    [3, 4, true],
    [2, 99, false],
    [3, 3, false],
    [3, 5, true],
    [4, 1, true],
  ])('votes for a log that ends with term %i at %i: %s', (term, index, upToDate) => {
    expect(logOf([1, 1], [2, 3]).isUpToDate(index, term)).toBe(upToDate);
  });

  it('hands out what lies on disk and in memory in one piece, cut to the bytes that are wanted', () => {
    const log = logOf([1, 1, 1], [2, 2, 2]);
    const indexes = (lo: number, hi: number, bytes: number): number[] => log.slice(lo, hi, bytes).map((e) => e.index);
    // An entry counts as 32 bytes.
    expect(indexes(1, 7, 1e9)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(indexes(1, 7, 96)).toEqual([1, 2, 3]);
    expect(indexes(1, 7, 127)).toEqual([1, 2, 3]);
    expect(indexes(1, 7, 128)).toEqual([1, 2, 3, 4]);
    expect(indexes(1, 7, 31)).toEqual([1]);
    expect(indexes(1, 3, 1e9)).toEqual([1, 2]);
    expect(indexes(2, 4, 1e9)).toEqual([2, 3]);
    expect(indexes(2, 6, 1e9)).toEqual([2, 3, 4, 5]);
    expect(indexes(5, 7, 1e9)).toEqual([5, 6]);
    for (const end of [2, 4, 7]) expect(indexes(end, end, 1e9)).toEqual([]);
  });

  it('leaves no gap where a large entry does not fit any more and a small one behind it would', () => {
    const storage = new MemoryLog({ index: 0, term: 0, confState: confState([1]) });
    storage.append([entry(1, 1), { ...entry(1, 2), data: new Uint8Array(1_000) }]);
    const log = new RaftLog(storage, 0, 0);
    log.append([entry(1, 3)]);
    expect(log.slice(1, 4, 100).map((e) => e.index)).toEqual([1]);
  });

  it('takes of an append only what it lacks, and loses nothing to an old one', () => {
    const log = logOf([1, 1, 1]);
    expect(log.tryAppend(0, 0, entriesOf([1, 1]), 2)).toBe(2);
    expect([log.lastIndex, log.committed, log.persisted]).toEqual([3, 2, 3]);
    expect(log.tryAppend(0, 0, entriesOf([1, 1, 2, 2]), 2)).toBe(4);
    expect([log.lastIndex, log.persisted]).toEqual([4, 2]);
    expect(log.unpersisted.map((e) => [e.index, e.term])).toEqual([
      [3, 2],
      [4, 2],
    ]);
    log.append([]);
    expect(log.lastIndex).toBe(4);
  });

  it('knows the terms of what is in it, and of nothing else', () => {
    const log = logOf([2, 2, 2], [], { index: 3, term: 1 });
    log.tryAppend(4, 2, [entry(3, 5)], 0);
    // What lies on the disk beyond it is overwritten.
    expect([0, 1, 2, 3, 4, 5, 6].map((i) => log.term(i))).toEqual([0, undefined, undefined, 1, 2, 3, undefined]);
  });

  it('begins behind a snapshot that waits to be installed', () => {
    const log = logOf([1, 1, 1]);
    log.tryAppend(3, 1, [], 3);
    log.restore({ index: 10, term: 3, confState: confState([1]) });
    expect(log).toMatchObject({ firstIndex: 11, lastIndex: 10, lastTerm: 3, committed: 10, persisted: 0, applied: 0 });
    expect([2, 3, 10, 11].map((i) => log.term(i))).toEqual([undefined, undefined, 3, undefined]);
    expect(log.hasToApply()).toBe(false);
    expect(log.toApply(1e9)).toEqual([]);
    log.snapshotPersisted(9);
    expect(log.pendingSnapshot?.index).toBe(10);
    log.snapshotPersisted(10);
    expect(log).toMatchObject({ pendingSnapshot: undefined, persisted: 10, applied: 10 });
  });

  it('counts as applied what is committed, in order', () => {
    const log = logOf([1, 1, 1]);
    log.commitTo(2);
    log.appliedTo(0);
    expect(() => log.appliedTo(3)).toThrow('applied 3 not in (0, 2]');
    log.appliedTo(2);
    expect(() => log.appliedTo(1)).toThrow('applied 1 not in (2, 2]');
    expect(() => log.commitTo(4)).toThrow("commit 4 is beyond the log's end 3");
    log.commitTo(1);
    expect(log.committed).toBe(2);
  });
});
