import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Packr } from 'msgpackr';
import { LoneLeader } from './leader.testkit.js';
import { decodeVerifyReply, hashOf, textOf, Verifier, type VerifyReply, type VerifyRequest } from './verify.js';

const packr = new Packr({ useRecords: false, int64AsType: 'number' });
const info = (name: string) => ({ name, address: `${name}:1` });
let bench: LoneLeader;
const diverged: number[] = [];
const said: string[] = [];
/** What the others say of themselves, and what they were told. */
let replies: Record<number, Partial<VerifyReply> | Error> = {};
let told: string[] = [];
/** Who was asked for a hash, and of which revision. */
let asked: string[] = [];

beforeEach(async () => {
  [diverged, said, told, asked].forEach((list) => list.splice(0));
  replies = {};
  bench = await LoneLeader.open({ 2: info('b'), 3: info('c'), 4: info('d') }, { voters: [1, 2, 3], learners: [4] });
  bench.present.add(2).add(3);
  await bench.lead();
  await bench.put('k');
});
afterEach(async () => {
  vi.restoreAllMocks();
  await bench.close();
});

function open(): Verifier {
  return new Verifier({
    id: 1,
    state: bench.state,
    ask: (to, payload) => {
      const { op, revision, ...rest } = packr.unpack(payload) as VerifyRequest & Record<string, unknown>;
      if (op === 'hash') asked.push(`${to} at ${revision}`);
      const reply = replies[to] ?? { hash: '' };
      if (reply instanceof Error) return Promise.reject(reply);
      if (op !== 'hash') told.push(`${to} ${op} at ${revision} ${JSON.stringify(rest)}`);
      return Promise.resolve(packr.pack(reply));
    },
    onDiverged: (revision) => void diverged.push(revision),
    say: (level, text) => void said.push(`${level}: ${text}`),
  });
}
const own = () => {
  const hash = bench.state.hashAt(1);
  if (hash === undefined) throw new Error('no hash');
  return textOf(hash);
};
const other = { hash: 'x', rows: 'y' };
const compared = async (verifier = open()): Promise<Verifier> => {
  verifier.mark();
  await verifier.compare();
  return verifier;
};

describe('an answer', () => {
  const answer = (verifier: Verifier, request: VerifyRequest): VerifyReply =>
    decodeVerifyReply(verifier.answer(request));

  it('says what the state was, whose computation it is, and whether there is a dispute', () => {
    const verifier = open();
    const { lineage } = bench.state.meta;
    expect(answer(verifier, { op: 'hash', revision: 1 })).toEqual({ ...own(), lineage, disputed: false });
    expect(answer(verifier, { op: 'hash', revision: 9 })).toEqual({ hash: '', lineage, disputed: false });
    expect(answer(verifier, { op: 'disputed', revision: 9 }).disputed).toBe(true);
    expect(verifier.disputed).toBe(true);
    expect(diverged).toEqual([]);
  });

  it('to who says that it differs ends this replica when more than half of the voters computed that', () => {
    const verifier = open();
    answer(verifier, { op: 'diverged', revision: 1, ...own(), lineages: 3 });
    answer(verifier, { op: 'diverged', revision: 9, ...other, lineages: 3 });
    expect([diverged, verifier.disputed]).toEqual([[], false]);
    answer(verifier, { op: 'diverged', revision: 1, ...other, lineages: 1 });
    expect([diverged, verifier.disputed]).toEqual([[], true]);
    const { hash, rows } = other;
    answer(verifier, { op: 'diverged', revision: 1, hash, rows });
    expect(diverged).toEqual([]);
    answer(verifier, { op: 'diverged', revision: 1, ...other, lineages: 2 });
    expect(diverged).toEqual([1]);
  });

  it('to who says that all agree settles a dispute, and makes the state a computation of its own', () => {
    const verifier = open();
    bench.state.setLineage('3-x');
    answer(verifier, { op: 'disputed', revision: 1 });
    expect(answer(verifier, { op: 'agreed', revision: 1, ...other })).toMatchObject({ lineage: '3-x', disputed: true });
    expect(answer(verifier, { op: 'agreed', revision: 9, ...own() })).toMatchObject({ lineage: '3-x', disputed: true });
    const reply = answer(verifier, { op: 'agreed', revision: 1, ...own() });
    expect([reply.disputed, reply.lineage?.slice(0, 2)]).toEqual([false, '1-']);
    answer(verifier, { op: 'agreed', revision: 1, ...own() });
    expect(bench.state.meta.lineage).toBe(reply.lineage);
  });
});

describe('a comparison', () => {
  it('is of the marked revision, and of none before anything is written', async () => {
    const verifier = open();
    await verifier.compare();
    expect([said, asked]).toEqual([[], []]);
    for (const id of [2, 3]) replies[id] = { ...own(), lineage: `${id}-own` };
    await compared(verifier);
    expect([verifier.differences, verifier.disputed, told]).toEqual([0, false, []]);
    expect(bench.state.meta.lineage.slice(0, 2)).toBe('1-');
    expect(asked.toSorted()).toEqual(['2 at 1', '3 at 1', '4 at 1']);
  });

  it('is of nothing where the leader does not know its own hash of that revision any more', async () => {
    const verifier = open();
    verifier.mark();
    vi.spyOn(bench.state, 'hashAt').mockReturnValue(undefined);
    await verifier.compare();
    expect([asked, told, verifier.disputed]).toEqual([[], [], false]);
  });

  it('that ends in agreement is told to those who had a copy, or a dispute', async () => {
    replies = {
      2: { ...own(), lineage: '3-x', disputed: false },
      3: { ...own(), lineage: '3-x', disputed: true },
      4: { ...own(), lineage: '4-d' },
    };
    const verifier = await compared();
    const text = JSON.stringify(own());
    expect(told.toSorted()).toEqual([`2 agreed at 1 ${text}`, `3 agreed at 1 ${text}`]);
    expect([verifier.differences, said]).toEqual([0, []]);
  });

  it('that finds one different tells that one, with how many computed the other', async () => {
    const lineages = { 2: '2-b', 3: '3-c', 4: '4-d' };
    replies = {
      2: { ...own(), lineage: lineages[2] },
      3: { ...other, lineage: lineages[3] },
      4: new Error('it is away'),
    };
    bench.state.setLineage('1-a');
    const verifier = await compared();
    const { hash, rows } = own();
    expect(told).toEqual([`3 diverged at 1 ${JSON.stringify({ ...own(), lineages: 2 })}`]);
    expect(verifier.differences).toBe(1);
    expect(said).toContain(
      `error: the replicas differ at revision 1: member 1 has ${hash}${rows} of 1-a, member 2 has ${hash}${rows} of 2-b, ` +
        'member 3 has xy of 3-c',
    );
    expect(said).toContain('debug: member 4 did not tell its hash: it is away');
    expect(diverged).toEqual([]);
  });

  it('that finds the leader different ends the leader', async () => {
    for (const id of [2, 3]) replies[id] = { ...other, lineage: `${id}-x` };
    bench.state.setLineage('1-a');
    await compared();
    expect([diverged, told]).toEqual([[1], []]);
  });

  it('that cannot tell who is right is a dispute: all are told, and a person once a minute', async () => {
    const advice =
      'error: no majority has the same state: it cannot be told which is right. Bring back the voters that are away; where ' +
      'that does not settle it, find out which state is right, remove the members that have another (quorate member remove ' +
      'NAME), and join them again with an empty data directory.';
    replies = {
      2: { ...other, lineage: '2-b' },
      3: { hash: 'z', rows: 'z', lineage: '3-c' },
      4: { ...own(), lineage: '4-d' },
    };
    const verifier = await compared();
    expect([verifier.disputed, verifier.differences]).toEqual([true, 1]);
    expect(told).toEqual(['2 disputed at 1 {}', '3 disputed at 1 {}', '4 disputed at 1 {}']);
    expect([said.length, said[1]]).toEqual([2, advice]);
    expect(said[0]).toMatch(/^error: the replicas differ at revision 1: member 1 has /);
    await compared(verifier);
    expect([verifier.differences, said.length]).toEqual([2, 2]);
    const now = performance.now.bind(performance);
    vi.spyOn(performance, 'now').mockImplementation(() => now() + 60_001);
    await compared(verifier);
    expect(said).toHaveLength(4);
  });
});

it('a hash travels as text, with or without its rows', () => {
  expect([
    hashOf({ hash: '' }),
    hashOf({ hash: 'a' }),
    hashOf({ hash: 'a', rows: '' }),
    hashOf({ hash: 'a', rows: 'b' }),
  ]).toEqual([
    undefined,
    { changes: 'a', rows: undefined },
    { changes: 'a', rows: undefined },
    { changes: 'a', rows: 'b' },
  ]);
  expect([textOf({ changes: 'a', rows: undefined }), textOf({ changes: 'a', rows: 'b' })]).toEqual([
    { hash: 'a', rows: '' },
    { hash: 'a', rows: 'b' },
  ]);
});
