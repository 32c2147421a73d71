/** What arrives of a stream, for its reader. */
export class Pipe implements AsyncIterable<Buffer> {
  readonly #held: (Buffer | undefined | Error)[] = [];
  #waiting: (() => void) | undefined;

  push(item: Buffer | undefined | Error): void {
    this.#held.push(item);
    this.#waiting?.();
    this.#waiting = undefined;
  }
  end(): void {
    this.push(undefined);
  }
  fail(error: Error): void {
    this.push(error);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    for (;;) {
      while (this.#held.length === 0) await new Promise<void>((resolve) => (this.#waiting = resolve));
      const item = this.#held.shift();
      if (item instanceof Error) throw item;
      if (item === undefined) return;
      yield item;
    }
  }
}
