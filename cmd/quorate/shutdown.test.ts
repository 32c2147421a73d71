import { afterEach, expect, it } from 'vitest';
import { startCluster, type TestCluster } from '../../internal/testing/cluster.js';
import { until } from '../../internal/testing/until.js';
import { stopServing } from './shutdown.js';

let cluster: TestCluster | undefined;
afterEach(() => cluster?.close());

it('a leader that stops hands over to a voter that is there', { timeout: 60_000 }, async () => {
  const c = await startCluster({ size: 3, unsafeNoTls: true });
  cluster = c;
  const leader = await c.leader();
  const replica = c.replica(leader);
  const isHere = (name: string): boolean => name === `r${leader}`;
  // The first by id, which is no reason to take it.
  const [down = '', transferee = ''] = replica
    .status()
    .members.map(({ name }) => name)
    .filter((name) => !isHere(name));
  await c.stop(Number(down.slice(1)));
  await until(() => !replica.status().members.some(({ name, connected }) => name === down && connected));
  expect(replica.handOver()).toBe(transferee);
  const next = c.replica(Number(transferee.slice(1)));
  // It may have been in the middle of a change of the membership.
  await until(() => next.status().role === 'leader', { meanwhile: () => replica.handOver() });
  expect(replica.handOver()).toBeUndefined();
  let closed = 0;
  const listener = { close: () => Promise.resolve(void closed++) };
  await stopServing(
    { replica: next, listener: listener as never, delayMs: 0, leave: () => Promise.resolve() },
    'signal',
  );
  expect(closed).toBe(1);
  await until(() => replica.status().role === 'leader');
  expect(next.status().role).toBe('follower');
});

it('that refuses new requests keeps its port open until those that came before are answered', {
  timeout: 60_000,
}, async () => {
  cluster = await startCluster({ size: 1, unsafeNoTls: true });
  const replica = cluster.replica(await cluster.leader());
  const told: string[] = [];
  let busy = 2;
  const parts = {
    replica,
    listener: { close: () => Promise.resolve(void told.push(`closed with ${busy}`)) } as never,
    delayMs: 0,
    leave: () => Promise.resolve(),
    refuse: () => void told.push('refuses'),
    inFlight: () => {
      told.push(`looked at ${busy}`);
      const now = { readOnly: busy > 1 ? 1 : 0, mutating: busy > 0 ? 1 : 0 };
      busy--;
      return now;
    },
  };
  await stopServing(parts, 'signal');
  expect(told).toEqual(['refuses', 'looked at 2', 'looked at 1', 'looked at 0', 'closed with -1']);
});
