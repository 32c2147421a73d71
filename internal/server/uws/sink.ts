import { assert } from '../../machinery/assert.js';
import type { Ahead, Sink } from '../../rest/types.js';
import type { Response } from './native.js';

/**
 * A response that is written piece by piece. In a stream of events every event is on the wire as a whole chunk when
 * `write` returns. uWS writes the line end that closes a chunk only in front of the next chunk, so each write is followed
 * by one byte that may stand there (`StreamReply.ahead`): its chunk is the one that stays open.
 */
export class UwsSink implements Sink {
  closed = false;
  /** What the socket does not take uWS copies. */
  readonly copies = true;
  private started = false;
  /** The byte that is written ahead of the next event is on its way already. */
  private aheadSent = false;
  private readonly closeListeners: (() => void)[] = [];
  private writableListener: (() => void) | undefined;

  constructor(
    private readonly res: Response,
    private readonly ahead: Ahead | undefined,
    private readonly released: () => void,
  ) {
    res.onWritable(() => {
      // What uWS still holds leaves only with the next write, or at the end of a cork: there may be no next write.
      res.cork(() => {
        this.writableListener?.();
      });
      return true;
    });
  }

  write(chunk: Buffer | string): boolean {
    if (this.closed) return false;
    // An empty chunk would end the response.
    if (chunk.length === 0) return true;
    this.started = true;
    const { ahead } = this;
    let flowing = true;
    this.res.cork(() => {
      flowing = this.res.write(this.afterAhead(chunk));
      if (ahead === undefined) return;
      flowing = this.res.write(AHEAD_BYTES[ahead]) && flowing;
      this.aheadSent = true;
    });
    return flowing;
  }

  /** What of a chunk is still to be written. */
  private afterAhead(chunk: Buffer | string): Buffer | string {
    return this.aheadSent && this.ahead === 'frameLength' ? withoutFirstZero(chunk) : chunk;
  }

  /** uWS sends the headers with the first byte of the body, but a client must see that its watch stands before anything happens. */
  showHeaders(): void {
    const { ahead } = this;
    if (ahead === undefined || this.started || this.closed) return;
    this.started = true;
    this.aheadSent = true;
    this.res.cork(() => {
      this.res.write(AHEAD_BYTES[ahead]);
    });
  }

  onWritable(listener: () => void): void {
    this.writableListener = listener;
  }

  onClose(listener: () => void): void {
    if (this.closed) listener();
    else this.closeListeners.push(listener);
  }

  end(last?: Buffer | string): void {
    if (this.closed) return;
    this.res.cork(() => {
      if (last !== undefined && last.length > 0) this.res.write(this.afterAhead(last));
      this.res.end();
    });
    this.abort();
  }

  break(): void {
    // The abort handler does the rest.
    if (!this.closed) this.res.close();
  }

  /** The response is gone, by `end` or because the client is. */
  abort(): void {
    if (this.closed) return;
    this.closed = true;
    this.writableListener = undefined;
    for (const listener of this.closeListeners.splice(0)) listener();
    this.released();
  }
}

const AHEAD_BYTES: Readonly<Record<Ahead, Buffer>> = { blank: Buffer.from(' '), frameLength: Buffer.alloc(1) };

function withoutFirstZero(frame: Buffer | string): Buffer {
  assert(
    typeof frame !== 'string' && frame[0] === 0 && frame.length > 1,
    'a watch frame must begin with the length of less than 16 MiB',
  );
  return frame.subarray(1);
}
