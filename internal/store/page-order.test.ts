import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Layer, type LayerWrite } from './layer.js';
import { openEnvironment, openTables } from './lmdb.js';
import { inPageOrder } from './page-order.js';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'quorate-pages-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const key = (i: number): string => `core/configmaps/default/${String(i).padStart(6, '0')}`;

/** Rows in one page of the table when `order` of them is written, a thousand in a commit, on the average. */
async function rowsInPage(name: string, sizes: (i: number) => number, order: typeof inPageOrder): Promise<number> {
  const environment = openEnvironment({ path: join(directory, name), overlappingSync: true });
  const { objects } = openTables(environment);
  for (let from = 0; from < 4_000; from += 1_000) {
    const layer = new Layer();
    for (let i = from; i < from + 1_000; i++) {
      layer.write('objects', key(i), Buffer.alloc(sizes(i)), () => false);
    }
    await environment.batch(() => {
      for (const write of order(layer.writes())) void objects.put(write.key, write.value ?? Buffer.alloc(0));
    });
  }
  // lmdb's types leave out what its statistics are made of.
  const { entryCount, treeLeafPageCount } = objects.getStats() as { entryCount: number; treeLeafPageCount: number };
  await environment.close();
  expect(entryCount).toBe(4_000);
  return entryCount / treeLeafPageCount;
}
function* asTheyCome(writes: Iterable<LayerWrite>): Generator<LayerWrite, void> {
  yield* writes;
}

describe('the order of writes', () => {
  it.each([
    [700, 11],
    [1_000, 7],
    [1_421, 5],
    [1_900, 4],
    [2_500, 3],
    [3_500, 2],
  ])('fills pages with new rows of %i bytes', async (bytes, most) => {
    expect(await rowsInPage('ordered', () => bytes, inPageOrder)).toBeGreaterThan(most * 0.99);
    expect(await rowsInPage('plain', () => bytes, asTheyCome)).toBeLessThan(most * 0.95);
  });

  it('fills pages better where sizes differ, too', async () => {
    const sizes = (i: number): number => 600 + ((Math.imul(i + 1, 2_654_435_761) >>> 0) % 2_400);
    const [ordered, plain] = [await rowsInPage('o', sizes, inPageOrder), await rowsInPage('p', sizes, asTheyCome)];
    expect(ordered).toBeGreaterThan(plain * 1.1);
  });

  it('holds every write once, removals and changes included', () => {
    const layer = new Layer();
    for (let i = 0; i < 500; i++) {
      const value = i % 7 === 0 ? undefined : Buffer.alloc((i * 97) % 5_000, i);
      layer.write(
        i % 3 === 0 ? 'objects' : 'past',
        i % 3 === 0 ? key(i) : Buffer.from(key(i)),
        value,
        () => i % 5 === 0,
      );
    }
    const texts = (writes: Iterable<LayerWrite>): string[] =>
      [...writes].map(({ table, key, value, isNew }) => `${table} ${String(key)} ${value?.length} ${isNew}`).sort();
    expect(texts(inPageOrder(layer.writes()))).toEqual(texts(layer.writes()));
  });
});
