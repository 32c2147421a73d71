/** Pieces below this are gathered in blocks of the second size, bytes: a body may come in pieces of a byte. */
const SMALL_BYTES = 4 * 1024;
const BLOCK_BYTES = 16 * 1024;
const EMPTY = Buffer.alloc(0);

/**
 * What has come of a body, copied. It takes as much memory as there are bytes, and some KiB, however small the pieces are
 * in which they came; the first piece, which is often all, takes no more than its own size.
 */
export class Pieces {
  private whole: Buffer[] = [];
  private block: Buffer | undefined;
  private used = 0;

  /** Copies a piece. */
  add(piece: Uint8Array): void {
    if (piece.length === 0) return;
    if (piece.length >= SMALL_BYTES || (this.whole.length === 0 && this.block === undefined)) {
      this.closeBlock();
      this.whole.push(Buffer.from(piece));
      return;
    }
    if (this.block === undefined || this.used + piece.length > BLOCK_BYTES) {
      this.closeBlock();
      this.block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
    }
    this.block.set(piece, this.used);
    this.used += piece.length;
  }

  /** All of it, in order, in few pieces; nothing is left. */
  takeAll(): Buffer[] {
    this.closeBlock();
    const { whole } = this;
    this.whole = [];
    return whole;
  }

  /** All of it in one; nothing is left. */
  takeWhole(): Buffer {
    const all = this.takeAll();
    return all.length > 1 ? Buffer.concat(all) : (all[0] ?? EMPTY);
  }

  private closeBlock(): void {
    if (this.block !== undefined) this.whole.push(this.block.subarray(0, this.used));
    this.block = undefined;
    this.used = 0;
  }
}
