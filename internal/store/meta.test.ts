import { expect, test } from 'vitest';
import { foldHash, type StateMeta } from './meta.js';

test('the hash of all changes tells when, what, of which key and with which content', () => {
  const hashOf = (...change: [revision: number, type: number, key: string, checksum: number]): string => {
    const meta = { hashA: 1, hashB: 2 } as StateMeta;
    foldHash(meta, ...change);
    return `${meta.hashA} ${meta.hashB}`;
  };
  const hashes = [
    hashOf(7, 1, 'core/pods/a/b', 99),
    hashOf(8, 1, 'core/pods/a/b', 99),
    hashOf(7, 2, 'core/pods/a/b', 99),
    hashOf(7, 1, 'core/pods/a/c', 99),
    hashOf(7, 1, 'core/pods/a/b', 98),
  ];
  expect(new Set(hashes).size).toBe(hashes.length);
  expect(hashOf(7, 1, 'core/pods/a/b', 99)).toBe(hashes[0]);
});
