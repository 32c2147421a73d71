import { logger } from '../machinery/log.js';
import type { Awaitable } from '../machinery/awaitable.js';

const log = logger('message-queue.ts');
/** What a message takes in memory beside its bytes. */
const OVERHEAD_BYTES = 128;

/** Messages that are handed on before others have their turn: of the smallest, thousands come at once. */
const MESSAGES_IN_A_TURN = 512;
/** What was handed on is thrown away when it is so many, and half of all. */
const MIN_GONE = 1024;

/** Who takes the messages of a WebSocket. */
export type MessageListener = (message: Buffer, isBinary: boolean) => Awaitable<void>;

export interface MessageQueueOptions {
  /** Called whenever messages were handed on, or would have been but for a listener: what waits may be less than before. */
  readonly moved: () => void;
  /** The listener threw or rejected; what has come meanwhile is still handed on. */
  readonly failed: () => void;
}

/**
 * Messages of a WebSocket on their way to its listener: in order, the next when the promise of the last is settled. What
 * comes before there is a listener waits. It has no bound of its own: its owner holds the client back.
 */
export class MessageQueue {
  readonly #options: MessageQueueOptions;
  /** From `#first` on; those before it were handed on. */
  #waiting: { readonly message: Buffer; readonly isBinary: boolean }[] = [];
  #first = 0;
  #handedOn = 0;
  #listener: MessageListener | undefined;
  #bytes = 0;
  #busy = false;

  constructor(options: MessageQueueOptions) {
    this.#options = options;
  }

  /** What the messages that wait take in memory. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Nothing waits, and the listener is done with the last message. */
  get isIdle(): boolean {
    return this.#first === this.#waiting.length && !this.#busy;
  }

  listen(listener: MessageListener): void {
    this.#listener = listener;
    this.#pump();
  }

  push(message: Buffer, isBinary: boolean): void {
    this.#waiting.push({ message, isBinary });
    this.#bytes += message.length + OVERHEAD_BYTES;
    // It comes behind the one that is being handled.
    if (!this.#busy) this.#pump();
  }

  #pump(): void {
    while (!this.#busy && this.#listener !== undefined) {
      const next = this.#waiting[this.#first];
      if (next === undefined) break;
      if (++this.#handedOn % MESSAGES_IN_A_TURN === 0) {
        this.#goOnAfter(new Promise((resolve) => setImmediate(resolve)));
        break;
      }
      this.#forget();
      this.#bytes -= next.message.length + OVERHEAD_BYTES;
      const handled = this.#handle(this.#listener, next.message, next.isBinary);
      if (handled instanceof Promise) this.#goOnAfter(handled);
    }
    this.#options.moved();
  }

  /** `handled` does not reject. */
  #goOnAfter(handled: Promise<void>): void {
    this.#busy = true;
    void handled.then(() => {
      this.#busy = false;
      this.#pump();
    });
  }

  /** The first that waits is about to be handed on. */
  #forget(): void {
    this.#first++;
    if (this.#first === this.#waiting.length) {
      this.#waiting = [];
      this.#first = 0;
    } else if (this.#first >= MIN_GONE && this.#first * 2 >= this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#first);
      this.#first = 0;
    }
  }

  #handle(listener: MessageListener, message: Buffer, isBinary: boolean): Awaitable<void> {
    const failed = (error: unknown): void => {
      log.error('a message of a WebSocket was not handled', error);
      this.#options.failed();
    };
    try {
      const handled = listener(message, isBinary);
      return handled instanceof Promise ? handled.catch(failed) : undefined;
    } catch (error) {
      failed(error);
      return undefined;
    }
  }
}
