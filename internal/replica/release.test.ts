import { afterEach, expect, it } from 'vitest';
import { startCluster, type TestCluster } from '../testing/cluster.js';
import { until } from '../testing/until.js';
import { put } from './state.testkit.js';

let cluster: TestCluster | undefined;
afterEach(() => cluster?.close());

it('what an earlier release cannot read is written when the last one is gone, and none may come back', {
  timeout: 90_000,
}, async () => {
  const fatal: string[] = [];
  let isEarlier = true;
  const [first, last] = [0, 2];
  const c = await startCluster({
    size: 3,
    unsafeNoTls: true,
    configOf: (i) => ({
      onFatal: (error) => fatal.push(`r${i}: ${error.message}`),
      ...(i === last && isEarlier ? { unsafeLogVersion: 0 } : {}),
    }),
  });
  cluster = c;
  const takers = (): boolean[] => c.running().map(({ backend }) => backend.takesCharges);
  // Longer than the leader needs to ask who knows what.
  const end = performance.now() + 2_500;
  await until(() => performance.now() > end, { meanwhile: () => put(c.replica(first), 'a/1', 'x') });
  expect(takers()).toEqual([false, false, false]);
  const charge = { type: 'charge', key: 'a/1', uid: 'x', amounts: [] } as const;
  await expect(c.replica(first).backend.txn({ compares: [], ops: [charge] })).rejects.toThrow('every member knows');
  await c.stop(last);
  isEarlier = false;
  await c.start(last);
  await until(() => takers().every(Boolean));
  expect(fatal).toEqual([]);
  // It stays so after a start, and who knows less is turned away before it meets what it cannot read.
  await c.stop(last);
  isEarlier = true;
  await c.start(last);
  await until(() => fatal.length > 0);
  expect(fatal[0]).toMatch(/^r2: this member runs an earlier release than the others/);
});
