import { Turns } from '../../machinery/turns.js';
import type { Exchange } from './exchange.js';

/** A body from this length on is written as its client reads it, bytes. */
export const LARGE_BYTES = 64 * 1024;
/** So much is handed to a socket before it is looked whether it is others' turn, bytes: a socket may take some MiB at once. */
const PIECE_BYTES = 256 * 1024;

/** Writes long bodies as their clients read them; hundreds of clients may ask for one at the same moment, or read on. */
export class LargeAnswers {
  /** Each connection has one answer that waits here. */
  readonly #turns = new Turns();

  /** Calls `write` now, or when this turn's share of such work is done, in a later one. */
  begin(write: () => void): void {
    void this.#turns.run(write);
  }

  /**
   * Writes `body`, behind the head that was written, within the cork of the response. `written` is called when the socket
   * has all of it: what waits for slow clients is counted for as long as it takes memory. uWS closes the connection of one
   * that does not read on.
   */
  write(exchange: Exchange, body: Buffer | string, written: () => void): void {
    const { res } = exchange;
    const bytes = typeof body === 'string' ? Buffer.from(body) : body;
    let isFull = false;
    let isAsked = false;
    const piece = (): void => {
      const from = res.getWriteOffset();
      const [isTaken, isDone] = res.tryEnd(bytes.subarray(from, from + PIECE_BYTES), bytes.length);
      isFull = !isTaken;
      if (isDone) written();
      else if (isTaken) goOn();
    };
    const goOn = (): void => {
      if (isAsked) return;
      isAsked = true;
      void this.#turns.run(() => {
        isAsked = false;
        if (!exchange.aborted && !exchange.done) res.cork(piece);
      });
    };
    res.onWritable(() => {
      isFull = false;
      goOn();
      return !isFull;
    });
    piece();
  }
}
