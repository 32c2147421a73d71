import os from 'node:os';
import { configDefaults, defineConfig } from 'vitest/config';
import { SlowFirst } from './internal/testing/slow-first.js';

/** Tests that keep the machine busy or measure how long something takes: beside others they would say nothing. */
const ALONE = ['internal/testing/e2e/busy-machine.test.ts', 'internal/testing/e2e/flood.test.ts'];

/**
 * Tests whose files run in one process, one after the other: most of their time would go by with loading the same modules
 * again. They leave nothing behind in it that another file could see.
 */
const TOGETHER = [
  'admission',
  'aggregator',
  'audit',
  'auth',
  'bootstrap',
  'callout',
  'cel',
  'extensions',
  'flowcontrol',
  'machinery',
  'pki',
  'raft',
  'registry',
  'rest',
  'schema',
  'server',
  'store',
  'transport',
].map((folder) => `internal/${folder}/**/*.test.ts`);

/** What looks at counters or caches of its process. */
const COUNTING = [
  'internal/admission/admit.test.ts',
  'internal/admission/policies/metrics.test.ts',
  'internal/auth/client-cert.test.ts',
  'internal/auth/metrics.test.ts',
  'internal/registry/custom/conversion.test.ts',
  'internal/rest/route.test.ts',
  'internal/server/uws/connection.test.ts',
];

/** Tests with replicas wait for others (elections, processes, the disk) for a third to half of their time. */
const WORKERS = Math.max(4, os.availableParallelism());

export default defineConfig({
  test: {
    // Native addons (lmdb, uWebSockets.js) are safe in processes only, not in threads.
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
          exclude: [...configDefaults.exclude, ...ALONE, ...TOGETHER],
          maxWorkers: WORKERS,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: { name: 'counting', include: COUNTING, maxWorkers: WORKERS, sequence: { groupOrder: 1 } },
      },
      {
        extends: true,
        test: {
          name: 'together',
          include: TOGETHER,
          exclude: [...configDefaults.exclude, ...COUNTING],
          isolate: false,
          maxWorkers: WORKERS,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
