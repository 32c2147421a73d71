import { crc32 } from 'node:zlib';
import { Packr } from 'msgpackr';
import { emptySums, type RowSums } from './row-sums.js';
import { checkSeal, CorruptRecordError, seal } from './rows.js';

/** The membership as the state saw it at its applied index; the same shape as raft's ConfState. */
export interface StoredConfState {
  readonly voters: readonly number[];
  readonly learners: readonly number[];
  readonly votersOutgoing: readonly number[];
  readonly learnersNext: readonly number[];
  readonly autoLeave: boolean;
}

/** A member's particulars, carried by the membership change that brought it. */
export interface MemberInfo {
  readonly name: string;
  /** host:port of its peer listener. */
  readonly address: string;
  /** Names its data directory: who comes with another is not that member. Undefined while it is not known. */
  readonly nonce?: string;
}

/** What stands beside the data, written in the same transaction as the data. */
export interface StateMeta {
  revision: number;
  appliedIndex: number;
  appliedTerm: number;
  compactRevision: number;
  /** Rolling hash over every change up to `revision`: two lanes of 32 bits. */
  hashA: number;
  hashB: number;
  /** What all rows add up to. Beside the rolling hash, which says what was done, it says what is there. */
  readonly sums: RowSums;
  conf: StoredConfState;
  /** Particulars by member id. */
  members: Map<number, MemberInfo>;
  /** Last applied `Proposal.seq` by proposer. */
  sessions: Map<number, number>;
  /** Ids of members that were removed: they may not speak any more. */
  removed: Set<number>;
  /**
   * Names the computation that this state comes from: a copy has that of its source, until a majority has agreed with it
   * (verdict.ts). '' when it is not known: the state is of a release that did not keep it.
   */
  lineage: string;
  /** The latest time that an applied entry was proposed at, in ms since 1970: what times to live are counted in. */
  clock: number;
  /** The version of the log's commands (command.ts) that every member knows; it never falls. */
  version: number;
}

/** Key of the one row in `meta`. */
export const META_KEY = 'state';

type WireRest = [
  conf: [voters: number[], learners: number[], votersOutgoing: number[], learnersNext: number[], autoLeave: boolean],
  members: [id: number, name: string, address: string, nonce?: string][],
  sessions: [proposer: number, seq: number][],
  removed: number[],
  /** Absent in what a release wrote that did not count rows, which also leaves it out when it writes the row again. */
  sums?: [complete: boolean, liveA: number, liveB: number, historyA: number, historyB: number],
  lineage?: string,
  clock?: number,
  version?: number,
];

const packr = new Packr({ useRecords: false, int64AsType: 'number' });
const FIXED = 37;

export function emptyMeta(conf: StoredConfState, members: ReadonlyMap<number, MemberInfo>, lineage = ''): StateMeta {
  return {
    revision: 0,
    appliedIndex: 0,
    appliedTerm: 0,
    compactRevision: 0,
    hashA: 0,
    hashB: 0,
    sums: emptySums(true),
    conf,
    members: new Map(members),
    sessions: new Map(),
    removed: new Set(),
    lineage,
    clock: 0,
    version: 0,
  };
}

/** version 1 | crc32 4 | revision 6 | appliedIndex 6 | appliedTerm 6 | compactRevision 6 | hashA 4 | hashB 4 | msgpack. */
export function encodeMeta(meta: StateMeta): Buffer {
  const { voters, learners, votersOutgoing, learnersNext, autoLeave } = meta.conf;
  const rest: WireRest = [
    [[...voters], [...learners], [...votersOutgoing], [...learnersNext], autoLeave],
    [...meta.members].map(([id, { name, address, nonce }]) =>
      nonce === undefined ? [id, name, address] : [id, name, address, nonce],
    ),
    [...meta.sessions],
    [...meta.removed],
    [meta.sums.complete, meta.sums.liveA, meta.sums.liveB, meta.sums.historyA, meta.sums.historyB],
    meta.lineage,
    meta.clock,
    meta.version,
  ];
  const packed = packr.pack(rest);
  const out = Buffer.allocUnsafe(FIXED + packed.length);
  out.writeUIntBE(meta.revision, 5, 6);
  out.writeUIntBE(meta.appliedIndex, 11, 6);
  out.writeUIntBE(meta.appliedTerm, 17, 6);
  out.writeUIntBE(meta.compactRevision, 23, 6);
  out.writeUInt32BE(meta.hashA, 29);
  out.writeUInt32BE(meta.hashB, 33);
  out.set(packed, FIXED);
  return seal(out);
}

/** Throws CorruptRecordError. */
export function decodeMeta(row: Buffer): StateMeta {
  const head = decodeMetaHead(row);
  const [conf, members, sessions, removed, sums, lineage, clock, version] = packr.unpack(
    row.subarray(FIXED),
  ) as WireRest;
  const [voters, learners, votersOutgoing, learnersNext, autoLeave] = conf;
  return {
    ...head,
    appliedTerm: row.readUIntBE(17, 6),
    hashA: row.readUInt32BE(29),
    hashB: row.readUInt32BE(33),
    sums: sumsOf(sums),
    conf: { voters, learners, votersOutgoing, learnersNext, autoLeave },
    members: new Map(
      members.map(([id, name, address, nonce]) => [
        id,
        typeof nonce === 'string' ? { name, address, nonce } : { name, address },
      ]),
    ),
    sessions: new Map(sessions),
    removed: new Set(removed),
    lineage: typeof lineage === 'string' ? lineage : '',
    clock: typeof clock === 'number' ? clock : 0,
    version: typeof version === 'number' ? version : 0,
  };
}

function sumsOf(wire: WireRest[4]): RowSums {
  if (wire === undefined) return emptySums(false);
  const [complete, liveA, liveB, historyA, historyB] = wire;
  return { complete, liveA, liveB, historyA, historyB };
}

export interface MetaHead {
  readonly revision: number;
  readonly appliedIndex: number;
  readonly compactRevision: number;
}

/** Only the numbers that every entry moves. */
export function headOf({ revision, appliedIndex, compactRevision }: MetaHead): MetaHead {
  return { revision, appliedIndex, compactRevision };
}

function decodeMetaHead(row: Buffer): MetaHead {
  if (row.length < FIXED) throw new CorruptRecordError('meta', META_KEY, 'too short');
  checkSeal('meta', META_KEY, row);
  return {
    revision: row.readUIntBE(5, 6),
    appliedIndex: row.readUIntBE(11, 6),
    compactRevision: row.readUIntBE(23, 6),
  };
}

/**
 * What replicas compare at equal revision, each as 16 hex digits: all that was done, and the rows that are there. Each is
 * compared by itself: `rows` is undefined where not every row has been counted yet, and in releases before it.
 */
export interface StateHash {
  readonly changes: string;
  readonly rows: string | undefined;
}

export function stateHashOf(meta: Pick<StateMeta, 'hashA' | 'hashB' | 'sums'>): StateHash {
  const { complete, liveA, liveB } = meta.sums;
  return { changes: hex(meta.hashA) + hex(meta.hashB), rows: complete ? hex(liveA) + hex(liveB) : undefined };
}

/** A StateHash as one text. */
export function hashText(meta: Pick<StateMeta, 'hashA' | 'hashB' | 'sums'>): string {
  const { changes, rows = '' } = stateHashOf(meta);
  return changes + rows;
}

function hex(lane: number): string {
  return lane.toString(16).padStart(8, '0');
}

const scratch = Buffer.alloc(11);

/** Folds one change into the rolling hash. `checksum` is that of the new record, 0 for a delete. */
export function foldHash(meta: StateMeta, revision: number, type: number, key: string, checksum: number): void {
  scratch.writeUIntBE(revision, 0, 6);
  scratch[6] = type;
  scratch.writeUInt32BE(checksum, 7);
  meta.hashA = crc32(key, crc32(scratch, meta.hashA));
  // The second lane is not linear in the input as a CRC is: multiply and xor (the finalizer of MurmurHash3).
  let b = meta.hashB ^ meta.hashA ^ checksum;
  b = Math.imul(b ^ (b >>> 16), 0x85ebca6b);
  b = Math.imul(b ^ (b >>> 13), 0xc2b2ae35);
  meta.hashB = (b ^ (b >>> 16)) >>> 0;
}
