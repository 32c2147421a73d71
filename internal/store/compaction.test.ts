import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkState } from './check.js';
import type { Command } from './command.js';
import { HistoryRemover } from './compaction.js';
import { openEnvironment, openTables } from './lmdb.js';
import { eventKey, pastKey } from './rows.js';
import type { StateStore } from './state.js';
import { applyTo, openState, putCommand } from './state.testkit.js';

let directory = '';
let state: StateStore;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'quorate-history-'));
  state = openState(join(directory, 'state'));
});
afterEach(async () => {
  await state.close();
  rmSync(directory, { recursive: true, force: true });
});

function apply(...commands: readonly Command[]): void {
  applyTo(state, ...commands);
  state.commit();
}
/** Writes one object so often, and says that all of that is history. */
function writeAndCompact(times: number): void {
  for (let i = 0; i < times; i++) applyTo(state, putCommand('a', `${i}`));
  apply({ kind: 'compact', revision: state.meta.revision });
}
const left = (): number[] => (['events', 'past'] as const).map((table) => [...state.snapshot.scanAll(table)].length);
function problems(): string[] {
  const found: string[] = [];
  checkState(state.snapshot, state.meta, (problem) => found.push(problem));
  return found;
}

test('History goes in slices of 256 changes, once at a time, and again when there is more', async () => {
  writeAndCompact(600);
  expect(left()).toEqual([600, 599]);
  const remover = new HistoryRemover(state);
  const all = remover.run();
  expect(left()).toEqual([344, 344]);
  await remover.run();
  expect(left()).toEqual([344, 344]);
  await all;
  expect([left(), problems()]).toEqual([[0, 0], []]);
  writeAndCompact(2);
  await remover.run();
  expect([left(), problems()]).toEqual([[0, 0], []]);
});

test('It is given up between two slices when that is wanted', async () => {
  writeAndCompact(600);
  const remover = new HistoryRemover(state);
  const some = remover.run();
  remover.stop();
  await some;
  expect(left()).toEqual([344, 344]);
});

test('It waits while more than 32 MiB are still to be written', async () => {
  writeAndCompact(2);
  await state.whenCommitted();
  applyTo(state, putCommand('b', Buffer.alloc(33 * 1024 * 1024)));
  const all = new HistoryRemover(state).run();
  expect(left()).toEqual([3, 1]);
  await state.whenCommitted();
  await all;
  expect(left()).toEqual([1, 0]);
});

test('What one transaction wrote and replaced more than once is taken away once', async () => {
  const put = (text: string) => ({ type: 'put', key: 'a', value: Buffer.from(text), revisionAt: -1 }) as const;
  apply({ kind: 'txn', txn: { compares: [], ops: [put('1'), put('2'), put('3'), put('4')] } });
  writeAndCompact(1);
  await new HistoryRemover(state).run();
  expect([left(), problems()]).toEqual([[0, 0], []]);
});

test('A damaged change goes as well, and a version that is gone already is no hindrance', async () => {
  for (let i = 0; i < 4; i++) applyTo(state, putCommand('a', `${i}`));
  await state.close();
  const environment = openEnvironment({ path: join(directory, 'state'), overlappingSync: true });
  const tables = openTables(environment);
  await environment.batch(() => {
    void tables.events.put(eventKey(2, 0), Buffer.alloc(20));
    void tables.past.remove(pastKey('a', 2, 3));
  });
  await environment.close();
  state = openState(join(directory, 'state'));
  apply({ kind: 'compact', revision: 4 });
  await new HistoryRemover(state).run();
  // What the damaged one superseded stays behind.
  expect(left()).toEqual([0, 1]);
});
