import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { stateHashOf } from './meta.js';
import { StagedState } from './snapshot.js';
import type { StateStore } from './state.js';
import { applyTo, chunksOf, openState, putCommand } from './state.testkit.js';

const MIB = 1024 * 1024;
let directory = '';
let state: StateStore;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'quorate-commit-'));
});
afterEach(async () => {
  vi.useRealTimers();
  await state.close();
  rmSync(directory, { recursive: true, force: true });
});

/**
 * Writes one object of a MiB again; by how many MiB what waits for LMDB has grown: by the version before, and by the new one
 * where the object is not among what waits to be handed over.
 */
function grownBy(): number {
  const before = state.pendingBytes;
  applyTo(state, putCommand('a', Buffer.alloc(MIB, 'x')));
  return Math.round((state.pendingBytes - before) / MIB);
}

test('What was applied is committed when it takes 8 MiB, and not before', () => {
  state = openState(join(directory, 'state'));
  const grown: number[] = [];
  for (let i = 0; i < 9; i++) {
    grown.push(grownBy());
    state.commit();
  }
  expect(grown).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 2]);
});

test('What was applied is committed when it is five minutes old, and not before', () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  state = openState(join(directory, 'state'));
  // The clock begins with the first entry.
  vi.advanceTimersByTime(400_000);
  state.commit();
  expect(grownBy()).toBe(1);
  vi.advanceTimersByTime(299_999);
  state.commit();
  expect(grownBy()).toBe(1);
  vi.advanceTimersByTime(1);
  state.commit();
  expect(grownBy()).toBe(2);
});

test('What comes while a commit is under way waits for the next, and is left to the log when the store is closed', async () => {
  const durable: number[] = [];
  state = openState(join(directory, 'state'), { onDurable: () => durable.push(state.durableIndex) });
  applyTo(state, putCommand('a', 'one'));
  const first = state.whenCommitted();
  applyTo(state, putCommand('b', 'one'));
  state.commit();
  expect(state.visible.appliedIndex).toBe(2);
  await first;
  await state.sync();
  expect([state.durableIndex, durable.at(-1), state.pendingBytes]).toEqual([2, 2, 0]);
  applyTo(state, putCommand('a', 'two'));
  void state.whenCommitted();
  applyTo(state, putCommand('b', 'two'));
  await state.close();
  // Nothing is taken any more.
  state.commit();
  state = openState(join(directory, 'state'));
  expect([state.meta.appliedIndex, state.visible.appliedIndex, state.durableIndex]).toEqual([3, 3, 3]);
  expect(state.snapshot.get('objects', 'b')?.toString()).toContain('one');
});

test('With another state put in its place nothing is left of the one before', async () => {
  const source = openState(join(directory, 'source'));
  for (let i = 0; i < 5; i++) applyTo(source, putCommand('a', `${i}`));
  source.commit();
  const staged = new StagedState(join(directory, 'staged'));
  for (const chunk of await chunksOf(source)) await staged.add(chunk);
  await staged.finish();
  const hash = stateHashOf(source.meta);
  await source.close();

  let shown = 0;
  state = openState(join(directory, 'state'), { onVisible: () => shown++ });
  applyTo(state, putCommand('b', 'x'));
  state.commit();
  applyTo(state, putCommand('b', 'y'));
  const seen = state.whenVisible(5);
  const committed = state.whenCommitted();
  const before = shown;
  state.replace(staged.path);
  await Promise.all([seen, committed]);
  expect(shown).toBe(before + 1);
  expect(state.visible).toEqual({ revision: 5, appliedIndex: 5, compactRevision: 0 });
  expect([state.durableIndex, state.pendingBytes, state.halted]).toEqual([5, 0, false]);
  expect([state.hashAt(1), state.hashAt(5)]).toEqual([undefined, hash]);
  expect(state.snapshot.get('objects', 'b')).toBeUndefined();
  // Changes up to there are read from the file, later ones from memory.
  expect([...state.snapshot.scanAll('events')]).toHaveLength(5);
  await state.whenCommitted();
  applyTo(state, putCommand('a', '5'));
  state.commit();
  await state.sync();
  expect([state.durableIndex, state.hashAt(6)?.changes]).toEqual([6, stateHashOf(state.meta).changes]);
});
