/**
 * Takes everything that is due, `concurrency` at a time. It never runs twice at once; what is asked for while it runs has
 * it look once more, so nothing is missed.
 */
export class Rounds<T> {
  #running = false;
  #again = false;
  #stopped = false;

  constructor(
    private readonly concurrency: number,
    private readonly due: () => T[],
    private readonly take: (item: T) => Promise<void>,
  ) {}

  get stopped(): boolean {
    return this.#stopped;
  }

  /** Nothing is begun after this; what is under way ends by itself. */
  stop(): void {
    this.#stopped = true;
  }

  async run(): Promise<void> {
    if (this.#running) {
      this.#again = true;
      return;
    }
    this.#running = true;
    try {
      do {
        this.#again = false;
        const queue = this.due();
        const worker = async (): Promise<void> => {
          for (let item = queue.pop(); item !== undefined && !this.#stopped; item = queue.pop()) await this.take(item);
        };
        await Promise.all(Array.from({ length: this.concurrency }, worker));
      } while (this.#again && !this.#stopped);
    } finally {
      this.#running = false;
    }
  }
}
