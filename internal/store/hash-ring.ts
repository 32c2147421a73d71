/** The state's hash at the ends of the last entries applied, by revision: what replicas compare with each other. */
export class HashRing {
  readonly #max: number;
  /** In order of revision. */
  readonly #hashes = new Map<number, string>();

  /** Remembers `max` revisions. */
  constructor(max: number) {
    this.#max = max;
  }

  note(revision: number, hash: string): void {
    this.#hashes.set(revision, hash);
    if (this.#hashes.size <= this.#max) return;
    for (const oldest of this.#hashes.keys()) {
      this.#hashes.delete(oldest);
      return;
    }
  }

  at(revision: number): string | undefined {
    return this.#hashes.get(revision);
  }

  clear(): void {
    this.#hashes.clear();
  }
}
