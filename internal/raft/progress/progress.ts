import { Inflights } from './inflights.js';

/**
 * probe: where the follower's log agrees with ours is not known; one append at a time.
 * replicate: known; appends are pipelined, `next` runs ahead of the acknowledgements.
 * snapshot: what it needs is compacted; nothing is sent until the snapshot has arrived or failed.
 */
export type ProgressState = 'probe' | 'replicate' | 'snapshot';

export interface ProgressLimits {
  readonly maxInflightMessages: number;
  readonly maxInflightBytes: number;
}

/** What a leader knows of one member (dissertation, 10.2.1 for the pipeline). Always match < next. */
export class Progress {
  /** Highest index that the member has told us it persisted, in agreement with our log. */
  match = 0;
  /** First index to send next. */
  next: number;
  state: ProgressState = 'probe';
  /** No append leaves until something is heard of the member. */
  paused = false;
  /** Heard of since the last quorum check. */
  recentActive = false;
  /** Index of the snapshot on its way, in state `snapshot`. */
  pendingSnapshot = 0;
  /** Latest heartbeat round that the member has answered (ReadIndex). */
  ackedRound = 0;
  isLearner = false;
  readonly inflights: Inflights;

  constructor(next: number, limits: ProgressLimits) {
    this.next = next;
    this.inflights = new Inflights(limits.maxInflightMessages, limits.maxInflightBytes);
  }

  becomeProbe(): void {
    // After a snapshot the member's log begins behind it; without one, behind what it is known to have.
    this.next = this.state === 'snapshot' ? Math.max(this.match, this.pendingSnapshot) + 1 : this.match + 1;
    this.#enter('probe');
  }

  becomeReplicate(): void {
    this.next = this.match + 1;
    this.#enter('replicate');
  }

  becomeSnapshot(index: number): void {
    this.#enter('snapshot');
    this.pendingSnapshot = index;
    this.next = index + 1;
  }

  /** May no append be sent now? */
  get isPaused(): boolean {
    return this.state === 'snapshot' || this.paused;
  }

  /** Accounts for an append of `count` entries (`bytes` in all), possibly none, that is being sent. */
  sent(count: number, bytes: number): void {
    if (this.state === 'replicate') {
      if (count > 0) {
        this.next += count;
        this.inflights.add(this.next - 1, bytes);
      }
      this.paused = this.inflights.full;
    } else if (count > 0) {
      this.paused = true;
    }
  }

  /** The member has persisted up to `index`. False when that is no news. */
  acknowledge(index: number): boolean {
    this.next = Math.max(this.next, index + 1);
    if (index <= this.match) return false;
    this.match = index;
    this.paused = false;
    return true;
  }

  /**
   * The member rejected an append that followed `rejected`; `hint` is where the logs may agree. Moves `next` back and
   * returns true, or returns false for a rejection of something older than what was sent last, or of what the member has
   * acknowledged: were that answered, a member that has lost its log would be asked again as fast as messages travel.
   */
  rejected(rejected: number, hint: number): boolean {
    if (rejected <= this.match) return false;
    if (this.state === 'replicate') {
      this.next = this.match + 1;
      return true;
    }
    if (this.next - 1 !== rejected) return false;
    this.next = Math.max(Math.min(rejected, hint + 1), this.match + 1);
    this.paused = false;
    return true;
  }

  #enter(state: ProgressState): void {
    this.state = state;
    this.paused = false;
    this.pendingSnapshot = 0;
    this.inflights.reset();
  }
}
