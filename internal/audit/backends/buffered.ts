import { setTimeout as sleep } from 'node:timers/promises';
import { errorText, logger } from '../../machinery/log.js';
import type { AuditMetrics } from '../metrics.js';
import type { AuditBackend, AuditEvent } from '../types.js';
import { TokenBucket } from './token-bucket.js';

const log = logger('buffered.ts');
/** Batches on their way at a time, where the next need not wait for the last; more wait in the buffer. */
const MAX_ON_THE_WAY = 32;

export interface BatchOptions {
  /** Events that may wait; those that come then are lost. */
  readonly bufferSize: number;
  readonly maxBatchSize: number;
  /** How long an event waits for others, in milliseconds; without effect where a batch is one event. */
  readonly maxBatchWaitMs: number;
  /** Batches per second, and how many at once after a pause; undefined for no bound. */
  readonly throttle: { readonly qps: number; readonly burst: number } | undefined;
  /**
   * So many events may be handed on at once, whatever a batch is, where nothing bounds batches per second: a file has the
   * same lines then. Absent where each batch is seen.
   */
  readonly together?: number;
  /** Sends batches without waiting for the one before. */
  readonly async: boolean;
}

/** Takes events at once and hands them on in batches (mode `batch`; apiserver's buffered backend). */
export class BufferedBackend implements AuditBackend {
  private queue: AuditEvent[] = [];
  private closed = false;
  private wake: (() => void) | undefined;
  private readonly bucket: TokenBucket | undefined;
  private readonly onTheWay = new Set<Promise<void>>();
  private readonly running: Promise<void>;
  private readonly stopping = new AbortController();
  /** Events that are handed on at once, at most. */
  private readonly atOnce: number;

  constructor(
    private readonly delegate: AuditBackend,
    private readonly options: BatchOptions,
    private readonly metrics: AuditMetrics,
  ) {
    const { throttle, maxBatchSize, together = 1 } = options;
    this.bucket = throttle && new TokenBucket(throttle.qps, throttle.burst);
    this.atOnce = throttle === undefined ? Math.max(maxBatchSize, together) : maxBatchSize;
    this.running = this.run();
  }

  processEvents(events: readonly AuditEvent[]): boolean {
    const room = this.closed ? 0 : this.options.bufferSize - this.queue.length;
    for (const event of events.slice(0, room)) this.queue.push(event);
    if (room < events.length) {
      const why = this.closed ? 'audit backend shut down' : 'audit buffer queue blocked';
      this.metrics.lost('buffered', why, events.slice(room));
    }
    this.wake?.();
    return true;
  }

  /** Nobody waits for an event anyway. */
  mayGoOn(): boolean {
    return true;
  }

  async shutdown(): Promise<void> {
    this.closed = true;
    this.stopping.abort();
    this.wake?.();
    await this.running;
    await Promise.all(this.onTheWay);
    await this.delegate.shutdown();
  }

  private async run(): Promise<void> {
    while (!this.closed || this.queue.length > 0) {
      if (this.queue.length === 0) {
        await this.changed();
        continue;
      }
      if (!this.closed && this.options.maxBatchSize > 1) await this.fill();
      const batch = this.queue.slice(0, this.atOnce);
      this.queue = this.queue.slice(this.atOnce);
      await this.bucket?.take(this.stopping.signal);
      await this.send(batch);
    }
  }

  /** Resolves when events come, or none will. */
  private changed(): Promise<void> {
    return new Promise((resolve) => {
      this.wake = () => {
        this.wake = undefined;
        resolve();
      };
    });
  }

  /** Waits until a batch is full, or its time is over. */
  private async fill(): Promise<void> {
    const over = new AbortController();
    const time = sleep(this.options.maxBatchWaitMs, 'over', { signal: over.signal, ref: false }).catch(() => 'over');
    while (!this.closed && this.queue.length < this.options.maxBatchSize) {
      if ((await Promise.race([this.changed(), time])) === 'over') break;
    }
    this.wake = undefined;
    over.abort();
  }

  private async send(batch: readonly AuditEvent[]): Promise<void> {
    const sent = this.hand(batch);
    if (!this.options.async) return sent;
    this.onTheWay.add(sent);
    void sent.then(() => this.onTheWay.delete(sent));
    if (this.onTheWay.size >= MAX_ON_THE_WAY) await Promise.race(this.onTheWay);
  }

  /** The delegate counts what it loses by itself. Nobody waits for an event, so that it may wait for others. */
  private async hand(batch: readonly AuditEvent[]): Promise<void> {
    try {
      await this.delegate.processEvents(batch, !this.closed);
    } catch (error) {
      log.error(`a batch of audit events broke: ${errorText(error)}`);
    }
  }
}
