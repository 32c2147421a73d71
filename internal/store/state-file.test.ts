import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Layer } from './layer.js';
import { META_KEY } from './meta.js';
import { type Batch, StateFile } from './state-file.js';

let directory = '';
let file: StateFile;
let said: string[] = [];
let heard: () => void = () => undefined;
const next = (): Promise<void> => new Promise((resolve) => (heard = resolve));
const say = (text: string): void => {
  said.push(text);
  heard();
};
let begun = 0;
beforeEach(() => {
  begun = performance.now();
  directory = mkdtempSync(join(tmpdir(), 'quorate-file-'));
  said = [];
  file = new StateFile({
    path: join(directory, 'one'),
    onCommitted: ({ number }) => say(`committed ${number}`),
    onFlushed: ({ number }) => say(`flushed ${number}`),
    onDiskFull: (error) => say(`full: ${error?.message}`),
    onFatal: ({ message }) => say(`fatal: ${message}`),
    observeCommit: (seconds, writes) =>
      said.push(`${writes} rows, took time: ${seconds > 0 && seconds * 1000 <= performance.now() - begun}`),
  });
});
afterEach(async () => {
  await file.close();
  rmSync(directory, { recursive: true, force: true });
});

const batchOf = (number: number, layer: Layer): Batch => ({
  appliedIndex: number,
  revision: number,
  layer,
  meta: Buffer.from(`meta ${number}`),
  number,
});
function layerOf(rows: Readonly<Record<string, string | undefined>>): Layer {
  const layer = new Layer();
  for (const [key, text] of Object.entries(rows)) {
    layer.write('objects', key, text === undefined ? undefined : Buffer.from(text), () => true);
  }
  return layer;
}
const read = (key: string): string | undefined => file.snapshot.get('objects', key)?.toString();

test('A batch is shown when it is committed, with what stands beside the data, and is on the disk then', async () => {
  file.commit(batchOf(1, layerOf({ a: '1', b: '1' })));
  expect([file.unflushed, read('a')]).toEqual([1, undefined]);
  while (said.length < 3) await next();
  expect(said).toEqual(['2 rows, took time: true', 'committed 1', 'flushed 1']);
  expect([file.unflushed, read('a'), read('b')]).toEqual([0, '1', '1']);
  expect(file.snapshot.get('meta', META_KEY)?.toString()).toBe('meta 1');
  const before = file.takeSnapshot();
  file.commit(batchOf(2, layerOf({ a: undefined })));
  while (said.length < 6) await next();
  expect([read('a'), read('b')]).toEqual([undefined, '1']);
  expect(before.get('objects', 'a')?.toString()).toBe('1');
  before.release();
});

test('A batch for which there is no room is told, and tried again until there is', async () => {
  const layer = layerOf({ a: '1' });
  const { bytes } = layer;
  layer.bytes = 2 ** 50;
  file.commit(batchOf(1, layer));
  await next();
  expect(said).toEqual([expect.stringMatching(/^full: ENOSPC: \d+ MiB free/)]);
  expect([file.unflushed, read('a')]).toEqual([0, undefined]);
  layer.bytes = bytes;
  while (said.length < 4) await next();
  expect(said.slice(1)).toEqual(['1 rows, took time: true', 'committed 1', 'flushed 1']);
  expect([file.unflushed, read('a')]).toEqual([0, '1']);
});

test('Another directory takes the place of the old one, which goes; what was on its way there is not told', async () => {
  const other = new StateFile({
    path: join(directory, 'two'),
    onCommitted: () => undefined,
    onFlushed: () => say('other'),
    onDiskFull: () => undefined,
    onFatal: () => undefined,
  });
  other.commit(batchOf(7, layerOf({ a: 'two' })));
  await next();
  await other.close();
  await other.close();
  said = [];
  const taken = file.takeSnapshot();
  file.commit(batchOf(1, layerOf({ a: 'one' })));
  file.replace(join(directory, 'two'));
  expect([file.path, file.unflushed, read('a'), taken.released]).toEqual([join(directory, 'two'), 0, 'two', true]);
  file.commit(batchOf(8, layerOf({ b: 'two' })));
  while (said.length < 3) await next();
  expect(said).toEqual(['1 rows, took time: true', 'committed 8', 'flushed 8']);
  await file.close();
  expect([existsSync(join(directory, 'one')), existsSync(join(directory, 'two'))]).toEqual([false, true]);
});
