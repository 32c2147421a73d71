import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LOG_VERSION } from '../store/command.js';
import { getLatest } from '../store/view.js';
import type { Housekeeping, HousekeepingOptions } from './housekeeping.js';
import { endOf, keep, setClockAside, sweep as sweepOf } from './housekeeping.testkit.js';
import { LoneLeader, messageOf } from './leader.testkit.js';

const info = (name: string) => ({ name, address: `${name}:1` });
const OTHERS = { 2: info('b'), 3: info('c'), 4: info('d') };
let bench: LoneLeader;
let housekeeping: Housekeeping | undefined;
let offset = 0;

beforeEach(() => {
  offset = 0;
  setClockAside(() => offset);
});
afterEach(() => endOf(bench, housekeeping));

function start(more: Partial<HousekeepingOptions> = {}): Housekeeping {
  housekeeping = keep(bench, more);
  return housekeeping;
}
const sweep = (): Promise<void> => sweepOf(bench);

const timeouts = (): number[] => bench.sent.filter(({ type }) => type === 'timeoutNow').map(({ to }) => to);
/** A leader of three voters and one learner, all there. */
async function leader(): Promise<void> {
  bench = await LoneLeader.open(OTHERS, { voters: [1, 2, 3], learners: [4] });
  for (const id of [2, 3, 4]) {
    bench.present.add(id);
    bench.reachable.add(id);
  }
  await bench.lead();
  await bench.until(() => bench.driver.status().peers.every(({ match }) => match === bench.driver.status().lastIndex));
}

describe('what is over its time', () => {
  it('is deleted by the leader, and what lives on is not', async () => {
    bench = await LoneLeader.open();
    await bench.lead();
    const put = (key: string, ttlSeconds?: number) => ({
      type: 'put' as const,
      key,
      value: Buffer.from('v'),
      revisionAt: -1,
      ...(ttlSeconds === undefined ? {} : { ttlSeconds }),
    });
    const ops = [put('e/short', 5), put('e/long', 500), put('e/ever')];
    await bench.submit({ kind: 'txn', txn: { compares: [], ops } });
    start();
    await sweep();
    expect(bench.state.meta.revision).toBe(1);
    offset = 10_000;
    await sweep();
    await bench.until(() => bench.state.meta.revision > 1 && bench.proposals.inFlight === 0);
    const keys = ['e/ever', 'e/long', 'e/short'].filter((key) => getLatest(bench.state.snapshot, key) !== undefined);
    expect(keys).toEqual(['e/ever', 'e/long']);
  });
});

describe('history', () => {
  it('is kept for one interval to two, and none is forgotten twice', async () => {
    bench = await LoneLeader.open();
    await bench.lead();
    start({ compactionIntervalMs: 60_000 });
    const { state } = bench;
    const interval = async (): Promise<void> => {
      vi.advanceTimersByTime(60_000);
      await bench.until(() => bench.proposals.inFlight === 0);
    };
    await bench.put('k');
    await bench.put('k');
    await interval();
    expect(state.visible.compactRevision).toBe(0);
    await bench.put('k');
    await interval();
    expect(state.visible.compactRevision).toBe(2);
    await interval();
    expect(state.visible.compactRevision).toBe(3);
    const { lastIndex } = bench.driver.status();
    await interval();
    expect(bench.driver.status().lastIndex).toBe(lastIndex);
  });

  it('is forgotten as far as it is asked, on the log', async () => {
    bench = await LoneLeader.open();
    await bench.lead();
    for (let i = 0; i < 3; i++) await bench.put('k');
    await bench.outcome(start().compactTo(2));
    expect(bench.state.visible.compactRevision).toBe(2);
  });
});

describe('the version of the log', () => {
  it('is raised when every member knows more, and not while one is unheard of', async () => {
    bench = await LoneLeader.open({ 2: info('b') }, { learners: [2] });
    await bench.lead();
    const versions = new Map([[1, LOG_VERSION]]);
    const { raiseVersion } = { raiseVersion: start({ logVersionOf: (id) => versions.get(id) }) };
    expect(bench.state.meta.version).toBe(0);
    await bench.outcome(raiseVersion.raiseVersion());
    expect(bench.state.meta.version).toBe(0);
    versions.set(2, 1);
    await Promise.all([bench.outcome(raiseVersion.raiseVersion()), raiseVersion.raiseVersion()]);
    expect([bench.state.meta.version, bench.driver.status().lastIndex]).toEqual([1, 2]);
    await raiseVersion.raiseVersion();
    expect(bench.driver.status().lastIndex).toBe(2);
    versions.set(2, LOG_VERSION);
    await sweep();
    await bench.until(() => bench.state.meta.version === LOG_VERSION);
  });
});

describe('the log', () => {
  it('is cut behind what is kept, in steps, and not before a reachable member that needs it', async () => {
    bench = await LoneLeader.open({ 2: info('b'), 3: info('c') }, { learners: [2, 3] });
    await bench.lead();
    const { log, state } = bench;
    start({ keepEntries: 20 });
    while (bench.driver.status().applied < 60) await bench.put('k');
    await state.sync();
    bench.reachable.add(2);
    await sweep();
    expect(log.firstIndex()).toBe(1);
    bench.present.add(2);
    await bench.until(() => bench.driver.status().peers.some(({ id, match }) => id === 2 && match === 60));
    await sweep();
    await bench.until(() => log.firstIndex() > 1);
    expect(log.firstIndex()).toBe(41);
    await bench.put('k');
    await state.sync();
    await sweep();
    // The vote of the learner and one entry more are no step.
    expect(log.firstIndex()).toBe(41);
    await bench.put('k');
    await state.sync();
    await sweep();
    await bench.until(() => log.firstIndex() > 41);
    expect(log.firstIndex()).toBe(44);
  });

  it('is kept whole while it is not known whose state is right', async () => {
    bench = await LoneLeader.open();
    await bench.lead();
    start({ keepEntries: 10 });
    while (bench.driver.status().applied < 40) await bench.put('k');
    await bench.state.sync();
    bench.verifier.answer({ op: 'disputed', revision: 1 });
    await sweep();
    expect(bench.log.firstIndex()).toBe(1);
  });
});

describe('a leader with damaged records', () => {
  it('hands over to the connected voter that has most of the log and has space, once a minute at most', async () => {
    await leader();
    bench.present.delete(2);
    await bench.put('k');
    await bench.until(() => bench.driver.status().peers.some(({ id, match }) => id === 3 && match === 2));
    const asked: number[] = [];
    const hasSpace = (id: number): Promise<boolean> => {
      asked.push(id);
      return Promise.resolve(true);
    };
    const keeper = start({ damaged: () => true, hasSpace });
    await sweep();
    expect([asked, timeouts()]).toEqual([[3, 2], [3]]);
    expect(bench.said).toContain('warn: this leader hands over, for its state has damaged records');
    expect(keeper.handOvers).toBe(0);
    offset = 55_000;
    await sweep();
    expect(timeouts()).toEqual([3]);
    // Nobody took over: Raft gives it up, and it is tried again soon.
    await bench.until(() => bench.driver.status().transferee === 0);
    await sweep();
    expect([timeouts(), keeper.handOvers]).toEqual([[3], 0]);
    offset += 4_500;
    await sweep();
    expect(timeouts()).toEqual([3]);
    offset += 1_000;
    await sweep();
    expect(timeouts()).toEqual([3, 3]);
    bench.driver.step([messageOf(3, 'heartbeat', { term: 9 })]);
    await bench.until(() => !bench.driver.leads);
    await sweep();
    await sweep();
    expect([keeper.handOvers, bench.driver.leader]).toEqual([1, 3]);
  });

  it.each([
    ['has no space', { hasSpace: () => Promise.resolve(false) }],
    ['is unreachable', { reachable: () => false }],
    ['is needed for no damage', { damaged: () => false }],
  ])('keeps leading where the other one %s', async (_, more) => {
    await leader();
    start({ damaged: () => true, ...more });
    await sweep();
    expect([timeouts(), bench.driver.leads]).toEqual([[], true]);
  });

  it('keeps leading while it is not known whose state is right', async () => {
    await leader();
    bench.verifier.answer({ op: 'disputed', revision: 1 });
    start({ damaged: () => true });
    await sweep();
    expect(timeouts()).toEqual([]);
  });
});

describe('a leader with a slow disk', () => {
  it('hands over to a voter that has all and acknowledges faster, and says in how many milliseconds', async () => {
    await leader();
    start();
    const now = performance.now();
    const watch = (ms: number, ...ids: number[]): void => {
      for (let i = 0; i < 5; i++) {
        bench.disks.onWritten(performance.now(), 400);
        for (const id of ids) {
          bench.disks.onSent(id, 5, performance.now() - ms);
          bench.disks.onAcknowledged(id, 5, performance.now());
        }
      }
    };
    bench.disks.transferee(now, true, [], 0);
    offset = 40_000;
    watch(10, 4);
    watch(20, 2, 3);
    bench.disks.transferee(performance.now(), true, [], 0);
    offset = 44_000;
    watch(10, 4);
    watch(20, 2);
    watch(30, 3);
    bench.reachable.delete(2);
    await sweep();
    expect(timeouts()).toEqual([3]);
    expect(bench.said.join()).toMatch(
      /hands over, for a write of its log takes 400 ms, and c acknowledges within (2|3)\d ms/,
    );
  });
});

describe('learners that have caught up', () => {
  it('become voters, one with each sweep, and their data directories become known', async () => {
    bench = await LoneLeader.open({ 2: info('b') }, { learners: [2] });
    bench.present.add(2);
    bench.reachable.add(2);
    bench.nonces.set(2, 'n');
    await bench.lead();
    await bench.until(() => bench.driver.status().peers.some(({ id, match }) => id === 2 && match > 0));
    start();
    await sweep();
    await bench.until(() => bench.state.meta.members.get(2)?.nonce === 'n');
    expect(bench.state.meta.conf.voters).toEqual([1, 2]);
  });
});

it('states are compared every five sweeps, one sweep after the revision was chosen', async () => {
  await leader();
  await bench.put('k');
  start();
  const asked: number[] = [];
  for (let i = 0; i < 7; i++) {
    await sweep();
    asked.push(bench.compared.length);
  }
  expect(asked).toEqual([0, 3, 3, 3, 3, 3, 6]);
  expect(bench.compared.toSorted()).toEqual(['2 at 1', '2 at 1', '3 at 1', '3 at 1', '4 at 1', '4 at 1']);
});

it('a follower does none of what the leader does, and nothing is done any more after the end', async () => {
  bench = await LoneLeader.open(OTHERS, { voters: [1, 2, 3], learners: [4] });
  const asked: number[] = [];
  const keeper = start({
    damaged: () => true,
    logVersionOf: () => LOG_VERSION,
    hasSpace: (id) => {
      asked.push(id);
      return Promise.resolve(true);
    },
    compactionIntervalMs: 1_000,
  });
  for (let i = 0; i < 3; i++) await sweep();
  expect([asked, bench.proposals.inFlight, bench.proposals.queued]).toEqual([[], 0, 0]);
  keeper.stop();
  expect(vi.getTimerCount()).toBe(0);
});
