import { describe, expect, test } from 'vitest';
import { event, KeepingBackend, metrics as ownMetrics } from '../testing/events.js';
import type { AuditEvent } from '../types.js';
import { type BatchOptions, BufferedBackend } from './buffered.js';

const ids = (events: readonly AuditEvent[]): string[] => events.map((e) => e.request.auditId);

describe('the buffer', () => {
  const options: BatchOptions = {
    bufferSize: 10,
    maxBatchSize: 3,
    maxBatchWaitMs: 60_000,
    throttle: undefined,
    async: false,
  };

  test('hands on full batches at once, and the rest at the end', async () => {
    const kept = new KeepingBackend();
    const buffered = new BufferedBackend(kept, options, ownMetrics().metrics);
    expect(buffered.processEvents(['a', 'b', 'c', 'd'].map((id) => event(id)))).toBe(true);
    await kept.came(3);
    expect(kept.batches.map(ids)).toEqual([['a', 'b', 'c']]);
    await buffered.shutdown();
    expect(kept.batches.map(ids)).toEqual([['a', 'b', 'c'], ['d']]);
    expect(kept.isDown).toBe(true);
  });

  test('hands on more than a batch where nobody sees how large one is, and nothing bounds them in time', async () => {
    const throttle = { qps: 1_000, burst: 10 };
    for (const [more, sizes] of [
      [{}, [1, 3, 3, 1]],
      [{ throttle }, [1, 1, 1, 1, 1, 1, 1, 1]],
    ] as const) {
      const kept = new KeepingBackend();
      const one = { ...options, maxBatchSize: 1, together: 3, ...more };
      const buffered = new BufferedBackend(kept, one, ownMetrics().metrics);
      buffered.processEvents([event('first')]);
      await kept.came(1);
      for (const id of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) buffered.processEvents([event(id)]);
      await kept.came(8);
      expect(kept.batches.map(({ length }) => length)).toEqual(sizes);
      // They may wait for others: nobody waits for them.
      expect(kept.mayWait.every((may) => may)).toBe(true);
      await buffered.shutdown();
    }
  });

  test('hands on what there is when the time is over', async () => {
    const kept = new KeepingBackend();
    const buffered = new BufferedBackend(kept, { ...options, maxBatchWaitMs: 10 }, ownMetrics().metrics);
    buffered.processEvents([event('a')]);
    // The process would not be kept alive by what waits.
    const alive = setInterval(() => undefined, 10);
    await kept.came(1);
    clearInterval(alive);
    await buffered.shutdown();
  });

  test('loses what does not fit, counts it, and takes nothing after its end', async () => {
    const { metrics, lost } = ownMetrics();
    const kept = new KeepingBackend();
    const buffered = new BufferedBackend(kept, options, metrics);
    expect(buffered.processEvents(Array.from({ length: 12 }, (_, i) => event(`${i}`)))).toBe(true);
    expect(await lost('buffered')).toBe(2);
    await buffered.shutdown();
    expect(kept.events).toHaveLength(10);
    buffered.processEvents([event('late')]);
    expect(await lost('buffered')).toBe(3);
  });

  test('sends no more batches in a time than the throttle lets through', async () => {
    const kept = new KeepingBackend();
    const throttle = { qps: 20, burst: 2 };
    const buffered = new BufferedBackend(kept, { ...options, maxBatchSize: 1, throttle }, ownMetrics().metrics);
    const since = performance.now();
    buffered.processEvents(['a', 'b', 'c', 'd'].map((id) => event(id)));
    await kept.came(4);
    expect(performance.now() - since).toBeGreaterThanOrEqual(95);
    await buffered.shutdown();
  });
});
