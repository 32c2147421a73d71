import { describe, expect, it } from 'vitest';
import { DiskWatch } from './slow-disk.js';

const LIMITS = { slowMs: 200, lastingMs: 3_000, termMs: 30_000 };

/** A leader since time 0 whose disk has been slow since 40 s, asked at 43 s. */
function slow(ownMs = 400): DiskWatch {
  const watch = new DiskWatch(LIMITS);
  watch.transferee(0, true, [], 0);
  for (let i = 0; i < 3; i++) watch.onWritten(40_000, ownMs);
  watch.transferee(40_000, true, [], 0);
  return watch;
}
function acknowledge(watch: DiskWatch, id: number, ms: number, count = 3, at = 40_000): void {
  for (let i = 0; i < count; i++) {
    watch.onSent(id, i + 1, at - ms);
    watch.onAcknowledged(id, i + 1, at);
  }
}

describe('leadership', () => {
  it('goes to the one that acknowledges in a quarter of the time at most, the fastest first', () => {
    const watch = slow();
    for (const [id, ms] of [
      [2, 101],
      [3, 100],
      [4, 90],
      [5, 95],
      [6, 90],
    ] as const)
      acknowledge(watch, id, ms);
    const ask = (...candidates: number[]) => watch.transferee(43_000, true, candidates, 0);
    expect(ask(2)).toBeUndefined();
    expect(ask(3)).toEqual({ id: 3, ms: 100, ownMs: 400 });
    expect(ask(2, 3, 4, 5, 6, 9)).toEqual({ id: 4, ms: 90, ownMs: 400 });
    expect(ask()).toBeUndefined();
  });

  it('stays until the disk has been slow for long enough, and the leader has led for long enough', () => {
    const watch = slow();
    acknowledge(watch, 2, 10);
    expect(watch.transferee(42_999, true, [2], 0)).toBeUndefined();
    expect(watch.transferee(43_000, true, [2], 0)?.id).toBe(2);
    const young = new DiskWatch(LIMITS);
    young.transferee(10_001, true, [], 0);
    for (let i = 0; i < 3; i++) young.onWritten(39_000, 400);
    young.transferee(36_000, true, [], 0);
    acknowledge(young, 2, 10);
    expect(young.transferee(36_500, true, [2], 0)).toBeUndefined();
    expect(young.transferee(40_000, true, [2], 0)).toBeUndefined();
    expect(young.transferee(40_001, true, [2], 0)?.id).toBe(2);
  });

  it('stays where writes take less than 200 ms, and the time is counted anew after that', () => {
    const watch = slow(199);
    acknowledge(watch, 2, 10);
    expect(watch.transferee(43_000, true, [2], 0)).toBeUndefined();
    for (let i = 0; i < 4; i++) watch.onWritten(44_000, 200);
    acknowledge(watch, 2, 10, 3, 44_000);
    expect(watch.transferee(44_000, true, [2], 0)).toBeUndefined();
    expect(watch.transferee(46_999, true, [2], 0)).toBeUndefined();
    expect(watch.transferee(47_000, true, [2], 0)).toEqual({ id: 2, ms: 10, ownMs: 200 });
  });

  it('stays where there are fewer than three times of the last 10 s to tell from', () => {
    const watch = slow();
    acknowledge(watch, 2, 10, 2);
    acknowledge(watch, 3, 10, 3);
    expect(watch.transferee(43_000, true, [2], 0)).toBeUndefined();
    expect(watch.transferee(49_999, true, [3], 0)?.id).toBe(3);
    expect(watch.transferee(50_000, true, [3], 0)).toBeUndefined();
    // A write that has taken all of that time says enough.
    expect(watch.transferee(50_000, true, [3], 9_999)).toBeUndefined();
    acknowledge(watch, 3, 10, 3, 50_000);
    watch.transferee(50_000, true, [3], 10_000);
    expect(watch.transferee(53_000, true, [3], 13_000)).toEqual({ id: 3, ms: 10, ownMs: 13_000 });
  });
});

describe('a time', () => {
  it('is that of the first append under way, until all of it is acknowledged', () => {
    const watch = slow();
    for (let i = 1; i <= 3; i++) {
      watch.onSent(2, i * 10, 30_000 + i * 1_000);
      watch.onSent(2, i * 10 + 5, 30_900 + i * 1_000);
      watch.onAcknowledged(2, i * 10 - 1, 30_010 + i * 1_000);
      watch.onAcknowledged(2, i * 10, 30_050 + i * 1_000);
      watch.onAcknowledged(2, i * 10 + 5, 30_999 + i * 1_000);
    }
    watch.onAcknowledged(3, 1, 40_000);
    expect(watch.transferee(41_000, true, [2, 3], 0)).toBeUndefined();
    for (let i = 0; i < 3; i++) watch.onWritten(41_000, 400);
    watch.transferee(38_000, true, [2], 0);
    expect(watch.transferee(43_000, true, [2], 0)).toBeUndefined();
    for (let i = 1; i <= 3; i++) {
      watch.onSent(2, 100 + i, 42_000);
      watch.onAcknowledged(2, 100 + i, 42_050);
    }
    expect(watch.transferee(43_000, true, [2], 0)).toMatchObject({ id: 2, ms: 50 });
  });

  it('is the middle one, of 32 at most', () => {
    const watch = slow();
    for (const ms of [90, 1, 20]) acknowledge(watch, 2, ms, 1);
    expect(watch.transferee(43_000, true, [2], 0)?.ms).toBe(20);
    acknowledge(watch, 2, 30, 1);
    expect(watch.transferee(43_000, true, [2], 0)?.ms).toBe(30);
    acknowledge(watch, 3, 1, 32);
    expect(watch.transferee(43_000, true, [3], 0)?.ms).toBe(1);
    acknowledge(watch, 3, 50, 16);
    expect(watch.transferee(43_000, true, [3], 0)?.ms).toBe(50);
    acknowledge(watch, 4, 1, 17);
    acknowledge(watch, 4, 50, 16);
    expect(watch.transferee(43_000, true, [4], 0)?.ms).toBe(50);
  });

  it('of an earlier leadership counts no more', () => {
    const watch = slow();
    acknowledge(watch, 2, 10);
    expect(watch.transferee(43_000, false, [2], 0)).toBeUndefined();
    watch.transferee(43_000, true, [2], 0);
    for (let i = 0; i < 3; i++) watch.onWritten(74_000, 400);
    watch.transferee(70_000, true, [2], 13_000);
    expect(watch.transferee(75_000, true, [2], 0)).toBeUndefined();
    acknowledge(watch, 2, 10, 3, 75_000);
    expect(watch.transferee(75_000, true, [2], 0)?.id).toBe(2);
  });
});
