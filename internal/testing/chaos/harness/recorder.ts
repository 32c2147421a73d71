import type { History, Listing, LocalGet, Operation, WatchHistory } from '../checks/history.js';

/** An answer that no server in whatever trouble should give. */
export interface Oddity {
  readonly at: number;
  readonly text: string;
}

/** Collects what clients and watchers see in one epoch. */
export class Recorder {
  readonly operations: Operation[] = [];
  readonly listings: Listing[] = [];
  readonly localGets: LocalGet[] = [];
  readonly oddities: Oddity[] = [];

  /** Milliseconds since the harness began: one clock for everything. */
  now(): number {
    return performance.now();
  }

  odd(text: string): void {
    this.oddities.push({ at: this.now(), text });
  }

  history(watches: readonly WatchHistory[]): History {
    const { operations, listings, localGets } = this;
    return { operations, listings, localGets, watches };
  }
}
