export interface WorkerOptions {
  /** Between the first wake and the work, milliseconds: many wakes cost one piece of work. 0 begins it at once. */
  readonly pauseMs: number;
  /** Until the next attempt when something was left to do or the work failed, milliseconds. A wake comes sooner. */
  readonly retryMs: number;
  /** Told of every failure. */
  readonly failed: (reason: unknown) => void;
}

/**
 * Work that looks at everything there is and is due after every change. It never runs twice at once; what changes while
 * it runs has it run again, so no wake is ever lost. `work` resolves with true when something is left to do later.
 */
export class Worker {
  readonly #work: () => Promise<boolean>;
  readonly #options: WorkerOptions;
  #timer: NodeJS.Timeout | undefined;
  #retrying = false;
  #running = false;
  #woken = false;
  #stopped = false;

  constructor(work: () => Promise<boolean>, options: WorkerOptions) {
    this.#work = work;
    this.#options = options;
  }

  wake(): void {
    if (this.#running) this.#woken = true;
    else if (this.#timer === undefined || this.#retrying) this.#schedule(this.#options.pauseMs, false);
  }

  /** Nothing starts after this; what runs already ends by itself. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #schedule(ms: number, retrying: boolean): void {
    if (this.#stopped) return;
    clearTimeout(this.#timer);
    this.#retrying = retrying;
    if (ms === 0) {
      this.#timer = undefined;
      void this.#run();
      return;
    }
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#run();
    }, ms);
  }

  async #run(): Promise<void> {
    this.#running = true;
    this.#woken = false;
    let left = true;
    try {
      left = await this.#work();
    } catch (e) {
      this.#options.failed(e);
    } finally {
      this.#running = false;
    }
    if (this.#woken) this.#schedule(this.#options.pauseMs, false);
    else if (left) this.#schedule(this.#options.retryMs, true);
  }
}
