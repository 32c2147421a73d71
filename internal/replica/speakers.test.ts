import { expect, it } from 'vitest';
import type { MemberInfo } from '../store/meta.js';
import type { PeerIdentity } from '../transport/types.js';
import { Speakers } from './speakers.js';

const NOBODY = new Map<number, MemberInfo>();
const peer = (id: number, address?: string): PeerIdentity => ({
  id,
  cluster: 7,
  nonce: 'n',
  logVersion: 1,
  ...(address === undefined ? {} : { address }),
});

it('a stranger is met once under an address, and not when it gives none or is a member', () => {
  const speakers = new Speakers();
  expect(speakers.meet(peer(1), NOBODY)).toBe(false);
  expect(speakers.meet(peer(1, 'a:1'), new Map([[1, { name: 'a', address: 'a:1' }]]))).toBe(false);
  expect([...speakers.strangersTo(NOBODY)]).toEqual([]);
  expect(speakers.meet(peer(1, 'a:1'), NOBODY)).toBe(true);
  expect(speakers.meet(peer(1, 'a:1'), NOBODY)).toBe(false);
  expect(speakers.meet(peer(1, 'a:2'), NOBODY)).toBe(true);
  expect(speakers.meet(peer(2, 'b:1'), NOBODY)).toBe(true);
  expect([...speakers.strangersTo(NOBODY)]).toEqual([
    [1, 'a:2'],
    [2, 'b:1'],
  ]);
  // Who gives none this time is still where it was.
  expect(speakers.meet(peer(2), NOBODY)).toBe(false);
  expect(speakers.strangersTo(NOBODY).get(2)).toBe('b:1');
  expect([...speakers.strangersTo(new Map([[1, { name: 'a', address: 'a:2' }]])).keys()]).toEqual([2]);
  expect([...speakers.strangersTo(NOBODY).keys()]).toEqual([2]);
});

it('16 strangers and 1024 versions are remembered; what came first is forgotten', () => {
  const speakers = new Speakers();
  for (let id = 1; id <= 16; id++) speakers.meet(peer(id, 'x:1'), NOBODY);
  expect([...speakers.strangersTo(NOBODY).keys()]).toEqual(Array.from({ length: 16 }, (_, i) => i + 1));
  speakers.meet(peer(17, 'x:1'), NOBODY);
  expect([...speakers.strangersTo(NOBODY).keys()]).toEqual(Array.from({ length: 16 }, (_, i) => i + 2));
  for (let id = 1; id <= 1024; id++) speakers.noteVersion(id, id + 10);
  expect([1, 1024, 1025].map((id) => speakers.versionOf(id))).toEqual([11, 1034, undefined]);
  speakers.noteVersion(1025, 3);
  expect([1, 2, 1025].map((id) => speakers.versionOf(id))).toEqual([undefined, 12, 3]);
});
