/** Chunks that are kept as they came, however short. */
const MAX_LOOSE = 64;
/** Beyond those, shorter chunks are copied together, bytes. */
const SHORT_BYTES = 1024;
const BLOCK_BYTES = 16 * 1024;
const EMPTY: Buffer = Buffer.alloc(0);

/**
 * Bytes that come in chunks and are wanted whole. Who sends each byte by itself makes a hundred bytes of memory of it:
 * short chunks are copied together, so that what is held takes about as much as it has bytes. Who fills it bounds `bytes`.
 */
export class Gathered {
  private parts: Buffer[] = [];
  private block = EMPTY;
  /** What of the block is not among the parts yet. */
  private from = 0;
  private to = 0;
  private held = 0;

  get bytes(): number {
    return this.held;
  }

  push(chunk: Buffer): void {
    const { length } = chunk;
    if (length === 0) return;
    this.held += length;
    if (length >= SHORT_BYTES || this.parts.length < MAX_LOOSE) {
      this.seal();
      this.parts.push(chunk);
      return;
    }
    if (this.to + length > this.block.length) {
      this.seal();
      this.block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
      this.from = this.to = 0;
    }
    chunk.copy(this.block, this.to);
    this.to += length;
  }

  /** All bytes in one piece; none are held any more. */
  take(): Buffer {
    this.seal();
    const { parts, held } = this;
    const [first = EMPTY] = parts;
    this.parts = [];
    this.held = 0;
    return parts.length === 1 ? first : Buffer.concat(parts, held);
  }

  private seal(): void {
    if (this.from < this.to) this.parts.push(this.block.subarray(this.from, this.to));
    this.from = this.to;
  }
}

/** Bytes of a connection that are read from their beginning, as many at a time as the next frame has. */
export class ByteQueue {
  private front = EMPTY;
  private readonly behind = new Gathered();

  get bytes(): number {
    return this.front.length + this.behind.bytes;
  }

  push(chunk: Buffer): void {
    this.behind.push(chunk);
  }

  /** At least the first `count` bytes, in one piece; undefined while they are not there. */
  peek(count: number): Buffer | undefined {
    if (this.front.length >= count) return this.front;
    if (this.bytes < count) return undefined;
    const more = this.behind.take();
    this.front = this.front.length === 0 ? more : Buffer.concat([this.front, more]);
    return this.front;
  }

  /** Leaves out the first `count` bytes, which were peeked at. */
  skip(count: number): void {
    this.front = this.front.subarray(count);
  }
}
