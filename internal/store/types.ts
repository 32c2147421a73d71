import type { Awaitable } from '../machinery/awaitable.js';

/** One stored object as of its revision. */
export interface KeyValue {
  readonly key: string;
  /** The object's canonical JSON in its storage version, resourceVersion filled in: it can be written to a socket as it is. */
  readonly value: Buffer;
  /** Revision of the transaction that wrote this version: the object's resourceVersion. */
  readonly modRevision: number;
  /** Revision at which the key came to be. */
  readonly createRevision: number;
}

/** A condition on one key; every one must hold, or nothing of the transaction is done. */
export type Compare =
  /** The key's modRevision is exactly this; 0 means that the key does not exist. */
  | { readonly key: string; readonly modRevision: number }
  /** The key exists, at whatever revision. */
  | { readonly key: string; readonly exists: true };

export type Op =
  | {
      readonly type: 'put';
      readonly key: string;
      /** Canonical JSON with an empty resourceVersion string. */
      readonly value: Buffer;
      /** Byte offset in `value` at which the decimal revision is inserted when the transaction is applied; -1 for none. */
      readonly revisionAt: number;
      /** Seconds after which the leader deletes the object (events' `--event-ttl`); 0 or absent means never. */
      readonly ttlSeconds?: number;
    }
  | { readonly type: 'delete'; readonly key: string }
  /**
   * Adds to `status.used` of a ResourceQuota, decided when the transaction is applied: it fails like a compare when the
   * quota is not there, is of another uid, or one of the sums would pass `status.hard`. So any number of writes on any
   * number of replicas can be under way against one quota, and none has to be worked out anew because of another.
   */
  | {
      readonly type: 'charge';
      readonly key: string;
      readonly uid: string;
      /** Names and amounts: quantities. */
      readonly amounts: readonly (readonly [name: string, amount: string])[];
    };

/** If every compare holds and every charge is within its bounds, do every op, at one revision. At most 128 ops and 8 MiB of values. */
export interface Txn {
  readonly compares: readonly Compare[];
  readonly ops: readonly Op[];
  /**
   * Something is on its way out, also where this puts it once more (marked, or let go of by a finalizer): taken when the
   * disk is nearly full. Not kept in the log.
   */
  readonly deletes?: boolean;
}

export interface TxnResult {
  readonly succeeded: boolean;
  /** The revision that the ops got, or the store's revision when a compare failed. */
  readonly revision: number;
  /** When a compare failed: its place in `compares`; when a charge failed: the number of compares and its place in `ops`. */
  readonly failed?: number;
}

export interface RangeOptions {
  /** First key, inclusive. */
  readonly start: string;
  /** End, exclusive. */
  readonly end: string;
  /** As of this revision (throws CompactedError below compactRevision, RangeError above revision); the latest when absent. */
  readonly revision?: number;
  /** At most this many, and at most `bytesMax` of values (but never none). */
  readonly limit?: number;
  readonly bytesMax?: number;
}
export interface RangeResult {
  readonly items: readonly KeyValue[];
  /** More keys follow the last one. */
  readonly more: boolean;
}

/** One change to one key. `sub` orders the changes of one transaction. */
export interface ChangeEvent {
  readonly revision: number;
  readonly sub: number;
  readonly type: 'create' | 'modify' | 'delete';
  readonly key: string;
  /** The new version; for a delete, absent. */
  readonly value?: Buffer;
  /** The version before; absent for a create. Its bytes carry its own resourceVersion. */
  readonly prev?: KeyValue;
}

/** The revision asked for has been compacted away: answered as 410 Expired. */
export class CompactedError extends Error {
  constructor(
    readonly revision: number,
    readonly compactRevision: number,
  ) {
    super(`required revision ${revision} has been compacted (compact revision ${compactRevision})`);
    this.name = 'CompactedError';
  }
}

/** No quorum, or no leader, within the time allowed: answered as 503/504. `outcomeUnknown` when a proposal may yet be applied. */
export class UnavailableError extends Error {
  constructor(
    message: string,
    readonly outcomeUnknown: boolean,
  ) {
    super(message);
    this.name = 'UnavailableError';
  }
}

/** Too much is in flight: answered as 429 with Retry-After. */
export class OverloadedError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'OverloadedError';
  }
}

/** What this replica has applied, read from LMDB at once: it asks nobody, and any thread may open it. */
export interface StateReader {
  /** Revision applied here; never goes back. */
  readonly revision: number;
  /** Lowest revision that ranges and watches can still start from. */
  readonly compactRevision: number;
  /** May transactions charge quotas (the `charge` operation)? Not while a member of the cluster does not know that. */
  readonly takesCharges: boolean;
  get(key: string): KeyValue | undefined;
  /** The key as of a revision. Throws CompactedError. */
  getAt(key: string, revision: number): KeyValue | undefined;
  range(options: RangeOptions): RangeResult;
  /** Number of keys in [start, end) now. */
  count(start: string, end: string): number;
  /**
   * Changes with revision > `after`, in order, at most `limit`, whole transactions only; those of keys that are not `wanted`
   * carry no versions, which are then not read. Throws CompactedError when after < compactRevision.
   */
  changes(after: number, limit: number, wanted?: (key: string) => boolean): readonly ChangeEvent[];
  /**
   * Revision of the newest change to an object of a resource (`group/resource/`); a later one where that is not known, and
   * perhaps one that is not visible yet.
   */
  lastChange(resource: string): number;
  /** Called (synchronously, once per applied batch) after `revision` moved. Returns the unsubscribe function. */
  onApplied(listener: (revision: number) => void): () => void;
}

/** What has to be agreed on with the other replicas. */
export interface Proposer {
  /**
   * Resolves when this replica has applied everything that was committed when it was called; no promise where that is so
   * already. Rejects with UnavailableError.
   */
  readBarrier(timeoutMs?: number): Awaitable<void>;
  /** Proposes, waits for commit and local apply. Rejects with UnavailableError or OverloadedError. */
  txn(txn: Txn, timeoutMs?: number): Promise<TxnResult>;
}

/** Where serving and consensus meet, and nowhere else (DESIGN, guarantee 8). `suite.testkit.ts` says what both keep to. */
export interface Backend extends StateReader, Proposer {}
