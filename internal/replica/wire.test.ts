import { Packr } from 'msgpackr';
import { describe, expect, it } from 'vitest';
import type { Message, MessageType } from '../raft/index.js';
import { decodeMessages, decodeSnapshotHeader, encodeMessages, encodeSnapshotHeader } from './wire.js';

const packr = new Packr({ useRecords: false, int64AsType: 'number' });
const message: Message = {
  type: 'append',
  from: 2 ** 48 - 1,
  to: 2,
  term: 3,
  index: 4,
  logTerm: 5,
  commit: 6,
  reject: true,
  rejectHint: 7,
  context: 'c',
  entries: [
    { term: 8, index: 9, type: 'normal', data: Buffer.from('x') },
    { term: 8, index: 10, type: 'confChange', data: Buffer.from('y') },
  ],
};
const snapshot = {
  index: 11,
  term: 12,
  confState: { voters: [1, 2], learners: [3], votersOutgoing: [4], learnersNext: [5], autoLeave: true },
};
const announced: Message = { ...message, type: 'snapshot', entries: [], snapshot };
const claim = { revision: 20, hash: { changes: 'abc', rows: 'def' } };
const ID = '0123456789abcdef0123456789abcdef';

/** The numbers of the types on the wire: what an earlier release sends, and reads. */
const TYPES: readonly MessageType[] = [
  'preVote',
  'preVoteResp',
  'vote',
  'voteResp',
  'append',
  'appendResp',
  'heartbeat',
  'heartbeatResp',
  'snapshot',
  'snapshotStatus',
  'readIndex',
  'readIndexResp',
  'propose',
  'proposeResp',
  'timeoutNow',
  'transferLeader',
  'unreachable',
];

describe('messages on the wire', () => {
  it('come through whole, and are laid out as releases before have them', () => {
    expect(decodeMessages(encodeMessages([message, announced]))).toEqual([message, announced]);
    expect(packr.unpack(encodeMessages([message, announced]))).toEqual([
      [
        4,
        2 ** 48 - 1,
        2,
        3,
        4,
        5,
        6,
        true,
        7,
        'c',
        [
          [8, 9, 0, Buffer.from('x')],
          [8, 10, 1, Buffer.from('y')],
        ],
        null,
      ],
      [8, 2 ** 48 - 1, 2, 3, 4, 5, 6, true, 7, 'c', [], [11, 12, [1, 2], [3], [4], [5], true]],
    ]);
    const types = TYPES.map((type) => ({ ...message, type }));
    expect((packr.unpack(encodeMessages(types)) as number[][]).map(([number]) => number)).toEqual([...TYPES.keys()]);
    expect(decodeMessages(encodeMessages(types)).map(({ type }) => type)).toEqual(TYPES);
  });

  it('of a type that is not known are left out', () => {
    const [wire = []] = packr.unpack(encodeMessages([message])) as unknown[][];
    const newer = [17, ...wire.slice(1)];
    expect(decodeMessages(packr.pack([newer, wire]))).toEqual([message]);
  });
});

describe('the header of a snapshot', () => {
  it('says what follows and what state it is', () => {
    const transfer = { id: ID, from: 3 };
    expect(decodeSnapshotHeader(encodeSnapshotHeader(announced, transfer, claim))).toEqual({
      messages: [announced],
      transfer,
      claim,
    });
    const changesOnly = { revision: 20, hash: { changes: 'abc', rows: undefined } };
    expect(decodeSnapshotHeader(encodeSnapshotHeader(announced, undefined, changesOnly))).toEqual({
      messages: [announced],
      transfer: undefined,
      claim: changesOnly,
    });
  });

  it('of an earlier release says neither, and of nothing is none', () => {
    const earlier = { messages: [announced], transfer: undefined, claim: undefined };
    expect(decodeSnapshotHeader(encodeMessages([announced]))).toEqual(earlier);
    expect(decodeSnapshotHeader(packr.pack([]))).toEqual({ ...earlier, messages: [] });
  });

  it.each([
    ['an id that is too short', [ID.slice(1), 0], undefined],
    ['an id that is too long', [`${ID}0`, 0], undefined],
    ['an id that begins with more', [`x${ID}`, 0], undefined],
    ['an id that is no text', [7, 0], undefined],
    ['half a chunk', [ID, 0.5], undefined],
    ['a chunk before the first', [ID, -1], undefined],
    ['a chunk that is a text', [ID, '1'], undefined],
    ['a revision that is a text', undefined, ['1', 'a', 'b']],
    ['changes that are no text', undefined, [1, 2, 'b']],
    ['rows that are no text', undefined, [1, 'a', 3]],
  ])('with %s is refused', (_, transfer, said) => {
    const header = packr.unpack(encodeSnapshotHeader(announced, { id: ID, from: 0 }, claim)) as unknown[][];
    const [wire = []] = header;
    if (transfer !== undefined) wire[12] = transfer;
    if (said !== undefined) wire[13] = said;
    expect(() => decodeSnapshotHeader(packr.pack(header))).toThrow('the header of the snapshot cannot be read');
  });
});
