import { Tally } from './body-shape.js';

/** A protobuf body that cannot be read; the message is gogo/protobuf's. */
export class ProtobufError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ProtobufError';
  }
}

const eof = (): ProtobufError => new ProtobufError('unexpected EOF');
const overflow = (): ProtobufError => new ProtobufError('proto: integer overflow');

/** Messages nested deeper than this are refused. */
const MAX_NESTING = 1000;

/** Reads one protobuf buffer from front to back; `end` is where the message that is being read ends. */
export class ProtobufReader {
  at = 0;
  depth = 0;
  constructor(
    readonly bytes: Buffer,
    /** What the whole body has had so far, for its bounds. */
    readonly tally: Tally = new Tally(),
  ) {}

  /** An unsigned varint up to 2^53; larger ones lose precision (see integer). */
  varint(end: number): number {
    const { bytes } = this;
    let at = this.at;
    if (at >= end) throw eof();
    let b = bytes[at++] as number;
    if (b < 0x80) {
      this.at = at;
      return b;
    }
    let value = b & 0x7f;
    let scale = 128;
    for (let i = 1; ; i++) {
      if (i >= 10) throw overflow();
      if (at >= end) throw eof();
      b = bytes[at++] as number;
      value += (b & 0x7f) * scale;
      if (b < 0x80) break;
      scale *= 128;
    }
    this.at = at;
    return value;
  }

  /** A signed int64 varint: a number when a double holds it exactly, else a BigInt. */
  int64(end: number): number | bigint {
    const start = this.at;
    const value = this.varint(end);
    if (value <= Number.MAX_SAFE_INTEGER) return value;
    let big = 0n;
    let shift = 0n;
    for (let i = start; i < this.at; i++, shift += 7n) big |= BigInt((this.bytes[i] as number) & 0x7f) << shift;
    const signed = BigInt.asIntN(64, big);
    const plain = Number(signed);
    return Number.isSafeInteger(plain) ? plain : signed;
  }

  /** A signed int32 varint; higher bits are cut off, as Go does. */
  int32(end: number): number {
    const v = this.int64(end);
    return typeof v === 'number'
      ? Math.abs(v) < 2 ** 31
        ? v
        : Number(BigInt.asIntN(32, BigInt(v)))
      : Number(BigInt.asIntN(32, v));
  }

  /** Reads a length and gives where what it counts ends. */
  limit(end: number): number {
    const length = this.varint(end);
    if (length > 0x7fffffff) throw new ProtobufError('proto: negative length found during unmarshaling');
    const limit = this.at + length;
    if (limit > end) throw eof();
    return limit;
  }

  string(end: number): string {
    const limit = this.limit(end);
    const start = this.at;
    this.at = limit;
    return limit === start ? '' : this.bytes.toString('utf8', start, limit);
  }

  /** A view of the bytes, not a copy. */
  view(end: number): Buffer {
    const limit = this.limit(end);
    const view = this.bytes.subarray(this.at, limit);
    this.at = limit;
    return view;
  }

  double(end: number): number {
    if (this.at + 8 > end) throw eof();
    const v = this.bytes.readDoubleLE(this.at);
    this.at += 8;
    return v;
  }

  /** Passes over a field that nobody knows. */
  skip(wireType: number, end: number): void {
    let groups = 0;
    let type = wireType;
    for (;;) {
      switch (type) {
        case 0:
          this.varint(end);
          break;
        case 1:
          this.at += 8;
          break;
        case 2:
          this.at = this.limit(end);
          break;
        case 3:
          groups++;
          break;
        case 4:
          if (groups === 0) throw new ProtobufError('proto: unexpected end of group');
          groups--;
          break;
        case 5:
          this.at += 4;
          break;
        default:
          throw new ProtobufError(`proto: illegal wireType ${type}`);
      }
      if (this.at > end) throw eof();
      if (groups === 0) return;
      type = this.varint(end) % 8;
    }
  }

  /** Enters a nested message: gives its end. `leave` must follow. */
  enter(end: number): number {
    if (++this.depth > MAX_NESTING) throw new ProtobufError('exceeded max depth');
    return this.limit(end);
  }
  leave(): void {
    this.depth--;
  }

  /** Walks the fields of a small message that begins here; `read` says whether it took the field. */
  eachField(end: number, read: (number: number, wireType: number, end: number) => boolean): void {
    const limit = this.enter(end);
    while (this.at < limit) {
      const tag = this.varint(limit);
      if (!read(Math.floor(tag / 8), tag % 8, limit)) this.skip(tag % 8, limit);
    }
    this.leave();
  }
}
