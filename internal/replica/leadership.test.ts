import { afterEach, describe, expect, it } from 'vitest';
import { LoneLeader, messageOf } from './leader.testkit.js';
import { handOver, transferLeader } from './leadership.js';

const info = (name: string) => ({ name, address: `${name}:1` });
let bench: LoneLeader;
afterEach(() => bench.close());

const view = (disputed = false) => ({
  id: 1,
  driver: bench.driver,
  disputed,
  reachable: (id: number) => bench.reachable.has(id),
  nameOf: (id: number) => bench.state.meta.members.get(id)?.name ?? '',
});
const asked = (): number[] => bench.sent.filter(({ type }) => type === 'timeoutNow').map(({ to }) => to);
const DISPUTED =
  'the states of the replicas differ, and it cannot be told which is right: nothing is copied and leadership stays where ' +
  'it is until that is settled';

async function three(): Promise<void> {
  bench = await LoneLeader.open({ 2: info('b'), 3: info('c'), 4: info('d') }, { voters: [1, 2, 3], learners: [4] });
  bench.present.add(2).add(4);
  await bench.lead();
  bench.present.delete(2);
  bench.present.add(3);
  await bench.put('k');
  await bench.until(() => bench.driver.status().peers.some(({ id, match }) => id === 3 && match === 2));
}

describe('a leader that goes', () => {
  it('asks the connected voter that has most of its log', async () => {
    await three();
    expect(handOver(view())).toBeUndefined();
    bench.reachable.add(4);
    expect(handOver(view())).toBeUndefined();
    bench.reachable.add(2).add(3);
    expect(handOver(view(true))).toBeUndefined();
    expect(bench.driver.status().transferee).toBe(0);
    expect(handOver(view())).toBe('c');
    await bench.until(() => asked().length > 0);
    expect(asked()).toEqual([3]);
  });

  it('does not ask one that waits for a snapshot', async () => {
    await three();
    bench.reachable.add(2);
    // The log does not reach back to what it lacks.
    await bench.state.sync();
    await bench.log.compact(2);
    await bench.until(() => {
      bench.driver.step([messageOf(2, 'appendResp', { term: 1, reject: true, index: 2, rejectHint: 0 })]);
      bench.driver.step([messageOf(2, 'heartbeatResp', { term: 1 })]);
      return bench.driver.status().peers.some(({ id, state }) => id === 2 && state === 'snapshot');
    });
    expect(handOver(view())).toBeUndefined();
    bench.reachable.add(3);
    expect(handOver(view())).toBe('c');
  });

  it('asks another when that one is away, and nobody when it leads no more', async () => {
    await three();
    bench.reachable.add(2);
    expect([handOver(view()), bench.driver.status().transferee]).toEqual(['b', 2]);
    bench.driver.step([messageOf(3, 'heartbeat', { term: 9 })]);
    await bench.until(() => !bench.driver.leads);
    expect(handOver(view())).toBeUndefined();
  });
});

describe('a wish for another leader', () => {
  it('is refused for a learner, without a leader, and while states differ', async () => {
    bench = await LoneLeader.open({ 2: info('b'), 4: info('d') }, { voters: [1, 2], learners: [4] });
    const wish =
      (id: number, name: string, disputed = false) =>
      () =>
        transferLeader({ ...view(disputed) }, { id, name });
    expect(wish(2, 'b')).toThrow(new Error('no leader is known; try again'));
    bench.present.add(2);
    await bench.lead();
    expect(wish(4, 'd')).toThrow(new Error('d is a learner: it has no vote, and cannot lead'));
    expect(wish(2, 'b', true)).toThrow(new Error(DISPUTED));
    expect(asked()).toEqual([]);
    wish(2, 'b')();
    await new Promise((resolve) => setImmediate(resolve));
    expect(asked()).toEqual([2]);
  });
});
