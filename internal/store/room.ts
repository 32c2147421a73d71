import { statfsSync } from 'node:fs';

const MIB = 1024 * 1024;
/** What must be free beside the bytes to write: for pages that are written along with them, and for others who write. */
const MARGIN_BYTES = 8 * MIB;
/** What one row may cost beside its value, as the pages above it are written anew; many rows share those. */
const ROW_BYTES = 8 * 1024;
const ROWS_BYTES_MAX = 16 * MIB;
/** With so much free at the last look there is no need to look again for a while. */
const PLENTY_BYTES = 1024 * MIB;
const LOOK_AGAIN_MS = 1_000;

/**
 * Is there room on the disk for a commit? To be asked before each one: a write of LMDB's that fails for want of space
 * overruns a buffer of its own (mdb.c, mdb_page_flush: 100 bytes for a longer text), which ends the process.
 */
export class Room {
  #free = 0;
  #lookedAt = -Infinity;

  /** An error of a full disk when `bytes` of values in `rows` may not fit into the file system of `path`. */
  lacks(path: string, bytes: number, rows: number): Error | undefined {
    const needed = bytes + Math.min(rows * ROW_BYTES, ROWS_BYTES_MAX) + MARGIN_BYTES;
    const now = performance.now();
    this.#free -= needed;
    if (this.#free > PLENTY_BYTES && now < this.#lookedAt + LOOK_AGAIN_MS) return undefined;
    const { bavail, bsize } = statfsSync(path);
    this.#free = bavail * bsize - needed;
    this.#lookedAt = now;
    if (this.#free >= 0) return undefined;
    const [has, needs] = [bavail * bsize, needed].map((n) => Math.ceil(n / MIB));
    return new Error(`ENOSPC: ${has} MiB free, ${needs} needed`);
  }
}
