import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { checkDataDirectory, planRecovery } from './index.js';
import { startCluster, type TestCluster } from '../testing/cluster.js';
import { until } from '../testing/until.js';

let cluster: TestCluster;
afterEach(() => cluster.close());

const said: string[] = [];
const log = (level: string, text: string): void => void said.push(`${level}: ${text}`);

/** More than two segments of the log, written through replica i. */
async function fillSegments(i: number, value: string): Promise<void> {
  const { backend } = cluster.replica(i);
  for (let n = 0; n < 20; n++) {
    const ops = [{ type: 'put', key: `a/${n}`, value: Buffer.alloc(1024 * 1024, value), revisionAt: -1 }] as const;
    await backend.txn({ compares: [], ops });
  }
}
/** Spoils a few bytes in the middle of the first segment of replica i, which is stopped. */
function spoilFirstSegment(i: number): string {
  const wal = join(cluster.directory, `r${i}`, 'wal');
  const [name = ''] = readdirSync(wal)
    .filter((file) => file.endsWith('.wal'))
    .sort();
  const bytes = readFileSync(join(wal, name));
  bytes.fill(0x5a, 4_000_000, 4_000_010);
  writeFileSync(join(wal, name), bytes);
  return name;
}

it('a replica with damage in an older segment starts, leads, and sends a snapshot to who needs that', {
  timeout: 120_000,
}, async () => {
  said.length = 0;
  cluster = await startCluster({ size: 3, config: { log }, unsafeNoTls: true });
  const leader = await cluster.leader();
  const [slow, damaged] = [0, 1, 2].filter((i) => i !== leader) as [number, number];
  await cluster.stop(slow);
  await fillSegments(leader, 'x');
  const { revision } = cluster.replica(leader).backend;
  await until(() => cluster.replica(damaged).backend.revision === revision);
  await cluster.stop(damaged);
  const name = spoilFirstSegment(damaged);
  const replica = await cluster.start(damaged);
  const told = said.filter((line) => line.includes('is damaged'));
  expect(told).toHaveLength(1);
  expect(told[0]).toMatch(
    new RegExp(`^error: the Raft log in .*r${damaged}/wal is damaged: segment ${name} is not as`),
  );
  expect(told[0]).toMatch(/begins behind it, at entry \d+ \(0{15}1.wal removed\)/);
  await replica.ready();
  expect(replica.status().logFirst).toBeGreaterThan(5);
  await until(() =>
    cluster
      .replica(leader)
      .status()
      .members.every((member) => member.name === `r${slow}` || member.connected),
  );
  // It may be some entries behind at first.
  const handOver = (): void => {
    if (cluster.replica(leader).status().role === 'leader') cluster.replica(leader).transferLeader(`r${damaged}`);
  };
  await until(() => replica.status().role === 'leader', { meanwhile: handOver });
  const behind = await cluster.start(slow);
  await behind.ready();
  await until(() => behind.backend.revision === revision);
  expect(behind.backend.get('a/19')?.value).toEqual(Buffer.alloc(1024 * 1024, 'x'));
  expect(behind.status().logFirst).toBeGreaterThan(5);
  // Once it is done without, it is no more than a log that begins later.
  said.length = 0;
  await cluster.stop(damaged);
  await cluster.start(damaged);
  expect(said.filter((line) => line.includes('is damaged'))).toEqual([]);
});

it('a replica whose state needs what is damaged does not start', { timeout: 60_000 }, async () => {
  cluster = await startCluster({ size: 1, config: { log } });
  const state = join(cluster.directory, 'r0/state');
  const older = join(cluster.directory, 'older');
  await cluster.stop(0);
  cpSync(state, older, { recursive: true });
  await (await cluster.start(0)).ready();
  await fillSegments(0, 'y');
  await cluster.stop(0);
  rmSync(state, { recursive: true });
  cpSync(older, state, { recursive: true });
  const name = spoilFirstSegment(0);
  const refused = new RegExp(
    `damaged: segment ${name} .* has applied entries up to \\d+, and needs those up to .*from a backup`,
  );
  for (let i = 0; i < 2; i++) await expect(cluster.start(0)).rejects.toThrow(refused);
  const dataDir = join(cluster.directory, 'r0');
  await expect(planRecovery(dataDir)).rejects.toThrow(refused);
  const { problems } = await checkDataDirectory(dataDir);
  expect(problems[0]).toMatch(
    new RegExp(`^the Raft log is damaged: segment ${name} is not .* behind entry \\d+ is whole$`),
  );
  expect(problems[1]).toMatch(/^the log begins at \d+, but the state has applied only up to \d+$/);
});
