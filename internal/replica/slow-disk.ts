import type { NodeId } from '../raft/index.js';

/** When a leader gives up leadership because of its disk. */
export interface SlowDiskLimits {
  /** A write of the log (fsync included) is slow beyond this, in ms; the median of those of the last 10 s is what counts. */
  readonly slowMs: number;
  /** It must have been so for this long, in ms: a burst passes. */
  readonly lastingMs: number;
  /** Who has led for less than this, in ms, goes on: where all disks are slow, leadership must not go round. */
  readonly termMs: number;
}

export const SLOW_DISK_LIMITS: SlowDiskLimits = { slowMs: 200, lastingMs: 3_000, termMs: 30_000 };

/** The transferee's acknowledgements (network, queue and disk together) take less than this part of our own writes. */
const MUCH_FASTER = 0.25;
const WINDOW_MS = 10_000;
const SAMPLES_MAX = 32;
/** Fewer say nothing. */
const SAMPLES_MIN = 3;

/** Durations of the last 10 s, at most 32. */
class Recent {
  #samples: { readonly at: number; readonly ms: number }[] = [];

  add(at: number, ms: number): void {
    this.#samples.push({ at, ms });
    if (this.#samples.length > SAMPLES_MAX) this.#samples.shift();
  }

  /** Undefined when there are too few; a write that has been under way for the whole window speaks for itself. */
  median(now: number, underWayMs = 0): number | undefined {
    if (underWayMs >= WINDOW_MS) return underWayMs;
    const recent = this.#samples.filter(({ at }) => at > now - WINDOW_MS).map(({ ms }) => ms);
    if (recent.length < SAMPLES_MIN) return undefined;
    return recent.sort((a, b) => a - b)[Math.floor(recent.length / 2)];
  }
}

interface Member {
  readonly acknowledgements: Recent;
  /** The append that is being timed; 0 for none. */
  index: number;
  sentAt: number;
}

/**
 * What a leader knows of the disks: its own, by its log's writes, and the followers', by how long they take to
 * acknowledge. Times are those of `performance.now`.
 */
export class DiskWatch {
  readonly #limits: SlowDiskLimits;
  readonly #own = new Recent();
  readonly #members = new Map<NodeId, Member>();
  #leadsSince: number | undefined;
  #slowSince: number | undefined;

  constructor(limits: SlowDiskLimits) {
    this.#limits = limits;
  }

  /** One write of the own log took this long. */
  onWritten(now: number, ms: number): void {
    this.#own.add(now, ms);
  }

  /** Entries up to `index` leave for a member. One append at a time is timed for each. */
  onSent(to: NodeId, index: number, now: number): void {
    let member = this.#members.get(to);
    if (member === undefined) {
      member = { acknowledgements: new Recent(), index: 0, sentAt: 0 };
      this.#members.set(to, member);
    }
    if (member.index !== 0) return;
    member.index = index;
    member.sentAt = now;
  }

  /** A member has what it was sent up to `index` on disk. */
  onAcknowledged(from: NodeId, index: number, now: number): void {
    const member = this.#members.get(from);
    if (member === undefined || member.index === 0 || index < member.index) return;
    member.acknowledgements.add(now, now - member.sentAt);
    member.index = 0;
  }

  /**
   * To be asked about once a second. The member that leadership should go to, of `candidates` (voters that are up to
   * date), or undefined; `underWayMs` is how long the write that is under way has taken so far.
   */
  transferee(now: number, leads: boolean, candidates: readonly NodeId[], underWayMs: number): Transferee | undefined {
    if (!leads) {
      this.#leadsSince = undefined;
      this.#slowSince = undefined;
      this.#members.clear();
      return undefined;
    }
    this.#leadsSince ??= now;
    const ownMs = this.#own.median(now, underWayMs);
    if (ownMs === undefined || ownMs < this.#limits.slowMs) {
      this.#slowSince = undefined;
      return undefined;
    }
    this.#slowSince ??= now;
    if (now - this.#slowSince < this.#limits.lastingMs || now - this.#leadsSince < this.#limits.termMs)
      return undefined;
    let best: Transferee | undefined;
    for (const id of candidates) {
      const ms = this.#members.get(id)?.acknowledgements.median(now);
      if (ms === undefined || ms > ownMs * MUCH_FASTER || ms >= (best?.ms ?? Infinity)) continue;
      best = { id, ms, ownMs };
    }
    return best;
  }
}

/** Who should lead instead. */
export interface Transferee {
  readonly id: NodeId;
  /** Median of its acknowledgements and of our own writes, in ms. */
  readonly ms: number;
  readonly ownMs: number;
}
