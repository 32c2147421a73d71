import { logger } from '../../internal/machinery/log.js';

const log = logger('ending.ts');

/** Why a replica ends that has been started: a signal came, or its state is to be replaced by a copy. */
export type EndReason = 'signal' | 'differs';

/** When one run of the replica is to end, and why: the first to say so is right. */
export class Ending {
  #reason: EndReason | undefined;
  #tell: (reason: EndReason) => void = () => undefined;
  /** Resolves when the run is to end. */
  readonly come = new Promise<EndReason>((resolve) => (this.#tell = resolve));

  /** Undefined while the run goes on. */
  get reason(): EndReason | undefined {
    return this.#reason;
  }

  end(reason: EndReason): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    this.#tell(reason);
  }
}

/** SIGTERM and SIGINT, however often the replica is started in this process. */
export class StopSignals {
  readonly #controller = new AbortController();
  #listening = false;

  /** Aborted when one has come. */
  get come(): AbortSignal {
    return this.#controller.signal;
  }

  /** From now on a signal is heard here; before, it ends the process at once. So does a second one. */
  listen(): void {
    if (this.#listening) return;
    this.#listening = true;
    const onSignal = (signal: NodeJS.Signals): void => {
      if (this.come.aborted) {
        log.warn(`${signal} again: ending at once`);
        process.exit(1);
      }
      log.info(`${signal}: stopping`);
      this.#controller.abort();
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  }
}
