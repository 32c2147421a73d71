import { vi } from 'vitest';
import { Housekeeping, type HousekeepingOptions } from './housekeeping.js';
import type { LoneLeader } from './leader.testkit.js';

/** Begins the housekeeping of a lone leader, by the clock that a test has set aside; what it says is in `bench.said`. */
export function keep(bench: LoneLeader, more: Partial<HousekeepingOptions> = {}): Housekeeping {
  const { driver, state, log, proposals, membership, verifier, clock, space, disks } = bench;
  const housekeeping = new Housekeeping({
    id: 1,
    driver,
    state,
    log,
    proposals,
    membership,
    verifier,
    clock,
    space,
    disks,
    reachable: (id) => bench.reachable.has(id),
    logVersionOf: () => undefined,
    snapshotFor: () => undefined,
    compactionIntervalMs: 0,
    hasSpace: () => Promise.resolve(true),
    damaged: () => false,
    keepEntries: 100_000,
    say: (level, text) => void bench.said.push(`${level}: ${text}`),
    ...more,
  });
  housekeeping.start();
  return housekeeping;
}

/**
 * Sets the clock of a test aside: housekeeping sweeps when its timers are advanced, and the time is so much ahead. With
 * `isStill` it goes on only as the test says, however slow the machine is.
 */
export function setClockAside(aheadMs: () => number, isStill = false): void {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const now = performance.now.bind(performance);
  const begun = now();
  vi.spyOn(performance, 'now').mockImplementation(() => (isStill ? begun : now()) + aheadMs());
}

/** Ends what a test has begun, and gives its clock back. */
export async function endOf(bench: LoneLeader, housekeeping: Housekeeping | undefined): Promise<void> {
  housekeeping?.stop();
  vi.useRealTimers();
  vi.restoreAllMocks();
  await bench.close();
}

/** One sweep, with what it begins. */
export async function sweep(bench: LoneLeader): Promise<void> {
  vi.advanceTimersByTime(1_000);
  // What is asked of the disk answers in its own time.
  for (let i = 0; i < 3; i++) {
    await bench.space.check().catch(() => undefined);
    for (let turn = 0; turn < 20; turn++) {
      bench.driver.tick();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}
