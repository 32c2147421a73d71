/**
 * Writes protobuf from the end to the front, as gogo/protobuf's generated code does: what a length prefix counts is
 * there before the prefix is written, so nothing is measured twice. One writer is reused; it keeps at most KEEP_BYTES.
 */
const START_BYTES = 64 * 1024;
const KEEP_BYTES = 1024 * 1024;

export const VARINT = 0;
export const FIXED64 = 1;
export const BYTES = 2;
export const FIXED32 = 5;

export class ProtobufWriter {
  private buffer = Buffer.allocUnsafeSlow(START_BYTES);
  /** Where the last byte was written: everything from here to the end is written. */
  private at = START_BYTES;

  /** Bytes written so far. */
  get length(): number {
    return this.buffer.length - this.at;
  }

  private room(n: number): void {
    if (this.at >= n) return;
    const written = this.length;
    const bigger = Buffer.allocUnsafeSlow(Math.max(this.buffer.length * 2, written + n));
    this.buffer.copy(bigger, bigger.length - written, this.at);
    this.buffer = bigger;
    this.at = bigger.length - written;
  }

  /** The bytes written, copied out; the writer is empty again. */
  take(): Buffer {
    const out = Buffer.from(this.buffer.subarray(this.at));
    this.clear();
    return out;
  }
  clear(): void {
    if (this.buffer.length > KEEP_BYTES) this.buffer = Buffer.allocUnsafeSlow(START_BYTES);
    this.at = this.buffer.length;
  }

  byte(b: number): void {
    this.room(1);
    this.buffer[--this.at] = b;
  }

  /** An unsigned number up to 2^53. */
  varint(n: number): void {
    if (n < 0x80) {
      this.byte(n);
      return;
    }
    let size = 1;
    for (let m = n; m >= 0x80; m = Math.floor(m / 128)) size++;
    this.room(size);
    this.at -= size;
    let i = this.at;
    let m = n;
    while (m >= 0x80) {
      this.buffer[i++] = (m % 128) | 0x80;
      m = Math.floor(m / 128);
    }
    this.buffer[i] = m;
  }

  /** An int32 or int64: negative numbers take ten bytes. */
  integer(v: number | bigint): void {
    if (typeof v === 'number' && v >= 0) {
      this.varint(v);
      return;
    }
    let rest = BigInt.asUintN(64, BigInt(v));
    const bytes: number[] = [];
    while (rest >= 0x80n) {
      bytes.push(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    bytes.push(Number(rest));
    this.room(bytes.length);
    for (let i = bytes.length - 1; i >= 0; i--) this.buffer[--this.at] = bytes[i] ?? 0;
  }

  double(v: number): void {
    this.room(8);
    this.at -= 8;
    this.buffer.writeDoubleLE(v, this.at);
  }

  /** Bytes without a length. */
  raw(bytes: Uint8Array): void {
    this.room(bytes.length);
    this.at -= bytes.length;
    this.buffer.set(bytes, this.at);
  }

  /** UTF-8 with its length before it. */
  string(s: string): void {
    const n = s.length;
    if (n <= 64) {
      this.room(n);
      const { buffer } = this;
      let i = n;
      let at = this.at;
      for (let c = 0; i > 0 && (c = s.charCodeAt(i - 1)) < 0x80; i--) buffer[--at] = c;
      if (i === 0) {
        this.at = at;
        this.varint(n);
        return;
      }
    }
    const size = Buffer.byteLength(s);
    this.room(size);
    this.at -= size;
    this.buffer.write(s, this.at, size, 'utf8');
    this.varint(size);
  }

  /** What standard base64 encodes, with its length before it. */
  base64(s: string): void {
    const bytes = Buffer.from(s, 'base64');
    this.raw(bytes);
    this.varint(bytes.length);
  }

  tag(number: number, wireType: number): void {
    this.varint(number * 8 + wireType);
  }

  /** Closes a message that began when `length` was `before`: its length and tag. */
  message(before: number, number: number): void {
    this.varint(this.length - before);
    this.tag(number, BYTES);
  }
}
