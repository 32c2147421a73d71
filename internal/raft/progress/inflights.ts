import { ByteWindow } from '../byte-window.js';

/** Append messages on their way to one follower, bounded in number and in bytes. */
export class Inflights extends ByteWindow {
  constructor(
    private readonly messagesMax: number,
    private readonly bytesMax: number,
  ) {
    super();
  }

  /** No further message may be sent until one is acknowledged. */
  get full(): boolean {
    return this.count >= this.messagesMax || (this.count > 0 && this.bytes >= this.bytesMax);
  }
}
