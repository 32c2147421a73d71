import { atTurnEnd } from '../../machinery/turn-end.js';

/**
 * Puts off what is answered while uWebSockets.js reads to the end of this turn of the event loop, for two reasons.
 *
 * It reads on in its buffer as soon as an answer is complete, and takes what follows for the next request. Chunks and
 * headers whose form is wrong in a way that it does not see could smuggle one in there. A connection on which a second
 * request comes before the first is answered is closed by uWebSockets.js.
 *
 * All connections share the buffer out of which TLS is decrypted, and whatever is written to one of them empties it. When
 * 512 KiB are decrypted they are handed on, although more may stand there (not on connections that `receive-buffer.ts` has
 * bounded): after an answer to anybody that is written within, the next record of the one that is being read is not whole,
 * and it is closed with the alert `protocol_version`. Messages of WebSockets are written at any time.
 */
export class Turn {
  private isReading = false;
  private waiting: (() => void)[] = [];

  /** A request or a part of one is being read: to be called before anything is done with it. */
  reading(): void {
    if (this.isReading) return;
    this.isReading = true;
    atTurnEnd(this.end);
  }

  /** Calls `action` now, or at the end of the turn when anything of any connection was read in it. */
  after(action: () => void): void {
    if (this.isReading) this.waiting.push(action);
    else action();
  }

  private readonly end = (): void => {
    this.isReading = false;
    const { waiting } = this;
    this.waiting = [];
    for (const action of waiting) action();
  };
}
