import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Layer } from './layer.js';
import { LayeredSnapshot } from './layered-snapshot.js';
import { type Environment, openEnvironment, openTables } from './lmdb.js';
import { LmdbSnapshot } from './lmdb-snapshot.js';
import { eventKey, eventKeyRevision } from './rows.js';
import type { Row } from './tables.js';

type Rows = Readonly<Record<string, string | undefined>>;
/** What LMDB holds, and what two layers over it write; undefined for what they remove. */
const LMDB: Rows = { b: 'l', c: 'l', d: 'l', e: 'l', f: 'l', h: 'l' };
const OLDER: Rows = { c: 'o', d: undefined, dd: 'o', i: 'o', j: 'o', f: 'o' };
const NEWER: Rows = { a: 'n', dd: undefined, e: 'n', ee: 'n', f: 'n', h: undefined, j: 'n' };
const KEYS = ['a', 'b', 'bb', 'c', 'd', 'dd', 'e', 'ee', 'f', 'g', 'h', 'i', 'j', 'k'];
const BOUNDS = ['a', 'bb', 'd', 'dd', 'f', 'i', 'k'];

let directory = '';
let environment: Environment;
let below: LmdbSnapshot;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'quorate-layers-'));
  environment = openEnvironment({ path: join(directory, 'state'), overlappingSync: true });
  const tables = openTables(environment);
  await environment.batch(() => {
    for (const [key, value = ''] of Object.entries(LMDB)) {
      void tables.objects.put(key, Buffer.from(value));
      void tables.past.put(Buffer.from(key), Buffer.from(value));
    }
    for (const revision of [6, 7]) void tables.events.put(eventKey(revision, 0), Buffer.from('l'));
    void tables.meta.put('m', Buffer.from('meta'));
  });
  below = new LmdbSnapshot(environment, tables);
});
afterAll(async () => {
  below.release();
  await environment.close();
  rmSync(directory, { recursive: true, force: true });
});

const merged = (...layers: readonly Rows[]): Record<string, string> => {
  const all = Object.entries(Object.assign({}, ...layers) as Rows);
  return Object.fromEntries(
    all.filter((row): row is [string, string] => row[1] !== undefined).sort(([a], [b]) => (a < b ? -1 : 1)),
  );
};
function layerOf(rows: Rows, beneath: Rows): Layer {
  const layer = new Layer();
  for (const [key, value] of Object.entries(rows)) {
    const bytes = value === undefined ? undefined : Buffer.from(value);
    layer.write('objects', key, bytes, () => beneath[key] !== undefined);
    layer.write('past', Buffer.from(key), bytes, () => beneath[key] !== undefined);
  }
  return layer;
}
const textOf = ({ key, value }: Row): string => `${key.toString()}=${value.toString()}`;
const older = layerOf(OLDER, LMDB);
const newer = layerOf(NEWER, merged(LMDB, OLDER));

describe.each<[string, readonly Layer[], Record<string, string>]>([
  ['no layer', [], merged(LMDB)],
  ['an empty layer', [new Layer()], merged(LMDB)],
  ['one layer', [older], merged(LMDB, OLDER)],
  ['two layers', [newer, older], merged(LMDB, OLDER, NEWER)],
  ['an empty layer over one', [new Layer(), older], merged(LMDB, OLDER)],
])('With %s, readers see what was written last', (_, layers, rows) => {
  const snapshot = (): LayeredSnapshot => new LayeredSnapshot(below, layers, 0);

  test('under each key', () => {
    for (const key of KEYS) {
      expect(snapshot().get('objects', key)?.toString(), key).toBe(rows[key]);
      expect(snapshot().get('past', Buffer.from(key))?.toString(), key).toBe(rows[key]);
    }
  });

  test('in every range, up and down, cut off where that is asked', () => {
    for (const start of BOUNDS) {
      for (const end of BOUNDS) {
        const up = Object.keys(rows).filter((key) => key >= start && key < end);
        const down = Object.keys(rows)
          .filter((key) => key <= start && key > end)
          .toReversed();
        for (const limit of [undefined, 1, 2, 4]) {
          const more = limit === undefined ? {} : { limit };
          const of = (keys: readonly string[]): string[] => keys.slice(0, limit).map((key) => `${key}=${rows[key]}`);
          const objects = [...snapshot().scan('objects', start, end, more)].map(textOf);
          const where = `${start} to ${end}, at most ${limit}`;
          expect(objects, where).toEqual(of(up));
          const range = [Buffer.from(start), Buffer.from(end), { ...more, reverse: true }] as const;
          const past = [...snapshot().scan('past', ...range)].map(textOf);
          expect(past, where).toEqual(of(down));
        }
        expect(snapshot().count('objects', start, end)).toBe(up.length);
      }
    }
  });

  test('of changes: those that are newer than what LMDB holds from the layers alone', () => {
    const change = (revision: number): Buffer => eventKey(revision, 0);
    const layer = new Layer();
    for (const revision of [8, 9]) layer.write('events', change(revision), Buffer.from('n'), () => false);
    const found = (of: readonly Layer[], from: number, to: number, reverse = false): number[] => {
      const all = new LayeredSnapshot(below, of, 7).scan('events', change(from), change(to), { reverse });
      return [...all].map(({ key }) => eventKeyRevision(key));
    };
    expect(found(layers, 1, 99)).toEqual([6, 7]);
    expect(found(layers, 7, 99)).toEqual([7]);
    expect(found(layers, 8, 99)).toEqual([]);
    const over = [layer, ...layers];
    expect(found(over, 7, 99)).toEqual([7, 8, 9]);
    expect(found(over, 8, 99)).toEqual([8, 9]);
    expect(found(over, 99, 1, true)).toEqual([9, 8, 7, 6]);
    expect(found(layers, 99, 1, true)).toEqual([7, 6]);
    // What LMDB holds of newer ones is not asked for.
    const older = (of: readonly Layer[]) => [
      ...new LayeredSnapshot(below, of, 6).scan('events', change(7), change(99)),
    ];
    expect([older(layers).length, older(over).length]).toEqual([0, 2]);
  });

  test('without values, when only keys are wanted', () => {
    const bounds = [Buffer.from('a'), Buffer.from('z')] as const;
    const found = [...snapshot().scan('past', ...bounds, { values: false })];
    expect(found.map(({ key }) => key.toString())).toEqual(Object.keys(rows));
    expect(found.map(({ value }) => value.length)).toEqual(Object.keys(rows).map(() => 0));
  });

  test('in a whole table, with keys as bytes', () => {
    const all = (table: 'objects' | 'past' | 'events' | 'expiry' | 'meta'): [string, string][] =>
      [...snapshot().scanAll(table)].map(({ key, value }) => {
        expect(key).toBeInstanceOf(Buffer);
        return [key.toString(), value.toString()];
      });
    expect(all('objects')).toEqual(Object.entries(rows));
    expect(all('past')).toEqual(Object.entries(rows));
    expect(all('events').map(([, value]) => value)).toEqual(['l', 'l']);
    expect(all('expiry')).toEqual([]);
    expect(all('meta')).toEqual([['m', 'meta']]);
  });
});
