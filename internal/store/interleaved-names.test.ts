import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openEnvironment, openTables } from './lmdb.js';
import { applyTo, openState, putCommand } from './state.testkit.js';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'quorate-between-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const valueOf = (name: string, bytes: number): Buffer => Buffer.alloc(bytes, `${name} `);

/** Writes objects of these names in several commits; how many objects a leaf page of LMDB holds on the average then. */
async function objectsInPage(commits: readonly (readonly string[])[], bytes: number): Promise<number> {
  const path = mkdtempSync(join(directory, 'state-'));
  const state = openState(path);
  for (const names of commits) {
    for (const name of names) applyTo(state, putCommand(name, valueOf(name, bytes)));
    await state.whenCommitted();
  }
  const all = commits.flat();
  for (const name of all) {
    const record = state.snapshot.get('objects', name);
    expect(record?.subarray(23).equals(valueOf(name, bytes))).toBe(true);
  }
  await state.close();
  const environment = openEnvironment({ path, overlappingSync: true });
  // lmdb's types leave out what its statistics are made of.
  const { entryCount, treeLeafPageCount } = openTables(environment).objects.getStats() as {
    entryCount: number;
    treeLeafPageCount: number;
  };
  await environment.close();
  expect(entryCount).toBe(all.length);
  return entryCount / treeLeafPageCount;
}

const counted = (from: number, to: number, name: (i: number) => string): readonly string[] =>
  Array.from({ length: to - from }, (_, i) => name(from + i));

test.each([
  ['no leading zeros', (i: number) => `core/configmaps/default/w-${i}`],
  ['letters beyond ASCII', (i: number) => `core/configmaps/default/ü${i}`],
])('Objects whose names count up fill the pages of LMDB: %s', async (_what, name) => {
  const commits = [counted(100, 1_000, name), counted(1_000, 4_000, name), counted(4_000, 12_000, name)];
  // Of those of 1.4 KB a page has room for 5.
  expect(await objectsInPage(commits, 1_380)).toBeGreaterThan(4.9);
  // Of those of 1.8 KB, for 4.
  expect(await objectsInPage(commits, 1_800)).toBeGreaterThan(3.95);
});

test('Objects of names in any order are all there, and take no more pages than LMDB makes of them', async () => {
  const name = (i: number): string => `core/configmaps/default/${(Math.imul(i + 1, 2_654_435_761) >>> 0).toString(36)}`;
  const commits = [counted(0, 2_000, name), counted(2_000, 4_000, name), counted(4_000, 6_000, name)];
  expect(await objectsInPage(commits, 1_380)).toBeGreaterThan(3.4);
});
