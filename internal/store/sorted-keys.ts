/** A chunk is split when it grows beyond this. */
const CHUNK_MAX = 512;

/** A set of texts in order of their code units: to add one costs some microseconds however many there are. */
export class SortedKeys {
  /** None is empty; every text of one is below every text of the next. */
  #chunks: string[][] = [];

  /** Adds a text that is not there. */
  add(key: string): void {
    const last = this.#chunks.at(-1);
    if (last === undefined) {
      this.#chunks.push([key]);
      return;
    }
    const place = this.#chunkOf(key);
    const chunk = this.#chunks[place] ?? last;
    chunk.splice(lowerBound(chunk, key), 0, key);
    if (chunk.length <= CHUNK_MAX) return;
    // What is added in order leaves full chunks behind.
    const isAtEnd = chunk === last && chunk.at(-1) === key;
    const rest = chunk.splice(isAtEnd ? chunk.length - 1 : chunk.length >> 1);
    this.#chunks.splice(Math.min(place, this.#chunks.length - 1) + 1, 0, rest);
  }

  /** The first chunk whose last text is not below `key`; the number of chunks if there is none. */
  #chunkOf(key: string): number {
    let [lo, hi] = [0, this.#chunks.length];
    while (lo < hi) {
      const middle = (lo + hi) >> 1;
      if ((this.#chunks[middle]?.at(-1) ?? '') < key) lo = middle + 1;
      else hi = middle;
    }
    return lo;
  }

  /** Is there one in [start, end)? */
  hasIn(start: string, end: string): boolean {
    const place = this.#chunkOf(start);
    const chunk = this.#chunks[place];
    const first = chunk?.[lowerBound(chunk, start)];
    return first !== undefined && first < end;
  }

  /** Those in [start, end), in order. */
  *range(start: string, end: string): Generator<string, void> {
    let from = start;
    for (let place = this.#chunkOf(start); place < this.#chunks.length; place++) {
      const chunk = this.#chunks[place] ?? [];
      for (let i = from === '' ? 0 : lowerBound(chunk, from); i < chunk.length; i++) {
        const key = chunk[i] ?? '';
        if (key >= end) return;
        yield key;
      }
      from = '';
    }
  }

  /** Those from `start` down to just above `end`. */
  *rangeDown(start: string, end: string): Generator<string, void> {
    for (let place = Math.min(this.#chunkOf(start), this.#chunks.length - 1); place >= 0; place--) {
      const chunk = this.#chunks[place] ?? [];
      let i = lowerBound(chunk, start);
      if (chunk[i] !== start) i--;
      for (; i >= 0; i--) {
        const key = chunk[i] ?? '';
        if (key <= end) return;
        yield key;
      }
    }
  }
}

/** Place of the first text that is not below `key`. */
function lowerBound(keys: readonly string[], key: string): number {
  let [lo, hi] = [0, keys.length];
  while (lo < hi) {
    const middle = (lo + hi) >> 1;
    if ((keys[middle] ?? '') < key) lo = middle + 1;
    else hi = middle;
  }
  return lo;
}
