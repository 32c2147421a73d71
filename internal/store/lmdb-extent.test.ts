import {
  closeSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { FatalError } from '../machinery/assert.js';
import { openEnvironment, openTables } from './lmdb.js';
import { missingPages } from './lmdb-extent.js';
import { PAGE_BYTES } from './page-order.js';

const directory = mkdtempSync(join(tmpdir(), 'quorate-extent-'));
const whole = join(directory, 'whole', 'data.mdb');
const cut = join(directory, 'cut', 'data.mdb');
afterAll(() => rmSync(directory, { recursive: true, force: true }));

beforeAll(async () => {
  const environment = openEnvironment({ path: join(directory, 'whole'), overlappingSync: true });
  const tables = openTables(environment);
  // Enough for pages above pages, and values that have pages of their own; half of it is free again.
  for (let round = 0; round < 4; round++) {
    await environment.batch(() => {
      for (let i = 0; i < 2_000; i++) {
        void tables.objects.put(`group/resource/${round}/${i}`, Buffer.alloc(i % 100 === 0 ? 9_000 : 300, i));
        void tables.past.put(Buffer.from(`${round}/${i}`), Buffer.alloc(40));
        if (round > 0 && i % 2 === 0) void tables.objects.remove(`group/resource/${round - 1}/${i}`);
      }
    });
  }
  await environment.close();
});

function cutTo(bytes: number): void {
  rmSync(join(directory, 'cut'), { recursive: true, force: true });
  mkdirSync(join(directory, 'cut'));
  copyFileSync(whole, cut);
  truncateSync(cut, bytes);
}

it.each([0, PAGE_BYTES])(
  'a file whose page at %i is none of a database is told of, and does not end the process',
  (at) => {
    cutTo(statSync(whole).size);
    const fd = openSync(cut, 'r+');
    writeSync(fd, Buffer.alloc(64, 'x'), 0, 64, at);
    closeSync(fd);
    expect(() => openEnvironment({ path: join(directory, 'cut'), overlappingSync: true })).toThrow(
      /^cannot open the database in .*: data\.mdb does not begin as a database does\. Check that/,
    );
  },
);

it('a file whose last pages are free need not hold them', () => {
  cutTo(statSync(whole).size);
  const fd = openSync(cut, 'r+');
  const number = Buffer.alloc(8);
  // The last page, as both meta pages have it.
  for (const at of [0x90, PAGE_BYTES + 0x90]) {
    readSync(fd, number, 0, 8, at);
    number.writeBigUInt64LE(number.readBigUInt64LE() + 10n);
    writeSync(fd, number, 0, 8, at);
  }
  closeSync(fd);
  expect(missingPages(cut)).toBeUndefined();
});

it('says nothing of a file that is empty or no database', () => {
  for (const text of ['', 'x'.repeat(10_000)]) {
    writeFileSync(join(directory, 'other'), text);
    expect(missingPages(join(directory, 'other'))).toBeUndefined();
  }
});

it('finds every page that is missing and in use, and no other: what is cut to any length opens or is refused', async () => {
  // Of a state as small as most are, page by page.
  const small = join(directory, 'small');
  const environment = openEnvironment({ path: small, overlappingSync: true });
  const tables = openTables(environment);
  for (let round = 0; round < 3; round++) {
    await environment.batch(() => {
      for (let i = 0; i < 150; i++) void tables.objects.put(`a/${i}`, Buffer.alloc(700, round));
      void tables.past.put(Buffer.from(`p/${round}`), Buffer.alloc(40));
    });
  }
  await environment.close();
  const file = join(small, 'data.mdb');
  const { size } = statSync(file);
  const told: boolean[] = [];
  for (let bytes = PAGE_BYTES; bytes <= size; bytes += PAGE_BYTES) {
    rmSync(join(directory, 'cut'), { recursive: true, force: true });
    mkdirSync(join(directory, 'cut'));
    copyFileSync(file, cut);
    truncateSync(cut, bytes);
    const missing = missingPages(cut);
    told.push(missing !== undefined);
    if (bytes === PAGE_BYTES) expect(missing).toBe(`it has ${PAGE_BYTES} bytes, less than two pages`);
    else if (missing !== undefined) expect(missing).toMatch(new RegExp(`^it has ${bytes} bytes, and had up to \\d+$`));
  }
  expect(told.at(0)).toBe(true);
  expect(told.at(-1)).toBe(false);
  // Once all that is in use is there, more changes nothing.
  expect(told.lastIndexOf(true)).toBe(told.indexOf(false) - 1);
  writeFileSync(join(directory, 'tiny'), Buffer.alloc(159));
  expect(missingPages(join(directory, 'tiny'))).toBe('it has 159 bytes, too few for any page');
});

it('a file that was cut short is refused with a sentence, not by a signal', () => {
  const { size } = statSync(whole);
  expect(missingPages(whole)).toBeUndefined();
  for (const bytes of [100, 5_000, 20_000, size >> 2, size >> 1, size - (size >> 3)]) {
    cutTo(bytes);
    expect(() => openEnvironment({ path: join(directory, 'cut'), overlappingSync: true }), `${bytes} bytes`).toThrow(
      FatalError,
    );
  }
});

it('finds a page that is missing far below the pages that name it', async () => {
  const path = join(directory, 'deep');
  const file = join(path, 'data.mdb');
  const meta = { tree: 24 + 72, freeRoot: 24 + 24 + 40, transaction: 24 + 128 };
  const rootOf = (bytes: Buffer): bigint => {
    const [a, b] = [bytes, bytes.subarray(PAGE_BYTES)];
    const newest = a.readBigUInt64LE(meta.transaction) > b.readBigUInt64LE(meta.transaction) ? a : b;
    return newest.readBigUInt64LE(meta.tree + 40);
  };
  // Small commits, until the tree of tables begins on a page in front of those with objects, which is free by then.
  let bytes = Buffer.alloc(0);
  for (let round = 0; round < 10 && (round === 0 || rootOf(bytes) > 20n); round++) {
    const environment = openEnvironment({ path, overlappingSync: true });
    const { objects } = openTables(environment);
    await environment.batch(() => {
      for (let i = 0; i < (round === 0 ? 3_000 : 1); i++) void objects.put(`a/${10_000 + i}`, Buffer.alloc(300, round));
    });
    await environment.close();
    bytes = readFileSync(file);
  }
  expect(Number(rootOf(bytes))).toBeLessThan(20);
  // Without the list of free pages, whose own pages come last.
  for (const at of [0, PAGE_BYTES]) bytes.writeBigUInt64LE(0xffff_ffff_ffff_ffffn, at + meta.freeRoot);
  const pages = bytes.length / PAGE_BYTES;
  const missing = (count: number): boolean => {
    writeFileSync(join(directory, 'deep-cut'), bytes.subarray(0, count * PAGE_BYTES));
    return missingPages(join(directory, 'deep-cut')) !== undefined;
  };
  const told = Array.from({ length: pages - 1 }, (_, i) => missing(i + 2));
  // Every page with objects counts, the last as well as the first; there are more than a hundred.
  expect(told.lastIndexOf(true)).toBeGreaterThan(100);
  expect(told.indexOf(false)).toBe(told.lastIndexOf(true) + 1);
  expect(told.at(-1)).toBe(false);
});
