import { afterEach, expect, it } from 'vitest';
import { startCluster, type TestCluster } from '../testing/cluster.js';
import { until } from '../testing/until.js';
import { lead, put, rot } from './state.testkit.js';

let cluster: TestCluster | undefined;
afterEach(() => cluster?.close());

it('a leader whose transferees could not take over in time hands over again soon', { timeout: 120_000 }, async () => {
  const said: string[] = [];
  let delayMs = 0;
  const damaged = 0;
  const c = await startCluster({
    size: 3,
    unsafeNoTls: true,
    configOf: (i) => (i === damaged ? { log: (_level, text) => said.push(text) } : { unsafeLogDelayMs: () => delayMs }),
  });
  cluster = c;
  await put(c.replica(0), 'a/1', 'x');
  await Promise.all(c.running().map(async (replica) => replica.backend.readBarrier()));
  await c.stop(damaged);
  await rot(c, damaged, 'a/1');
  const replica = await c.start(damaged);
  await replica.ready();
  await lead(c, damaged);
  // Three times an election timeout: while writes come in, nobody has all of the log.
  delayMs = 1_500;
  const writes: Promise<unknown>[] = [];
  const writing = setInterval(() => writes.push(put(replica, 'b/x', 'y').catch(() => undefined)), 20);
  const handedOver = (): number => said.filter((text) => text.includes('this leader hands over')).length;
  try {
    expect(() => replica.backend.get('a/1')).toThrow(/damaged/);
    await until(() => handedOver() >= 2);
    expect(replica.status().role).toBe('leader');
  } finally {
    clearInterval(writing);
  }
  delayMs = 0;
  await until(() => replica.status().role === 'follower' && replica.status().leader !== 0);
  await Promise.all(writes);
  // What came to nothing is no hand-over.
  await until(() => replica.status().handOvers > 0);
  expect(replica.status().handOvers).toBe(1);
});
