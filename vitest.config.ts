import os from 'node:os';
import { configDefaults, defineConfig } from 'vitest/config';
import { SlowFirst } from './internal/testing/slow-first.js';

/** Tests that keep the machine busy or measure how long something takes: beside others they would say nothing. */
const ALONE = [
  'internal/testing/pauses/**/*.test.ts',
  'internal/testing/chaos/**/*.test.ts',
  'internal/testing/e2e/busy-machine.test.ts',
  'internal/testing/e2e/flood.test.ts',
];

export default defineConfig({
  test: {
    // Native addons (lmdb, uWebSockets.js) are safe only in processes of their own.
    pool: 'forks',
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: ['default', './internal/testing/summary-reporter.ts'],
    sequence: { sequencer: SlowFirst },
    projects: [
      {
        extends: true,
        test: { name: 'alone', include: ALONE, maxWorkers: 1, sequence: { groupOrder: 0 } },
      },
      {
        extends: true,
        test: {
          name: 'beside',
          include: ['internal/**/*.test.ts', 'cmd/**/*.test.ts', 'bench/**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...ALONE],
          // Most tests wait for others (elections, processes, the disk) for more than half of their time.
          maxWorkers: Math.max(2, os.availableParallelism() - 1),
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
