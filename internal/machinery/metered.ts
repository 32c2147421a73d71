import type { X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { Turns } from './turns.js';

/** So much is read at a time, bytes: of the shortest chunks or requests that is some milliseconds of work. */
const PIECE_BYTES = 16 * 1024;
/** What all connections of a port have received and not read, bytes, unless said otherwise. */
const MAX_WAITING_BYTES = 256 * 1024 * 1024;

/** What the connections of one port, or of one client of many servers, share. */
export class Meter {
  /** As many wait as there are connections. */
  readonly turns = new Turns();
  waitingBytes = 0;

  /** `most`: bytes that may wait. */
  constructor(readonly most = MAX_WAITING_BYTES) {}
}

/**
 * A connection whose bytes are handed on in pieces, which all connections of a Meter take in turns: Node's HTTP parser
 * takes all it is given before anybody else has a turn, and calls back for each chunk and each message, however short. The
 * other side is held back while something waits, and the connection ends where all of them together have too much waiting.
 */
export class MeteredConnection extends Duplex {
  private waiting: Buffer[] = [];
  private isWanted = false;
  private isAsked = false;
  private hasEnded = false;

  constructor(
    private readonly socket: Socket,
    private readonly meter: Meter,
  ) {
    super();
    socket.on('data', (chunk: Buffer) => this.received(chunk));
    socket.on('end', () => {
      this.hasEnded = true;
      this.handOn();
    });
    socket.on('timeout', () => this.emit('timeout'));
    socket.on('error', (error) => this.destroy(error));
    socket.on('close', () => this.gone());
  }

  get localAddress(): string | undefined {
    return this.socket.localAddress;
  }
  get localPort(): number | undefined {
    return this.socket.localPort;
  }
  get remoteAddress(): string | undefined {
    return this.socket.remoteAddress;
  }
  get remotePort(): number | undefined {
    return this.socket.remotePort;
  }
  getPeerX509Certificate(): X509Certificate | undefined {
    return this.socket instanceof TLSSocket ? this.socket.getPeerX509Certificate() : undefined;
  }
  /** Emits 'timeout' when nothing was read or written for so long, milliseconds; 0 is never. For Node's HTTP server and client. */
  setTimeout(ms: number): this {
    this.socket.setTimeout(ms);
    return this;
  }

  /* What Node's HTTP client asks of a connection that it keeps. */

  setKeepAlive(on?: boolean, delayMs?: number): this {
    this.socket.setKeepAlive(on, delayMs);
    return this;
  }
  setNoDelay(on?: boolean): this {
    this.socket.setNoDelay(on);
    return this;
  }
  ref(): this {
    this.socket.ref();
    return this;
  }
  unref(): this {
    this.socket.unref();
    return this;
  }

  /** The connection is closed: what came before an orderly end is still to be read, where there is any or somebody reads. */
  private gone(): void {
    const isRead = this.readableLength > 0 || this.readableFlowing === true;
    if (this.hasEnded && isRead && !this.readableEnded && !this.destroyed) this.once('end', () => this.destroy());
    else this.destroy();
  }

  private received(chunk: Buffer): void {
    if (this.destroyed) return;
    this.waiting.push(chunk);
    this.meter.waitingBytes += chunk.length;
    this.handOn();
    if (this.waiting.length === 0) return;
    this.socket.pause();
    if (this.meter.waitingBytes > this.meter.most) this.destroy();
  }

  override _read(): void {
    this.isWanted = true;
    // Streams keep what is pushed from in here for the next tick, when no turn would count the work with it.
    if (this.waiting.length > 0) process.nextTick(() => this.handOn());
    else this.handOn();
  }

  /** Hands one piece on, now or in a later turn, where somebody reads. */
  private handOn(): void {
    if (!this.isWanted || this.isAsked || this.destroyed) return;
    if (this.waiting.length === 0) {
      if (this.hasEnded) this.push(null);
      else if (this.socket.isPaused()) this.socket.resume();
      return;
    }
    this.isAsked = true;
    void this.meter.turns.run(() => {
      this.isAsked = false;
      const piece = this.nextPiece();
      if (piece === undefined) return;
      this.isWanted = false;
      this.push(piece);
    });
  }

  private nextPiece(): Buffer | undefined {
    const [first] = this.waiting;
    if (first === undefined) return undefined;
    const piece = first.subarray(0, PIECE_BYTES);
    if (piece.length === first.length) this.waiting.shift();
    else this.waiting[0] = first.subarray(piece.length);
    this.meter.waitingBytes -= piece.length;
    return piece;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.socket.write(chunk, done);
  }
  override _writev(chunks: { readonly chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this.socket.cork();
    chunks.forEach(({ chunk }, i) => this.socket.write(chunk, i === chunks.length - 1 ? done : undefined));
    this.socket.uncork();
  }
  override _final(done: () => void): void {
    this.socket.end(done);
  }
  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    for (const { length } of this.waiting) this.meter.waitingBytes -= length;
    this.waiting = [];
    this.socket.destroy();
    done(error);
  }
}
