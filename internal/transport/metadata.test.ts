import { Metadata } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { addresseeOf, identityMetadata, identityOf, isNamed } from './metadata.js';

const self = { cluster: 7, id: 2, nonce: 'a'.repeat(32), address: 'r2:7443', logVersion: 3 };

test('a peer is who it says, as long as that is short enough to be kept', () => {
  // Which clusters ours took the place of is nobody's business.
  expect(identityOf(identityMetadata({ ...self, former: [6] }, 1))).toEqual(self);
  expect(identityOf(identityMetadata({ ...self, nonce: 'a'.repeat(129) }))).toBeUndefined();
  expect(identityOf(identityMetadata({ ...self, address: `${'a'.repeat(260)}:1` }))).toBeUndefined();
  expect(identityOf(identityMetadata({ ...self, id: 0 }))).toBeUndefined();
  expect(identityOf(identityMetadata({ ...self, id: 2 ** 53 }))).toBeUndefined();
});

/** What a peer says of itself, as text, where it is otherwise as it should be. */
function saying(fields: Readonly<Record<string, string>>): Metadata {
  const metadata = identityMetadata(self);
  for (const [key, value] of Object.entries(fields)) metadata.set(`quorate-${key}`, value);
  return metadata;
}

test('all that a peer says of itself arrives', () => {
  const starts = [
    [3, 'abc'],
    [4, 'def'],
  ] as const;
  expect(identityOf(identityMetadata({ ...self, starts, empty: true }))).toEqual({ ...self, starts, empty: true });
  // An earlier release says less.
  expect(identityOf(identityMetadata({ cluster: 7, id: 2, nonce: 'n' }))).toEqual({
    cluster: 7,
    id: 2,
    nonce: 'n',
    logVersion: 0,
  });
});

test.each([
  ['the longest nonce', { nonce: 'a'.repeat(128) }, true],
  ['the longest address', { address: `${'a'.repeat(257)}:1` }, true],
  ['a longer address', { address: `${'a'.repeat(258)}:1` }, false],
  ['the longest list of starts', { starts: `1:${'a'.repeat(1022)}` }, true],
  ['a longer list of starts', { starts: `1:${'a'.repeat(1023)}` }, false],
  ['no nonce', { nonce: '' }, false],
  ['an id that is none', { from: '-1' }, false],
  ['an id that is no number', { from: 'r2' }, false],
  ['a cluster that is no number', { cluster: 'x' }, false],
  ['a cluster beyond 2^53', { cluster: String(2 ** 53) }, false],
])('a peer with %s', (_what, fields, known) => {
  expect(identityOf(saying(fields)) !== undefined).toBe(known);
});

test.each([
  ['starts that are none', { starts: 'x:a,:b,3:,4,5:e' }, { starts: [[5, 'e']] }],
  ['a log version that is none', { 'log-version': '-1' }, { logVersion: 0 }],
  ['a log version that is no number', { 'log-version': 'x' }, { logVersion: 0 }],
  ['something else than that it is empty', { empty: 'true' }, {}],
])('%s are as if they were not said', (_what, fields, expected) => {
  expect(identityOf(saying(fields))).toEqual({ ...self, ...expected });
});

test('bytes are no text', () => {
  const metadata = new Metadata();
  metadata.set('quorate-from-bin', Buffer.from('2'));
  expect(identityOf(metadata)).toBeUndefined();
});

test('a caller is named when it says anything of who it is, and says whom it means', () => {
  expect(isNamed(new Metadata())).toBe(false);
  for (const key of ['from', 'nonce']) {
    const metadata = new Metadata();
    metadata.set(`quorate-${key}`, '1');
    expect(isNamed(metadata), key).toBe(true);
  }
  expect(addresseeOf(identityMetadata(self, 3))).toBe(3);
  expect(addresseeOf(identityMetadata(self))).toBeUndefined();
});
