import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Housekeeping, HousekeepingOptions } from './housekeeping.js';
import { endOf, keep, sweep } from './housekeeping.testkit.js';
import { LoneLeader, messageOf } from './leader.testkit.js';

const MIB = 1024 * 1024;
const info = (name: string) => ({ name, address: `${name}:1` });
let bench: LoneLeader;
let housekeeping: Housekeeping | undefined;
beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }));
afterEach(() => endOf(bench, housekeeping));

/** A leader of itself and two learners, with so many entries, all of them on the disk. */
async function leader(entries: number): Promise<void> {
  bench = await LoneLeader.open({ 2: info('b'), 3: info('c') }, { learners: [2, 3] });
  await bench.lead();
  await fill(entries);
}
async function fill(entries: number): Promise<void> {
  while (bench.driver.status().applied < entries) await bench.put('k');
  await bench.state.sync();
}
function start(more: Partial<HousekeepingOptions> = {}): void {
  housekeeping = keep(bench, more);
}
/** As if each entry of the log took so many bytes. */
function pretendSize(bytesEach: number): void {
  vi.spyOn(bench.log, 'indexBefore').mockImplementation((bytes) =>
    Math.max(0, bench.log.lastIndex() - Math.ceil(bytes / bytesEach)),
  );
}
/** Everything up to this index was forgotten. */
const forgotten = (): number => bench.log.firstIndex() - 1;
const match = (id: number): number => bench.driver.status().peers.find((peer) => peer.id === id)?.match ?? 0;

describe('the log of large entries', () => {
  it.each([
    [4 * MIB, 60, 28],
    // 128 MiB and a step of 8 are just reached, and not quite.
    [4 * MIB, 35, 3],
    [4 * MIB, 34, 0],
    // Few bytes, few entries.
    [4 * 1024, 60, 0],
  ])('of %i bytes each, %i of them, is cut behind 128 MiB: at %i', async (bytesEach, entries, to) => {
    await leader(entries);
    pretendSize(bytesEach);
    start();
    await sweep(bench);
    expect(forgotten()).toBe(to);
  });

  it('is kept for a reachable member that needs it, up to 256 MiB', async () => {
    await leader(12);
    bench.present.add(2);
    bench.reachable.add(2);
    await bench.until(() => match(2) === 12);
    bench.present.delete(2);
    // Too far behind to become a voter.
    await fill(70);
    pretendSize(4 * MIB);
    start();
    await sweep(bench);
    expect(forgotten()).toBe(12);
    await fill(80);
    await sweep(bench);
    expect(forgotten()).toBe(16);
  });
});

describe('the log of small entries', () => {
  it('is cut behind as many as are to be kept, when a tenth of them more came, for members that are away or have them', async () => {
    await leader(21);
    start({ keepEntries: 20 });
    await sweep(bench);
    expect(forgotten()).toBe(0);
    await fill(22);
    await sweep(bench);
    expect(forgotten()).toBe(0);
    await fill(23);
    await sweep(bench);
    expect(forgotten()).toBe(3);
  });

  it('is not cut beyond what the state has on its own disk, which is brought up to date for that', async () => {
    bench = await LoneLeader.open();
    await bench.lead();
    while (bench.driver.status().applied < 60) await bench.put('k');
    expect(bench.state.durableIndex).toBeLessThan(40);
    const cuts: (readonly [to: number, durable: number])[] = [];
    const compact = bench.log.compact.bind(bench.log);
    vi.spyOn(bench.log, 'compact').mockImplementation((to) => {
      cuts.push([to, bench.state.durableIndex]);
      return compact(to);
    });
    start({ keepEntries: 20 });
    await bench.until(() => {
      vi.advanceTimersByTime(1_000);
      return forgotten() === 40;
    });
    for (const [to, durable] of cuts) expect(to).toBeLessThanOrEqual(durable);
  });

  it.each([
    ['where it is longer than it is to be', 20, 1],
    ['not where it may be as long as it is', 58, 0],
  ])('has the state brought to its disk %s', async (_, keepEntries, times) => {
    bench = await LoneLeader.open();
    await bench.lead();
    while (bench.driver.status().applied < 60) await bench.put('k');
    expect(bench.state.durableIndex).toBeLessThan(40);
    const asked = vi.spyOn(bench.state, 'whenCommitted');
    start({ keepEntries });
    vi.advanceTimersByTime(1_000);
    expect(asked).toHaveBeenCalledTimes(times);
  });

  it('is cut once at a time, also where an earlier cut failed', async () => {
    await leader(60);
    let fail = (_: Error): void => undefined;
    const compact = vi
      .spyOn(bench.log, 'compact')
      .mockImplementation(() => new Promise((_, reject) => (fail = reject)));
    start({ keepEntries: 20 });
    await sweep(bench);
    await sweep(bench);
    expect(compact.mock.calls).toEqual([[40]]);
    fail(new Error('no'));
    await new Promise((resolve) => setImmediate(resolve));
    await sweep(bench);
    expect(compact.mock.calls).toEqual([[40], [40]]);
    expect(bench.said).toContain('debug: log compaction will be tried again: no');
  });
});

describe('a member that is being sent a snapshot', () => {
  it.each([
    ['is kept what follows it', undefined, 31],
    ['by an earlier one that broke off is kept what follows that', 25, 25],
    ['by one that is newer than the one Raft asked for is kept what Raft asked for', 50, 31],
  ])('%s', async (_, snapshotFor, to) => {
    await leader(31);
    await bench.log.compact(10);
    await bench.until(() => {
      bench.driver.step([messageOf(2, 'heartbeatResp', { term: bench.driver.term })]);
      return bench.driver.status().peers.some(({ id, pendingSnapshot }) => id === 2 && pendingSnapshot === 31);
    });
    bench.reachable.add(2);
    await fill(90);
    start({ keepEntries: 20, snapshotFor: () => snapshotFor });
    await sweep(bench);
    expect(forgotten()).toBe(to);
  });
});
