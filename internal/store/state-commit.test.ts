import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openEnvironment, openTables } from './lmdb.js';
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

test('Of an entry that could not be applied whole nothing reaches the disk, whatever was wanted before', async () => {
  const path = join(directory, 'state');
  state = openState(path);
  applyTo(state, putCommand('a', 'one'));
  await state.close();
  const environment = openEnvironment({ path, overlappingSync: true });
  const { objects } = openTables(environment);
  await environment.batch(() => void objects.put('a', Buffer.alloc(30)));
  await environment.close();

  state = openState(path, { othersHoldState: () => true });
  const entry = (key: string) => applyTo(state, putCommand(key, 'two'), putCommand('c', key));
  entry('b');
  const first = state.whenCommitted();
  entry('b2');
  // What is not begun yet.
  void state.whenCommitted();
  expect(() => applyTo(state, putCommand('d', 'half'), putCommand('a', 'two'))).toThrow(
    '"a" in table objects is damaged',
  );
  expect(state.halted).toBe(true);
  const [seen] = [state.visible];
  state.commit();
  expect(state.visible).toBe(seen);
  await first;
  await state.close();
  state = openState(path);
  expect(state.meta).toMatchObject({ appliedIndex: 2, revision: 3 });
  expect([state.snapshot.get('objects', 'b2'), state.snapshot.get('objects', 'd')]).toEqual([undefined, undefined]);
  // Where nobody else holds the state, the damaged one is written over.
  applyTo(state, putCommand('a', 'two'));
  expect(state.halted).toBe(false);
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
