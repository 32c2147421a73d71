import type { NodeId } from './types.js';

export interface PendingRead {
  readonly context: string;
  /** The member that asked; our own id for a local read. */
  readonly from: NodeId;
  /** Commit index when the read was asked for; what it must see. */
  readonly index: number;
  /** Heartbeat round sent after the read came in; a quorum's answer to it proves that we still led. */
  readonly round: number;
}

/**
 * Linearizable reads that wait on the leader (dissertation, 6.4). Reads that come in before one Ready share one
 * heartbeat round. A round is named by (term, number): never used twice, so that a late answer to an earlier round
 * cannot confirm a later read (etcd#20418).
 */
export class ReadQueue {
  /** The last round that was broadcast. */
  round = 0;
  #pending: PendingRead[] = [];
  /** Asked for before this leader had committed an entry of its own term. */
  #early: { readonly context: string; readonly from: NodeId }[] = [];

  constructor(private readonly max: number) {}

  get size(): number {
    return this.#pending.length + this.#early.length;
  }

  get full(): boolean {
    return this.size >= this.max;
  }

  /** Is there a read that no broadcast round covers yet? */
  get needsRound(): boolean {
    return (this.#pending.at(-1)?.round ?? 0) > this.round;
  }

  addEarly(context: string, from: NodeId): void {
    this.#early.push({ context, from });
  }

  add(context: string, from: NodeId, index: number): void {
    this.#pending.push({ context, from, index, round: this.round + 1 });
  }

  takeEarly(): readonly { readonly context: string; readonly from: NodeId }[] {
    const early = this.#early;
    this.#early = [];
    return early;
  }

  /** Removes and returns the reads whose round is confirmed, oldest first. */
  takeConfirmed(round: number): readonly PendingRead[] {
    let n = 0;
    while (n < this.#pending.length && (this.#pending[n]?.round ?? 0) <= round) n += 1;
    return n === 0 ? [] : this.#pending.splice(0, n);
  }

  /** Forgets everything; returns what was waiting. */
  clear(): readonly { readonly context: string; readonly from: NodeId }[] {
    const dropped = [...this.#early, ...this.#pending];
    this.#early = [];
    this.#pending = [];
    return dropped;
  }
}
