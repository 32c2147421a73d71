import { afterEach, describe, expect, it } from 'vitest';
import { startCluster, type TestCluster } from '../testing/cluster.js';
import { DiskWatch } from './slow-disk.js';

const LIMITS = { slowMs: 200, lastingMs: 3_000, termMs: 30_000 };

/** A leader at time 0 whose log writes and whose followers' acknowledgements take so long, once every 100 ms. */
class Times {
  readonly watch = new DiskWatch(LIMITS);
  now = 0;
  #index = 0;
  readonly handOvers: { at: number; to: number }[] = [];

  /** Lets time pass; asks once a second, as the replica does. */
  pass(ms: number, ownMs: number, members: Readonly<Record<number, number>>): void {
    for (const end = this.now + ms; this.now < end; this.now += 100) {
      this.#index++;
      this.watch.onWritten(this.now, ownMs);
      for (const [id, took] of Object.entries(members)) {
        this.watch.onSent(Number(id), this.#index, this.now - took);
        this.watch.onAcknowledged(Number(id), this.#index, this.now);
      }
      if (this.now % 1000 !== 0) continue;
      const transferee = this.watch.transferee(this.now, true, Object.keys(members).map(Number), 0);
      if (transferee !== undefined) this.handOvers.push({ at: this.now, to: transferee.id });
    }
  }
}

describe('a leader with a slow disk', () => {
  it('hands over to the follower that acknowledges fastest, when it has been slow for a while', () => {
    const t = new Times();
    t.pass(40_000, 10, { 2: 20, 3: 10 });
    expect(t.handOvers).toEqual([]);
    const slowFrom = t.now;
    t.pass(12_000, 400, { 2: 20, 3: 10 });
    expect(t.handOvers[0]?.to).toBe(3);
    expect(t.handOvers[0]?.at).toBeGreaterThanOrEqual(slowFrom + LIMITS.lastingMs);
  });

  it('keeps leading through a burst, and where no follower is much faster', () => {
    const t = new Times();
    t.pass(40_000, 10, { 2: 20 });
    t.pass(2_000, 400, { 2: 20 });
    t.pass(20_000, 10, { 2: 20 });
    t.pass(20_000, 400, { 2: 300 });
    expect(t.handOvers).toEqual([]);
  });

  it('leads for its time at least: between slow disks leadership does not go round', () => {
    const t = new Times();
    t.pass(60_000, 400, { 2: 20 });
    expect(t.handOvers[0]?.at).toBe(LIMITS.termMs);
    // Somebody else led meanwhile: what was measured before counts no more.
    expect(t.watch.transferee(t.now, false, [2], 0)).toBeUndefined();
    const again = t.now;
    t.handOvers.length = 0;
    t.pass(40_000, 400, { 2: 20 });
    expect(t.handOvers[0]?.at).toBe(again + LIMITS.termMs);
  });

  it('knows a write that does not end', () => {
    const t = new Times();
    t.pass(31_000, 10, { 2: 20 });
    for (let s = 0; s < 5; s++) {
      t.watch.onSent(2, 1_000 + s, t.now);
      t.watch.onAcknowledged(2, 1_000 + s, t.now + 5);
      const transferee = t.watch.transferee(t.now, true, [2], 10_000 + s * 1_000);
      expect(transferee?.id).toBe(s < 3 ? undefined : 2);
      t.now += 1_000;
    }
  });
});

describe('three replicas, one with a slow disk', () => {
  let cluster: TestCluster | undefined;
  afterEach(async () => {
    await cluster?.close();
    cluster = undefined;
  });

  const put = (c: TestCluster, i: number, key: string) =>
    c.replica(i).backend.txn({
      compares: [],
      ops: [{ type: 'put', key, value: Buffer.from('v'), revisionAt: -1 }],
    });

  /** Starts three replicas in which the disk of whoever leads at first can be made slow. */
  async function start(slowDisk: object): Promise<{ c: TestCluster; leader: number; slow: (ms: number) => void }> {
    const delays = [0, 0, 0];
    cluster = await startCluster({
      size: 3,
      unsafeNoTls: true,
      // Longer than this machine may be busy with something else.
      config: { electionMs: 1_500 },
      configOf: (i) => ({ slowDisk, unsafeLogDelayMs: () => delays[i] ?? 0 }),
    });
    const leader = await cluster.leader();
    return { c: cluster, leader, slow: (ms) => (delays[leader] = ms) };
  }

  it('holds no election while the leader writes for longer than an election takes', async () => {
    const { c, leader, slow } = await start({ slowMs: Number.POSITIVE_INFINITY });
    await put(c, leader, 'a/1');
    const { term } = c.replica(leader).status();
    slow(4_000);
    await put(c, leader, 'a/2');
    // Who asks a follower does not wait for the leader's disk: the others are a majority.
    await put(c, (leader + 1) % 3, 'a/3');
    expect(c.replica(leader).status()).toMatchObject({ term, role: 'leader', leaderChanges: 1 });
  });

  it('gets a leader with a good disk while writes go on', { timeout: 60_000 }, async () => {
    const { c, leader, slow } = await start({ slowMs: 100, lastingMs: 500, termMs: 0 });
    slow(1_000);
    let written = 0;
    while (c.replica(leader).status().role === 'leader') await put(c, (leader + 1) % 3, `b/${written++}`);
    await put(c, leader, 'b/last');
    expect(c.replica(leader).status().handOvers).toBe(1);
    expect(c.replica(leader).backend.count('b/', 'b0')).toBe(written + 1);
  });
});
