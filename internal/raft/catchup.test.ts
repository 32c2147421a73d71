import { describe, expect, it } from 'vitest';
import { CATCH_UP_WINDOW_BYTES } from './catchup.js';
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
    c.deliver = (m) => m.to !== 3 || m.type !== 'append' || m.entries.length === 0;
    c.tick(4);
    const { inflightBytes } = c
      .raft(1)
      .status()
      .peers.find((p) => p.id === 3) ?? { inflightBytes: 0 };
    expect(inflightBytes).toBeLessThan(CATCH_UP_WINDOW_BYTES * 1.5);
    c.deliver = () => true;
    c.tick(5);
    expect(match(c, 3)).toBe(c.raft(1).status().lastIndex);
  });
});
