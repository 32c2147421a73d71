import { cpSync, existsSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openEnvironment, openTable } from '../../store/lmdb.js';
import { seal } from '../../store/rows.js';
import { LogStore } from '../log.js';

const nothing = {
  index: 0,
  term: 0,
  confState: { voters: [1], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false },
};
let directory = '';
let former = '';
let path = '';

const open = (): Promise<LogStore> =>
  LogStore.open({ path, formerPath: former, stateMeta: () => nothing, onDiskFull: () => undefined });

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'quorate-take-over-'));
  former = join(directory, 'log');
  path = join(directory, 'wal');
  await writeFormer();
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** Entries 4 to 20 as releases with an LMDB log wrote them; entries 2 and 3 were forgotten, and a crash left them there. */
async function writeFormer(
  damaged = 0,
  how: 'flipped' | 'short' | 'missing' | 'base' | 'hardState' = 'flipped',
): Promise<void> {
  const environment = openEnvironment({ path: former, overlappingSync: false });
  const entries = openTable(environment, 'entries', 'bytes');
  const meta = openTable(environment, 'meta', 'text');
  await environment.batch(() => {
    for (let index = 2; index <= 20; index++) {
      const key = Buffer.alloc(6);
      key.writeUIntBE(index, 0, 6);
      const data = Buffer.from(`entry ${index}`.padEnd(200_000, '.'));
      const row = Buffer.alloc(12 + data.length);
      row.writeUIntBE(index > 10 ? 2 : 1, 5, 6);
      row[11] = index === 7 ? 1 : 0;
      row.set(data, 12);
      seal(row);
      if (index === damaged && how === 'missing') continue;
      if (index === damaged && how === 'flipped') row[100] = 0;
      void entries.put(key, index === damaged && how === 'short' ? row.subarray(0, 11) : row);
    }
    const base = Buffer.alloc(17);
    base.writeUIntBE(3, 5, 6);
    base.writeUIntBE(1, 11, 6);
    void meta.put('base', damagedIf(how === 'base', seal(base)));
    const hardState = Buffer.alloc(25);
    hardState.writeUIntBE(2, 5, 6);
    hardState.writeDoubleBE(2 ** 47 + 1, 11);
    hardState.writeUIntBE(19, 19, 6);
    void meta.put('hardState', damagedIf(how === 'hardState', seal(hardState)));
    void meta.put('fact/identity', Buffer.from('someone'));
    void meta.put('fact/reseed', Buffer.alloc(0));
  });
  await environment.close();
}

function damagedIf(isSo: boolean, row: Buffer): Buffer {
  if (isSo) row[row.length - 1] = (row[row.length - 1] ?? 0) ^ 1;
  return row;
}

async function isTakenOver(): Promise<void> {
  const log = await open();
  expect([log.firstIndex(), log.lastIndex(), log.term(3), log.term(10), log.term(11)]).toEqual([4, 20, 1, 1, 2]);
  expect(log.hardState).toEqual({ term: 2, vote: 2 ** 47 + 1, commit: 19 });
  expect([log.getFact('identity')?.toString(), log.getFact('reseed')?.length]).toEqual(['someone', 0]);
  const entries = log.entries(4, 21, Number.POSITIVE_INFINITY);
  expect(entries.map(({ data }) => Buffer.from(data).toString('latin1', 0, 8).trim())).toEqual(
    Array.from({ length: 17 }, (_, i) => `entry ${i + 4}`.padEnd(8, '.').slice(0, 8)),
  );
  expect(entries.filter(({ type }) => type === 'confChange').map(({ index }) => index)).toEqual([7]);
  await log.close();
  expect(readdirSync(directory)).toEqual(['wal']);
}

it('a log of an earlier release becomes segments, and goes', async () => {
  await isTakenOver();
  await isTakenOver();
});

it('a crash while it is being taken over leaves the old one to begin with again', async () => {
  const kept = mkdtempSync(join(tmpdir(), 'quorate-take-over-kept-'));
  try {
    cpSync(former, kept, { recursive: true });
    await isTakenOver();
    // Amid the writing: some segments are there, under the name that does not count yet.
    renameSync(path, `${path}.new`);
    rmSync(join(`${path}.new`, readdirSync(`${path}.new`).at(-1) ?? ''));
    cpSync(kept, former, { recursive: true });
    await isTakenOver();
    // Just before the old one was removed.
    cpSync(kept, former, { recursive: true });
    await isTakenOver();
  } finally {
    rmSync(kept, { recursive: true });
  }
});

it.each([
  ['flipped', /the Raft log in .* is damaged: .*9.*join it again/],
  ['short', /the Raft log in .* is damaged: .*"9".*too short.*join it again/],
  ['missing', /the Raft log in .* is damaged: entry 9 is missing.*join it again/],
  ['base', /the Raft log in .* is damaged: .*"base" in table meta.*join it again/],
  ['hardState', /the Raft log in .* is damaged: .*"hardState" in table meta.*join it again/],
] as const)('a damaged one is told, and left as it is: %s', async (how, text) => {
  rmSync(former, { recursive: true });
  await writeFormer(9, how);
  await expect(open()).rejects.toThrow(text);
  expect(existsSync(join(former, 'data.mdb'))).toBe(true);
  expect(existsSync(path)).toBe(false);
});
