import { expect, test } from 'vitest';
import { event, KeepingBackend } from '../testing/events.js';
import type { AuditEvent } from '../types.js';
import { ignoringErrors, unionBackend } from './union.js';

const ids = (events: readonly AuditEvent[]): string[] => events.map((e) => e.request.auditId);

test('several backends get every event; one that fails fails the event, unless errors are ignored', async () => {
  const [good, bad] = [new KeepingBackend(), new KeepingBackend(() => Promise.resolve(false))];
  expect(await unionBackend([good, bad]).processEvents([event('a')])).toBe(false);
  expect(await unionBackend([good, ignoringErrors(bad)]).processEvents([event('b')])).toBe(true);
  expect(unionBackend([good]).processEvents([event('c')])).toBe(true);
  expect(ids(good.events)).toEqual(['a', 'b', 'c']);
  await unionBackend([good, bad]).shutdown();
  expect([good.isDown, bad.isDown]).toEqual([true, true]);
});
