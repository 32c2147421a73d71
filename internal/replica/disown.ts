import type { LogStore } from './log.js';

/** Fact in the log: why this directory must not be started on again. */
export const DISOWNED = 'disowned';

/** A full disk must not keep a replica from ending. */
const NOTE_MS = 5_000;

/**
 * Notes that this directory is not to be started on again: often enough it would count itself beyond what others saw.
 * Resolves when that is on the disk, or after 5 s; rejects when the log cannot be written.
 */
export async function noteDisowned(log: LogStore, reason: string): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, NOTE_MS)));
  try {
    await Promise.race([log.putFact(DISOWNED, Buffer.from(reason)), late]);
  } finally {
    clearTimeout(timer);
  }
}
