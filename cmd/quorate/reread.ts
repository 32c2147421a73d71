import { errorText, logger } from '../../internal/machinery/log.js';

const log = logger('reread.ts');
/** Files that are used for each call are read again this often, at most. */
const EVERY_MS = 10_000;

/**
 * What `read` made of some files, read again when it is asked for and older than 10 s. The value stays the same while the
 * files do (what is kept for it, such as connections, stays too), and while they cannot be used.
 */
export function reread<T extends object>(read: () => T, now: () => number = () => performance.now()): () => T {
  let value = read();
  let text = JSON.stringify(value);
  let at = now();
  return () => {
    if (now() < at + EVERY_MS) return value;
    at = now();
    try {
      const newest = read();
      const newestText = JSON.stringify(newest);
      if (newestText !== text) [value, text] = [newest, newestText];
    } catch (error) {
      log.warn(`files that were read before cannot be used now, and what they held stays: ${errorText(error)}`);
    }
    return value;
  };
}
