import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Housekeeping, HousekeepingOptions } from './housekeeping.js';
import { endOf, keep, setClockAside, sweep } from './housekeeping.testkit.js';
import { LoneLeader, messageOf } from './leader.testkit.js';

const info = (name: string) => ({ name, address: `${name}:1` });
let bench: LoneLeader;
let housekeeping: Housekeeping | undefined;
let offset = 0;
beforeEach(async () => {
  offset = 0;
  setClockAside(() => offset, true);
  bench = await LoneLeader.open({ 2: info('b'), 3: info('c'), 4: info('d') }, { voters: [1, 2, 3], learners: [4] });
  for (const id of [2, 3, 4]) {
    bench.present.add(id);
    bench.reachable.add(id);
  }
  await bench.lead();
  await bench.until(() => bench.driver.status().peers.every(({ match }) => match === 1));
});
afterEach(() => endOf(bench, housekeeping));
function start(more: Partial<HousekeepingOptions> = {}): Housekeeping {
  housekeeping = keep(bench, more);
  return housekeeping;
}
const told = (): string[] => bench.said.filter((text) => text.includes('hands over'));
const timeouts = (): number[] => bench.sent.filter(({ type }) => type === 'timeoutNow').map(({ to }) => to);

describe('a leader whose disk is nearly full', () => {
  it('hands over to one that has space, and again after five seconds', async () => {
    vi.spyOn(bench.space, 'low', 'get').mockReturnValue(true);
    start({ hasSpace: (id) => Promise.resolve(id === 3) });
    await sweep(bench);
    expect([told(), timeouts()]).toEqual([['warn: this leader hands over, for its disk is nearly full'], [3]]);
    offset = 4_900;
    await sweep(bench);
    expect(told()).toHaveLength(1);
    offset = 5_500;
    await sweep(bench);
    expect(told()).toHaveLength(2);
  });

  it('asks only voters that have the log: none that waits for a snapshot', async () => {
    bench.present.delete(3);
    // It has lost all: what it needs is not in the log any more.
    await bench.put('k');
    await bench.state.sync();
    await bench.log.compact(2);
    const { term } = bench.driver;
    await bench.until(() => {
      bench.driver.step([messageOf(3, 'appendResp', { term, reject: true, index: 2, rejectHint: 0 })]);
      bench.driver.step([messageOf(3, 'heartbeatResp', { term })]);
      return bench.driver.status().peers.some(({ id, state }) => id === 3 && state === 'snapshot');
    });
    const asked: number[] = [];
    const hasSpace = (id: number): Promise<boolean> => {
      asked.push(id);
      return Promise.resolve(false);
    };
    start({ damaged: () => true, hasSpace });
    await sweep(bench);
    expect([asked, told()]).toEqual([[2], []]);
  });

  it('stays until it has applied what is committed, and while it is asked whether it leads no more', async () => {
    const visible = vi
      .spyOn(bench.state, 'visible', 'get')
      .mockReturnValue({ ...bench.state.visible, appliedIndex: 0 });
    let answer = (_: boolean): void => undefined;
    start({ damaged: () => true, hasSpace: () => new Promise((resolve) => (answer = resolve)) });
    const check = vi.spyOn(bench.space, 'check');
    await sweep(bench);
    expect(check).toHaveBeenCalled();
    answer(true);
    await sweep(bench);
    expect(told()).toEqual([]);
    visible.mockRestore();
    await sweep(bench);
    bench.driver.step([messageOf(2, 'heartbeat', { term: 9 })]);
    await bench.until(() => !bench.driver.leads);
    answer(true);
    await new Promise((resolve) => setImmediate(resolve));
    expect(told()).toEqual([]);
  });
});

describe('a leader with a slow disk', () => {
  it('looks for a connected voter that has all, and tells how long a write stands still already', async () => {
    bench.present.delete(2);
    await bench.put('k');
    await bench.until(() => bench.driver.status().peers.some(({ id, match }) => id === 3 && match === 2));
    const look = vi.spyOn(bench.disks, 'transferee');
    start();
    await sweep(bench);
    expect(look.mock.calls.map(([, leads, candidates, ms]) => [leads, candidates, ms])).toEqual([[true, [3], 0]]);
    vi.spyOn(bench.log, 'writingSince', 'get').mockReturnValue(performance.now() - 7_000);
    await sweep(bench);
    const [, , , ms = 0] = look.mock.lastCall ?? [];
    expect([ms > 6_900, ms < 60_000]).toEqual([true, true]);
  });

  it('hands over once a minute at most, and calls a member without particulars by its number', async () => {
    vi.spyOn(bench.disks, 'transferee').mockReturnValue({ id: 3, ownMs: 400.4, ms: 20.4 });
    bench.state.meta.members.delete(3);
    start();
    const text = 'warn: this leader hands over, for a write of its log takes 400 ms, and 3 acknowledges within 20 ms';
    await sweep(bench);
    expect([told(), timeouts()]).toEqual([[text], [3]]);
    offset = 50_000;
    await sweep(bench);
    expect(told()).toEqual([text]);
    offset = 61_000;
    await sweep(bench);
    expect(told()).toEqual([text, text]);
  });
});

describe('hand-overs', () => {
  it('are counted also where leadership came back before anybody looked, and each once', async () => {
    vi.spyOn(bench.disks, 'transferee').mockReturnValueOnce({ id: 3, ownMs: 400, ms: 20 });
    const keeper = start();
    await sweep(bench);
    expect([keeper.handOvers, timeouts()]).toEqual([0, [3]]);
    bench.driver.step([messageOf(3, 'heartbeat', { term: 9 })]);
    await bench.until(() => !bench.driver.leads);
    await bench.lead();
    await sweep(bench);
    await sweep(bench);
    expect([keeper.handOvers, bench.driver.term]).toEqual([1, 10]);
  });
});
