import { type StateHash, type StateMeta, stateHashOf } from './meta.js';

type Hashed = Pick<StateMeta, 'hashA' | 'hashB' | 'sums'>;

/** The state's hash at the ends of the last entries applied, by revision: what replicas compare with each other. */
export class HashRing {
  readonly #max: number;
  /** In order of revision. */
  readonly #hashes = new Map<number, Hashed>();

  /** Remembers `max` revisions. */
  constructor(max: number) {
    this.#max = max;
  }

  /** The hash of this state at its revision, as it is now. */
  note(meta: Readonly<StateMeta>): void {
    this.#hashes.set(meta.revision, { hashA: meta.hashA, hashB: meta.hashB, sums: { ...meta.sums } });
    if (this.#hashes.size <= this.#max) return;
    for (const oldest of this.#hashes.keys()) {
      this.#hashes.delete(oldest);
      return;
    }
  }

  at(revision: number): StateHash | undefined {
    const hashed = this.#hashes.get(revision);
    return hashed === undefined ? undefined : stateHashOf(hashed);
  }

  clear(): void {
    this.#hashes.clear();
  }
}
