import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';

/**
 * The longest file of certificates, keys or configuration that is read while the server runs, bytes; systems' own bundles
 * of authorities have a quarter of it.
 */
export const MAX_FILE_BYTES = 1024 * 1024;
const CHUNK_BYTES = 64 * 1024;

/** To open a pipe into which nobody writes would take for ever. */
const AT_ONCE = constants.O_RDONLY | constants.O_NONBLOCK;

/**
 * The bytes of a file, at most `maxBytes`, whatever somebody has put in its place: pipes, devices and directories are
 * refused, and none of them is waited for. Throws Error, with a `code` where the file cannot be opened.
 */
export function readBounded(path: string, maxBytes = MAX_FILE_BYTES): Buffer {
  const file = openSync(path, AT_ONCE);
  try {
    const stats = fstatSync(file);
    if (!stats.isFile()) throw new Error(`${path} is no regular file`);
    const chunks: Buffer[] = [];
    // Its size is not asked for: it may grow meanwhile, and files of the kernel have none.
    for (let length = 0; ; ) {
      const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
      const read = readSync(file, chunk);
      if (read === 0) return Buffer.concat(chunks);
      length += read;
      if (length > maxBytes) throw new Error(`${path} has more than ${maxBytes} bytes`);
      chunks.push(chunk.subarray(0, read));
    }
  } finally {
    closeSync(file);
  }
}
