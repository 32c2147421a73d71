import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LOG_VERSION } from '../store/command.js';
import { getLatest } from '../store/view.js';
import type { Housekeeping, HousekeepingOptions } from './housekeeping.js';
import { endOf, keep, setClockAside, sweep } from './housekeeping.testkit.js';
import { LoneLeader, messageOf } from './leader.testkit.js';

const info = (name: string) => ({ name, address: `${name}:1` });
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
const mortal = (key: string, ttlSeconds: number) => ({
  type: 'put' as const,
  key,
  value: Buffer.from('v'),
  revisionAt: -1,
  ttlSeconds,
});
const has = (key: string): boolean => getLatest(bench.state.snapshot, key) !== undefined;

describe('work that fails', () => {
  it('is told of by what it was, does not keep the rest from being done, and is tried again', async () => {
    bench = await LoneLeader.open({ 2: info('b') }, { learners: [2] });
    await bench.lead();
    const no = (what: string) => (): never => {
      throw new Error(`no ${what}`);
    };
    vi.spyOn(bench.space, 'check').mockRejectedValue(new Error('no space'));
    vi.spyOn(bench.disks, 'transferee').mockImplementation(no('disk'));
    vi.spyOn(bench.clock, 'now').mockImplementation(no('clock'));
    vi.spyOn(bench.log, 'indexBefore').mockImplementation(no('log'));
    vi.spyOn(bench.membership, 'promoteCaughtUp').mockRejectedValue(new Error('no promotion'));
    vi.spyOn(bench.verifier, 'mark').mockImplementation(no('verification'));
    start({ logVersionOf: no('version') });
    await sweep(bench);
    const told = {
      space: 'space',
      disk: 'disk',
      expiry: 'clock',
      'log compaction': 'log',
      version: 'version',
      promotion: 'promotion',
      verification: 'verification',
    };
    const sentences = Object.entries(told).map(([work, why]) => `debug: ${work} will be tried again: no ${why}`);
    expect(bench.said.toSorted()).toEqual(sentences.toSorted());
    bench.said.length = 0;
    await sweep(bench);
    // States are compared only every five sweeps.
    expect(bench.said.toSorted()).toEqual(sentences.slice(0, -1).toSorted());
  });

  it('is told of no more after the end', async () => {
    bench = await LoneLeader.open();
    await bench.lead();
    let fail = (_: Error): void => undefined;
    vi.spyOn(bench.disks, 'transferee').mockReturnValue(undefined);
    const check = vi.spyOn(bench.space, 'check').mockImplementation(() => new Promise((_, reject) => (fail = reject)));
    const keeper = start();
    vi.advanceTimersByTime(1_000);
    expect(check).toHaveBeenCalledTimes(1);
    keeper.stop();
    fail(new Error('no space'));
    await new Promise((resolve) => setImmediate(resolve));
    expect(bench.said).toEqual([]);
  });

  it('of history is told of as well, when its turn comes', async () => {
    bench = await LoneLeader.open();
    await bench.lead();
    await bench.put('k');
    start({ compactionIntervalMs: 60_000 });
    vi.spyOn(bench.proposals, 'submit').mockRejectedValue(new Error('no leader'));
    vi.advanceTimersByTime(120_000);
    await sweep(bench);
    expect(bench.said).toContain('debug: compaction will be tried again: no leader');
  });
});

describe('objects that are over their time', () => {
  it('are deleted sweep by sweep, and each is asked for once', async () => {
    bench = await LoneLeader.open();
    await bench.lead();
    await bench.submit({ kind: 'txn', txn: { compares: [], ops: [mortal('e/1', 5), mortal('e/2', 50)] } });
    start();
    const submit = vi.spyOn(bench.proposals, 'submit');
    let hold = true;
    const append = bench.log.append.bind(bench.log);
    vi.spyOn(bench.log, 'append').mockImplementation(async (entries, hardState) => {
      await append(entries, hardState);
      while (hold) await new Promise((resolve) => setImmediate(resolve));
    });
    offset = 10_000;
    await sweep(bench);
    await sweep(bench);
    expect(submit).toHaveBeenCalledTimes(1);
    hold = false;
    await bench.until(() => !has('e/1') && bench.proposals.inFlight === 0);
    expect(has('e/2')).toBe(true);
    offset = 100_000;
    await sweep(bench);
    await bench.until(() => !has('e/2') && bench.proposals.inFlight === 0);
    await sweep(bench);
    expect(submit).toHaveBeenCalledTimes(2);
  });

  it('are all deleted by one sweep, however many they are', async () => {
    bench = await LoneLeader.open();
    await bench.lead();
    const keys = Array.from({ length: 700 }, (_, i) => `e/${i}`);
    for (let i = 0; i < keys.length; i += 100) {
      const ops = keys.slice(i, i + 100).map((key) => mortal(key, 5));
      await bench.submit({ kind: 'txn', txn: { compares: [], ops } });
    }
    start();
    offset = 10_000;
    await sweep(bench);
    await bench.until(() => !keys.some(has));
  });

  it('stay when they are written again before the delete has its turn', async () => {
    bench = await LoneLeader.open();
    await bench.lead();
    await bench.submit({ kind: 'txn', txn: { compares: [], ops: [mortal('e/1', 5)] } });
    start();
    offset = 10_000;
    // In the log before the delete.
    const written = bench.put('e/1');
    await sweep(bench);
    await written;
    await bench.until(() => bench.proposals.inFlight === 0);
    expect(has('e/1')).toBe(true);
  });
});

describe('learners', () => {
  it('become voters one after the other, and are asked about once at a time', async () => {
    bench = await LoneLeader.open({ 2: info('b'), 3: info('c') }, { learners: [2, 3] });
    for (const id of [2, 3]) {
      bench.present.add(id);
      bench.reachable.add(id);
    }
    await bench.lead();
    await bench.until(() => bench.driver.status().peers.every(({ match }) => match > 0));
    let release = (): void => undefined;
    const promote = vi
      .spyOn(bench.membership, 'promoteCaughtUp')
      .mockImplementationOnce(() => new Promise((resolve) => (release = resolve)));
    start();
    await sweep(bench);
    await sweep(bench);
    expect(promote).toHaveBeenCalledTimes(1);
    release();
    await bench.until(() => {
      vi.advanceTimersByTime(1_000);
      return bench.state.meta.conf.voters.length === 3;
    });
    expect(bench.state.meta.conf.learners).toEqual([]);
  });
});

describe('a replica that leads no more', () => {
  it('does nothing of what it did as leader, and forgets since when it led', async () => {
    bench = await LoneLeader.open({ 2: info('b'), 3: info('c'), 4: info('d') }, { voters: [1, 2, 3], learners: [4] });
    bench.present.add(2).add(3).add(4);
    for (const id of [2, 3, 4]) bench.reachable.add(id);
    await bench.lead();
    await bench.submit({ kind: 'txn', txn: { compares: [], ops: [mortal('e/1', 5)] } });
    const damaged = vi.fn(() => true);
    const hasSpace = vi.fn(() => Promise.resolve(true));
    start({ compactionIntervalMs: 60_000, damaged, hasSpace, logVersionOf: () => LOG_VERSION });
    // While it leads still.
    vi.spyOn(bench.disks, 'transferee').mockReturnValue(undefined);
    bench.verifier.answer({ op: 'disputed', revision: 1 });
    vi.advanceTimersByTime(60_000);
    await bench.until(() => bench.proposals.inFlight === 0);
    const [asked, compared] = [hasSpace.mock.calls.length, bench.compared.length];
    bench.driver.step([messageOf(3, 'heartbeat', { term: 9 })]);
    await bench.until(() => !bench.driver.leads);
    const submit = vi.spyOn(bench.proposals, 'submit');
    const promote = vi.spyOn(bench.membership, 'promoteCaughtUp');
    offset = 3_600_000;
    vi.advanceTimersByTime(130_000);
    await sweep(bench);
    expect([submit.mock.calls, promote.mock.calls]).toEqual([[], []]);
    expect([hasSpace.mock.calls.length, bench.compared.length]).toEqual([asked, compared]);
  });
});

it('without an interval history is kept for ever: there is nothing but the sweep', async () => {
  bench = await LoneLeader.open();
  start();
  expect(vi.getTimerCount()).toBe(1);
});
