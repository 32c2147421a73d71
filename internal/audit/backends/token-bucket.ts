import { setTimeout as sleep } from 'node:timers/promises';

/** Lets `qps` through per second, and `burst` at once after a pause (client-go's token bucket). */
export class TokenBucket {
  private tokens: number;
  private at = performance.now();

  constructor(
    private readonly qps: number,
    private readonly burst: number,
  ) {
    this.tokens = burst;
  }

  /** Waits for its turn; at once when `signal` says that nobody waits any more. One at a time. */
  async take(signal: AbortSignal): Promise<void> {
    const now = performance.now();
    this.tokens = Math.min(this.burst, this.tokens + ((now - this.at) / 1000) * this.qps) - 1;
    this.at = now;
    if (this.tokens >= 0 || signal.aborted) return;
    const ms = (-this.tokens / this.qps) * 1000;
    await sleep(ms, undefined, { signal }).catch(() => undefined);
  }
}
