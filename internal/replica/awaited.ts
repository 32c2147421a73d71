import type { LogLevel } from './config.js';

/** How often a founder says that it still waits for others. */
const SAY_AGAIN_MS = 10_000;

/** Tells a person, from time to time, which founders the first term of a cluster waits for. */
export class AwaitedFounders {
  readonly #awaited: () => readonly string[];
  readonly #say: (level: LogLevel, text: string) => void;
  #saidAt: number;

  /** `awaited`: their names, none where the cluster has begun. `now` and `observe`'s are of performance.now. */
  constructor(awaited: () => readonly string[], say: (level: LogLevel, text: string) => void, now: number) {
    this.#awaited = awaited;
    this.#say = say;
    this.#saidAt = now;
  }

  /** To be called often; says it every 10 s, and nothing where nobody is awaited. */
  observe(now: number): void {
    if (now <= this.#saidAt + SAY_AGAIN_MS) return;
    this.#saidAt = now;
    const names = this.#awaited();
    if (names.length === 0) return;
    this.#say(
      'warn',
      `the cluster begins when all of its founders are connected and empty; missing: ${names.join(', ')}`,
    );
  }
}
