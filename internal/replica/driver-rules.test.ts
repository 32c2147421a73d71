import { afterEach, describe, expect, it, vi } from 'vitest';
import { FatalError } from '../machinery/assert.js';
import { encodeConfChange } from '../raft/confchange/codec.js';
import { type ConfChangeStep, InvariantError } from '../raft/index.js';
import { encodeProposal } from '../store/command.js';
import { CorruptRecordError } from '../store/rows.js';
import { until } from '../testing/until.js';
import { LoneLeader, messageOf } from './leader.testkit.js';

const info = (name: string) => ({ name, address: `${name}:1` });
let bench: LoneLeader;
afterEach(async () => {
  vi.restoreAllMocks();
  await bench.close();
});
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const entry = (index: number, key: string) => {
  const op = { type: 'put', key, value: Buffer.from('v'), revisionAt: -1 } as const;
  const commands = [{ kind: 'txn', txn: { compares: [], ops: [op] } } as const];
  return {
    index,
    term: 5,
    type: 'normal' as const,
    data: encodeProposal({ proposer: 2, seq: index, time: 0, commands }),
  };
};
/** From now on an append ends only when the answer is called. */
function holdAppends(): () => void {
  let written = (): void => undefined;
  const append = bench.log.append.bind(bench.log);
  vi.spyOn(bench.log, 'append').mockImplementation(async (entries, hardState) => {
    await append(entries, hardState);
    await new Promise<void>((resolve) => (written = resolve));
  });
  return () => written();
}
const follower = async (): Promise<void> => {
  bench = await LoneLeader.open({ 2: info('b'), 3: info('c') }, { voters: [1, 2, 3] });
};

describe('what must not happen', () => {
  it.each<readonly [string, Error, RegExp]>([
    [
      'a broken invariant',
      new InvariantError('two leaders'),
      /^fatal: this replica stopped at a broken invariant: (.|\n)*two leaders(.|\n)*\. Restart it; if this comes back, report it\.$/,
    ],
    [
      'another error',
      new Error('boom'),
      /^fatal: this replica stopped at an unexpected error: Error: boom\n(.|\n)*\. Restart it; if this comes back, report it\.$/,
    ],
    ['what says itself what to do', new FatalError('mend the disk'), /^fatal: mend the disk$/],
    ['a damaged record', new CorruptRecordError('objects', 'a/1', 'bad checksum'), /^damaged: .*a\/1/],
  ])('stops the replica: %s', async (_, error, text) => {
    bench = await LoneLeader.open({ 2: info('b') }, { learners: [2] });
    await bench.lead();
    await bench.put('k');
    await bench.until(() => bench.driver.soleLeader || bench.driver.status().commit === 2);
    bench.driver.report(() => {
      throw error;
    });
    expect(bench.said).toHaveLength(1);
    expect(bench.said[0]).toMatch(text);
    const sent = bench.sent.length;
    const told: number[] = [];
    bench.driver.report(() => void told.push(1));
    bench.driver.step([messageOf(2, 'vote', { term: 9 })]);
    for (let i = 0; i < 300; i++) bench.driver.tick();
    bench.driver.wake();
    bench.driver.onVisible();
    await turn();
    expect([told, bench.sent.length, bench.driver.status().term, bench.driver.soleLeader]).toEqual([
      [],
      sent,
      1,
      false,
    ]);
    bench.driver.report(() => {
      throw new Error('again');
    });
    expect(bench.said).toHaveLength(1);
  });

  it('stops a member whose log has lost what it had acknowledged, and one that is sent a snapshot without peers', async () => {
    await follower();
    bench.driver.step([messageOf(2, 'heartbeat', { commit: 9 })]);
    expect(bench.said).toHaveLength(1);
    expect(bench.said[0]).toMatch(/^fatal: /);
    expect(bench.said[0]).not.toContain('unexpected');
    await bench.close();
    await follower();
    const confState = { voters: [1, 2, 3], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false };
    bench.driver.step([messageOf(2, 'snapshot', { snapshot: { index: 7, term: 4, confState } })]);
    await bench.until(() => bench.said.length > 0);
    expect(bench.said).toEqual(['fatal: a snapshot came to a replica that has no peers.']);
  });
});

describe('a follower', () => {
  it('acknowledges entries when they are on its disk, and applies them when they are committed', async () => {
    await follower();
    const written = holdAppends();
    const acknowledged = (): number[] =>
      bench.sent.filter(({ type, reject }) => type === 'appendResp' && !reject).map(({ index }) => index);
    bench.driver.step([messageOf(2, 'append', { entries: [entry(1, 'a/1'), entry(2, 'a/2')], commit: 1 })]);
    for (let i = 0; i < 20; i++) await turn();
    expect([acknowledged(), bench.state.meta.appliedIndex, bench.driver.leader, bench.driver.term]).toEqual([
      [],
      0,
      2,
      5,
    ]);
    // What promises nothing about the disk leaves at once.
    bench.driver.step([messageOf(2, 'heartbeat', { context: 'x' })]);
    await turn();
    expect(bench.sent.filter(({ type }) => type === 'heartbeatResp').map(({ context }) => context)).toEqual(['x']);
    await until(() => {
      written();
      return acknowledged().length > 0;
    });
    expect([acknowledged(), bench.state.meta.appliedIndex, bench.state.meta.revision]).toEqual([[2], 1, 1]);
    expect(bench.driver.leads).toBe(false);
    bench.driver.step([messageOf(2, 'heartbeat', { commit: 2 })]);
    await until(() => bench.state.visible.appliedIndex === 2);
    expect(bench.state.visible.revision).toBe(2);
  });

  it('applies changes of the membership with the particulars that come along, where any do', async () => {
    await follower();
    const change = (index: number, steps: ConfChangeStep[], context: object | undefined) => ({
      index,
      term: 5,
      type: 'confChange' as const,
      data: encodeConfChange({
        transition: 'auto',
        steps,
        context: context === undefined ? '' : JSON.stringify(context),
      }),
    });
    const d = info('d');
    const entries = [
      change(1, [{ type: 'addLearner', id: 4 }], { request: 'r', members: { 4: d, 9: info('x') } }),
      change(2, [{ type: 'remove', id: 3 }], { members: { 3: info('again') } }),
      // As the one is that ends a joint membership, and those of a release that says nothing more.
      change(3, [{ type: 'addLearner', id: 5 }], undefined),
      change(4, [{ type: 'remove', id: 5 }], { request: 's' }),
    ];
    bench.driver.step([messageOf(2, 'append', { entries, commit: 4 })]);
    await until(() => bench.state.meta.appliedIndex === 4 || bench.said.length > 0);
    expect(bench.said).toEqual([]);
    expect(bench.state.meta.conf).toMatchObject({ voters: [1, 2], learners: [4] });
    expect([...bench.state.meta.members].map(([id, { name }]) => [id, name])).toEqual([
      [1, 'a'],
      [2, 'b'],
      [4, 'd'],
    ]);
  });

  it('times nothing: what is acknowledged to it is nothing that it sent', async () => {
    await follower();
    const heard = vi.spyOn(bench.disks, 'onAcknowledged');
    bench.driver.step([messageOf(3, 'appendResp', { index: 1 })]);
    await turn();
    expect(heard).not.toHaveBeenCalled();
  });

  it('applies what is written by an earlier seq of its own only once', async () => {
    await follower();
    const twice = [entry(1, 'a/1'), { ...entry(1, 'a/1'), index: 2 }];
    bench.driver.step([messageOf(2, 'append', { entries: twice, commit: 2 })]);
    await until(() => bench.state.visible.appliedIndex === 2);
    expect(bench.state.visible.revision).toBe(1);
  });
});

describe('a leader', () => {
  it('times what it sends to a member until that is acknowledged', async () => {
    bench = await LoneLeader.open({ 2: info('b'), 3: info('c') }, { voters: [1, 2, 3] });
    const sentTo = vi.spyOn(bench.disks, 'onSent');
    const heard = vi.spyOn(bench.disks, 'onAcknowledged');
    bench.present.add(2);
    await bench.lead();
    sentTo.mockClear();
    heard.mockClear();
    await bench.put('k');
    await bench.until(() => heard.mock.calls.length > 0);
    expect(sentTo.mock.calls.map(([to, index]) => [to, index])).toContainEqual([2, 2]);
    expect(heard.mock.calls.map(([id, index]) => [id, index])).toContainEqual([2, 2]);
    heard.mockClear();
    bench.driver.step([messageOf(3, 'appendResp', { term: 1, reject: true, index: 1, rejectHint: 0 })]);
    expect(heard).not.toHaveBeenCalled();
    bench.driver.step([messageOf(3, 'heartbeatResp', { term: 1 })]);
    expect(heard).not.toHaveBeenCalled();
  });

  it('lets writes gather while its disk is busy, and hands them on as one', async () => {
    bench = await LoneLeader.open();
    await bench.lead();
    let release = (): void => undefined;
    const append = bench.log.append.bind(bench.log);
    const spy = vi.spyOn(bench.log, 'append').mockImplementation(async (entries, hardState) => {
      await append(entries, hardState);
      await new Promise<void>((resolve) => (release = resolve));
    });
    const writes = [bench.put('a')];
    await bench.until(() => spy.mock.calls.length === 1);
    writes.push(...['b', 'c', 'd'].map((key) => bench.put(key)));
    for (let i = 0; i < 10; i++) await turn();
    expect([spy.mock.calls.length, bench.proposals.queued]).toEqual([1, 3]);
    let done = false;
    const all = Promise.all(writes).then(() => (done = true));
    await bench.until(() => {
      release();
      return done;
    });
    await all;
    expect(bench.driver.status().lastIndex).toBe(3);
  });
});

describe('a replica that was stopped', () => {
  it('finishes nothing that was under way: it acknowledges nothing, answers nothing and applies nothing', async () => {
    await follower();
    const written = holdAppends();
    bench.driver.step([messageOf(2, 'append', { entries: [entry(1, 'a/1')], commit: 1 })]);
    for (let i = 0; i < 20; i++) await turn();
    const before = bench.sent.length;
    // To be answered at the end of this turn.
    bench.driver.step([messageOf(2, 'heartbeat', { context: 'x' })]);
    bench.driver.stop();
    written();
    for (let i = 0; i < 5; i++) await turn();
    expect([bench.sent.slice(before), bench.state.meta.appliedIndex, bench.said]).toEqual([[], 0, []]);
    // Nor does it stand for election, however long it hears nothing.
    for (let i = 0; i < 5_000; i++) bench.driver.tick();
    expect(bench.driver.status()).toMatchObject({ role: 'follower', term: 5 });
  });

  it('is not told of a write that failed after that', async () => {
    await follower();
    let failed = (_: Error): void => undefined;
    vi.spyOn(bench.log, 'append').mockImplementation(() => new Promise((_, reject) => (failed = reject)));
    bench.driver.step([messageOf(2, 'append', { entries: [entry(1, 'a/1')] })]);
    await turn();
    bench.driver.stop();
    failed(new Error('the disk is gone'));
    await turn();
    expect(bench.said).toEqual([]);
  });

  it('stops at a write that fails while it runs', async () => {
    await follower();
    vi.spyOn(bench.log, 'append').mockImplementation(() => Promise.reject(new FatalError('the disk is gone')));
    bench.driver.step([messageOf(2, 'append', { entries: [entry(1, 'a/1')] })]);
    for (let i = 0; i < 3; i++) await turn();
    expect([bench.said, bench.sent.filter(({ type }) => type === 'appendResp')]).toEqual([
      ['fatal: the disk is gone'],
      [],
    ]);
  });
});

describe('a local read', () => {
  it('is enough while this replica is the only member, and no more when another comes or it stops', async () => {
    bench = await LoneLeader.open();
    expect(bench.driver.soleLeader).toBe(false);
    await bench.lead();
    await bench.until(() => bench.driver.soleLeader);
    await bench.outcome(bench.membership.onCall({ op: 'add', name: 'b', address: '10.0.0.2:1' }));
    await bench.put('k');
    expect(bench.driver.soleLeader).toBe(false);
    await bench.outcome(bench.membership.onCall({ op: 'remove', name: 'b' }));
    await bench.put('k');
    await bench.until(() => bench.driver.soleLeader);
    bench.driver.stop();
    expect(bench.driver.soleLeader).toBe(false);
    bench.driver.onVisible();
    expect(bench.driver.soleLeader).toBe(false);
  });

  it('is not enough any more when somebody leads in a later term', async () => {
    bench = await LoneLeader.open();
    await bench.lead();
    await bench.until(() => bench.driver.soleLeader);
    bench.driver.step([messageOf(2, 'heartbeat', { term: 9 })]);
    await turn();
    expect([bench.driver.leads, bench.driver.soleLeader, bench.driver.term]).toEqual([false, false, 9]);
  });
});
