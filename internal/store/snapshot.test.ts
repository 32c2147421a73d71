import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Packr } from 'msgpackr';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Command } from './command.js';
import { SnapshotError, StagedState, StateExport } from './snapshot.js';
import type { StateStore } from './state.js';
import { applyTo, chunksOf, openState, putCommand } from './state.testkit.js';

let directory = '';
let state: StateStore;
const open = (): StateStore => openState(join(directory, 'state'));
const apply = (...commands: readonly Command[]) => applyTo(state, ...commands);
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'quorate-snapshot-'));
});
afterEach(async () => {
  await state.close();
  rmSync(directory, { recursive: true, force: true });
});

it('travels as a snapshot; a damaged or cut one is refused', async () => {
  state = open();
  for (let i = 0; i < 500; i++) apply(putCommand(`a/${i % 100}`, Buffer.alloc(3000, i)));
  state.commit();
  await state.whenVisible(state.meta.appliedIndex);
  const own = await state.takeSnapshot();
  // What is applied after the snapshot was taken is not in it.
  apply(putCommand('a/late', Buffer.from('x')));
  state.commit();
  await state.whenVisible(state.meta.appliedIndex);
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
  apply(putCommand('a/late', Buffer.from('x')));
  expect([state.meta.hashA, state.meta.hashB]).toEqual([hashA, hashB]);
  state.commit();
  await state.whenVisible(state.meta.appliedIndex);
  expect(state.snapshot.get('objects', 'a/late')).toBeDefined();
});

describe('a snapshot that is received', () => {
  const packr = new Packr({ useRecords: false, int64AsType: 'number' });
  const staged = (transfer = ''): StagedState => new StagedState(join(directory, 'staged'), transfer);
  beforeEach(async () => {
    state = open();
    for (let i = 0; i < 200; i++) apply(putCommand(`a/${i}`, Buffer.alloc(3000, i)));
    state.commit();
    await state.whenVisible(state.meta.appliedIndex);
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
