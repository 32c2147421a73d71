import { Packr, RESERVE_START_SPACE } from 'msgpackr';
import type { Compare, Op, Txn } from './types.js';

/** What the log can ask of the state. */
export type Command =
  | { readonly kind: 'txn'; readonly txn: Txn }
  /** Forget history up to and including `revision`. */
  | { readonly kind: 'compact'; readonly revision: number }
  /** All members know the commands of this version: from now on they may be proposed. */
  | { readonly kind: 'raiseVersion'; readonly version: number };

/**
 * Versions of the log's commands: 0 has transactions and compactions; 1 adds charges, and raising the cluster's version.
 * A command is proposed only when the cluster's version, which is that of its earliest release, has it.
 */
export const LOG_VERSION = 1;
/** The version that has charges. */
export const CHARGES_SINCE = 1;

/** The first version that has a command: an earlier release cannot read it. */
export function knownSince(command: Command): number {
  if (command.kind === 'raiseVersion') return 1;
  return command.kind === 'txn' && command.txn.ops.some((op) => op.type === 'charge') ? CHARGES_SINCE : 0;
}

/**
 * The payload of one log entry: the commands that one replica proposed together (group commit).
 * A replica's `seq` only grows, also over its restarts; an entry whose seq is not above the last one applied for its
 * proposer is a repetition and does nothing. So a proposer may send again without fear, and once a later one of its
 * proposals is applied it knows that an earlier one never will be.
 */
export interface Proposal {
  readonly proposer: number;
  readonly seq: number;
  /** The cluster's clock in ms since 1970, as the proposer knows it (replica/cluster-clock.ts): what ttlSeconds counts from. */
  readonly time: number;
  readonly commands: readonly Command[];
}

/** A log entry's payload that this release cannot read. */
export class CommandFormatError extends Error {
  constructor(reason: string) {
    super(`a log entry cannot be read: ${reason}; it was written by a newer release, or the log is damaged`);
    this.name = 'CommandFormatError';
  }
}

const VERSION = 1;
const HEADER = 25;
const packr = new Packr({ useRecords: false, mapsAsObjects: true, int64AsType: 'number' });

type WireCompare = [key: string, modRevision: number];
type WireOp =
  | [type: 0, key: string, value: Uint8Array, revisionAt: number, ttlSeconds: number]
  | [type: 1, key: string]
  | [type: 2, key: string, uid: string, amounts: [name: string, amount: string][]];
/** 0 is a transaction; 2 is one with charges, which a release that does not know them refuses whole. */
type WireCommand =
  | [type: 0 | 2, compares: WireCompare[], ops: WireOp[]]
  | [type: 1, revision: number]
  | [type: 3, version: number];

/** Bytes: version 1 | proposer, seq, time: double 8 each | the commands in msgpack. */
export function encodeProposal(proposal: Proposal): Buffer {
  const out = packr.pack(proposal.commands.map(toWire), RESERVE_START_SPACE | HEADER);
  out[0] = VERSION;
  out.writeDoubleBE(proposal.proposer, 1);
  out.writeDoubleBE(proposal.seq, 9);
  out.writeDoubleBE(proposal.time, 17);
  return out;
}

/** Who proposed the entry, and as what; cheap. Throws CommandFormatError. */
export function proposalOrigin(data: Uint8Array): { readonly proposer: number; readonly seq: number } {
  const bytes = checked(data);
  return { proposer: bytes.readDoubleBE(1), seq: bytes.readDoubleBE(9) };
}

/** Values are views into `data`. Throws CommandFormatError. */
export function decodeProposal(data: Uint8Array): Proposal {
  const bytes = checked(data);
  let wire: WireCommand[];
  try {
    wire = packr.unpack(bytes.subarray(HEADER)) as WireCommand[];
  } catch (error) {
    throw new CommandFormatError(String(error));
  }
  return {
    proposer: bytes.readDoubleBE(1),
    seq: bytes.readDoubleBE(9),
    time: bytes.readDoubleBE(17),
    commands: wire.map(fromWire),
  };
}

function checked(data: Uint8Array): Buffer {
  if (data[0] !== VERSION) throw new CommandFormatError(`version ${data[0]} is not known`);
  if (data.length < HEADER) throw new CommandFormatError('it is too short');
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}

function toWire(command: Command): WireCommand {
  if (command.kind === 'compact') return [1, command.revision];
  if (command.kind === 'raiseVersion') return [3, command.version];
  return [
    command.txn.ops.some((op) => op.type === 'charge') ? 2 : 0,
    command.txn.compares.map((c): WireCompare => [c.key, 'modRevision' in c ? c.modRevision : -1]),
    command.txn.ops.map(opToWire),
  ];
}

function opToWire(op: Op): WireOp {
  switch (op.type) {
    case 'put':
      return [0, op.key, op.value, op.revisionAt, op.ttlSeconds ?? 0];
    case 'delete':
      return [1, op.key];
    case 'charge':
      return [2, op.key, op.uid, op.amounts.map(([name, amount]) => [name, amount])];
  }
}

function opFromWire(op: WireOp): Op {
  switch (op[0]) {
    case 0: {
      const [, key, bytes, revisionAt, ttlSeconds] = op;
      const value = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      return ttlSeconds > 0
        ? { type: 'put', key, value, revisionAt, ttlSeconds }
        : { type: 'put', key, value, revisionAt };
    }
    case 1:
      return { type: 'delete', key: op[1] };
    case 2:
      return { type: 'charge', key: op[1], uid: op[2], amounts: op[3] };
    default:
      throw new CommandFormatError(`operation ${String(op[0])} is not known`);
  }
}

function fromWire(wire: WireCommand): Command {
  if (wire[0] === 1) return { kind: 'compact', revision: wire[1] };
  if (wire[0] === 3) return { kind: 'raiseVersion', version: wire[1] };
  // Taken for a transaction it would change something else here than elsewhere.
  if (wire[0] !== 0 && wire[0] !== 2) throw new CommandFormatError(`command ${String(wire[0])} is not known`);
  return {
    kind: 'txn',
    txn: {
      compares: wire[1].map(
        ([key, modRevision]): Compare => (modRevision < 0 ? { key, exists: true } : { key, modRevision }),
      ),
      ops: wire[2].map(opFromWire),
    },
  };
}
