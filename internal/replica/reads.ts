import type { ReadResult, ReadState, Refusal } from '../raft/index.js';
import { OverloadedError, UnavailableError } from '../store/types.js';

/** Read barriers waiting on this replica, at most; beyond it OverloadedError. */
const WAITING_MAX = 16_384;
/** ReadIndex rounds under way at once, at most; later reads gather for the next one. */
const ROUNDS_MAX = 16;
/** A round without an answer is asked again under a new id: its messages may be lost. */
const ROUND_RETRY_MS = 300;

interface Waiter {
  readonly deadline: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  settled: boolean;
}

interface Round {
  readonly waiters: readonly Waiter[];
  readonly sentAt: number;
}

export interface ReadsOptions {
  /** Prefix that makes round ids unique over replicas and restarts. */
  readonly prefix: string;
  readonly readIndex: (context: string) => ReadResult;
  /** Applied and visible here. */
  readonly visibleIndex: () => number;
  readonly wake: () => void;
  /** Calls `goOn`, which lets one read that waited go on, soon: many may be served at once. At once when absent. */
  readonly release?: ((goOn: () => void) => void) | undefined;
}

/** Linearizable reads of this replica: one ReadIndex round serves every read that was waiting when it began. */
export class Reads {
  readonly #options: ReadsOptions;
  #gathering: Waiter[] = [];
  readonly #rounds = new Map<string, Round>();
  /** Confirmed, waiting for the index to be visible; in order of index, as confirmations are. */
  #confirmed: { readonly index: number; readonly waiters: readonly Waiter[] }[] = [];
  #number = 0;
  #waiting = 0;
  #closed: Error | undefined;

  constructor(options: ReadsOptions) {
    this.#options = options;
  }

  /** Rounds held that were confirmed and wait for their index to be visible. */
  get confirmed(): number {
    return this.#confirmed.length;
  }

  /** Resolves when everything committed before the call is visible here. */
  wait(timeoutMs: number): Promise<void> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed);
    if (this.#waiting >= WAITING_MAX)
      return Promise.reject(new OverloadedError('too many reads are waiting; try again'));
    this.#waiting++;
    return new Promise((resolve, reject) => {
      this.#gathering.push({ deadline: performance.now() + timeoutMs, resolve, reject, settled: false });
      if (this.#gathering.length === 1) this.#options.wake();
    });
  }

  /** Begins a round for the reads gathered so far, if a leader is known and few enough rounds are under way. */
  flush(): void {
    if (this.#gathering.length === 0 || this.#rounds.size >= ROUNDS_MAX) return;
    this.#number++;
    const context = `${this.#options.prefix}.${this.#number}`;
    const result = this.#options.readIndex(context);
    if (result.status === 'dropped') {
      if (result.reason === 'overloaded') this.#rejectAll(this.#gathering.splice(0), overloaded());
      return;
    }
    this.#rounds.set(context, { waiters: this.#gathering, sentAt: performance.now() });
    this.#gathering = [];
  }

  onReadState(state: ReadState): void {
    const round = this.#rounds.get(state.context);
    if (round === undefined) return;
    this.#rounds.delete(state.context);
    if (state.index <= this.#options.visibleIndex()) this.#resolveAll(round.waiters);
    else this.#confirmed.push({ index: state.index, waiters: round.waiters });
    if (this.#gathering.length > 0) this.#options.wake();
  }

  onRefused(refusal: Refusal): void {
    const round = this.#rounds.get(refusal.context);
    if (round === undefined) return;
    this.#rounds.delete(refusal.context);
    if (refusal.reason === 'overloaded') this.#rejectAll(round.waiters, overloaded());
    else this.#gathering = [...round.waiters, ...this.#gathering];
  }

  /** There is another leader: it knows nothing of the rounds that the last one was asked for. */
  onLeader(): void {
    this.#regather(Number.POSITIVE_INFINITY);
  }

  onVisible(appliedIndex: number): void {
    if (this.#confirmed.length === 0) return;
    const waiting: { readonly index: number; readonly waiters: readonly Waiter[] }[] = [];
    for (const confirmed of this.#confirmed) {
      if (confirmed.index <= appliedIndex) this.#resolveAll(confirmed.waiters);
      else waiting.push(confirmed);
    }
    this.#confirmed = waiting;
  }

  /** Gives up on reads over their time, and asks again in rounds that got no answer. */
  expire(now: number): void {
    if (this.#waiting === 0) return;
    const error = new UnavailableError('no leader confirmed the read within its time', false);
    const late = (waiter: Waiter): boolean => !waiter.settled && waiter.deadline <= now;
    this.#rejectAll(this.#gathering.filter(late), error);
    for (const round of this.#rounds.values()) this.#rejectAll(round.waiters.filter(late), error);
    for (const confirmed of this.#confirmed) this.#rejectAll(confirmed.waiters.filter(late), error);
    // While the state stands still nothing else takes them away.
    this.#confirmed = this.#confirmed.filter(({ waiters }) => waiters.some((waiter) => !waiter.settled));
    this.#regather(now - ROUND_RETRY_MS);
    this.#gathering = this.#gathering.filter((waiter) => !waiter.settled);
  }

  #regather(sentBefore: number): void {
    for (const [context, round] of this.#rounds) {
      if (round.sentAt >= sentBefore) continue;
      this.#rounds.delete(context);
      this.#gathering.push(...round.waiters.filter((waiter) => !waiter.settled));
    }
    if (this.#gathering.length > 0) this.#options.wake();
  }

  #resolveAll(waiters: readonly Waiter[]): void {
    const { release } = this.#options;
    for (const waiter of waiters) {
      if (!this.#settle(waiter)) continue;
      if (release === undefined) waiter.resolve();
      else release(waiter.resolve);
    }
  }
  #rejectAll(waiters: readonly Waiter[], error: Error): void {
    for (const waiter of waiters) if (this.#settle(waiter)) waiter.reject(error);
  }
  #settle(waiter: Waiter): boolean {
    if (waiter.settled) return false;
    waiter.settled = true;
    this.#waiting--;
    return true;
  }

  /** Rejects everything, now and from now on. */
  close(reason: string): void {
    this.#closed ??= new UnavailableError(reason, false);
    const error = this.#closed;
    this.#rejectAll(this.#gathering.splice(0), error);
    for (const round of this.#rounds.values()) this.#rejectAll(round.waiters, error);
    for (const confirmed of this.#confirmed.splice(0)) this.#rejectAll(confirmed.waiters, error);
    this.#rounds.clear();
  }
}

function overloaded(): OverloadedError {
  return new OverloadedError('too many reads are waiting on the leader; try again');
}
