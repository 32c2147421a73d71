import { ByteWindow } from './byte-window.js';

/**
 * Bytes that a leader has proposed and not yet seen committed and on its own disk, bounded. Entries from before its term
 * do not count.
 * At the bound a batch is refused, unless nothing is outstanding: one large batch always gets through.
 */
export class UncommittedBytes extends ByteWindow {
  constructor(private readonly bytesMax: number) {
    super();
  }

  admits(bytes: number): boolean {
    return this.bytes === 0 || this.bytes + bytes <= this.bytesMax;
  }
}
