import { mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FatalError } from '../../machinery/assert.js';
import { stateHashOf } from '../../store/meta.js';
import { backupOf } from '../backup.js';
import { openReplica } from '../index.js';
import { FOUNDER, LoneLeader } from '../leader.testkit.js';
import { openFilesBelow } from '../open-files.testkit.js';
import { DirectoryTarget } from './directory.js';
import { encodeLogPiece } from './log-piece.js';
import { baseName, logName } from './names.js';
import { restoreArchive, verifyArchive } from './restore.js';
import { asChunks } from './target.js';

let directory = '';
let target: DirectoryTarget;
let base = { index: 0, revision: 0, timeMs: 1_000 };
let progress: string[] = [];
const tell = (what: string, done: number, total: number): void => void progress.push(`${what} ${done} of ${total}`);

/** An archive of a copy of the state at revision 2, and of the log up to revision 4. */
beforeEach(async () => {
  progress = [];
  directory = mkdtempSync(join(tmpdir(), 'quorate-restore-'));
  target = new DirectoryTarget(directory, 'archive');
  await target.list();
  const bench = await LoneLeader.open();
  try {
    await bench.lead();
    for (const key of ['a/1', 'a/2']) await bench.put(key);
    const { header, bytes } = await backupOf(bench.state, FOUNDER, false);
    base = { index: header.appliedIndex, revision: header.revision, timeMs: 1_000 };
    await target.put(baseName(base), bytes);
    for (const key of ['a/3', 'a/4']) await bench.put(key);
    const [first, last] = [base.index + 1, bench.log.lastIndex()];
    const entries = bench.log.entries(first, last + 1, Number.POSITIVE_INFINITY);
    const { changes } = stateHashOf(bench.state.meta);
    const head = { version: 1, cluster: FOUNDER.cluster, first, last, revision: 4, changes, member: 'a' } as const;
    const piece = encodeLogPiece(
      head,
      entries.map((entry) => ({ entry, timeMs: 2_000 })),
    );
    await target.put(logName({ first, last, revision: 4, timeMs: 2_000 }), asChunks(piece));
  } finally {
    await bench.close();
  }
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const scratch = (): string => mkdtempSync(join(directory, 'scratch-'));

describe('an archive', () => {
  it('is rehearsed as far as it would be restored, step by step', async () => {
    expect(await verifyArchive(target, {}, scratch(), tell)).toBe(4);
    expect(progress.at(-1)).toBe('log 1 of 1');
    expect(progress.length).toBeGreaterThan(1);
    for (const text of progress.slice(0, -1)) expect(text).toMatch(/^copy [1-9]\d* of [1-9]\d*$/);
    expect(await verifyArchive(target, { revision: 3 }, scratch(), tell)).toBe(3);
    progress = [];
    expect(await verifyArchive(target, { revision: 2 }, scratch(), tell)).toBe(2);
    expect(progress.filter((text) => text.startsWith('log'))).toEqual([]);
    expect(openFilesBelow(directory)).toEqual([]);
  });

  it('is restored to a replica that holds what was there then', async () => {
    const dataDir = join(directory, 'data');
    const place = { dataDir, name: 'a', address: '10.0.0.1:1', bumpRevision: 10 };
    expect(await restoreArchive(target, { revision: 3 }, place, scratch(), tell)).toEqual({
      revision: 13,
      revisionBefore: 3,
    });
    expect(progress[0]).toMatch(/^copy /);
    expect(progress.at(-1)).toBe('log 1 of 1');
    const replica = await openReplica({ name: 'a', dataDir });
    await replica.ready();
    expect(replica.backend.range({ start: 'a/', end: 'a0' }).items.map(({ key }) => key)).toEqual([
      'a/1',
      'a/2',
      'a/3',
    ]);
    await replica.close();
  });

  it('whose copy of the state was renamed is refused by name', async () => {
    for (const other of [{ index: base.index + 1 }, { revision: base.revision + 1 }]) {
      const name = baseName({ ...base, ...other });
      renameSync(target.path(baseName(base)), target.path(name));
      await expect(verifyArchive(target, {}, scratch(), tell)).rejects.toThrow(
        new FatalError(`the archived copy ${name} is another than its name says: it was renamed. Name it as it was.`),
      );
      renameSync(target.path(name), target.path(baseName(base)));
    }
    expect(progress).toEqual([]);
  });

  it('without a copy of the state is none', async () => {
    const empty = new DirectoryTarget(directory, 'empty');
    mkdirSync(empty.path(''));
    await expect(verifyArchive(empty, {}, scratch(), tell)).rejects.toThrow('there is nothing to restore');
  });
});
