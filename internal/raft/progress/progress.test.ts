import { expect, it } from 'vitest';
import { Progress } from './progress.js';

const progress = (next = 1): Progress => new Progress(next, { maxInflightMessages: 3, maxInflightBytes: 100 });

function replicating(match: number): Progress {
  const p = progress();
  p.acknowledge(match);
  p.becomeReplicate();
  return p;
}

it('is not known to live, to learn or to hold anything at first', () => {
  expect(progress(7)).toMatchObject({ match: 0, next: 7, state: 'probe', recentActive: false, isLearner: false });
  expect(progress().isPaused).toBe(false);
});

it('gets one append with entries at a time while it is probed', () => {
  const p = progress(5);
  p.sent(0, 0);
  expect(p.isPaused).toBe(false);
  p.sent(2, 60);
  expect([p.isPaused, p.next, p.inflights.count]).toEqual([true, 5, 0]);
  expect(p.acknowledge(6)).toBe(true);
  expect([p.isPaused, p.match, p.next]).toEqual([false, 6, 7]);
});

it('gets one append after the other when its log is known, up to the bounds in number and in bytes', () => {
  const p = replicating(4);
  expect([p.next, p.isPaused]).toEqual([5, false]);
  p.sent(2, 10);
  p.sent(1, 10);
  p.sent(0, 0);
  expect([p.next, p.inflights.count, p.isPaused]).toEqual([8, 2, false]);
  p.sent(1, 10);
  expect([p.next, p.isPaused]).toEqual([9, true]);
  p.inflights.freeUpTo(6);
  p.sent(0, 0);
  expect(p.isPaused).toBe(false);
  p.sent(1, 79);
  expect(p.isPaused).toBe(true);

  const bytes = replicating(4);
  bytes.sent(1, 99);
  expect(bytes.isPaused).toBe(false);
  bytes.sent(1, 1);
  expect(bytes.isPaused).toBe(true);
});

it('learns nothing from what was acknowledged before', () => {
  const p = replicating(4);
  p.sent(3, 100);
  expect(p.acknowledge(4)).toBe(false);
  expect([p.match, p.next, p.isPaused]).toEqual([4, 8, true]);
  expect(p.acknowledge(5)).toBe(true);
  expect([p.match, p.next, p.isPaused]).toEqual([5, 8, false]);
});

it.each([
  // What was rejected, the hint, and where the next append begins; undefined: the rejection is old.
  [9, 6, 7],
  [9, 20, 9],
  [9, 2, 4],
  [8, 6, undefined],
  [3, 2, undefined],
])('goes back, when an append behind %i is rejected with the hint %i, to %s', (rejected, hint, next) => {
  const p = progress();
  p.acknowledge(3);
  p.next = 10;
  p.paused = true;
  expect(p.rejected(rejected, hint)).toBe(next !== undefined);
  expect([p.next, p.paused]).toEqual([next ?? 10, next === undefined]);
});

it('goes back to what was acknowledged when one of several appends is rejected', () => {
  const p = replicating(4);
  p.sent(3, 10);
  expect(p.rejected(4, 2)).toBe(false);
  expect(p.next).toBe(8);
  expect(p.rejected(6, 2)).toBe(true);
  expect(p.next).toBe(5);
});

it('gets nothing while a snapshot is on its way, and goes on behind it', () => {
  const p = replicating(4);
  p.sent(3, 10);
  p.becomeSnapshot(20);
  expect(p).toMatchObject({ pendingSnapshot: 20, next: 21, isPaused: true, state: 'snapshot' });
  expect(p.inflights.count).toBe(0);
  p.becomeProbe();
  expect(p).toMatchObject({ pendingSnapshot: 0, next: 21, isPaused: false, state: 'probe' });

  const failed = replicating(4);
  failed.becomeSnapshot(20);
  failed.pendingSnapshot = 0;
  failed.becomeProbe();
  expect(failed.next).toBe(5);
  const unreachable = replicating(4);
  unreachable.sent(3, 10);
  unreachable.becomeProbe();
  expect(unreachable.next).toBe(5);
});
