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
});
