import { expect, test } from 'vitest';
import { byteText, keyOf, Layer, type LayerWrite } from './layer.js';

const value = (length: number): Buffer => Buffer.alloc(length, 1);
const written = (layer: Layer): string[] =>
  [...layer.writes()].map(({ table, key, value: bytes, isNew }: LayerWrite) =>
    [table, key.toString(), bytes?.length ?? 'goes', isNew ? 'new' : 'known'].join(' '),
  );

test('What was written last is there, in order, and LMDB is told what it does not know', () => {
  const layer = new Layer();
  expect([layer.isEmpty, layer.size, layer.bytes]).toEqual([true, 0, 0]);
  layer.write('objects', 'b', value(1), () => true);
  layer.write('objects', 'a', value(2), () => false);
  layer.write('objects', 'b', value(3), () => false);
  layer.write('events', Buffer.from('e'), undefined, () => true);
  // It came and went: it was never there.
  layer.write('objects', 'c', value(4), () => false);
  layer.write('objects', 'c', undefined, () => true);
  expect(written(layer)).toEqual(['objects a 2 new', 'objects b 3 known', 'events e goes known']);
  expect([layer.isEmpty, layer.size]).toEqual([false, 4]);
  expect(layer.get('objects', 'b')).toEqual({ value: value(3), existedBelow: true });
  expect(layer.get('objects', 'c')).toEqual({ value: undefined, existedBelow: false });
  expect([layer.get('objects', 'd'), layer.get('past', 'b'), layer.table('past')]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});

test('The lowest key is written as every other', () => {
  const layer = new Layer();
  const [lowest, highest] = [Buffer.from([0, 0]), Buffer.alloc(8, 0xff)];
  for (const key of [highest, lowest]) layer.write('events', key, value(1), () => false);
  expect([...layer.writes()].map(({ key }) => key)).toEqual([lowest, highest]);
});

test('What it takes in memory is what its rows and keys are long, each once', () => {
  const layer = new Layer();
  const ask = (): boolean => false;
  layer.write('objects', 'key', value(100), ask);
  expect(layer.bytes).toBe(303);
  layer.write('objects', 'key', value(40), ask);
  expect(layer.bytes).toBe(243);
  layer.write('objects', 'key', undefined, ask);
  expect(layer.bytes).toBe(203);
  layer.write('objects', 'key', value(1), ask);
  layer.write('past', Buffer.from('p'), value(2), ask);
  expect(layer.bytes).toBe(204 + 203);
});

test.each(['', 'core/pods/a', 'ü/\u{10000}', '\x7f'])('A key is the same again as text of its bytes: %j', (key) => {
  const text = byteText(key);
  expect(Buffer.from(text, 'latin1')).toEqual(Buffer.from(key));
  expect(keyOf('objects', text)).toBe(key);
  expect(keyOf('meta', text)).toBe(key);
  expect(keyOf('past', byteText(Buffer.from(key)))).toEqual(Buffer.from(key));
});
