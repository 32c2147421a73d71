import { describe, expect, it } from 'vitest';
import { CatchUp } from './catchup.js';
import { TestCluster } from './cluster.testkit.js';
import { entriesBytes } from './entry.js';
import type { RaftConfig } from './config.js';

const BUDGET = 10_000;
const ENTRY = 'x'.repeat(1000);

/** A cluster that 1 leads, in which 3 misses `missed` entries of a kilobyte. */
function withLaggard(missed: number, overrides: Partial<RaftConfig> = {}): TestCluster {
  const c = new TestCluster([1, 2, 3], [], { catchUpBytesPerTick: BUDGET, ...overrides });
  c.elect(1);
  c.deliver = (m) => m.to !== 3 && m.from !== 3;
  for (let i = 0; i < missed; i += 1) c.propose(1, ENTRY);
  c.settle();
  // What was proposed until now is forgotten, and the leader is not idle.
  c.tick(100, [1, 2]);
  c.propose(1, ENTRY);
  c.settle();
  c.tick(1, [1, 2]);
  c.deliver = () => true;
  c.sent.length = 0;
  return c;
}

const match = (c: TestCluster, id: number): number =>
  c
    .raft(1)
    .status()
    .peers.find((p) => p.id === id)?.match ?? 0;

/** Bytes of entries that were sent to 3 since the last call. */
function sentTo3(c: TestCluster): number {
  const bytes = c.sent.filter((m) => m.to === 3).reduce((sum, m) => sum + entriesBytes(m.entries), 0);
  c.sent.length = 0;
  return bytes;
}

describe('a member that is behind', () => {
  it('is brought up to date at a pace while others write, who do not wait for it', () => {
    const c = withLaggard(400, { maxSizePerMessageBytes: 2_000 });
    let ticks = 0;
    for (; match(c, 3) < c.raft(1).status().lastIndex; ticks += 1) {
      expect(ticks).toBeLessThan(100);
      c.propose(1, 'new');
      c.settle();
      expect(c.raft(1).status().commit).toBe(c.raft(1).status().lastIndex);
      c.tick(1);
      // The last message may go beyond it.
      expect(sentTo3(c)).toBeLessThanOrEqual(BUDGET + 2_000);
    }
    expect(ticks).toBeGreaterThan(30);
    expect(c.applied(3)).toHaveLength(401 + ticks);
  });

  it('gets there however much is written meanwhile', () => {
    const c = withLaggard(400, { maxSizePerMessageBytes: 2_000 });
    let ticks = 0;
    for (; match(c, 3) < c.raft(1).status().lastIndex; ticks += 1) {
      expect(ticks).toBeLessThan(100);
      // Twice the budget of a tick.
      for (let i = 0; i < 20; i += 1) c.propose(1, ENTRY);
      c.settle();
      c.tick(1);
    }
    expect(ticks).toBeGreaterThan(5);
  });

  it('is brought up to date faster while nobody writes', () => {
    const c = withLaggard(400, { maxSizePerMessageBytes: 2_000 });
    c.tick(15);
    expect(match(c, 3)).toBe(c.raft(1).status().lastIndex);
  });

  it('is not held back when commits wait for it', () => {
    const c = withLaggard(2_000, { maxSizePerMessageBytes: 2_000 });
    c.deliver = (m) => m.to !== 2 && m.from !== 2;
    c.propose(1, 'new');
    c.tick(10, [1, 3]);
    expect(c.raft(1).status().commit).toBe(c.raft(1).status().lastIndex);
  });

  it('is not held back when leadership is to go to it', () => {
    const c = withLaggard(2_000, { maxSizePerMessageBytes: 2_000 });
    c.tick(2);
    c.raft(1).transferLeader(3);
    c.settle();
    c.tick(1);
    expect(c.leader()).toBe(3);
  });

  it('has few bytes on their way to it, and a lost one is noticed', () => {
    const c = withLaggard(4_000, { catchUpBytesPerTick: 1e9 });
    const inFlight: number[] = [];
    let old = 0;
    c.deliver = (m) => {
      const three = c
        .raft(1)
        .status()
        .peers.find((p) => p.id === 3);
      // What was on its way before it was cut off, when these entries were new, does not count.
      if (three?.state === 'probe') inFlight.length = 0;
      inFlight.push(three?.inflightBytes ?? 0);
      if (m.to === 3 && m.entries.length > 1) old += 1;
      return m.to !== 3 || old !== 5;
    };
    c.tick(9);
    expect(match(c, 3)).toBe(c.raft(1).status().lastIndex);
    expect(Math.max(...inFlight)).toBeGreaterThanOrEqual(128 * 1024);
    expect(Math.max(...inFlight)).toBeLessThan(192 * 1024);
    // So much is read from disk and encoded in one go.
    const sizes = c.sent.filter(({ to }) => to === 3).map(({ entries }) => entriesBytes(entries));
    expect(sizes.filter((bytes) => bytes > 60 * 1024 && bytes <= 64 * 1024).length).toBeGreaterThan(10);
  });
});

describe('the budget of those behind', () => {
  const ticks = (c: CatchUp, times: number, committed = 0, last = 0): void => {
    for (let i = 0; i < times; i += 1) c.tick(committed, last);
  };
  /** So many bytes are allowed, and not one more. */
  const expectBudget = (c: CatchUp, bytes: number): void => {
    c.spend(bytes - 1);
    expect(c.allows).toBe(true);
    c.spend(1);
    expect(c.allows).toBe(false);
  };

  it('is there anew at each tick; what was left of the last is not kept, and what went over it is paid back', () => {
    const c = new CatchUp(100);
    expectBudget(c, 100);
    ticks(c, 1);
    expectBudget(c, 100);
    ticks(c, 5);
    expectBudget(c, 100);
    c.spend(250);
    ticks(c, 2);
    expect(c.allows).toBe(false);
    ticks(c, 1);
    expectBudget(c, 50);
  });

  it('is eight times as much after ten ticks without a proposal, until there is one', () => {
    const c = new CatchUp(100);
    ticks(c, 9);
    expectBudget(c, 100);
    ticks(c, 1);
    expectBudget(c, 800);
    c.proposed(1);
    ticks(c, 1);
    expectBudget(c, 100);
    ticks(c, 9);
    expectBudget(c, 100);
  });

  it('is twice what was proposed lately, where that is more', () => {
    const c = new CatchUp(100);
    c.proposed(12_000);
    c.proposed(4_000);
    ticks(c, 1);
    expectBudget(c, 2_000);
    ticks(c, 1);
    expectBudget(c, 1_875);
  });

  it('has no bound while commits have stood still for four ticks', () => {
    const c = new CatchUp(100);
    c.spend(1e9);
    ticks(c, 4, 5, 9);
    expect(c.allows).toBe(false);
    ticks(c, 1, 5, 9);
    expect(c.allows).toBe(true);
    ticks(c, 1, 6, 9);
    expect(c.allows).toBe(false);
    // Nothing is waiting to be committed; or it is, and commits go on.
    ticks(c, 10, 9, 9);
    expect(c.allows).toBe(false);
    for (let i = 0; i < 10; i += 1) ticks(c, 1, 10 + i, 20 + i);
    expect(c.allows).toBe(false);
  });

  it('is in a new term what it was at first', () => {
    const c = new CatchUp(100);
    c.proposed(100_000);
    ticks(c, 1, 5, 9);
    ticks(c, 12, 5, 9);
    c.proposed(100_000);
    c.spend(1e9);
    c.reset();
    expectBudget(c, 100);
    ticks(c, 4, 5, 9);
    expectBudget(c, 100);
  });
});
