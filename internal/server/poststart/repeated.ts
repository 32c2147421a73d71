import { logger } from '../../machinery/log.js';
import { StatusError } from '../../machinery/status.js';

const log = logger('repeated.ts');

/** Work that is done again and again until this server leaves. */
export interface Repeated {
  /** Ends it. */
  stop(): void;
  /** Ends it and does what is to be done on leaving; what cannot be done is not. */
  leave(): Promise<void>;
}

/**
 * Does `work` at once and then every `intervalMs` milliseconds. A StatusError (no quorum, or another replica was first)
 * is left to the next round; `what` names the work in the log. Resolves when it has been tried once.
 */
export async function repeat(
  what: string,
  intervalMs: number,
  work: () => Promise<void>,
  leave: () => Promise<void>,
): Promise<Repeated> {
  const attempt = async (piece: () => Promise<void>): Promise<void> => {
    try {
      await piece();
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      log.verbose(2, `${what}: ${error.message}`);
    }
  };
  await attempt(work);
  const timer = setInterval(() => void attempt(work), intervalMs);
  timer.unref();
  const stop = (): void => clearInterval(timer);
  return {
    stop,
    leave: () => {
      stop();
      return attempt(leave);
    },
  };
}
