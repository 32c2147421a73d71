import { MICRO_TIME_LENGTH, putMicroTime } from './event-time.js';

/** What a writer holds from the start, and keeps when it is emptied, bytes. */
const ROOM = 64 * 1024;
/** Text up to this long costs less character by character than it costs to hand it to native code. */
const SHORT = 48;
/** Printable ASCII, and nothing that JSON escapes. */
const PLAIN = /^[ !#-[\]-~]*$/;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const isPlain = (unit: number): boolean => unit >= 0x20 && unit <= 0x7e && unit !== QUOTE && unit !== BACKSLASH;
/** UTF-8 takes no more bytes for one unit of a text. */
const MAX_BYTES = 3;

/** Text that is put together as bytes: as strings, its pieces are much work for the garbage collector. */
export class TextBytes {
  private buffer = Buffer.allocUnsafeSlow(ROOM);
  private at = 0;
  /** How often it was emptied. */
  private times = 0;

  get length(): number {
    return this.at;
  }

  /** Another one after each `clear`: places before it mean nothing any more. */
  get epoch(): number {
    return this.times;
  }

  /** The bytes from one place to another. They are good until more is added. */
  bytes(from = 0, to = this.at): Uint8Array {
    return this.buffer.subarray(from, to);
  }

  toString(): string {
    return this.buffer.toString('utf8', 0, this.at);
  }

  /** Begins anew. */
  clear(): void {
    this.at = 0;
    this.times++;
    if (this.buffer.length > ROOM) this.buffer = Buffer.allocUnsafeSlow(ROOM);
  }

  /** Adds text that is encoded already. */
  add(piece: Uint8Array): void {
    this.need(piece.length);
    this.buffer.set(piece, this.at);
    this.at += piece.length;
  }

  /** Adds once more what stands from one place to another. */
  repeat(from: number, to: number): void {
    this.need(to - from);
    this.buffer.copyWithin(this.at, from, to);
    this.at += to - from;
  }

  addText(text: string): void {
    this.need(MAX_BYTES * text.length);
    this.at += this.buffer.write(text, this.at, 'utf8');
  }

  /** Adds text as JSON, with its quotes. */
  addQuoted(text: string): void {
    this.need(MAX_BYTES * text.length + 2);
    const { buffer } = this;
    const from = this.at + 1;
    if (text.length > SHORT) {
      if (!PLAIN.test(text)) {
        this.addText(JSON.stringify(text));
        return;
      }
      buffer.write(text, from, 'latin1');
    } else {
      for (let i = 0; i < text.length; i++) {
        const unit = text.charCodeAt(i);
        if (!isPlain(unit)) {
          this.addText(JSON.stringify(text));
          return;
        }
        buffer[from + i] = unit;
      }
    }
    buffer[this.at] = QUOTE;
    this.at = from + text.length;
    buffer[this.at++] = QUOTE;
  }

  /** Adds a moment in milliseconds since the epoch as a quoted MicroTime. */
  addMicroTime(ms: number): void {
    this.need(MICRO_TIME_LENGTH + 2);
    const { buffer } = this;
    buffer[this.at] = QUOTE;
    putMicroTime(buffer, this.at + 1, ms);
    this.at += MICRO_TIME_LENGTH + 2;
    buffer[this.at - 1] = QUOTE;
  }

  /** Puts another moment where one stands, of which the first digit is at `at`. */
  overwriteMicroTime(at: number, ms: number): void {
    putMicroTime(this.buffer, at, ms);
  }

  /** Puts a text of as many plain characters in the place of what is at `at`; false when some are not, it is spoilt then. */
  overwrite(at: number, text: string): boolean {
    const { buffer } = this;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (!isPlain(unit)) return false;
      buffer[at + i] = unit;
    }
    return true;
  }

  /** Takes back what was added behind a place. */
  cut(to: number): void {
    this.at = to;
  }

  private need(bytes: number): void {
    const { buffer, at } = this;
    if (at + bytes <= buffer.length) return;
    this.buffer = Buffer.allocUnsafeSlow(Math.max(2 * buffer.length, at + bytes));
    buffer.copy(this.buffer, 0, 0, at);
  }
}
