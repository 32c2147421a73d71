import { logger } from '../../internal/machinery/log.js';
import type { Replica } from '../../internal/replica/index.js';
import type { OpenDoor } from '../../internal/server/door.js';

const log = logger('shutdown.ts');
/** How long answers that are on their way may take once the port is closed. */
const GRACE_MS = 10_000;
/** How long a leader waits for another to take over. */
const HANDOVER_MS = 2_000;

interface Stoppable {
  readonly replica: Replica;
  readonly door: OpenDoor;
  readonly state: { stopping: boolean };
  readonly delayMs: number;
  /** What tells others, through the store, that this server goes; started together, and waited for only so long. */
  readonly leaving: readonly (() => Promise<void>)[];
}

/** How long writing that takes may hold up the end: without a quorum it cannot be done. */
const LEAVE_MS = 2_000;

/**
 * Resolves when SIGTERM or SIGINT has come and nothing is served any more: /readyz fails, then after the delay the port
 * closes and watches end, and leadership is handed over. A second signal ends the process at once.
 */
export function stopOnSignal(parts: Stoppable): Promise<void> {
  return new Promise((resolve, reject) => {
    const onSignal = (signal: NodeJS.Signals): void => {
      if (parts.state.stopping) {
        log.warn(`${signal} again: ending at once`);
        process.exit(1);
      }
      log.info(`${signal}: stopping`);
      parts.state.stopping = true;
      stop(parts).then(resolve, reject);
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
}

async function stop({ replica, door, delayMs, leaving }: Stoppable): Promise<void> {
  const left = Promise.allSettled(leaving.map((leave) => leave()));
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([left, new Promise((resolve) => (timer = setTimeout(resolve, LEAVE_MS)))]);
  clearTimeout(timer);
  if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
  await handOver(replica);
  await door.close(GRACE_MS);
  // Answers on their way needed the replica; its owner closes it now.
  log.info('stopped');
}

/** Asks another voter to lead, so that the others need not wait for an election. */
async function handOver(replica: Replica): Promise<void> {
  const status = replica.status();
  if (status.role !== 'leader') return;
  const other = status.members.find((m) => m.id !== status.id && !m.learner);
  if (other === undefined) return;
  try {
    replica.transferLeader(other.name);
  } catch (error) {
    log.warn(`leadership was not handed over: ${String(error)}`);
    return;
  }
  const until = performance.now() + HANDOVER_MS;
  while (replica.status().role === 'leader' && performance.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
