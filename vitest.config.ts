import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['internal/**/*.test.ts', 'cmd/**/*.test.ts', 'bench/**/*.test.ts'],
    // Native addons (lmdb, uWebSockets.js) are safe only in processes of their own.
    pool: 'forks',
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: ['default', './internal/testing/summary-reporter.ts'],
  },
});
