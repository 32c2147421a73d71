import { chargedId, type Model } from './model.js';
import { promise } from './violation.js';

/** A call that a client has made and not yet seen answered. */
export interface Call {
  /** Highest revision that any call finished before this one began has shown to any client. */
  readonly floor: number;
  readonly begunAt: number;
  readonly what: string;
}

/** What a client's transaction asked of a key; without `modRevision`, that it exists. */
export interface Condition {
  readonly key: string;
  readonly modRevision: number | undefined;
}

/** What a client's transaction charged to a quota. */
export interface ChargeAsked {
  readonly key: string;
  readonly uid: string;
  readonly amount: number;
}

/**
 * Linearizability of all clients' calls. Every answer names a revision, and revisions order the transactions; so the
 * history is linearizable exactly if each call's revision fits between the calls before and after it in real time, and
 * each answer is what the twin says of that revision.
 */
export class HistoryChecks {
  readonly #model: Model;
  /** Highest revision shown to a client so far. */
  #shown = 0;
  /** Puts of which a client was told for certain that they did not happen. */
  readonly #refused = new Set<string>();
  readonly #acknowledged = new Map<string, number>();
  calls = 0;
  acknowledgedWrites = 0;
  linearizableReads = 0;
  unknown = 0;

  constructor(model: Model) {
    this.#model = model;
  }

  begin(what: string, now: number): Call {
    this.calls += 1;
    return { floor: this.#shown, begunAt: now, what };
  }

  /** A transaction succeeded at `revision`, with these puts (by id). */
  wrote(call: Call, revision: number, ids: readonly string[]): void {
    this.acknowledgedWrites += 1;
    promise(
      revision >= call.floor,
      'linearizability',
      () => `${call.what} was done as of ${revision}, before ${call.floor}`,
    );
    for (const id of ids) {
      const applied = this.#model.appliedAt(id);
      promise(applied === revision, 'no acknowledged write is lost', () => {
        return `${call.what} was acknowledged at ${revision}, but ${applied === undefined ? 'never applied' : `applied at ${applied}`}`;
      });
      promise(revision > call.floor, 'linearizability', () => {
        return `${call.what} got revision ${revision}, although ${call.floor} had been shown before it began`;
      });
      this.#acknowledged.set(id, revision);
    }
    this.#show(call, revision);
  }

  /** A transaction's condition on `key` failed at `revision`: with `modRevision` as it was asked for, or that it exists. */
  conflicted(call: Call, revision: number, ids: readonly string[], { key, modRevision }: Condition): void {
    for (const id of ids) {
      this.#refused.add(id);
      promise(
        this.#model.appliedAt(id) === undefined,
        'a conflict is none',
        () => `${call.what} was done all the same`,
      );
    }
    const found = this.#model.asOf(key, revision)?.revision ?? 0;
    promise(
      modRevision === undefined ? found === 0 : found !== modRevision,
      'a conflict is none',
      () => `${call.what} was refused as of ${revision}, where its condition holds`,
    );
    promise(
      revision >= call.floor,
      'linearizability',
      () => `${call.what} was refused as of ${revision}, before ${call.floor}`,
    );
    this.#show(call, revision);
  }

  /** A charge was refused at `revision`, with the put of `id`. */
  overQuota(call: Call, revision: number, id: string, charge: ChargeAsked): void {
    this.#refused.add(id);
    const mark = this.#model.asOf(charge.key, revision)?.id;
    promise(
      chargedId(mark, charge.uid, charge.amount) === undefined,
      'a quota that has room is not full',
      () => `${call.what} was refused as of ${revision}, where the quota was ${mark}`,
    );
    promise(
      revision >= call.floor,
      'linearizability',
      () => `${call.what} was refused as of ${revision}, before ${call.floor}`,
    );
    this.#show(call, revision);
  }

  /** A linearizable read saw the store at `revision`, and there these values (by id) of these keys. */
  read(call: Call, revision: number, seen: ReadonlyMap<string, string | undefined>): void {
    this.linearizableReads += 1;
    promise(revision >= call.floor, 'linearizability', () => {
      return `${call.what} begun at ${call.begunAt.toFixed(1)} ms read as of ${revision}, although ${call.floor} had been shown before`;
    });
    this.saw(call.what, revision, seen);
    this.#show(call, revision);
  }

  /** Any read, also a stale one: it saw the state of `revision` and nothing else. */
  saw(what: string, revision: number, seen: ReadonlyMap<string, string | undefined>): void {
    for (const [key, id] of seen) {
      const expected = this.#model.asOf(key, revision)?.id;
      promise(
        id === expected,
        'reads see one revision',
        () => `${what} as of ${revision} saw ${key}=${id}, not ${expected}`,
      );
    }
  }

  /** The client was told that its transaction certainly did not happen. */
  refused(call: Call, ids: readonly string[]): void {
    for (const id of ids) {
      this.#refused.add(id);
      promise(this.#model.appliedAt(id) === undefined, 'a refused write does not happen', () => call.what);
    }
  }

  /** The client does not know. */
  lost(_call: Call): void {
    this.unknown += 1;
  }

  #show(_call: Call, revision: number): void {
    this.#shown = Math.max(this.#shown, revision);
  }

  /** At the end: everything acknowledged is there, nothing refused is. */
  finish(): void {
    for (const [id, revision] of this.#acknowledged) {
      promise(this.#model.appliedAt(id) === revision, 'no acknowledged write is lost', () => `${id} at ${revision}`);
    }
    for (const id of this.#refused) {
      promise(
        this.#model.appliedAt(id) === undefined,
        'a refused write does not happen',
        () => `${id} was applied later`,
      );
    }
  }
}
