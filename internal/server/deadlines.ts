/** How often is looked, in ms: a deadline is kept with this precision. */
const SWEEP_MS = 250;

/** Something that must be done by a time. */
interface Waiting {
  /** Milliseconds of `performance.now()`. */
  readonly deadline: number;
  /** It was not. */
  readonly expire: () => void;
}

/** Keeps many deadlines with one timer, which runs only while there is one. */
export class Deadlines {
  private readonly waiting = new Set<Waiting>();
  private timer: NodeJS.Timeout | undefined;

  add(waiting: Waiting): void {
    this.waiting.add(waiting);
    this.timer ??= setInterval(this.sweep, SWEEP_MS).unref();
  }

  remove(waiting: Waiting): void {
    this.waiting.delete(waiting);
  }

  private readonly sweep = (): void => {
    const now = performance.now();
    for (const waiting of this.waiting) {
      if (waiting.deadline > now) continue;
      this.waiting.delete(waiting);
      waiting.expire();
    }
    if (this.waiting.size > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
  };
}
