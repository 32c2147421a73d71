import { Packr } from 'msgpackr';
import { expect, test } from 'vitest';
import {
  type Command,
  CommandFormatError,
  decodeProposal,
  encodeProposal,
  knownSince,
  proposalOrigin,
} from './command.js';

const txn = (...ops: Extract<Command, { kind: 'txn' }>['txn']['ops']): Command => ({
  kind: 'txn',
  txn: { compares: [], ops },
});
const CHARGE = { type: 'charge', key: 'q', uid: 'u', amounts: [['pods', '1']] } as const;
const PUT = { type: 'put', key: 'a', value: Buffer.from('v'), revisionAt: -1 } as const;

test('What was proposed is read as it was', () => {
  const commands: Command[] = [
    {
      kind: 'txn',
      txn: {
        compares: [
          { key: 'a', modRevision: 0 },
          { key: 'b', modRevision: 9 },
          { key: 'c', exists: true },
        ],
        ops: [PUT, { ...PUT, key: 'b', revisionAt: 3, ttlSeconds: 60 }, { type: 'delete', key: 'c' }],
      },
    },
    txn({ type: 'delete', key: 'd' }, CHARGE),
    { kind: 'compact', revision: 2 ** 40 },
    { kind: 'raiseVersion', version: 1 },
  ];
  const proposal = { proposer: 2 ** 50, seq: 3, time: 1_700_000_000_123, commands };
  const bytes = encodeProposal(proposal);
  expect(decodeProposal(bytes)).toEqual(proposal);
  expect(proposalOrigin(bytes)).toEqual({ proposer: 2 ** 50, seq: 3 });
  // Bytes that begin in the middle of others are read as well.
  const within = new Uint8Array([9, 9, ...bytes]).subarray(2);
  expect(decodeProposal(within)).toEqual(proposal);
});

test('What an earlier release cannot read is known by its version', () => {
  expect(knownSince({ kind: 'compact', revision: 1 })).toBe(0);
  expect(knownSince({ kind: 'raiseVersion', version: 1 })).toBe(1);
  expect(knownSince(txn(PUT))).toBe(0);
  expect(knownSince(txn())).toBe(0);
  expect(knownSince(txn(PUT, CHARGE))).toBe(1);
});

test('A transaction with charges is another command on the wire, which a release that does not know them refuses', () => {
  const kindOf = (command: Command): unknown => {
    const bytes = encodeProposal({ proposer: 1, seq: 1, time: 0, commands: [command] });
    return (new Packr({ useRecords: false }).unpack(bytes.subarray(25)) as unknown[][])[0]?.[0];
  };
  expect(
    [
      txn(PUT),
      txn(PUT, CHARGE),
      { kind: 'compact', revision: 1 } as const,
      { kind: 'raiseVersion', version: 1 } as const,
    ].map(kindOf),
  ).toEqual([0, 2, 1, 3]);
});

test.each<[string, (bytes: Buffer) => Buffer, RegExp]>([
  ['another version', (bytes) => Buffer.concat([Buffer.from([2]), bytes.subarray(1)]), /version 2 is not known/],
  ['no bytes', () => Buffer.alloc(0), /version undefined is not known/],
  ['too few bytes', (bytes) => bytes.subarray(0, 24), /it is too short/],
  ['no commands', (bytes) => bytes.subarray(0, 25), /^a log entry cannot be read: (?!it is too short)/],
  ['half of its commands', (bytes) => bytes.subarray(0, bytes.length - 3), /a log entry cannot be read/],
  [
    'a command of a newer release',
    (bytes) => Buffer.concat([bytes.subarray(0, 25), new Packr({ useRecords: false }).pack([[4, 1]])]),
    /command 4 is not known/,
  ],
  [
    'an operation of a newer release',
    (bytes) => Buffer.concat([bytes.subarray(0, 25), new Packr({ useRecords: false }).pack([[0, [], [[3, 'a']]]])]),
    /operation 3 is not known/,
  ],
])('An entry that cannot be read changes nothing: %s', (_what, change, message) => {
  const bytes = change(encodeProposal({ proposer: 1, seq: 1, time: 0, commands: [txn(PUT)] }));
  expect(() => decodeProposal(bytes)).toThrow(CommandFormatError);
  expect(() => decodeProposal(bytes)).toThrow(expect.objectContaining({ name: 'CommandFormatError' }));
  expect(() => decodeProposal(bytes)).toThrow(message);
  expect(() => decodeProposal(bytes)).toThrow(/it was written by a newer release, or the log is damaged$/);
});
