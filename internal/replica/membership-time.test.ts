import { afterEach, describe, expect, it, vi } from 'vitest';
import { UnavailableError } from '../store/types.js';
import { LoneLeader } from './leader.testkit.js';
import { decodeOrigin, Membership } from './membership.js';

const B = { name: 'b', address: '10.0.0.2:1' };
let bench: LoneLeader;
afterEach(async () => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  await bench.close();
});
const turns = async (count: number): Promise<void> => {
  for (let i = 0; i < count; i++) {
    bench.driver.tick();
    await new Promise((resolve) => setImmediate(resolve));
  }
};
/** How a request ends, when it does. */
function ended(work: Promise<unknown>): { outcome: unknown } {
  const end: { outcome: unknown } = { outcome: undefined };
  work.then(
    () => (end.outcome = 'done'),
    (error: unknown) => (end.outcome = error),
  );
  return end;
}
const add = (name: string) => ended(bench.membership.ask({ op: 'add', name, address: `${name}:1` }));

describe('a change that no majority takes', () => {
  it('is given up after ten seconds, and nobody knows what becomes of it; those behind it know that of theirs', async () => {
    bench = await LoneLeader.open({ 2: B }, { voters: [1, 2] });
    bench.present.add(2);
    await bench.lead();
    bench.present.clear();
    // The majority goes just when it has confirmed who leads.
    bench.confirm = () => Promise.resolve();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const now = performance.now.bind(performance);
    let offset = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => now() + offset);
    const first = add('c');
    await turns(5);
    vi.advanceTimersByTime(5_000);
    const second = add('d');
    await turns(5);
    vi.advanceTimersByTime(4_999);
    await turns(5);
    expect([first.outcome, second.outcome]).toEqual([undefined, undefined]);
    vi.advanceTimersByTime(1);
    await turns(5);
    expect(first.outcome).toEqual(new UnavailableError('the change was not confirmed within its time', true));
    expect(first.outcome).toMatchObject({ outcomeUnknown: true });
    expect(second.outcome).toBeUndefined();
    // It has tried again and again meanwhile, and stops.
    offset = 10_001;
    vi.advanceTimersByTime(20);
    await turns(5);
    expect(second.outcome).toEqual(new UnavailableError('another membership change is under way; try again.', false));
    expect(second.outcome).toMatchObject({ outcomeUnknown: false });
    expect(vi.getTimerCount()).toBe(0);
  });
});

it('a change that was made leaves no clock running', async () => {
  bench = await LoneLeader.open();
  await bench.lead();
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const change = add('c');
  await bench.until(() => change.outcome !== undefined);
  expect([change.outcome, vi.getTimerCount()]).toEqual(['done', 0]);
});

it('who joins is told which clusters this one took the place of, and may say that it does not know which it is', async () => {
  bench = await LoneLeader.open();
  await bench.lead();
  const { driver, state } = bench;
  const heir = new Membership({
    driver,
    state,
    id: 1,
    cluster: 7,
    former: [5, 6],
    prefix: 'x',
    nonceOf: () => undefined,
    reachable: () => false,
    call: () => Promise.reject(new Error('nobody is asked')),
    confirm: () => Promise.resolve(),
    say: () => undefined,
  });
  // Whoever applies it tells the one that asked.
  vi.spyOn(bench.membership, 'onApplied').mockImplementation((request) => heir.onApplied(request));
  const answer = await bench.outcome(heir.ask({ op: 'join', cluster: 0, ...B }));
  expect(decodeOrigin(answer as Buffer)).toMatchObject({ cluster: 7, former: [5, 6], joined: true });
});

describe('a learner', () => {
  it.each([
    ['was heard of lately', { recentActive: true }, true],
    ['was not heard of lately', { recentActive: false }, false],
    ['has nothing of the log yet', { match: 0 }, false],
    ['is as far behind as it may be', { behind: 50 }, true],
    ['is further behind', { behind: 51 }, false],
    ['votes already', { isLearner: false }, false],
    ['is no learner any more, as the state says', { id: 9 }, false],
  ])('that %s is promoted or not', async (_, how: { behind?: number; [name: string]: unknown }, isPromoted) => {
    bench = await LoneLeader.open({ 2: B }, { learners: [2] });
    await bench.lead();
    bench.reachable.add(2).add(9);
    const { behind = 0, ...more } = how;
    const real = bench.driver.status();
    const lastIndex = 100;
    const peer = {
      ...real.peers.find(({ id }) => id === 2),
      isLearner: true,
      recentActive: true,
      match: lastIndex - behind,
      ...more,
    };
    vi.spyOn(bench.driver, 'status').mockReturnValue({ ...real, lastIndex, peers: [peer as (typeof real.peers)[0]] });
    const proposed: string[] = [];
    const report = bench.driver.report.bind(bench.driver);
    vi.spyOn(bench.driver, 'report').mockImplementation((tell) => {
      proposed.push('proposed');
      report(tell);
    });
    await bench.outcome(bench.membership.promoteCaughtUp());
    expect(proposed.length > 0).toBe(isPromoted);
  });
});
