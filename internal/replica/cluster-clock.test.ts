import { afterEach, describe, expect, it, vi } from 'vitest';
import { ClusterClock } from './cluster-clock.js';

afterEach(() => vi.useRealTimers());

describe('the clock of times to live', () => {
  it('goes on steadily when the wall clock jumps', () => {
    vi.useFakeTimers({ now: 1_000_000 });
    const clock = new ClusterClock(() => 0);
    expect(clock.now()).toBe(1_000_000);
    vi.advanceTimersByTime(500);
    vi.setSystemTime(9_000_000);
    expect(clock.now()).toBe(1_000_500);
    vi.setSystemTime(0);
    expect(clock.now()).toBe(1_000_500);
  });

  it('begins where the log was, whatever the wall clock says, and never goes back', () => {
    vi.useFakeTimers({ now: 9_000_000 });
    let seen = 2_000_000;
    const clock = new ClusterClock(() => seen);
    expect(clock.now()).toBe(2_000_000);
    seen = 3_000_000;
    expect(clock.now()).toBe(3_000_000);
    vi.advanceTimersByTime(1_000);
    seen = 3_000_400;
    expect(clock.now()).toBe(3_001_000);
  });
});
