/** Rows are laid into pieces of this size, one behind the other; nothing else is in them. */
const PIECE_BYTES = 32 * 1024;
/** A larger row has memory of its own. */
const SHARED_BYTES_MAX = 4 * 1024;

let piece = Buffer.alloc(0);
let used = 0;

/**
 * Memory for a new row, with anything in it. Rows live until LMDB has them, and that is long after their request: in
 * `Buffer.allocUnsafe`'s pool each would keep bodies and answers that lie beside it, about three times as much as itself.
 */
export function rowMemory(bytes: number): Buffer {
  if (bytes > SHARED_BYTES_MAX) return Buffer.allocUnsafeSlow(bytes);
  if (used + bytes > piece.length) {
    piece = Buffer.allocUnsafeSlow(PIECE_BYTES);
    used = 0;
  }
  const row = piece.subarray(used, used + bytes);
  // Eight bytes at a time are written faster where they begin at a multiple of 8.
  used = Math.ceil((used + bytes) / 8) * 8;
  return row;
}
