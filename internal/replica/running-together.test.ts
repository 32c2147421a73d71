import { afterEach, expect, it } from 'vitest';
import { startCluster, type TestCluster } from '../testing/cluster.js';
import { until } from '../testing/until.js';
import type { Replica } from './index.js';
import { put } from './state.testkit.js';

let cluster: TestCluster | undefined;
afterEach(() => cluster?.close());

it('any of several replicas may be asked for what only the leader does, and sees that it is done', async () => {
  const said: string[] = [];
  const c = await startCluster({
    size: 3,
    unsafeNoTls: true,
    configOf: (i) => ({ log: (level, text) => said.push(`r${i} ${level}: ${text}`) }),
  });
  cluster = c;
  const leads = await c.leader();
  const [leader, follower] = [c.replica(leads), c.replica((leads + 1) % 3)];
  const { term, leaderChanges } = leader.status();
  await until(() => [0, 1, 2].every((i) => said.includes(`r${i} info: r${leads} leads in term ${term}`)));
  expect([leader.leads, follower.leads, leader.status().leaderName]).toEqual([true, false, `r${leads}`]);

  const names = (): string[] => follower.status().members.map(({ name }) => name);
  await follower.addMember('d', '127.0.0.1:1');
  expect(names()).toEqual(['r0', 'r1', 'r2', 'd']);
  const connected = (replica: Replica): string[] =>
    replica.status().members.flatMap(({ name, connected: isUp }) => (isUp ? [name] : []));
  await until(() => [leader, follower].every((replica) => connected(replica).length === 3));
  expect([connected(leader), connected(follower)]).toEqual([
    ['r0', 'r1', 'r2'],
    ['r0', 'r1', 'r2'],
  ]);
  await expect(follower.promoteMember('d')).rejects.toThrow('the member is not connected');
  await follower.removeMember('d');
  expect(names()).toEqual(['r0', 'r1', 'r2']);
  // All members have said what they know.
  await until(() => c.running().every(({ backend }) => backend.takesCharges));

  const other = (leads + 2) % 3;
  follower.transferLeader(`r${other}`);
  await until(() => c.running().every((replica) => replica.status().leaderName === `r${other}`));
  expect(leader.status().leaderChanges).toBeGreaterThan(leaderChanges);
  expect([leader.handOver(), follower.handOver()]).toEqual([undefined, undefined]);
  const next = c.replica(other).handOver();
  expect([`r${leads}`, `r${(leads + 1) % 3}`]).toContain(next);
  await until(() => c.running().every((replica) => replica.status().leaderName === next));
  expect((await put(follower, 'a/1', 'x')).succeeded).toBe(true);
  expect(c.running().map((replica) => replica.status().handOvers)).toEqual([0, 0, 0]);
});
