import { Packr } from 'msgpackr';
import type { Entry, Message, MessageType, SnapshotMeta } from '../raft/index.js';
import type { CopyClaim } from './confirm.js';

/** Message types by their number on the wire. Only ever add at the end. */
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
const NUMBERS = new Map(TYPES.map((type, number) => [type, number]));

type WireEntry = [term: number, index: number, type: 0 | 1, data: Uint8Array];
type WireSnapshot = [
  index: number,
  term: number,
  voters: readonly number[],
  learners: readonly number[],
  votersOutgoing: readonly number[],
  learnersNext: readonly number[],
  autoLeave: boolean,
];
type WireMessage = [
  type: number,
  from: number,
  to: number,
  term: number,
  index: number,
  logTerm: number,
  commit: number,
  reject: boolean,
  rejectHint: number,
  context: string,
  entries: WireEntry[],
  snapshot: WireSnapshot | null,
  /** In the header of a snapshot only; null for one that cannot be gone on with. */
  transfer?: readonly [id: string, from: number] | null,
  claim?: readonly [revision: number, changes: string, rows: string],
];

/** A snapshot on its way: read from one state, and known by a random id, so that another stream can go on with it. */
export interface TransferPart {
  readonly id: string;
  /** Chunks that the receiver has: they are not sent again. */
  readonly from: number;
}
const TRANSFER_ID = /^[0-9a-f]{32}$/;

const packr = new Packr({ useRecords: false, int64AsType: 'number' });

/** A batch of messages, as the payload of an envelope of version 1. */
export function encodeMessages(messages: readonly Message[]): Buffer {
  return pack(messages.map(toWire));
}

/** What a snapshot begins with: the message that announces it, which chunks follow, and what state it is. */
export function encodeSnapshotHeader(message: Message, transfer: TransferPart | undefined, claim: CopyClaim): Buffer {
  const wire = toWire(message);
  wire.push(transfer === undefined ? null : [transfer.id, transfer.from], [
    claim.revision,
    claim.hash.changes,
    claim.hash.rows ?? '',
  ]);
  return pack([wire]);
}

/** `transfer` and `claim` are undefined for a snapshot from an earlier release. Throws for what is none. */
export function decodeSnapshotHeader(payload: Buffer): {
  readonly messages: readonly Message[];
  readonly transfer: TransferPart | undefined;
  readonly claim: CopyClaim | undefined;
} {
  const wires = packr.unpack(payload) as WireMessage[];
  const part: unknown = wires[0]?.[TRANSFER_FIELD];
  const claim: unknown = wires[0]?.[CLAIM_FIELD];
  return {
    messages: decodeMessages(payload),
    transfer: Array.isArray(part) ? transferOf(part) : undefined,
    claim: Array.isArray(claim) ? claimOf(claim) : undefined,
  };
}
const TRANSFER_FIELD = 12;
const CLAIM_FIELD = 13;

function claimOf([revision, changes, rows]: readonly unknown[]): CopyClaim {
  if (typeof revision !== 'number' || typeof changes !== 'string' || typeof rows !== 'string') {
    throw new Error('the header of the snapshot cannot be read');
  }
  return { revision, hash: { changes, rows: rows === '' ? undefined : rows } };
}

function transferOf([id, from]: readonly unknown[]): TransferPart {
  if (
    typeof id !== 'string' ||
    !TRANSFER_ID.test(id) ||
    typeof from !== 'number' ||
    !Number.isSafeInteger(from) ||
    from < 0
  ) {
    throw new Error('the header of the snapshot cannot be read');
  }
  return { id, from };
}

function pack(wires: readonly WireMessage[]): Buffer {
  return packr.pack(wires);
}

/** Messages of a type that this release does not know are left out. Throws for what is not a batch at all. */
export function decodeMessages(payload: Buffer): readonly Message[] {
  const out: Message[] = [];
  for (const wire of packr.unpack(payload) as WireMessage[]) {
    const message = fromWire(wire);
    if (message !== undefined) out.push(message);
  }
  return out;
}

function toWire(m: Message): WireMessage {
  return [
    NUMBERS.get(m.type) ?? -1,
    m.from,
    m.to,
    m.term,
    m.index,
    m.logTerm,
    m.commit,
    m.reject,
    m.rejectHint,
    m.context,
    m.entries.map((e): WireEntry => [e.term, e.index, e.type === 'confChange' ? 1 : 0, e.data]),
    m.snapshot === undefined ? null : snapshotToWire(m.snapshot),
  ];
}

function fromWire(wire: WireMessage): Message | undefined {
  const [number, from, to, term, index, logTerm, commit, reject, rejectHint, context, entries, snapshot] = wire;
  const type = TYPES[number];
  if (type === undefined) return undefined;
  const message = {
    type,
    from,
    to,
    term,
    index,
    logTerm,
    commit,
    reject,
    rejectHint,
    context,
    entries: entries.map(
      (e): Entry => ({ term: e[0], index: e[1], type: e[2] === 1 ? 'confChange' : 'normal', data: e[3] }),
    ),
  };
  return snapshot === null ? message : { ...message, snapshot: snapshotFromWire(snapshot) };
}

function snapshotToWire({ index, term, confState: c }: SnapshotMeta): WireSnapshot {
  return [index, term, c.voters, c.learners, c.votersOutgoing, c.learnersNext, c.autoLeave];
}
function snapshotFromWire(wire: WireSnapshot): SnapshotMeta {
  const [index, term, voters, learners, votersOutgoing, learnersNext, autoLeave] = wire;
  return { index, term, confState: { voters, learners, votersOutgoing, learnersNext, autoLeave } };
}
