import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { FatalError } from '../../machinery/assert.js';
import { decodeLogPiece, encodeLogPiece, type LogPieceHeader, type TimedEntry } from './log-piece.js';

const HEADER: LogPieceHeader = { version: 1, cluster: 7, first: 5, last: 6, revision: 3, changes: 'abc', member: 'a' };
const ENTRIES: readonly TimedEntry[] = [
  { entry: { index: 5, term: 2, type: 'normal', data: Buffer.from('one') }, timeMs: 1_700_000_000_000 },
  { entry: { index: 6, term: 2 ** 48 - 1, type: 'confChange', data: Buffer.alloc(0) }, timeMs: 2 ** 48 - 1 },
];
const sealed = (body: Buffer): Buffer => Buffer.concat([body, createHash('sha256').update(body).digest()]);
const bodyOf = (header: LogPieceHeader): Buffer => encodeLogPiece(header, ENTRIES).subarray(0, -32);

describe('a piece of the log', () => {
  it('is laid out as every release reads it', () => {
    const head = `quorate log 1\n${JSON.stringify(HEADER)}\n`;
    const entries = Buffer.from(
      `00000003${'018bcfe56800'}000000000002006f6e6500000000${'ffffffffffff'.repeat(2)}01`,
      'hex',
    );
    const bytes = sealed(Buffer.concat([Buffer.from(head), entries]));
    expect(encodeLogPiece(HEADER, ENTRIES).equals(bytes)).toBe(true);
    expect(decodeLogPiece(bytes, 'x')).toEqual({ header: HEADER, entries: ENTRIES });
  });

  it.each<readonly [string, Buffer]>([
    ['its first line is wrong', Buffer.from('quorate log 2\n')],
    ['its first line is wrong', Buffer.alloc(0)],
    ['its checksum does not match, or it is cut off', encodeLogPiece(HEADER, ENTRIES).subarray(0, -1)],
    ['its checksum does not match, or it is cut off', Buffer.from('quorate log 1\n')],
    ['it was written by a newer release', sealed(bodyOf({ ...HEADER, version: 2 as 1 }))],
    ['it holds fewer entries than it says', sealed(bodyOf({ ...HEADER, last: 7 }))],
    ['it holds fewer entries than it says', sealed(bodyOf(HEADER).subarray(0, -1))],
    ['an entry is cut off', sealed(bodyOf(HEADER).subarray(0, -18))],
    ['it holds more than it says', sealed(bodyOf({ ...HEADER, last: 5 }))],
    ['it holds more than it says', sealed(Buffer.concat([bodyOf(HEADER), Buffer.alloc(1)]))],
  ])('is refused by name where %s', (why, bytes) => {
    expect(() => decodeLogPiece(bytes, 'log-1')).toThrow(
      new FatalError(`the archived log log-1 cannot be used: ${why}. Restore to a moment before it.`),
    );
  });
});
