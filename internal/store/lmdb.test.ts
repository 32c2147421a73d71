import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FatalError } from '../machinery/assert.js';
import { LOWEST } from './lmdb-snapshot.js';
import { commitErrorOf, flushedOf, isDiskFull, openEnvironment, openTable, openTables } from './lmdb.js';

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'quorate-lmdb-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

test('Keys are read as they were written, text as text and bytes as bytes, in every table for itself', async () => {
  const path = join(directory, 'tables');
  const environment = openEnvironment({ path, overlappingSync: true });
  const tables = openTables(environment);
  const names = ['objects', 'past', 'events', 'expiry', 'meta'] as const;
  await environment.batch(() => {
    for (const name of names) {
      for (const key of ['ü', '\0b', 'a']) void tables[name].put(key, Buffer.from(name));
    }
  });
  for (const name of names) {
    const rows = [...tables[name].getRange({ start: LOWEST, end: Buffer.alloc(16, 0xff) })];
    expect(rows.map(({ value }) => value.toString())).toEqual([name, name, name]);
    const keys = ['\0b', 'a', 'ü'];
    const isText = name === 'objects' || name === 'meta';
    expect(rows.map(({ key }) => key)).toEqual(isText ? keys : keys.map((key) => Buffer.from(key)));
    // Data of every release is found under these names.
    expect(
      openTable(environment, name, isText ? 'text' : 'bytes')
        .get('a')
        ?.toString(),
    ).toBe(name);
  }
  await environment.close();
});

test('What cannot be opened is told with its path, and what to do', () => {
  const path = join(directory, 'file');
  writeFileSync(path, 'x');
  const open = () => openEnvironment({ path, overlappingSync: true });
  expect(open).toThrow(FatalError);
  expect(open).toThrow(
    new RegExp(`^cannot make the directory ${path}: there is a file of that name\\. Choose another place, or correct`),
  );
  const damaged = join(directory, 'damaged');
  mkdirSync(join(damaged, 'data.mdb'), { recursive: true });
  expect(() => openEnvironment({ path: damaged, overlappingSync: true })).toThrow(
    new RegExp(
      `^cannot open the database in ${damaged}: .*\\. Check that the directory is writable and that the disk is not full\\. If the file is damaged, remove this replica from its cluster and join it again with an empty data directory\\. Only where it is the only replica may the directory be restored from a backup\\.$`,
    ),
  );
});

test.each([
  ['No space left on device', true],
  ['Disk quota exceeded', true],
  ['ENOSPC: 3 MiB free, 9 needed', true],
  ['EDQUOT', true],
  ['MDB_MAP_FULL: Environment mapsize limit reached', true],
  ['Permission denied', false],
  // The disk of this test has room: the error is one of the disk.
  ['Input/output error', false],
])('Whether a disk is full is known by the error: %s', (message, isFull) => {
  expect(isDiskFull(new Error(message), directory)).toBe(isFull);
});

test('A write that was cut short where nothing is free is one of a full disk', () => {
  // A file system without any room.
  expect(isDiskFull(new Error('write: Input/output error'), '/proc')).toBe(true);
  expect(isDiskFull(new Error('Permission denied'), '/proc')).toBe(false);
});

test('A database is for its owner only, in a directory that is made with those above it', async () => {
  const path = join(directory, 'above', 'database');
  const environment = openEnvironment({ path, overlappingSync: true });
  expect(statSync(path).mode & 0o777).toBe(0o700);
  await environment.close();
});

test('What is committed is on disk later than it is seen', async () => {
  const environment = openEnvironment({ path: join(directory, 'flushed'), overlappingSync: true });
  const { objects } = openTables(environment);
  const committed = environment.batch(() => void objects.put('a', Buffer.from('x')));
  const flushed = flushedOf(committed);
  expect(flushed).not.toBe(committed);
  await committed;
  await flushed;
  expect(objects.get('a')).toEqual(Buffer.from('x'));
  await environment.close();
  // A promise of another making stands for itself.
  const plain = Promise.resolve(true);
  expect(flushedOf(plain)).toBe(plain);
});

test('The reason of a commit that failed is found where lmdb hides it', async () => {
  const plain = new Error('plain');
  expect(await commitErrorOf(plain)).toBe(plain);
  expect(await commitErrorOf('text')).toEqual(new Error('text'));
  const hidden = Object.assign(new Error('Commit failed (see commitError)'), { commitError: Promise.reject(plain) });
  expect(await commitErrorOf(hidden)).toBe(plain);
  const odd = Object.assign(new Error('outer'), {
    commitError: Promise.reject(Object.assign(new Error('x'), { toString: () => 'why' })),
  });
  expect((await commitErrorOf(odd)).message).toBe('x');
  const none = Object.assign(new Error('outer'), { commitError: Promise.resolve() });
  expect(await commitErrorOf(none)).toBe(none);
});
