import { readFile } from 'node:fs/promises';
import { errorText, logger } from './log.js';

const log = logger('watched-files.ts');
/** How often files are read again. */
const EVERY_MS = 1_000;
/** A larger file is no configuration and no certificate. */
export const MAX_WATCHED_BYTES = 8 * 1024 * 1024;

/** Files whose content is followed, until it is stopped. */
export interface WatchedFiles {
  stop(): void;
}

/**
 * Calls `changed` with the bytes of all files, in their order, each time that one of them has other bytes than before:
 * also where they were put in place by a rename or a symbolic link, as Kubernetes does it with Secrets. They are read
 * once a second, whole, up to 8 MiB each. While one cannot be read nothing changes, and the log says so once. The first
 * reading is compared with `known`, so that what changed since the caller read them is told too. `changed` is not called
 * again before it is done.
 */
export function watchFiles(
  paths: readonly string[],
  known: readonly Buffer[],
  changed: (contents: readonly Buffer[]) => void | Promise<void>,
  everyMs = EVERY_MS,
): WatchedFiles {
  let last = known;
  let problem = '';
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const look = async (): Promise<void> => {
    try {
      const contents = await Promise.all(paths.map(bounded));
      problem = '';
      if (contents.every((bytes, i) => last[i]?.equals(bytes) === true) || stopped) return;
      last = contents;
      await changed(contents);
    } catch (error) {
      const text = errorText(error);
      if (text !== problem)
        log.error(`${paths.join(', ')} cannot be followed, and what was read before stays: ${text}`);
      problem = text;
    }
  };
  const again = (): void => {
    if (stopped) return;
    timer = setTimeout(() => void look().then(again), everyMs);
    timer.unref();
  };
  again();
  return {
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

async function bounded(path: string): Promise<Buffer> {
  const bytes = await readFile(path);
  if (bytes.length > MAX_WATCHED_BYTES) throw new Error(`${path} has more than ${MAX_WATCHED_BYTES} bytes`);
  return bytes;
}
