import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startCluster, type TestCluster } from '../testing/cluster.js';
import { until } from '../testing/until.js';
import { LogStore } from './log.js';
import { adopt } from './reseed.js';
import { diverge, lineageOf, put } from './state.testkit.js';

let cluster: TestCluster | undefined;
afterEach(async () => {
  await cluster?.close();
  cluster = undefined;
});

it('a copy that a majority has computed counts from then on as what its taker has computed', {
  timeout: 60_000,
}, async () => {
  const fatal: string[] = [];
  const said: string[] = [];
  const c = await startCluster({
    size: 3,
    unsafeNoTls: true,
    config: { onFatal: (error) => fatal.push(error.message), log: (level, text) => said.push(`${level}: ${text}`) },
  });
  cluster = c;
  await put(c.replica(0), 'a/1', 'x');
  await Promise.all(c.running().map(async (replica) => replica.backend.readBarrier()));
  const bad = ((await c.leader()) + 1) % 3;
  await c.stop(bad);
  const own = await lineageOf(c, bad);
  await diverge(c, bad, 'a/1');
  await (await c.start(bad)).ready();
  await put(c.replica((bad + 1) % 3), 'a/2', 'y');
  await until(() => fatal.length > 0);
  await c.stop(bad);
  // Stopped before the states are compared again, which would come to the same.
  await (await c.start(bad)).ready();
  await c.stop(bad);
  expect(said).toContainEqual(
    expect.stringMatching(/^info: replaced the state by a copy of member \d+'s, at log index \d+$/),
  );
  const lineage = await lineageOf(c, bad);
  expect(lineage.split('-')[0]).toBe(own.split('-')[0]);
  expect(lineage).not.toBe(own);
});

describe('who takes a copy of the state', () => {
  let directory = '';
  let log: LogStore;
  const nothing = {
    index: 0,
    term: 0,
    confState: { voters: [1], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false },
  };
  const open = (): Promise<LogStore> =>
    LogStore.open({ path: join(directory, 'wal'), stateMeta: () => nothing, onDiskFull: () => undefined });
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'quorate-reseed-'));
    log = await open();
    const entries = [1, 2, 3].map((index) => ({ index, term: 4, type: 'normal' as const, data: Buffer.from('x') }));
    await log.append(entries, { term: 5, vote: 7, commit: 3 });
  });
  afterEach(async () => {
    await log.close();
    rmSync(directory, { recursive: true, force: true });
  });

  it.each([
    ['in the same term', 5, { term: 5, vote: 7, commit: 9 }],
    ['of an earlier term', 4, { term: 5, vote: 7, commit: 9 }],
    ['of a later term, in which it has not voted', 6, { term: 6, vote: 0, commit: 9 }],
  ])('keeps its vote: %s', async (_, term, kept) => {
    await adopt(log, { meta: { ...nothing, index: 9, term }, directory: 'state-new' });
    await log.close();
    log = await open();
    expect(log.hardState).toEqual(kept);
    expect([log.firstIndex(), log.term(9)]).toEqual([10, term]);
    expect(log.getFact('stateDirectory')?.toString()).toBe('state-new');
  });
});
