import { ByteQueue } from '../../../machinery/gathered.js';

/**
 * Frames of SPDY/3.1 as Kubernetes uses them (github.com/moby/spdystream): a connection whose streams are opened by the
 * client, each with headers. Nobody keeps windows there: what flows is held back by the connection as a whole.
 */
const VERSION = 0x8003;
export const SYN_STREAM = 1;
export const SYN_REPLY = 2;
export const RST_STREAM = 3;

export const PING = 6;
export const GOAWAY = 7;
/** Flag of SYN_STREAM and DATA: nothing follows from this side. */
export const FIN = 1;
export const HEAD_BYTES = 8;
/** Payload of one frame, either way; peers write 32 KiB. */
export const MAX_FRAME_BYTES = 1024 * 1024;

/** Begins the one zlib stream of all header blocks: deflate, a preset dictionary, and the checksum of SPDY/3's. */
const ZLIB_HEAD = Buffer.from([0x78, 0xf9, 0xe3, 0xc6, 0xa7, 0xc2]);

/** An empty block: readers (Go's compress/flate) hand out what came before it. */
const FLUSHED = Buffer.from([0, 0, 0, 0xff, 0xff]);

/** One frame as it came. */
export type Frame =
  | { readonly type: 'data'; readonly stream: number; readonly fin: boolean; readonly payload: Buffer }
  | { readonly type: 'control'; readonly kind: number; readonly flags: number; readonly payload: Buffer };

function control(kind: number, flags: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt16BE(VERSION, 0);
  head.writeUInt16BE(kind, 2);
  head.writeUInt32BE(payload.length, 4);
  head[4] = flags;
  return Buffer.concat([head, payload]);
}

/**
 * Header blocks of one direction of a connection. They belong to one zlib stream; what is written is stored in it, not
 * compressed, so that nothing has to be waited for.
 */
export class HeaderBlocks {
  private begun = false;

  block(headers: Readonly<Record<string, string>>): Buffer {
    const entries = Object.entries(headers);
    const parts = [uint32(entries.length)];
    for (const [name, value] of entries) {
      for (const text of [name.toLowerCase(), value]) {
        const bytes = Buffer.from(text);
        parts.push(uint32(bytes.length), bytes);
      }
    }
    const plain = Buffer.concat(parts);
    const stored = Buffer.alloc(5);
    stored.writeUInt16LE(plain.length, 1);
    stored.writeUInt16LE(~plain.length & 0xffff, 3);
    const out = this.begun ? [stored, plain, FLUSHED] : [ZLIB_HEAD, stored, plain, FLUSHED];
    this.begun = true;
    return Buffer.concat(out);
  }
}

function uint32(n: number): Buffer {
  const out = Buffer.alloc(4);
  out.writeUInt32BE(n);
  return out;
}

/** Opens a stream. `block` has its headers. */
export function synStream(stream: number, block: Buffer): Buffer {
  return control(SYN_STREAM, 0, Buffer.concat([uint32(stream), uint32(0), Buffer.alloc(2), block]));
}

export function ping(payload: Buffer): Buffer {
  return control(PING, 0, payload);
}

/** One piece of a stream; with `fin` its last. */
export function data(stream: number, payload: Buffer, fin = false): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt32BE(stream, 0);
  head.writeUInt32BE(payload.length, 4);
  head[4] = fin ? FIN : 0;
  return Buffer.concat([head, payload]);
}

/** Cuts what a connection receives into frames. */
export class FrameReader {
  private readonly waiting = new ByteQueue();

  /** Calls `each` for every frame that is whole; false when what came is no SPDY. */
  push(chunk: Buffer, each: (frame: Frame) => void): boolean {
    const { waiting } = this;
    waiting.push(chunk);
    for (;;) {
      const head = waiting.peek(HEAD_BYTES);
      if (head === undefined) return true;
      const length = head.readUInt32BE(4) & 0xff_ffff;
      const isControl = ((head[0] ?? 0) & 0x80) !== 0;
      if (length > MAX_FRAME_BYTES || (isControl && head.readUInt16BE(0) !== VERSION)) return false;
      const whole = waiting.peek(HEAD_BYTES + length);
      if (whole === undefined) return true;
      waiting.skip(HEAD_BYTES + length);
      const payload = whole.subarray(HEAD_BYTES, HEAD_BYTES + length);
      const flags = whole[4] ?? 0;
      if (isControl) each({ type: 'control', kind: whole.readUInt16BE(2), flags, payload });
      else each({ type: 'data', stream: whole.readUInt32BE(0) & 0x7fff_ffff, fin: (flags & FIN) !== 0, payload });
    }
  }
}
