import type { ServerResponse } from 'node:http';
import type { Sink } from '../../rest/types.js';

/** A response that is written piece by piece; each piece is on its way, as a whole chunk, when `write` returns. */
export class NodeSink implements Sink {
  closed = false;
  private readonly closeListeners: (() => void)[] = [];
  private writableListener: (() => void) | undefined;

  constructor(private readonly response: ServerResponse) {
    response.on('drain', () => this.writableListener?.());
    response.on('close', () => this.over());
  }

  write(chunk: Buffer | string): boolean {
    if (this.closed) return false;
    return chunk.length === 0 || this.response.write(chunk);
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
    if (last === undefined || last.length === 0) this.response.end();
    else this.response.end(last);
    this.over();
  }

  break(): void {
    if (!this.closed) this.response.destroy();
  }

  private over(): void {
    if (this.closed) return;
    this.closed = true;
    this.writableListener = undefined;
    for (const listener of this.closeListeners.splice(0)) listener();
  }
}
