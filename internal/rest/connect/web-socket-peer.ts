import { createHash, randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { ByteQueue, Gathered } from '../../machinery/gathered.js';

/** Bytes of one message, its fragments together. */
const MAX_MESSAGE_BYTES = 1024 * 1024;
const CONTINUATION = 0;
const TEXT = 1;
const BINARY = 2;
const CLOSE = 8;
const PING = 9;
const PONG = 10;
const EMPTY: Buffer = Buffer.alloc(0);
/** Frames that are read before others have their turn: of the smallest, thousands come at once. */
const FRAMES_IN_A_TURN = 1024;
/** What a close frame has room for behind its code. */
const MAX_REASON_BYTES = 123;
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const NORMAL = 1000;
const NO_STATUS = 1005;
const ABNORMAL = 1006;
const PROTOCOL_ERROR = 1002;
const TOO_BIG = 1009;

/** What a server must answer this key of an opening handshake with (RFC 6455, 4.2.2). */
export function acceptOf(key: string): string {
  return createHash('sha1')
    .update(key + GUID)
    .digest('base64');
}

/** A key of the opening handshake, and what the server must answer it with. */
export function handshakeKey(): { key: string; accept: string } {
  const key = randomBytes(16).toString('base64');
  return { key, accept: acceptOf(key) };
}

interface Listeners {
  message(message: Buffer, isBinary: boolean): void;
  drain(): void;
  /** Once, whoever closed it; 1006 when it broke off. */
  close(code: number, reason: string): void;
}

/**
 * One side of a WebSocket on a connection that has been upgraded (RFC 6455), without extensions. Messages may have 1 MiB; a
 * larger one, and what is no frame, closes it. Nothing is read before `start`. What a client sends is masked, what a server
 * sends is not.
 */
export class WebSocketPeer {
  private readonly waiting = new ByteQueue();
  private readonly fragments = new Gathered();
  private opcode = 0;
  private closing = false;
  /** What has come is read on in a later turn; nothing more is taken meanwhile. */
  private resting = false;
  private held = false;
  /** Who asks and does not read the answers is not read, until the connection drains. */
  private unanswered = false;
  /** The connection was closed while frames waited to be read. */
  private broken = false;
  private over = false;
  private closed: { code: number; reason: string } | undefined;
  private listeners: Listeners | undefined;

  constructor(
    private readonly socket: Duplex,
    head: Buffer,
    private readonly role: 'client' | 'server' = 'client',
  ) {
    this.waiting.push(head);
    socket.on('error', () => undefined); // `close` comes as well
  }

  start(listeners: Listeners): void {
    this.listeners = listeners;
    const { socket } = this;
    socket.on('data', (chunk: Buffer) => {
      this.waiting.push(chunk);
      if (!this.resting) this.parse();
    });
    socket.on('drain', () => {
      this.unanswered = false;
      this.flow();
      listeners.drain();
    });
    socket.on('end', () => socket.end());
    socket.on('close', () => {
      if (this.resting) this.broken = true;
      else this.ended();
    });
    this.parse();
    if (socket.destroyed) this.ended();
  }

  /** Queues a message; false means that the sender should wait for `drain`. */
  send(message: Buffer, isBinary: boolean): boolean {
    return this.closing || this.frame(isBinary ? BINARY : TEXT, message);
  }

  pause(): void {
    this.held = true;
    this.socket.pause();
  }
  resume(): void {
    this.held = false;
    this.flow();
  }
  private flow(): void {
    if (!this.resting && !this.held && !this.unanswered) this.socket.resume();
  }

  /** Says why (at most 123 bytes), and closes the connection. */
  close(code = NORMAL, reason = ''): void {
    if (this.closing) return;
    this.closing = true;
    let why = EMPTY;
    if (code !== NO_STATUS && code !== ABNORMAL) {
      why = Buffer.concat([Buffer.alloc(2), Buffer.from(reason).subarray(0, MAX_REASON_BYTES)]);
      why.writeUInt16BE(code);
    }
    this.frame(CLOSE, why);
    this.socket.end();
  }

  destroy(): void {
    this.socket.destroy();
  }

  private ended(): void {
    if (this.over) return;
    this.over = true;
    this.closing = true;
    this.listeners?.close(this.closed?.code ?? ABNORMAL, this.closed?.reason ?? '');
  }

  private fail(code: number): void {
    this.closed ??= { code, reason: '' };
    this.close(code);
    this.socket.destroy();
  }

  /** Reads on when others had their turn. */
  private rest(): void {
    this.resting = true;
    this.socket.pause();
    setImmediate(() => {
      this.resting = false;
      this.parse();
      if (this.resting) return;
      if (this.broken) this.ended();
      else this.flow();
    });
  }

  private parse(): void {
    for (let frames = 0; !this.over; frames++) {
      if (frames === FRAMES_IN_A_TURN) return this.rest();
      const start = this.waiting.peek(2);
      if (start === undefined) return;
      const short = (start[1] ?? 0) & 0x7f;
      const masked = ((start[1] ?? 0) & 0x80) !== 0;
      const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
      const headBytes = 2 + lengthBytes + (masked ? 4 : 0);
      const head = this.waiting.peek(headBytes);
      if (head === undefined) return;
      const length = short === 126 ? head.readUInt16BE(2) : short === 127 ? Number(head.readBigUInt64BE(2)) : short;
      if (length > MAX_MESSAGE_BYTES) return this.fail(TOO_BIG);
      // A server may not mask, a client must; and nobody agreed on extensions.
      if (masked !== (this.role === 'server') || ((start[0] ?? 0) & 0x70) !== 0) return this.fail(PROTOCOL_ERROR);
      const whole = this.waiting.peek(headBytes + length);
      if (whole === undefined) return;
      const payload = whole.subarray(headBytes, headBytes + length);
      if (masked) mask(payload, whole.subarray(headBytes - 4, headBytes), payload);
      this.waiting.skip(headBytes + length);
      this.receive((start[0] ?? 0) & 0x0f, ((start[0] ?? 0) & 0x80) !== 0, payload);
    }
  }

  private receive(opcode: number, isFinal: boolean, payload: Buffer): void {
    switch (opcode) {
      case CONTINUATION:
      case TEXT:
      case BINARY:
        this.fragment(opcode, isFinal, payload);
        return;
      case PING:
        if (this.closing || this.frame(PONG, payload)) return;
        this.unanswered = true;
        this.socket.pause();
        return;
      case PONG:
        return;
      case CLOSE:
        this.closed ??= {
          code: payload.length >= 2 ? payload.readUInt16BE(0) : NO_STATUS,
          reason: payload.subarray(2).toString(),
        };
        this.close(this.closed.code);
        return;
      default:
        this.fail(PROTOCOL_ERROR);
    }
  }

  private fragment(opcode: number, isFinal: boolean, payload: Buffer): void {
    const continues = this.opcode !== 0;
    if (continues !== (opcode === CONTINUATION)) return this.fail(PROTOCOL_ERROR);
    if (!continues) this.opcode = opcode;
    this.fragments.push(payload);
    if (this.fragments.bytes > MAX_MESSAGE_BYTES) return this.fail(TOO_BIG);
    if (!isFinal) return;
    const message = this.fragments.take();
    const isBinary = this.opcode === BINARY;
    this.opcode = 0;
    if (!this.closing) this.listeners?.message(message, isBinary);
  }

  /** Writes one frame; a client's is masked. */
  private frame(opcode: number, payload: Buffer): boolean {
    const { socket } = this;
    if (socket.destroyed || socket.writableEnded) return true;
    const { length } = payload;
    const extended = length < 126 ? 0 : length < 65_536 ? 2 : 8;
    const maskAt = 2 + extended;
    const masks = this.role === 'client';
    const out = Buffer.allocUnsafe(masks ? maskAt + 4 + length : maskAt);
    out[0] = 0x80 | opcode;
    out[1] = (masks ? 0x80 : 0) | (extended === 0 ? length : extended === 2 ? 126 : 127);
    if (extended === 2) out.writeUInt16BE(length, 2);
    if (extended === 8) out.writeBigUInt64BE(BigInt(length), 2);
    if (masks) {
      const key = randomBytes(4);
      key.copy(out, maskAt);
      mask(payload, key, out.subarray(maskAt + 4));
      return socket.write(out);
    }
    socket.cork();
    socket.write(out);
    const flowing = socket.write(payload);
    socket.uncork();
    return flowing;
  }
}

/** Writes `from`, masked or unmasked by the four bytes of `key`, to `to`, which may be the same memory. */
function mask(from: Buffer, key: Buffer, to: Buffer): void {
  for (let i = 0; i < from.length; i++) to[i] = (from[i] ?? 0) ^ (key[i & 3] ?? 0);
}
