import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Packr } from 'msgpackr';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Command, encodeProposal } from './command.js';
import { HistoryRemover } from './compaction.js';
import { StateExport, SnapshotError, StagedState } from './snapshot.js';
import { stateHashOf } from './meta.js';
import { StateStore } from './state.js';
import { eventKey, OBJECT_HEADER } from './rows.js';
import { Random } from '../testing/sim/random.js';

const conf = { voters: [1], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false };
const TABLES = ['objects', 'past', 'events', 'expiry'] as const;
let directory = '';
let state: StateStore;
let index = 0;

function open(mapSize?: number): StateStore {
  return new StateStore({
    path: join(directory, 'state'),
    conf,
    members: new Map(),
    ...(mapSize === undefined ? {} : { mapSize }),
    onVisible: () => undefined,
    onDurable: () => undefined,
    onDiskFull: () => undefined,
    onFatal: (error) => {
      throw error;
    },
  });
}
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'quorate-state-'));
  index = 0;
});
afterEach(async () => {
  await state.close();
  rmSync(directory, { recursive: true, force: true });
});

function apply(...commands: readonly Command[]): void {
  index++;
  state.applyEntry(index, 1, encodeProposal({ proposer: 7, seq: index, time: 0, commands }));
}
const put = (key: string, value: Buffer): Command => ({
  kind: 'txn',
  txn: { compares: [], ops: [{ type: 'put', key, value, revisionAt: -1 }] },
});
const rows = (table: 'past' | 'events'): number => [...state.snapshot.scanAll(table)].length;

it('outgrows the address space that was mapped first, while being read', async () => {
  state = open(1024 * 1024);
  const value = Buffer.alloc(100_000, 'x');
  for (let i = 0; i < 300; i++) {
    apply(put(`a/${i}`, value));
    state.commit();
    await state.whenVisible(index);
    expect(state.snapshot.get('objects', 'a/0')?.length).toBeGreaterThan(100_000);
  }
  expect([...state.snapshot.scanAll('objects')]).toHaveLength(300);
});

it('shows readers what was applied when it is told to, whether it is committed or not', async () => {
  state = open();
  apply(put('a/1', Buffer.from('x')), put('a/1', Buffer.from('y')));
  expect(state.meta.revision).toBe(2);
  expect(state.visible.revision).toBe(0);
  state.commit();
  expect(state.visible.revision).toBe(2);
  expect(state.durableIndex).toBe(0);
  apply({
    kind: 'txn',
    txn: { compares: [{ key: 'a/1', modRevision: 2 }], ops: [{ type: 'delete', key: 'a/1' }] },
  });
  expect(state.meta.revision).toBe(3);
  expect(state.visible.revision).toBe(2);
  state.commit();
  expect(state.snapshot.get('objects', 'a/1')).toBeUndefined();
  await state.whenCommitted();
  expect(state.snapshot.get('objects', 'a/1')).toBeUndefined();
  expect([rows('events'), rows('past')]).toEqual([3, 2]);
});

it('has committed all of it when it is closed', async () => {
  state = open();
  for (let i = 0; i < 100; i++) apply(put(`a/${i}`, Buffer.from('x')));
  state.commit();
  await state.close();
  state = open();
  expect(state.meta).toMatchObject({ appliedIndex: 100, revision: 100 });
  expect(state.snapshot.count('objects', 'a/', 'a0')).toBe(100);
});

it('reads the same from memory, while it is being committed, and from LMDB', { timeout: 60_000 }, async () => {
  state = open();
  const random = new Random(3);
  const keys = [
    'a/b',
    'a/b/c',
    'a/b-c',
    'a/ü',
    'a/\u{10000}',
    'a/\ufffd',
    'b/1',
    ...Array.from({ length: 40 }, (_, i) => `c/${i}`),
  ];
  const contents = (): string[] =>
    TABLES.flatMap((table) =>
      [...state.snapshot.scanAll(table)].map(
        ({ key, value }) => `${table} ${key.toString('hex')} ${value.toString('hex')}`,
      ),
    );
  const below = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
  const model = new Map<string, string>();
  for (let step = 0; step < 400; step++) {
    const key = random.pick(keys);
    const text = `${step}`;
    if (random.chance(0.3)) {
      apply({ kind: 'txn', txn: { compares: [], ops: [{ type: 'delete', key }] } });
      model.delete(key);
    } else {
      apply(put(key, Buffer.from(text)));
      model.set(key, text);
    }
    state.commit();
    if (random.chance(0.1)) void state.whenCommitted();
    if (random.chance(0.05)) apply({ kind: 'compact', revision: Math.max(1, state.meta.revision - 50) });
    if (random.chance(0.05)) await new HistoryRemover(state).run();
    if (random.chance(0.2)) await new Promise((resolve) => setImmediate(resolve));
    const { snapshot } = state;
    const [start = '', end = ''] = [random.pick(keys), random.pick(keys)].sort(below);
    const within = [...model.keys()].filter((each) => below(each, start) >= 0 && below(each, end) < 0).sort(below);
    const limit = random.pick([1, 3, 1_000]);
    expect([...snapshot.scan('objects', start, end, { limit })].map((row) => row.key)).toEqual(within.slice(0, limit));
    expect(snapshot.count('objects', start, end)).toBe(within.length);
    for (const each of keys)
      expect(snapshot.get('objects', each)?.subarray(OBJECT_HEADER).toString()).toBe(model.get(each));
    // Changes of late are read from memory alone.
    const since = eventKey(Math.max(0, state.meta.revision - random.pick([0, 1, 20, 400])), 0);
    const changes = [...snapshot.scan('events', since, eventKey(2 ** 48 - 1, 0))].map((row) => row.key.toString('hex'));
    const known = [...snapshot.scanAll('events')].map((row) => row.key.toString('hex'));
    expect(changes).toEqual(known.filter((name) => name >= since.toString('hex')));
    if (step % 40 !== 0) continue;
    const layered = contents();
    await state.whenCommitted();
    expect(contents()).toEqual(layered);
  }
});

it('does nothing for an entry that it has applied before', () => {
  state = open();
  const data = encodeProposal({ proposer: 7, seq: 5, time: 0, commands: [put('a/1', Buffer.from('x'))] });
  expect(state.applyEntry(1, 1, data)).toEqual([{ succeeded: true, revision: 1 }]);
  expect(state.applyEntry(2, 1, data)).toBeUndefined();
  const older = encodeProposal({ proposer: 7, seq: 4, time: 0, commands: [put('a/2', Buffer.from('x'))] });
  expect(state.applyEntry(3, 1, older)).toBeUndefined();
  const other = encodeProposal({ proposer: 8, seq: 4, time: 0, commands: [put('a/2', Buffer.from('x'))] });
  expect(state.applyEntry(4, 1, other)).toEqual([{ succeeded: true, revision: 2 }]);
  expect(state.meta.revision).toBe(2);
});

it('removes what compaction made unreadable, and nothing else', async () => {
  state = open();
  for (let i = 0; i < 1000; i++) apply(put(`a/${i % 10}`, Buffer.from(String(i))));
  state.commit();
  expect([rows('events'), rows('past')]).toEqual([1000, 990]);
  apply({ kind: 'compact', revision: 900 });
  state.commit();
  await state.whenVisible(index);
  await new HistoryRemover(state).run();
  expect([rows('events'), rows('past')]).toEqual([100, 100]);
});

it('travels as a snapshot; a damaged or cut one is refused', async () => {
  state = open();
  for (let i = 0; i < 500; i++) apply(put(`a/${i % 100}`, Buffer.alloc(3000, i)));
  state.commit();
  await state.whenVisible(index);
  const own = await state.takeSnapshot();
  // What is applied after the snapshot was taken is not in it.
  apply(put('a/late', Buffer.from('x')));
  state.commit();
  await state.whenVisible(index);
  const chunks: Buffer[] = [];
  const whole = new StateExport(own);
  for await (const chunk of whole.chunks()) chunks.push(chunk);
  whole.release();
  expect(chunks.length).toBeGreaterThan(5);

  const receive = async (received: readonly Buffer[]): Promise<StagedState> => {
    const staged = new StagedState(join(directory, 'staged'));
    try {
      for (const chunk of received) await staged.add(chunk);
      await staged.finish();
      return staged;
    } catch (error) {
      await staged.discard();
      throw error;
    }
  };
  const damaged = Buffer.from(chunks[1] ?? []);
  damaged[1000] = (damaged[1000] ?? 0) ^ 1;
  await expect(receive(chunks.with(1, damaged))).rejects.toThrow();
  await expect(receive(chunks.slice(0, -1))).rejects.toThrow(SnapshotError);
  await expect(receive(chunks.toSpliced(2, 1))).rejects.toThrow(SnapshotError);

  const staged = await receive(chunks);
  const { hashA, hashB } = state.meta;
  state.replace(staged.path);
  expect(state.visible).toMatchObject({ revision: 500, appliedIndex: 500 });
  expect(state.snapshot.get('objects', 'a/late')).toBeUndefined();
  index = 500;
  apply(put('a/late', Buffer.from('x')));
  expect([state.meta.hashA, state.meta.hashB]).toEqual([hashA, hashB]);
  state.commit();
  await state.whenVisible(index);
  expect(state.snapshot.get('objects', 'a/late')).toBeDefined();
});

describe('a snapshot that is received', () => {
  const chunksOf = async (of: StateStore): Promise<Buffer[]> => {
    const whole = new StateExport(await of.takeSnapshot());
    const chunks: Buffer[] = [];
    for await (const chunk of whole.chunks()) chunks.push(chunk);
    whole.release();
    return chunks;
  };
  const packr = new Packr({ useRecords: false, int64AsType: 'number' });
  const staged = (transfer = ''): StagedState => new StagedState(join(directory, 'staged'), transfer);
  beforeEach(async () => {
    state = open();
    for (let i = 0; i < 200; i++) apply(put(`a/${i}`, Buffer.alloc(3000, i)));
    state.commit();
    await state.whenVisible(index);
  });

  it('is refused for what is wrong with it, in a sentence', async () => {
    const [first = Buffer.alloc(0)] = await chunksOf(state);
    const wire = packr.unpack(first) as unknown[];
    for (const [change, reason] of [
      [[2, ...wire.slice(1)], 'version 2 is not known'],
      [[1, 9, ...wire.slice(2)], 'a chunk is out of place'],
      [[1, wire[1], 5, wire[3]], 'checksum mismatch'],
      [[1, -1, 7, []], '0 rows came of 7'],
      [[1, -1, 0, [], 5], 'the checksum of the whole does not match'],
    ] as const) {
      const to = staged();
      await expect(to.add(packr.pack(change))).rejects.toThrow(`the snapshot cannot be used: ${reason}`);
      await to.discard();
    }
    const early = staged();
    await early.add(first);
    await expect(early.finish()).rejects.toThrow('the snapshot cannot be used: it ends early');
    await early.discard();
    expect(existsSync(join(directory, 'staged'))).toBe(false);
  });

  it('without data of its own is refused, one of an earlier release is not', async () => {
    const chunks = await chunksOf(state);
    const rows = chunks.map((chunk) => packr.unpack(chunk) as [number, number, number, Uint8Array[]]);
    const withoutMeta = rows.filter(([, table]) => table !== 4);
    const to = staged();
    for (const wire of withoutMeta.slice(0, -1)) await to.add(packr.pack(wire));
    const count = withoutMeta.slice(0, -1).reduce((sum, [, , , r]) => sum + r.length / 2, 0);
    await to.add(packr.pack([1, -1, count, []]));
    expect(to.complete).toBe(true);
    await expect(to.finish()).rejects.toThrow('the snapshot cannot be used: it has no meta row');
    await to.discard();
    const earlier = staged();
    for (const chunk of chunks.slice(0, -1)) await earlier.add(chunk);
    const [, , all] = rows.at(-1) ?? [];
    await earlier.add(packr.pack([1, -1, all, []]));
    expect((await earlier.finish()).revision).toBe(200);
  });

  it('goes on where it was after a break, and knows what it is of', async () => {
    const chunks = await chunksOf(state);
    const begun = staged('one');
    for (const chunk of chunks.slice(0, 2)) await begun.add(chunk);
    expect([begun.transfer, begun.chunks, begun.complete]).toEqual(['one', 2, false]);
    await begun.close();
    const again = await StagedState.reopen(join(directory, 'staged'));
    expect([again?.transfer, again?.chunks]).toEqual(['one', 2]);
    for (const chunk of chunks.slice(2)) await again?.add(chunk);
    await expect(again?.add(chunks[0] ?? Buffer.alloc(0))).rejects.toThrow('a chunk is out of place');
    expect(await again?.finish()).toMatchObject({ revision: 200, appliedIndex: 200 });
    // From now on it is a state, and no part of a transfer.
    expect(await StagedState.reopen(join(directory, 'staged'))).toBeUndefined();
    // A sender that cannot say what the whole adds up to cannot be gone on with.
    const unsure = staged('two');
    await expect(unsure.add(packr.pack([1, -1, 0, []]))).rejects.toThrow('the checksum of the whole does not match');
    await unsure.close();
  });

  it('can be read again from any chunk that was read, and from no other', async () => {
    const chunks = await chunksOf(state);
    const whole = new StateExport(await state.takeSnapshot());
    const first = whole.chunks();
    while (whole.read < 2) await first.next();
    const rest: Buffer[] = [];
    for await (const chunk of whole.chunks(1)) rest.push(chunk);
    expect(rest).toEqual(chunks.slice(1));
    await expect(whole.chunks(99).next()).rejects.toThrow('chunk 99 was not reached before');
    whole.release();
    await expect(whole.chunks().next()).rejects.toThrow('the snapshot is not held any more');
  });
});

it('waits for what it is asked to wait for', async () => {
  state = open();
  apply(put('a/1', Buffer.from('x')));
  const visible = state.whenVisible(1);
  state.commit();
  await visible;
  expect(state.durableIndex).toBe(0);
  expect(state.pendingBytes).toBeGreaterThan(0);
  await state.whenCommitted();
  await state.sync();
  expect([state.durableIndex, state.pendingBytes]).toEqual([1, 0]);
  await state.whenCommitted();
});

it('remembers who belongs to it, and who did', async () => {
  state = open();
  const both = new Map([
    [1, { name: 'a', address: 'h:1' }],
    [2, { name: 'b', address: 'h:2' }],
  ]);
  const next = { ...conf, voters: [1, 2] };
  state.applyConfChange(1, 1, next, both);
  expect([state.meta.conf, state.meta.members, [...state.meta.removed]]).toEqual([next, both, []]);
  state.applyConfChange(2, 1, conf, new Map([[1, { name: 'a', address: 'h:1' }]]));
  expect([[...state.meta.members.keys()], [...state.meta.removed]]).toEqual([[1], [2]]);
  index = 2;
  expect(state.applyEntry(3, 2, Buffer.alloc(0))).toBeUndefined();
  expect(() => state.applyEntry(5, 2, Buffer.alloc(0))).toThrow('entry 5 applied after 3');
  state.setLineage('mine');
  await state.sync();
  await state.close();
  state = open();
  expect(state.meta).toMatchObject({ appliedIndex: 3, appliedTerm: 2, lineage: 'mine', removed: new Set([2]) });
});

it('knows the hashes of the last entries, by their revision', () => {
  state = open();
  apply(put('a/1', Buffer.from('x')));
  const { changes } = stateHashOf(state.meta);
  apply(put('a/1', Buffer.from('y')), put('a/2', Buffer.from('y')));
  expect(state.hashAt(1)?.changes).toBe(changes);
  // Between two entries there is none.
  expect(state.hashAt(2)).toBeUndefined();
  expect(state.hashAt(3)).toEqual(stateHashOf(state.meta));
  expect(state.hashAt(0)).toBeDefined();
});
