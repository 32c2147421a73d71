import { expect, test } from 'vitest';
import { identityMetadata, identityOf } from './metadata.js';

const self = { cluster: 7, id: 2, nonce: 'a'.repeat(32), address: 'r2:7443', logVersion: 3 };

test('a peer is who it says, as long as that is short enough to be kept', () => {
  // Which clusters ours took the place of is nobody's business.
  expect(identityOf(identityMetadata({ ...self, former: [6] }, 1))).toEqual(self);
  expect(identityOf(identityMetadata({ ...self, nonce: 'a'.repeat(129) }))).toBeUndefined();
  expect(identityOf(identityMetadata({ ...self, address: `${'a'.repeat(260)}:1` }))).toBeUndefined();
  expect(identityOf(identityMetadata({ ...self, id: 0 }))).toBeUndefined();
  expect(identityOf(identityMetadata({ ...self, id: 2 ** 53 }))).toBeUndefined();
});
