import { stat } from 'node:fs/promises';
import { readBounded } from './bounded-file.js';
import { errorText, logger } from './log.js';

const log = logger('watched-files.ts');
/** How often files are looked at. */
const EVERY_MS = 1_000;
/** How many looks may pass over files that seem not to have changed before they are read all the same. */
const LOOKS_MAX = 60;
/**
 * A file that was written shortly before it was read may be written once more within the same tick of the clock by which
 * the kernel dates it: its times say nothing then.
 */
const SETTLED_MS = 2_000;

/** Files whose content is followed, until it is stopped. */
export interface WatchedFiles {
  stop(): void;
}

/**
 * Calls `changed` with the bytes of all files, in their order, each time that one of them has other bytes than before:
 * also where they were put in place by a rename or a symbolic link, as Kubernetes does it with Secrets. They are looked at
 * once a second, and read, whole, up to 1 MiB each, when their times, sizes or inodes changed, and once a minute. While one
 * cannot be read nothing changes, and the log says so once. The first reading is compared with `known`, so that what changed
 * since the caller read them is told too. `changed` is not called again before it is done.
 */
export function watchFiles(
  paths: readonly string[],
  known: readonly Buffer[],
  changed: (contents: readonly Buffer[]) => void | Promise<void>,
  everyMs = EVERY_MS,
): WatchedFiles {
  let last = known;
  let problem = '';
  let read = NEVER;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const look = async (): Promise<void> => {
    try {
      const now = await marksOf(paths);
      if (now.text === read.text && read.isSettled && read.looks < LOOKS_MAX) {
        read.looks++;
        return;
      }
      read = NEVER;
      const contents = paths.map((path) => readBounded(path));
      read = now;
      problem = '';
      if (contents.every((bytes, i) => last[i]?.equals(bytes) === true) || stopped) return;
      last = contents;
      await changed(contents);
    } catch (error) {
      read = NEVER;
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

/** By what files are seen to have changed. */
interface Marks {
  readonly text: string;
  /** Whoever changes one of them from now on changes the text. */
  readonly isSettled: boolean;
  /** Since they were read. */
  looks: number;
}
const NEVER: Marks = { text: '', isSettled: false, looks: 0 };

async function marksOf(paths: readonly string[]): Promise<Marks> {
  const settled = Date.now() - SETTLED_MS;
  const all = await Promise.all(paths.map((path) => stat(path, { bigint: true })));
  return {
    text: all.map((one) => `${one.dev} ${one.ino} ${one.size} ${one.mtimeNs} ${one.ctimeNs}`).join('\n'),
    isSettled: all.every(({ mtimeMs, ctimeMs }) => mtimeMs < settled && ctimeMs < settled),
    looks: 0,
  };
}
