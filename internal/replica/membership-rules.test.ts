import { afterEach, describe, expect, it, vi } from 'vitest';
import { LOG_VERSION } from '../store/command.js';
import { UnavailableError } from '../store/types.js';
import { LoneLeader, messageOf } from './leader.testkit.js';
import { decodeOrigin, encodeRequest, MembershipError, type MembershipRequest } from './membership.js';

const B = { name: 'b', address: '10.0.0.2:1' };
const C = { name: 'c', address: '10.0.0.3:1' };
let bench: LoneLeader;
afterEach(async () => {
  vi.restoreAllMocks();
  await bench.close();
});

/** What comes of a request: `done`, or the error. */
async function asked(request: MembershipRequest): Promise<string> {
  const answer = await bench.outcome(bench.membership.onCall(request));
  return typeof answer === 'string' ? answer : 'done';
}
const add = (name: string, address: string) => asked({ op: 'add', name, address });
const remove = (name: string) => asked({ op: 'remove', name });
const promote = (name: string) => asked({ op: 'promote', name });
const join = (more: Partial<MembershipRequest & { op: 'join' }> = {}) =>
  asked({ op: 'join', cluster: 7, logVersion: LOG_VERSION, ...B, ...more });
const names = (): string[] => [...bench.state.meta.members.values()].map(({ name }) => name);
const idOf = (name: string): number => [...bench.state.meta.members].find(([, info]) => info.name === name)?.[0] ?? 0;
const conf = () => bench.state.meta.conf;
const error = (text: string): string => `MembershipError: ${text}`;
/** What is asked for is proposed in this turn, where nothing is to be confirmed first, and longer on its way to the disk. */
async function proposed(): Promise<void> {
  for (let i = 0; i < 5; i++) await Promise.resolve();
}

describe('an added member', () => {
  it('is a learner under an id of its own, and asking again changes nothing', async () => {
    bench = await LoneLeader.open();
    await bench.lead();
    expect(await add('b', B.address)).toBe('done');
    const [b, { lastIndex }] = [idOf('b'), bench.driver.status()];
    expect(conf()).toMatchObject({ voters: [1], learners: [b] });
    expect(bench.state.meta.members.get(b)).toEqual(B);
    expect(bench.said).toEqual(['member b at 10.0.0.2:1 joins as a learner']);
    expect([await add('b', B.address), bench.driver.status().lastIndex]).toEqual(['done', lastIndex]);
    expect(await add('b', C.address)).toBe(
      error('a member named b exists, at 10.0.0.2:1. Remove it first, or choose another name.'),
    );
    expect(await add('c', B.address)).toBe(
      error('member b is at 10.0.0.2:1. Remove it first, or choose another address.'),
    );
    expect(await add('a', '10.0.0.9:1')).toBe(
      error('a member named a exists, at 10.0.0.1:1. Remove it first, or choose another name.'),
    );
    expect(await Promise.all([add('c', C.address), add('c', C.address)])).toEqual(['done', 'done']);
    expect(names()).toEqual(['a', 'b', 'c']);
  });

  it('has a name and an address that members can have', async () => {
    bench = await LoneLeader.open();
    await bench.lead();
    expect(await add('B', B.address)).toBe(
      error(`the name "B" must be lower-case letters, digits, '-' or '.', at most 63.`),
    );
    expect(await add('b', '10.0.0.2')).toBe(error('"10.0.0.2" is not host:port. Write e.g. 10.0.0.4:2380.'));
    expect(await add('b', '0.0.0.0:2380')).toBe(
      error(
        "the others cannot reach a member at 0.0.0.0:2380. Give the address of its machine (a joining replica's --peer-address).",
      ),
    );
    expect([names(), bench.said]).toEqual([['a'], []]);
  });
});

describe('a replica that joins', () => {
  it('is told who the members are, and has the same place when it asks again', async () => {
    bench = await LoneLeader.open();
    await bench.lead();
    const request = { op: 'join', cluster: 0, nonce: 'n', ...B } as const;
    const answer = await bench.outcome(bench.membership.ask(request));
    const b = idOf('b');
    const origin = decodeOrigin(answer as Buffer);
    expect(origin).toEqual({
      id: b,
      cluster: 7,
      members: [
        [1, 'a', '10.0.0.1:1'],
        [b, 'b', '10.0.0.2:1'],
      ],
      joined: true,
    });
    expect(bench.state.meta.members.get(b)).toEqual({ ...B, nonce: 'n' });
    const { lastIndex } = bench.driver.status();
    bench.nonces.set(b, 'n');
    expect(decodeOrigin((await bench.outcome(bench.membership.ask(request))) as Buffer)).toEqual(origin);
    expect(bench.driver.status().lastIndex).toBe(lastIndex);
  });

  it('does not take the place of one that had another data directory', async () => {
    bench = await LoneLeader.open();
    await bench.lead();
    const taken = error(
      'member b had a data directory before, and what it had promised is lost with it. Remove member b from the cluster; ' +
        'then it can join as a new one.',
    );
    // An operator has added it: whoever asks first is it.
    expect([await add('b', B.address), await join({ nonce: 'n' })]).toEqual(['done', 'done']);
    expect(bench.state.meta.members.get(idOf('b'))?.nonce).toBe('n');
    expect(await join({ nonce: 'm' })).toBe(error('member b has another data directory.'));
    bench.nonces.set(idOf('b'), 'n');
    expect(await join({ nonce: 'm' })).toBe(taken);
    expect(await join({})).toBe(taken);
    expect(await join({ nonce: 'n' })).toBe('done');
    bench.nonces.clear();
    expect(await add('c', C.address)).toBe('done');
    expect(await join({ ...C })).toBe('done');
    bench.present.add(idOf('c'));
    await bench.until(() => (bench.driver.status().peers.find(({ id }) => id === idOf('c'))?.match ?? 0) > 0);
    expect(await join({ ...C, nonce: 'x' })).toBe(taken.replaceAll('member b', 'member c'));
  });

  it('does not take the place of a voter, though this leader has never heard of that', async () => {
    bench = await LoneLeader.open({ 2: B, 3: C }, { voters: [1, 2, 3] });
    bench.present.add(2);
    await bench.lead();
    expect(await join({ ...C, nonce: 'n' })).toBe(
      error(
        'member c had a data directory before, and what it had promised is lost with it. Remove member c from the cluster; ' +
          'then it can join as a new one.',
      ),
    );
    expect(bench.state.meta.members.get(3)).toEqual(C);
  });

  it('is of this cluster, and of a release that reads what the others write', async () => {
    bench = await LoneLeader.open();
    await bench.lead();
    expect(await join({ cluster: 8 })).toBe(error('this is another cluster'));
    const earlier = { op: 'join', cluster: 7, ...B } as const;
    expect(await asked(earlier)).toBe('done');
    await bench.useNewest();
    const early = error(
      'this member runs an earlier release than the others, which write what it cannot read. Start it with a release that ' +
        'is at least as new as theirs.',
    );
    expect(await asked({ ...earlier, ...C })).toBe(early);
    expect(await join({ ...C, logVersion: LOG_VERSION - 1 })).toBe(early);
    expect(await join({ ...C, logVersion: LOG_VERSION })).toBe('done');
  });

  it('that is removed while its data directory is to be noted is a member no more', async () => {
    bench = await LoneLeader.open({ 2: B }, { learners: [2] });
    await bench.lead();
    bench.nonces.set(1, 'a');
    expect(await bench.outcome(bench.membership.noteDirectories())).toBeUndefined();
    bench.nonces.set(2, 'b');
    bench.confirm = () => Promise.resolve();
    const removing = remove('b');
    await proposed();
    // The change that notes it waits for the removal.
    const noting = bench.outcome(bench.membership.noteDirectories());
    expect([await removing, await noting]).toEqual(['done', error('member b was removed.')]);
    expect([names(), bench.state.meta.removed]).toEqual([['a'], new Set([2])]);
    expect(await join({ nonce: 'n' })).toBe('done');
    expect(bench.state.meta.removed).not.toContain(idOf('b'));
  });

  it('has its place also when it asks a second time before its data directory is noted', async () => {
    bench = await LoneLeader.open();
    await bench.lead();
    expect(await add('b', B.address)).toBe('done');
    expect(await Promise.all([join({ nonce: 'n' }), join({ nonce: 'n' })])).toEqual(['done', 'done']);
    expect(bench.state.meta.members.get(idOf('b'))?.nonce).toBe('n');
    expect(await add('c', C.address)).toBe('done');
    expect(await Promise.all([join({ ...C, nonce: 'n' }), join({ ...C, nonce: 'm' })])).toEqual([
      'done',
      error('member c has another data directory.'),
    ]);
  });

  it('that was heard of is noted as a member’s data directory, one at a time', async () => {
    bench = await LoneLeader.open({ 2: B, 3: { ...C, nonce: 'c' } }, { learners: [2, 3] });
    await bench.lead();
    const before = bench.driver.status().lastIndex;
    await bench.membership.noteDirectories();
    bench.nonces.set(2, 'b').set(3, 'other').set(1, 'a');
    expect(await bench.outcome(bench.membership.noteDirectories())).toBeUndefined();
    expect(bench.driver.status().lastIndex).toBe(before + 1);
    expect(await bench.outcome(bench.membership.noteDirectories())).toBeUndefined();
    expect([...bench.state.meta.members.values()].map(({ nonce }) => nonce)).toEqual(['a', 'b', 'c']);
  });
});

describe('a vote', () => {
  it('is for a learner that is connected and has caught up', async () => {
    bench = await LoneLeader.open({ 2: B }, { learners: [2] });
    await bench.lead();
    expect(await promote('x')).toBe(error('no member is named "x".'));
    expect(await promote('b')).toBe(
      error('the member is not connected; it can vote when it is running and has caught up.'),
    );
    bench.reachable.add(2);
    for (let i = 0; i < 50; i++) await bench.put('k');
    expect(bench.driver.status().lastIndex).toBe(51);
    expect(await promote('b')).toBe(error('the member is 51 log entries behind; it can vote when it has caught up.'));
    await bench.membership.promoteCaughtUp();
    expect(conf().learners).toEqual([2]);
    bench.present.add(2);
    await bench.until(() => bench.driver.status().peers.some(({ id, match }) => id === 2 && match === 51));
    bench.present.delete(2);
    for (let i = 0; i < 51; i++) await bench.put('k');
    await bench.membership.promoteCaughtUp();
    expect(conf().learners).toEqual([2]);
    expect(await promote('b')).toContain('51 log entries behind');
    bench.present.add(2);
    await bench.until(() => bench.driver.status().peers.some(({ id, match }) => id === 2 && match === 102));
    bench.present.delete(2);
    for (let i = 0; i < 50; i++) await bench.put('k');
    bench.present.add(2);
    expect(await promote('2')).toBe('done');
    expect(conf()).toMatchObject({ voters: [1, 2], learners: [] });
    const { lastIndex } = bench.driver.status();
    expect([await promote('b'), bench.driver.status().lastIndex]).toEqual(['done', lastIndex]);
  });

  it('is given by the leader itself when a learner has caught up, and that is told', async () => {
    bench = await LoneLeader.open({ 2: B, 3: C }, { learners: [2, 3] });
    await bench.lead();
    await bench.membership.promoteCaughtUp();
    expect(conf().learners).toEqual([2, 3]);
    bench.present.add(2).add(3);
    bench.reachable.add(2).add(3);
    await bench.until(() => bench.driver.status().peers.filter(({ id, match }) => id > 1 && match > 0).length === 2);
    await bench.outcome(bench.membership.promoteCaughtUp());
    expect(conf()).toMatchObject({ voters: [1, 2], learners: [3] });
    await bench.outcome(bench.membership.promoteCaughtUp());
    expect(conf()).toMatchObject({ voters: [1, 2, 3], learners: [] });
    expect(bench.said).toEqual(['b', 'c'].map((name) => `member ${name} has caught up and votes from now on`));
  });
});

describe('a removal', () => {
  it('leaves a majority that can be reached, and names nobody who is not there', async () => {
    bench = await LoneLeader.open(
      { 2: B, 3: C, 4: { name: 'd', address: '10.0.0.4:1' } },
      { voters: [1, 2, 3], learners: [4] },
    );
    bench.present.add(2).add(3);
    bench.reachable.add(2);
    await bench.lead();
    expect(await remove('x')).toBe(error('no member is named "x".'));
    expect(await remove('b')).toBe(
      error(
        'without it only 1 of 2 voters would be reachable, which is no majority. Bring another member back first, or remove ' +
          'one that is down.',
      ),
    );
    expect([await remove('4'), names()]).toEqual(['done', ['a', 'b', 'c']]);
    expect([await remove('c'), names()]).toEqual(['done', ['a', 'b']]);
    expect(bench.state.meta.removed).toEqual(new Set([3, 4]));
    expect([await remove('b'), names(), conf().voters]).toEqual(['done', ['a'], [1]]);
    expect(await remove('a')).toBe(error('the last voter cannot be removed.'));
  });
});

describe('a replica that does not lead', () => {
  it('asks the leader once, and says what that says', async () => {
    bench = await LoneLeader.open({ 2: B, 3: C }, { voters: [1, 2, 3] });
    expect(await remove('c')).toBe('UnavailableError: no leader is known; try again');
    bench.driver.step([messageOf(2, 'heartbeat')]);
    await bench.until(() => bench.driver.leader === 2);
    const requests: Buffer[] = [];
    bench.call = (_, payload) => {
      requests.push(payload);
      return Promise.resolve(Buffer.from('yes'));
    };
    const request = { op: 'add', name: 'd', address: 'd:1' } as const;
    expect(await bench.outcome(bench.membership.ask(request))).toEqual(Buffer.from('yes'));
    expect(bench.calls).toEqual(['2 10.0.0.2:1']);
    expect(requests).toEqual([encodeRequest(Object.assign({ ...request }, { forwarded: true }))]);
    const forwarded = await bench.outcome(bench.membership.onCall({ ...request, forwarded: true }));
    expect(forwarded).toBe('UnavailableError: this replica does not lead any more; try again');
    expect(bench.calls).toHaveLength(1);
    bench.call = () => Promise.reject(new MembershipError('no'));
    expect(await remove('c')).toBe(error('no'));
    bench.call = () => Promise.reject(new UnavailableError('gone', false));
    expect(await remove('c')).toBe('UnavailableError: gone');
    // Nobody knows whether it was done: for a removal the state says so, where it was.
    bench.call = () => Promise.reject(new UnavailableError('gone', true));
    expect(await remove('x')).toBe('UnavailableError: gone');
    expect(await add('d', 'd:1')).toBe('UnavailableError: gone');
    const now = performance.now.bind(performance);
    let offset = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => now() + offset);
    // While Raft's clock stands still: what is waited for here is time, in which it would come to an election.
    const removed = (name: string): Promise<string> =>
      bench.membership.onCall({ op: 'remove', name }).then(
        () => 'done',
        (failure: Error) => `${failure.name}: ${failure.message}`,
      );
    const removing = removed('c');
    await new Promise((resolve) => setTimeout(resolve, 30));
    bench.state.meta.members.delete(3);
    expect(await removing).toBe('done');
    const unseen = removed('b');
    await new Promise((resolve) => setTimeout(resolve, 30));
    offset = 11_000;
    expect(await unseen).toBe('UnavailableError: gone');
  });
});

describe('a leader that was replaced', () => {
  it('does not refuse by the membership of its time, for its answer would be taken as the last word', async () => {
    bench = await LoneLeader.open({ 2: B, 3: { ...C, nonce: 'c' } }, { voters: [1, 2, 3] });
    bench.present.add(2);
    await bench.lead();
    bench.present.clear();
    const answers = Promise.all([join({ ...C, nonce: 'n' }), remove('x'), add('b', C.address)]);
    await bench.until(
      () => bench.driver.status().role === 'leader' && bench.sent.some(({ context }) => context === '1'),
    );
    // Another leads by now, and says up to where the log is committed.
    bench.driver.step([messageOf(2, 'heartbeat')]);
    const asked = () => bench.sent.find(({ type }) => type === 'readIndex');
    await bench.until(() => asked() !== undefined);
    const index = bench.state.visible.appliedIndex;
    bench.driver.step([messageOf(2, 'readIndexResp', { term: 0, index, context: asked()?.context ?? '' })]);
    const replaced = 'UnavailableError: this replica does not lead any more; try again';
    expect(await answers).toEqual([replaced, replaced, replaced]);
  });

  it('and that nobody hears says so within 3 s', async () => {
    bench = await LoneLeader.open({ 2: B }, { voters: [1, 2] });
    bench.present.add(2);
    await bench.lead();
    bench.present.clear();
    const removing = remove('x');
    await bench.until(() => bench.sent.some(({ context }) => context === '1'));
    bench.reads.expire(performance.now() + 3_000);
    expect(await removing).toBe('UnavailableError: no leader confirmed the read within its time');
  });
});

it('a change that is no change any more is refused, and one without a leader says so', async () => {
  bench = await LoneLeader.open({ 2: B }, { learners: [2] });
  await bench.lead();
  bench.membership.onRefused({ kind: 'proposal', context: 'nobody', reason: 'noLeader' });
  // Both are allowed when they are asked for, and the second is not when its turn comes.
  bench.reachable.add(2);
  const removing = remove('b');
  const promoting = promote('b');
  expect(await removing).toBe('done');
  expect(await promoting).toBe(error('the present membership does not allow this change.'));
  bench.confirm = () => Promise.resolve();
  const adding = bench.membership.ask({ op: 'add', name: 'd', address: 'd:1' });
  await proposed();
  bench.membership.onRefused({ kind: 'proposal', context: '1.1.3', reason: 'transferring' });
  expect(await bench.outcome(adding)).toBe(
    'UnavailableError: the membership cannot be changed now (transferring); try again',
  );
  const next = bench.membership.ask({ op: 'add', name: 'e', address: 'e:1' });
  await proposed();
  bench.membership.onRefused({ kind: 'proposal', context: '1.1.4', reason: 'confChangePending' });
  expect(await bench.outcome(next)).toBe('UnavailableError: another membership change is under way; try again.');
  // A replica that has stopped takes none.
  bench.driver.stop();
  await expect(bench.membership.ask({ op: 'add', name: 'f', address: 'f:1' })).rejects.toThrow(
    new UnavailableError('the membership cannot be changed now (overloaded); try again', false),
  );
});
