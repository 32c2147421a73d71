import { logger } from '../../internal/machinery/log.js';
import type { Replica } from '../../internal/replica/index.js';
import type { HttpListener } from '../../internal/server/http-listener.js';
import type { EndReason } from './ending.js';

const log = logger('shutdown.ts');
/** How long answers that are on their way may take once the port is closed. */
const GRACE_MS = 10_000;
/** How long a leader waits for another to take over. */
const HANDOVER_MS = 2_000;

/** How long writing that takes may hold up the end: without a quorum it cannot be done. */
const LEAVE_MS = 2_000;
/** How long answers may take of a replica that is quarantined: whatever they wait for has failed already. */
const QUARANTINE_GRACE_MS = 1_000;
/** How long the port stays open for refusals while requests are being worked on, and how often that is looked at. */
const REFUSALS_MS = 60_000;
const LOOK_MS = 10;

interface Stoppable {
  readonly replica: Replica;
  readonly listener: HttpListener;
  readonly delayMs: number;
  /** Tells others, through the store, that this server goes; waited for only so long. */
  leave(): Promise<void>;
  /** Has new requests refused (`--shutdown-send-retry-after`); they are taken while the port is open when absent. */
  refuse?(): void;
  /** How many requests are being worked on, long-running ones left out. */
  inFlight?(): { readonly readOnly: number; readonly mutating: number };
}

/**
 * Resolves when nothing is served any more. /readyz fails already; after a signal others are told, then after the delay
 * leadership is handed over, the port closes and watches end; where new requests are refused first, the port stays open until
 * those that came before are answered. A quarantined replica can do none of that, and is to be
 * back soon: its port closes at once.
 */
export async function stopServing(parts: Stoppable, reason: EndReason): Promise<void> {
  const { replica, listener, delayMs } = parts;
  if (reason === 'differs') {
    await listener.close(QUARANTINE_GRACE_MS);
    return;
  }
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([parts.leave(), new Promise((resolve) => (timer = setTimeout(resolve, LEAVE_MS)))]);
  clearTimeout(timer);
  if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
  parts.refuse?.();
  await handOver(replica);
  await idle(parts);
  await listener.close(GRACE_MS);
  // Answers on their way needed the replica; its owner closes it now.
  log.info('stopped');
}

/** Resolves when nothing is worked on any more, or when it has taken too long. */
async function idle(parts: Stoppable): Promise<void> {
  const isBusy = (): boolean => {
    const { readOnly = 0, mutating = 0 } = parts.inFlight?.() ?? {};
    return readOnly + mutating > 0;
  };
  const until = performance.now() + REFUSALS_MS;
  while (isBusy() && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
}

/** Asks another voter to lead, so that the others need not wait for an election. */
async function handOver(replica: Replica): Promise<void> {
  if (replica.status().role !== 'leader') return;
  const transferee = replica.handOver();
  if (transferee === undefined) return;
  log.info(`handing leadership over to ${transferee}`);
  const until = performance.now() + HANDOVER_MS;
  while (replica.status().role === 'leader' && performance.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
