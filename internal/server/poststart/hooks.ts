import { errorText, logger } from '../../machinery/log.js';

const log = logger('hooks.ts');

/** What a hook leaves running. */
export interface Running {
  /** Ends it. */
  stop(): void;
  /** Tells others, through the store, that this server goes. */
  leave?(): Promise<void>;
}

/** A piece of work that begins when the replica is ready. */
export interface PostStartHook {
  /** The health checks that fail until `start` is done: kube-apiserver's names for this work. */
  readonly checks: readonly string[];
  /** Resolves when the work is done, or its first round where it goes on. */
  start(): Running | undefined | void | Promise<Running | undefined | void>;
}

/** The work that begins when a replica is ready, one piece after the other, and what it leaves running. */
export class PostStartHooks {
  readonly #running: Running[] = [];
  readonly #done = new Set<PostStartHook>();
  #stopped = false;

  constructor(private readonly hooks: readonly PostStartHook[]) {}

  /** The health checks of all of them, in their order. */
  get checks(): readonly string[] {
    return this.hooks.flatMap((hook) => hook.checks);
  }

  /** Why a check fails; undefined when it does not. */
  failure(check: string): string | undefined {
    return this.hooks.some((hook) => hook.checks.includes(check) && !this.#done.has(hook)) ? 'not finished' : undefined;
  }

  /**
   * Starts them; resolves when all are done, or no more are to begin because `ending()` is true. Rejects as the first that
   * fails before that.
   */
  async start(ending: () => boolean): Promise<void> {
    for (const hook of this.hooks) {
      if (ending()) return;
      try {
        const running = await hook.start();
        if (running !== undefined) this.#keep(running);
      } catch (error) {
        // What was under way when the end came fails with it.
        if (!ending()) throw error;
        log.verbose(2, `the start was broken off: ${errorText(error)}`);
        return;
      }
      this.#done.add(hook);
    }
  }

  #keep(running: Running): void {
    this.#running.push(running);
    if (this.#stopped) running.stop();
  }

  /** Has what runs tell others that this server goes; resolves when all were told or could not be. */
  async leave(): Promise<void> {
    await Promise.allSettled(this.#running.map((running) => running.leave?.() ?? Promise.resolve()));
  }

  /** Ends what runs, and what a hook still leaves running. */
  stop(): void {
    this.#stopped = true;
    for (const running of this.#running) running.stop();
  }
}
