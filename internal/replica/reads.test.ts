import { describe, expect, it } from 'vitest';
import type { ReadResult } from '../raft/index.js';
import { Reads } from './reads.js';

const ACCEPTED: ReadResult = { status: 'accepted' };

/** Reads before a Raft core that answers as it is told, on a replica that sees as far as index 10. */
class Bench {
  answer: ReadResult = ACCEPTED;
  wakes = 0;
  /** The rounds that were asked for. */
  readonly rounds: string[] = [];
  readonly outcomes: string[] = [];
  readonly reads = new Reads({
    prefix: 'p',
    readIndex: (context) => {
      this.rounds.push(context);
      return this.answer;
    },
    visibleIndex: () => 10,
    wake: () => void this.wakes++,
  });

  wait(name: string, timeoutMs = 60_000): void {
    this.reads.wait(timeoutMs).then(
      () => this.outcomes.push(name),
      (error: Error & { outcomeUnknown?: boolean }) =>
        this.outcomes.push(`${name}: ${error.name}(${error.outcomeUnknown}): ${error.message}`),
    );
  }

  async ended(): Promise<string[]> {
    await new Promise((resolve) => setImmediate(resolve));
    return this.outcomes.splice(0);
  }
}

const OVERLOADED = 'OverloadedError(undefined): too many reads are waiting on the leader; try again';
const LATE = 'UnavailableError(false): no leader confirmed the read within its time';

describe('a round of reads', () => {
  it('serves all that waited when it began, when what they must see is visible here', async () => {
    const bench = new Bench();
    bench.reads.flush();
    bench.wait('a');
    bench.wait('b');
    expect([bench.wakes, bench.rounds]).toEqual([1, []]);
    bench.reads.flush();
    bench.wait('c');
    expect([bench.wakes, bench.rounds]).toEqual([2, ['p.1']]);
    bench.reads.onReadState({ index: 10, context: 'p.2' });
    expect(await bench.ended()).toEqual([]);
    bench.reads.onReadState({ index: 10, context: 'p.1' });
    expect(await bench.ended()).toEqual(['a', 'b']);
    // Whoever came meanwhile is next.
    expect(bench.wakes).toBe(3);
    bench.reads.flush();
    bench.reads.onReadState({ index: 11, context: 'p.2' });
    expect(bench.wakes).toBe(3);
    bench.reads.onVisible(10);
    expect([bench.reads.confirmed, await bench.ended()]).toEqual([1, []]);
    bench.reads.onVisible(11);
    expect([bench.reads.confirmed, await bench.ended()]).toEqual([0, ['c']]);
    bench.reads.onVisible(12);
    expect(await bench.ended()).toEqual([]);
  });

  it('is one of 16 at most: whoever comes later gathers for the next', () => {
    const bench = new Bench();
    for (let i = 0; i < 17; i++) {
      bench.wait(String(i));
      bench.reads.flush();
    }
    expect(bench.rounds).toHaveLength(16);
    bench.reads.onReadState({ index: 1, context: 'p.1' });
    bench.reads.flush();
    expect(bench.rounds.at(-1)).toBe('p.17');
  });

  it('that is not begun for want of a leader keeps its reads; too many on the leader are refused', async () => {
    const bench = new Bench();
    bench.wait('a');
    bench.answer = { status: 'dropped', reason: 'noLeader' };
    bench.reads.flush();
    expect(await bench.ended()).toEqual([]);
    bench.answer = { status: 'dropped', reason: 'overloaded' };
    bench.reads.flush();
    expect(await bench.ended()).toEqual([`a: ${OVERLOADED}`]);
    bench.answer = ACCEPTED;
    bench.reads.flush();
    expect(bench.rounds).toEqual(['p.1', 'p.2']);
  });

  it('that the leader refuses is asked for again before others, but for one that is too much for it', async () => {
    const bench = new Bench();
    bench.wait('a');
    bench.reads.flush();
    bench.wait('b');
    bench.reads.onRefused({ kind: 'read', context: 'p.9', reason: 'overloaded' });
    bench.reads.onRefused({ kind: 'read', context: 'p.1', reason: 'noLeader' });
    bench.reads.flush();
    bench.reads.onReadState({ index: 1, context: 'p.1' });
    expect(await bench.ended()).toEqual([]);
    bench.reads.onReadState({ index: 1, context: 'p.2' });
    expect(await bench.ended()).toEqual(['a', 'b']);
    bench.wait('c');
    bench.reads.flush();
    bench.reads.onRefused({ kind: 'read', context: 'p.3', reason: 'overloaded' });
    expect(await bench.ended()).toEqual([`c: ${OVERLOADED}`]);
    bench.reads.onRefused({ kind: 'read', context: 'p.3', reason: 'noLeader' });
    bench.reads.flush();
    expect(bench.rounds).toHaveLength(3);
  });

  it('is asked for again of another leader at once, and of the same after 300 ms', async () => {
    const bench = new Bench();
    bench.reads.onLeader();
    expect(bench.wakes).toBe(0);
    bench.wait('a');
    bench.reads.flush();
    const asked = performance.now();
    bench.reads.expire(asked + 200);
    bench.reads.flush();
    expect([bench.rounds, bench.wakes]).toEqual([['p.1'], 1]);
    bench.reads.expire(asked + 310);
    expect(bench.wakes).toBe(2);
    bench.reads.flush();
    expect(bench.rounds).toEqual(['p.1', 'p.2']);
    bench.reads.onLeader();
    expect(bench.wakes).toBe(3);
    bench.reads.flush();
    bench.reads.onReadState({ index: 1, context: 'p.2' });
    expect(await bench.ended()).toEqual([]);
    bench.reads.onReadState({ index: 1, context: 'p.3' });
    expect(await bench.ended()).toEqual(['a']);
  });
});

describe('a read over its time', () => {
  it('is told so wherever it waits, and those in time go on', async () => {
    const bench = new Bench();
    for (const name of ['confirmed', 'asked', 'gathered']) {
      bench.wait(`${name} late`, 1_000);
      bench.wait(name);
      if (name !== 'gathered') bench.reads.flush();
      if (name === 'confirmed') bench.reads.onReadState({ index: 20, context: 'p.1' });
    }
    bench.reads.expire(performance.now() - 1);
    expect(await bench.ended()).toEqual([]);
    bench.reads.expire(performance.now() + 2_000);
    expect(await bench.ended()).toEqual(['gathered', 'asked', 'confirmed'].map((name) => `${name} late: ${LATE}`));
    expect(bench.reads.confirmed).toBe(1);
    bench.reads.onVisible(20);
    bench.reads.flush();
    bench.reads.onReadState({ index: 1, context: 'p.3' });
    expect(await bench.ended()).toEqual(['confirmed', 'gathered', 'asked']);
    bench.reads.flush();
    expect(bench.rounds).toHaveLength(3);
  });

  it('alone leaves no round to be asked for', async () => {
    const bench = new Bench();
    bench.wait('a', 1_000);
    bench.reads.flush();
    bench.reads.expire(performance.now() + 2_000);
    bench.reads.flush();
    expect([await bench.ended(), bench.rounds, bench.wakes]).toEqual([[`a: ${LATE}`], ['p.1'], 1]);
  });
});

describe('the bound on waiting reads', () => {
  it('is 16384, and whoever was served makes room', async () => {
    const bench = new Bench();
    for (let i = 0; i < 16_384; i++) bench.wait('ok');
    bench.wait('more');
    expect(await bench.ended()).toEqual(['more: OverloadedError(undefined): too many reads are waiting; try again']);
    bench.reads.flush();
    bench.reads.onReadState({ index: 1, context: 'p.1' });
    expect(await bench.ended()).toHaveLength(16_384);
    bench.wait('again');
    bench.reads.flush();
    bench.reads.onReadState({ index: 1, context: 'p.2' });
    expect(await bench.ended()).toEqual(['again']);
  });
});

it('reads that are closed reject all there is, wherever it waits, and all that comes', async () => {
  const bench = new Bench();
  bench.wait('confirmed');
  bench.reads.flush();
  bench.reads.onReadState({ index: 20, context: 'p.1' });
  bench.wait('asked');
  bench.reads.flush();
  bench.wait('gathered');
  bench.reads.close('it stops');
  bench.wait('new');
  bench.reads.close('again');
  bench.wait('newer');
  expect(await bench.ended()).toEqual(
    ['gathered', 'asked', 'confirmed', 'new', 'newer'].map((name) => `${name}: UnavailableError(false): it stops`),
  );
  bench.reads.onLeader();
  bench.reads.flush();
  expect([bench.rounds.length, bench.reads.confirmed]).toEqual([2, 0]);
});
