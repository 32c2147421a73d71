import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Command, encodeProposal } from './command.js';
import { HistoryRemover } from './compaction.js';
import { stateHashOf } from './meta.js';
import type { StateStore } from './state.js';
import { applyTo, openState, putCommand } from './state.testkit.js';

const conf = { voters: [1], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false };
let directory = '';
let state: StateStore;
const open = (): StateStore => openState(join(directory, 'state'));
const apply = (...commands: readonly Command[]) => applyTo(state, ...commands);
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'quorate-state-'));
});
afterEach(async () => {
  await state.close();
  rmSync(directory, { recursive: true, force: true });
});

const rows = (table: 'past' | 'events'): number => [...state.snapshot.scanAll(table)].length;

it('shows readers what was applied when it is told to, whether it is committed or not', async () => {
  state = open();
  apply(putCommand('a/1', Buffer.from('x')), putCommand('a/1', Buffer.from('y')));
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
  for (let i = 0; i < 100; i++) apply(putCommand(`a/${i}`, Buffer.from('x')));
  state.commit();
  await state.close();
  state = open();
  expect(state.meta).toMatchObject({ appliedIndex: 100, revision: 100 });
  expect(state.snapshot.count('objects', 'a/', 'a0')).toBe(100);
});

it('does nothing for an entry that it has applied before', () => {
  state = open();
  const data = encodeProposal({ proposer: 7, seq: 5, time: 0, commands: [putCommand('a/1', Buffer.from('x'))] });
  expect(state.applyEntry(1, 1, data)).toEqual([{ succeeded: true, revision: 1 }]);
  expect(state.applyEntry(2, 1, data)).toBeUndefined();
  const older = encodeProposal({ proposer: 7, seq: 4, time: 0, commands: [putCommand('a/2', Buffer.from('x'))] });
  expect(state.applyEntry(3, 1, older)).toBeUndefined();
  const other = encodeProposal({ proposer: 8, seq: 4, time: 0, commands: [putCommand('a/2', Buffer.from('x'))] });
  expect(state.applyEntry(4, 1, other)).toEqual([{ succeeded: true, revision: 2 }]);
  expect(state.meta.revision).toBe(2);
});

it('removes what compaction made unreadable, and nothing else', async () => {
  state = open();
  for (let i = 0; i < 1000; i++) apply(putCommand(`a/${i % 10}`, Buffer.from(String(i))));
  state.commit();
  expect([rows('events'), rows('past')]).toEqual([1000, 990]);
  apply({ kind: 'compact', revision: 900 });
  state.commit();
  await state.whenVisible(state.meta.appliedIndex);
  await new HistoryRemover(state).run();
  expect([rows('events'), rows('past')]).toEqual([100, 100]);
});

it('waits for what it is asked to wait for', async () => {
  state = open();
  apply(putCommand('a/1', Buffer.from('x')));
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
  apply(putCommand('a/1', Buffer.from('x')));
  const { changes } = stateHashOf(state.meta);
  apply(putCommand('a/1', Buffer.from('y')), putCommand('a/2', Buffer.from('y')));
  expect(state.hashAt(1)?.changes).toBe(changes);
  // Between two entries there is none.
  expect(state.hashAt(2)).toBeUndefined();
  expect(state.hashAt(3)).toEqual(stateHashOf(state.meta));
  expect(state.hashAt(0)).toBeDefined();
});
