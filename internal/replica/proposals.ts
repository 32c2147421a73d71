import type { ProposeResult, Refusal } from '../raft/index.js';
import { type Command, encodeProposal, type Proposal } from '../store/command.js';
import { OverloadedError, type TxnResult, UnavailableError } from '../store/types.js';

/** Bounds on what this replica has asked for and not yet seen applied; beyond them a proposal is refused (429). */
export const PROPOSALS_MAX = 4_096;
export const PROPOSAL_BYTES_MAX = 64 * 1024 * 1024;
/** What one log entry holds at most. */
const ENTRY_COMMANDS_MAX = 512;
const ENTRY_BYTES_MAX = 1024 * 1024;
/** So much is encoded and handed to Raft at a time, and with that becomes one append: more would hold the loop. */
const FLUSH_BYTES = 4 * 1024 * 1024;
/** A forwarded entry not seen applied after this long is sent again: the message may be lost, repeating is harmless. */
const RESEND_MS = 1_000;

interface Item {
  readonly command: Command;
  readonly bytes: number;
  readonly deadline: number;
  readonly resolve: (result: TxnResult) => void;
  readonly reject: (error: Error) => void;
  settled: boolean;
}

interface Pending {
  readonly proposal: Proposal;
  readonly payload: Buffer;
  readonly items: readonly Item[];
  sentAt: number;
  /** How often it was handed on: after the first time a refusal does not mean that no copy of it is in a log. */
  sends: number;
  needsSending: boolean;
}

export interface ProposalsOptions {
  readonly proposer: number;
  /** The first seq is one above; must be above any used before by this proposer. */
  readonly seq: number;
  readonly propose: (payload: Buffer, context: string) => ProposeResult;
  /** What times to live are counted from, in ms since 1970; default the wall clock. */
  readonly now?: () => number;
  /** Work was queued: `flush` should be called soon. */
  readonly wake: () => void;
}

/**
 * What this replica has proposed: packs commands into log entries, sends them until they are seen applied or their time
 * is up, and settles the callers. An entry may be sent any number of times and is applied at most once (Proposal.seq).
 */
export class Proposals {
  readonly #options: ProposalsOptions;
  #seq: number;
  #queue: Item[] = [];
  /** In order of seq. */
  readonly #pending = new Map<number, Pending>();
  /** Applied, waiting to be visible to readers. */
  readonly #applied: { readonly index: number; readonly item: Item; readonly result: TxnResult }[] = [];
  #count = 0;
  #bytes = 0;
  #closed: Error | undefined;

  constructor(options: ProposalsOptions) {
    this.#options = options;
    this.#seq = options.seq;
  }

  get inFlight(): number {
    return this.#count;
  }
  /** Writes held that no log entry has been made of. */
  get queued(): number {
    return this.#queue.length;
  }

  /** Resolves when the command is applied and visible here. Rejects with OverloadedError or UnavailableError. */
  submit(command: Command, bytes: number, timeoutMs: number): Promise<TxnResult> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed);
    if (this.#count >= PROPOSALS_MAX || (this.#count > 0 && this.#bytes + bytes > PROPOSAL_BYTES_MAX)) {
      return Promise.reject(
        new OverloadedError(`too many writes are in flight (${this.#count}, ${this.#bytes} bytes); try again`),
      );
    }
    this.#count++;
    this.#bytes += bytes;
    return new Promise((resolve, reject) => {
      this.#queue.push({ command, bytes, deadline: performance.now() + timeoutMs, resolve, reject, settled: false });
      if (this.#queue.length === 1) this.#options.wake();
    });
  }

  /**
   * Hands what is queued to Raft, as few entries as will do, and no more than `FLUSH_BYTES` and one entry: it asks to be
   * woken for the rest. What Raft does not take now stays queued.
   */
  flush(): void {
    for (let bytes = 0; this.#queue.length > 0; ) {
      if (bytes >= FLUSH_BYTES) {
        this.#options.wake();
        return;
      }
      const items = this.#takeItems();
      if (items.length === 0) return;
      this.#seq++;
      const proposal = {
        proposer: this.#options.proposer,
        seq: this.#seq,
        time: (this.#options.now ?? Date.now)(),
        commands: items.map((item) => item.command),
      };
      const pending = { proposal, payload: encodeProposal(proposal), items, sentAt: 0, sends: 0, needsSending: true };
      this.#pending.set(this.#seq, pending);
      bytes += pending.payload.length;
      if (!this.#send(pending)) return;
    }
  }

  #takeItems(): Item[] {
    const items: Item[] = [];
    let bytes = 0;
    let taken = 0;
    for (const item of this.#queue) {
      if (items.length >= ENTRY_COMMANDS_MAX || (items.length > 0 && bytes + item.bytes > ENTRY_BYTES_MAX)) break;
      taken++;
      if (item.settled) continue;
      bytes += item.bytes;
      items.push(item);
    }
    this.#queue = taken === this.#queue.length ? [] : this.#queue.slice(taken);
    return items;
  }

  /** False when there is nobody to send to now. */
  #send(pending: Pending): boolean {
    const result = this.#options.propose(pending.payload, String(pending.proposal.seq));
    if (result.status === 'accepted') {
      pending.sentAt = performance.now();
      pending.sends++;
      pending.needsSending = false;
      return true;
    }
    if (result.status === 'overloaded' && pending.sends === 0) {
      this.#drop(pending, new OverloadedError('the replicated log is not keeping up; try again'));
      return true;
    }
    pending.needsSending = true;
    return false;
  }

  #drop(pending: Pending, error: Error): void {
    this.#pending.delete(pending.proposal.seq);
    for (const item of pending.items) this.#reject(item, error);
  }

  /** The decoded form of an entry that we proposed and still wait for. */
  decoded(seq: number): Proposal | undefined {
    return this.#pending.get(seq)?.proposal;
  }

  /** Our entry `seq` was applied at `index`; `results` is undefined when it had been applied before. */
  onApplied(seq: number, index: number, results: readonly TxnResult[] | undefined): void {
    const pending = this.#pending.get(seq);
    if (pending !== undefined && results !== undefined) {
      this.#pending.delete(seq);
      for (const [i, item] of pending.items.entries()) {
        const result = results[i];
        if (result !== undefined) this.#applied.push({ index, item, result });
      }
    }
    // Entries of ours before this one that were not applied until now never will be: they go out under a new number.
    const lost: Item[] = [];
    for (const [earlier, dead] of this.#pending) {
      if (earlier > seq) break;
      this.#pending.delete(earlier);
      for (const item of dead.items) if (!item.settled) lost.push(item);
    }
    if (lost.length > 0) {
      this.#queue = [...lost, ...this.#queue];
      this.#options.wake();
    }
  }

  /** A snapshot took the place of the state: what it holds of ours, up to this seq, we shall not see applied. */
  onSnapshot(appliedSeq: number): void {
    for (const [seq, pending] of this.#pending) {
      if (seq > appliedSeq) break;
      this.#drop(
        pending,
        new UnavailableError('this replica was behind and cannot tell whether the write was done', true),
      );
    }
  }

  /** Readers see everything up to `appliedIndex` now. */
  onVisible(appliedIndex: number): void {
    let done = 0;
    for (const { index, item, result } of this.#applied) {
      if (index > appliedIndex) break;
      done++;
      if (this.#settle(item)) item.resolve(result);
    }
    if (done > 0) this.#applied.splice(0, done);
  }

  /** The leader refused an entry that we had forwarded: it took no effect. False when it is none of ours. */
  onRefused(refusal: Refusal): boolean {
    const pending = this.#pending.get(Number(refusal.context));
    if (pending === undefined) return false;
    if (refusal.reason === 'overloaded' && pending.sends === 1) {
      this.#drop(pending, new OverloadedError('the leader has too much in flight; try again'));
    } else {
      pending.needsSending = true;
    }
    return true;
  }

  /** There is another leader (or another term): what the last one had may be lost. */
  onLeader(): void {
    for (const pending of this.#pending.values()) pending.needsSending = true;
    this.resend(false);
  }

  /** Sends again what may be lost; `stale` also what was sent long ago. */
  resend(stale: boolean): void {
    const before = performance.now() - RESEND_MS;
    for (const pending of this.#pending.values()) {
      if (!pending.needsSending && !(stale && pending.sentAt < before)) continue;
      if (pending.items.every((item) => item.settled)) this.#pending.delete(pending.proposal.seq);
      else if (!this.#send(pending)) return;
    }
  }

  /** Gives up on what is over its time. */
  expire(now: number): void {
    let expired = 0;
    for (const item of this.#queue) {
      if (item.settled || item.deadline > now) continue;
      this.#reject(item, new UnavailableError('no leader took the write within its time', false));
      expired++;
    }
    // A leader takes nothing from the queue while its disk stands still, and what is over its time is not counted any more.
    if (expired > 0) this.#queue = this.#queue.filter((item) => !item.settled);
    const kept: Item[] = [];
    for (const [seq, { items, sentAt }] of this.#pending) {
      const sent = sentAt > 0;
      const late = items.filter((item) => !item.settled && item.deadline <= now);
      const message = sent ? 'the write was not confirmed within its time' : 'no leader took the write within its time';
      for (const item of late) this.#reject(item, new UnavailableError(message, sent));
      if (sent || late.length === 0) continue;
      // What is refused for certain must not go out with the others of its entry: they make another one (seed 4316).
      this.#pending.delete(seq);
      kept.push(...items.filter((item) => !item.settled));
    }
    if (kept.length === 0) return;
    this.#queue = [...kept, ...this.#queue];
    this.#options.wake();
  }

  #reject(item: Item, error: Error): void {
    if (this.#settle(item)) item.reject(error);
  }
  #settle(item: Item): boolean {
    if (item.settled) return false;
    item.settled = true;
    this.#count--;
    this.#bytes -= item.bytes;
    return true;
  }

  /** Rejects everything, now and from now on. */
  close(reason: string): void {
    if (this.#closed !== undefined) return;
    this.#closed = new UnavailableError(reason, false);
    for (const item of this.#queue) this.#reject(item, this.#closed);
    for (const pending of this.#pending.values()) {
      for (const item of pending.items) this.#reject(item, new UnavailableError(reason, pending.sentAt > 0));
    }
    for (const { item } of this.#applied) this.#reject(item, new UnavailableError(reason, true));
    this.#queue = [];
    this.#pending.clear();
    this.#applied.length = 0;
  }
}
