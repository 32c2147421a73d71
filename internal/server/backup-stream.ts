import { errorText, logger } from '../machinery/log.js';
import { serviceUnavailable, StatusError, tooManyRequests } from '../machinery/status.js';
import type { Reply, Sink } from '../rest/types.js';

const log = logger('backup-stream.ts');

/** A snapshot file that is made while it is read. */
export interface BackupSource {
  readonly header: { readonly revision: number };
  readonly bytes: AsyncGenerator<Buffer>;
  release(): void;
}

/** A client that takes nothing for so long is given up: what is saved holds one read transaction of LMDB. */
const STALLED_MS = 60_000;
/** However slow a client is: while its read transaction lasts, LMDB can reuse no page. */
const LONGEST_MS = 3_600_000;
/** Of one process: each holds a read transaction, and reads the whole state. */
const AT_A_TIME = 1;
const RETRY_SECONDS = 10;

let running = 0;

/**
 * Streams a snapshot file. An answer that breaks off is no snapshot: its end is a checksum. Throws StatusError: 429 while
 * another is under way, 503 without a quorum.
 */
export async function backupReply(open: () => Promise<BackupSource>): Promise<Reply> {
  if (running >= AT_A_TIME) throw tooManyRequests('another snapshot is being saved; try again', RETRY_SECONDS);
  running++;
  let source: BackupSource;
  try {
    source = await open();
  } catch (error) {
    running--;
    if (error instanceof StatusError || !(error instanceof Error)) throw error;
    throw serviceUnavailable(error.message);
  }
  let over = false;
  const end = (): void => {
    if (over) return;
    over = true;
    running--;
    source.release();
  };
  return {
    status: 200,
    contentType: 'application/octet-stream',
    headers: { 'X-Quorate-Revision': String(source.header.revision) },
    abandoned: end,
    stream: (sink) => {
      send(sink, source.bytes)
        .catch((error: unknown) => {
          log.error(`a snapshot broke off: ${errorText(error)}`);
          sink.break?.();
        })
        .finally(end);
    },
  };
}

async function send(sink: Sink, bytes: AsyncGenerator<Buffer>): Promise<void> {
  let wake: () => void = () => undefined;
  sink.onWritable(() => wake());
  sink.onClose(() => wake());
  const until = performance.now() + LONGEST_MS;
  for await (const piece of bytes) {
    if (sink.closed) return;
    if (performance.now() > until)
      throw new Error(`its client was too slow: it took more than ${LONGEST_MS / 60_000} minutes`);
    if (sink.write(piece)) continue;
    let timer: NodeJS.Timeout | undefined;
    const stalled = new Promise<'stalled'>((resolve) => (timer = setTimeout(() => resolve('stalled'), STALLED_MS)));
    const writable = new Promise<void>((resolve) => (wake = resolve));
    const outcome = await Promise.race([writable, stalled]);
    clearTimeout(timer);
    if (outcome === 'stalled') throw new Error(`its client took nothing for ${STALLED_MS / 1000} s`);
  }
  if (!sink.closed) sink.end();
}
