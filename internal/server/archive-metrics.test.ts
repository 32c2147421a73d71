import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { archiveMetrics } from './archive-metrics.js';

test('The leader shows how old the archive is; all show what they wrote', async () => {
  const registry = new Registry();
  let status: object | undefined;
  archiveMetrics(registry, () => status as never);
  const shown = async (): Promise<string[]> =>
    (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  expect(await shown()).toEqual(['quorate_archive_failures 0', 'quorate_archive_bytes 0']);
  const now = Date.now();
  status = { currentMs: now - 60_000, baseMs: now - 3_600_000, failures: 2, bytes: 500 };
  const [age, base, ...counts] = await shown();
  expect(counts).toEqual(['quorate_archive_failures 2', 'quorate_archive_bytes 500']);
  expect(age).toMatch(/^quorate_archive_age_seconds (?:6\d|[7-9]\d)(?:\.\d+)?$/);
  expect(base).toMatch(/^quorate_archive_snapshot_age_seconds 36\d\d(?:\.\d+)?$/);
  // A clock that was set back makes nothing younger than now; a count is not added to itself.
  status = { currentMs: now + 3_600_000, failures: 2, bytes: 500 };
  expect(await shown()).toEqual([
    'quorate_archive_age_seconds 0',
    'quorate_archive_failures 2',
    'quorate_archive_bytes 500',
  ]);
});
