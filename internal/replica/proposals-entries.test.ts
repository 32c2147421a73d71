import { describe, expect, it, vi } from 'vitest';
import type { ProposeResult, RefusalReason } from '../raft/index.js';
import { type Command, decodeProposal } from '../store/command.js';
import type { TxnResult } from '../store/types.js';
import { PROPOSALS_MAX, Proposals } from './proposals.js';

const KIB = 1024;
const ACCEPTED: ProposeResult = { status: 'accepted', forwarded: true };
const NO_LEADER: ProposeResult = { status: 'dropped', reason: 'noLeader' };
const FULL: ProposeResult = { status: 'overloaded' };

/** Proposals of member 7 before a Raft core that answers as it is told, and says which entries it was given. */
class Bench {
  answer: ProposeResult = ACCEPTED;
  wakes = 0;
  /** `seq: keys`, of each time that an entry was handed over and taken. */
  readonly sent: string[] = [];
  readonly outcomes: string[] = [];
  readonly proposals = new Proposals({
    proposer: 7,
    seq: 40,
    now: () => 1234,
    propose: (payload, context) => {
      const { proposer, seq, time, commands } = decodeProposal(payload);
      expect([proposer, String(seq), time]).toEqual([7, context, 1234]);
      const keys = commands.flatMap((each) => (each.kind === 'txn' ? each.txn.ops.map(({ key }) => key) : []));
      if (this.answer === ACCEPTED) this.sent.push(`${seq}: ${keys.join(' ')}`);
      return this.answer;
    },
    wake: () => void this.wakes++,
  });

  /** Submits a delete of `key` that counts for so many bytes; how it ends is noted in `outcomes`. */
  submit(key: string, bytes = 10, timeoutMs = 60_000): void {
    const command: Command = { kind: 'txn', txn: { compares: [], ops: [{ type: 'delete', key }] } };
    this.proposals.submit(command, bytes, timeoutMs).then(
      ({ revision }) => this.outcomes.push(`${key} at ${revision}`),
      (error: Error & { outcomeUnknown?: boolean }) =>
        this.outcomes.push(`${key}: ${error.name}(${error.outcomeUnknown}): ${error.message}`),
    );
  }

  /** What came of the writes since the last time that was asked. */
  async ended(): Promise<string[]> {
    await new Promise((resolve) => setImmediate(resolve));
    return this.outcomes.splice(0);
  }

  refuse(seq: number, reason: RefusalReason): boolean {
    return this.proposals.onRefused({ kind: 'proposal', context: String(seq), reason });
  }
}

const at = (...revisions: number[]): TxnResult[] => revisions.map((revision) => ({ succeeded: true, revision }));
const LATER = 3_600_000;

describe('entries of the log', () => {
  it('hold what gathered, in its order, and whoever begins to gather wakes the driver once', async () => {
    const bench = new Bench();
    bench.proposals.flush();
    for (const key of ['a', 'b', 'c']) bench.submit(key);
    expect([bench.wakes, bench.proposals.queued, bench.sent]).toEqual([1, 3, []]);
    bench.proposals.flush();
    bench.submit('d');
    bench.proposals.flush();
    expect([bench.wakes, bench.proposals.queued, bench.sent]).toEqual([2, 0, ['41: a b c', '42: d']]);
    expect(bench.proposals.decoded(41)?.commands).toHaveLength(3);
    bench.proposals.onApplied(41, 5, at(1, 2, 3));
    bench.proposals.onApplied(42, 6, at(4));
    expect(bench.proposals.decoded(41)).toBeUndefined();
    bench.proposals.onVisible(4);
    expect(await bench.ended()).toEqual([]);
    bench.proposals.onVisible(5);
    expect(await bench.ended()).toEqual(['a at 1', 'b at 2', 'c at 3']);
    bench.proposals.onVisible(7);
    bench.proposals.onVisible(8);
    expect(await bench.ended()).toEqual(['d at 4']);
    expect(bench.proposals.inFlight).toBe(0);
  });

  it('have at most 512 commands and, with more than one, 1 MiB', () => {
    const many = new Bench();
    for (let i = 0; i < 513; i++) many.submit('k');
    many.proposals.flush();
    expect(many.sent.map((entry) => entry.split(' k').length - 1)).toEqual([512, 1]);
    const large = new Bench();
    const sizes = { a: 512, b: 512, c: 0.5, d: 2000, e: 1, f: 1023, g: 0.5, h: 1023.5 };
    for (const [key, kib] of Object.entries(sizes)) large.submit(key, kib * KIB);
    large.proposals.flush();
    expect(large.sent).toEqual(['41: a b', '42: c', '43: d', '44: e f', '45: g h']);
  });

  it('are not made of what is over its time, and none is made of nothing', async () => {
    const bench = new Bench();
    bench.submit('late', 10, 500);
    bench.submit('in-time', 10, 5_000);
    bench.proposals.expire(performance.now() + 2_000);
    expect(await bench.ended()).toEqual(['late: UnavailableError(false): no leader took the write within its time']);
    bench.proposals.flush();
    expect(bench.sent).toEqual(['41: in-time']);
    bench.proposals.expire(performance.now() + LATER);
    expect(await bench.ended()).toEqual([
      'in-time: UnavailableError(true): the write was not confirmed within its time',
    ]);
    expect([bench.proposals.inFlight, bench.wakes]).toEqual([0, 1]);
    // It is pending still: it may come yet, and then it is nobody's.
    bench.proposals.onApplied(41, 1, at(1));
    bench.proposals.onVisible(1);
    expect([bench.proposals.inFlight, await bench.ended()]).toEqual([0, []]);
  });
});

describe('an entry that nobody takes', () => {
  it('waits for a leader, those after it are not tried, and all go out when there is one', () => {
    const bench = new Bench();
    bench.answer = NO_LEADER;
    bench.submit('a', 1024 * KIB);
    bench.submit('b', 1024 * KIB);
    bench.proposals.flush();
    expect(bench.proposals.queued).toBe(1);
    bench.answer = ACCEPTED;
    bench.proposals.onLeader();
    expect(bench.sent).toEqual(['41: a']);
    bench.proposals.flush();
    bench.proposals.resend(false);
    expect(bench.sent).toEqual(['41: a', '42: b']);
    bench.proposals.onLeader();
    expect(bench.sent.slice(2)).toEqual(['41: a', '42: b']);
  });

  it('is refused for certain when the log is too full for it the first time, and kept when it may be in one already', async () => {
    const bench = new Bench();
    bench.answer = FULL;
    bench.submit('a');
    bench.proposals.flush();
    const refused = (key: string, why: string) => `${key}: OverloadedError(undefined): ${why}; try again`;
    expect(await bench.ended()).toEqual([refused('a', 'the replicated log is not keeping up')]);
    expect(bench.proposals.inFlight).toBe(0);
    bench.answer = ACCEPTED;
    bench.submit('b');
    bench.proposals.flush();
    bench.answer = FULL;
    bench.proposals.onLeader();
    expect([await bench.ended(), bench.proposals.inFlight]).toEqual([[], 1]);
    // The one after it had no turn.
    bench.answer = ACCEPTED;
    bench.proposals.resend(false);
    expect(bench.sent).toEqual(['42: b', '42: b']);
  });

  it('does not keep what follows a refused one from going out', async () => {
    const bench = new Bench();
    bench.answer = FULL;
    bench.submit('a', 1024 * KIB);
    bench.submit('b', 1024 * KIB);
    bench.proposals.flush();
    expect((await bench.ended()).map((text) => text.slice(0, 2))).toEqual(['a:', 'b:']);
  });
});

describe('a refusal by the leader', () => {
  it('of an entry that was sent once is certain, of one sent more often it is not, of a stranger it is not ours', async () => {
    const bench = new Bench();
    for (const key of ['a', 'b', 'c']) bench.submit(key, 1024 * KIB);
    bench.proposals.flush();
    expect(bench.refuse(99, 'overloaded')).toBe(false);
    expect(bench.refuse(41, 'overloaded')).toBe(true);
    expect(await bench.ended()).toEqual([
      'a: OverloadedError(undefined): the leader has too much in flight; try again',
    ]);
    // Another reason is no refusal for good.
    expect(bench.refuse(42, 'noLeader')).toBe(true);
    bench.proposals.resend(false);
    expect(bench.sent.slice(3)).toEqual(['42: b']);
    expect(bench.refuse(42, 'overloaded')).toBe(true);
    expect(await bench.ended()).toEqual([]);
    bench.proposals.resend(false);
    expect(bench.sent.slice(4)).toEqual(['42: b']);
  });
});

describe('what may be lost', () => {
  it('is sent again after a second and not before, and what nobody waits for any more is not', async () => {
    const bench = new Bench();
    bench.submit('a', 1024 * KIB, 5_000);
    bench.submit('b', 10, 5_000);
    bench.submit('c');
    bench.proposals.flush();
    bench.proposals.resend(true);
    bench.proposals.resend(false);
    expect(bench.sent).toEqual(['41: a', '42: b c']);
    bench.proposals.expire(performance.now() + 6_000);
    expect(await bench.ended()).toHaveLength(2);
    vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 1_500);
    bench.proposals.resend(false);
    expect(bench.sent).toHaveLength(2);
    bench.proposals.resend(true);
    vi.restoreAllMocks();
    expect(bench.sent.slice(2)).toEqual(['42: b c']);
    expect(bench.proposals.decoded(41)).toBeUndefined();
  });

  it('goes out under a new number when one after it was applied and it was not', async () => {
    const bench = new Bench();
    for (const key of ['a', 'b', 'c', 'd']) bench.submit(key, 1024 * KIB, key === 'b' ? 1_000 : 60_000);
    bench.proposals.flush();
    bench.proposals.expire(performance.now() + 2_000);
    expect(await bench.ended()).toHaveLength(1);
    bench.submit('e');
    const { wakes } = bench;
    bench.proposals.onApplied(43, 9, at(3));
    expect(bench.wakes).toBe(wakes + 1);
    bench.proposals.flush();
    expect(bench.sent.slice(4)).toEqual(['45: a', '46: e']);
    expect([41, 42, 43].map((seq) => bench.proposals.decoded(seq))).toEqual([undefined, undefined, undefined]);
    // An entry of ours that was applied once already is nothing new, and all before it are gone.
    bench.proposals.onApplied(44, 10, undefined);
    expect(bench.proposals.decoded(44)).toBeUndefined();
    bench.proposals.onApplied(45, 11, at(4));
    bench.proposals.onVisible(11);
    expect(await bench.ended()).toEqual(['c at 3', 'a at 4']);
    expect(bench.proposals.decoded(46)?.commands).toHaveLength(1);
    const before = bench.wakes;
    bench.proposals.onApplied(46, 12, at(5));
    expect(bench.wakes).toBe(before);
  });

  it('has an unknown outcome where a snapshot has passed over it', async () => {
    const bench = new Bench();
    for (const key of ['a', 'b', 'c']) bench.submit(key, 1024 * KIB);
    bench.proposals.flush();
    bench.proposals.onSnapshot(42);
    const unknown = 'UnavailableError(true): this replica was behind and cannot tell whether the write was done';
    expect(await bench.ended()).toEqual([`a: ${unknown}`, `b: ${unknown}`]);
    expect([42, 43].map((seq) => bench.proposals.decoded(seq) !== undefined)).toEqual([false, true]);
  });
});

describe('an entry that was never handed over', () => {
  it('is made anew without what is over its time, and wakes the driver for that', async () => {
    const bench = new Bench();
    bench.answer = NO_LEADER;
    bench.submit('late', 10, 500);
    bench.submit('a');
    bench.submit('b', 2048 * KIB);
    bench.proposals.flush();
    const { wakes } = bench;
    bench.proposals.expire(performance.now());
    expect(bench.wakes).toBe(wakes);
    bench.proposals.expire(performance.now() + 1_000);
    expect(bench.wakes).toBe(wakes + 1);
    expect(await bench.ended()).toEqual(['late: UnavailableError(false): no leader took the write within its time']);
    bench.answer = ACCEPTED;
    bench.proposals.flush();
    expect(bench.sent).toEqual(['42: a', '43: b']);
  });
});

describe('proposals that are closed', () => {
  it('reject all there is, as certain as can be told, and all that comes', async () => {
    const bench = new Bench();
    bench.submit('applied');
    bench.proposals.flush();
    bench.proposals.onApplied(41, 1, at(1));
    bench.submit('sent');
    bench.proposals.flush();
    bench.answer = NO_LEADER;
    bench.submit('held');
    bench.proposals.flush();
    bench.submit('queued');
    bench.proposals.close('it stops');
    bench.submit('new');
    expect((await bench.ended()).toSorted()).toEqual([
      'applied: UnavailableError(true): it stops',
      'held: UnavailableError(false): it stops',
      'new: UnavailableError(false): it stops',
      'queued: UnavailableError(false): it stops',
      'sent: UnavailableError(true): it stops',
    ]);
    bench.proposals.close('again');
    bench.submit('newer');
    expect(await bench.ended()).toEqual(['newer: UnavailableError(false): it stops']);
    expect([bench.proposals.inFlight, bench.proposals.queued, bench.sent.length]).toEqual([0, 0, 2]);
    bench.proposals.onVisible(9);
    bench.proposals.onLeader();
    expect([bench.proposals.inFlight, bench.sent.length]).toEqual([0, 2]);
  });
});

it('says how much is in flight where that is too much', async () => {
  const bench = new Bench();
  for (let i = 0; i < PROPOSALS_MAX; i++) bench.submit('k', 2);
  bench.submit('one-more');
  expect(await bench.ended()).toEqual([
    'one-more: OverloadedError(undefined): too many writes are in flight (4096, 8192 bytes); try again',
  ]);
});
