import type { Duplex } from 'node:stream';
import {
  data,
  FIN,
  FrameReader,
  type Frame,
  GOAWAY,
  HeaderBlocks,
  PING,
  ping,
  RST_STREAM,
  SYN_REPLY,
  synStream,
} from './frames.js';

/** Peers buffer whole frames: small ones, as Kubernetes writes them. */
const MAX_DATA_BYTES = 32 * 1024;

/** What one stream tells. */
export interface StreamListener {
  data?(chunk: Buffer): void;
  /** The other side ended the stream or reset it. It is not called when the connection is lost. */
  end?(): void;
}

/** One stream that this side opened. */
export interface SpdyStream {
  /** Queues bytes; false means that the connection is full until `drain`. */
  write(chunk: Buffer): boolean;
  /** Nothing follows from this side. */
  end(): void;
}

interface Entry {
  readonly listener: StreamListener;
  readonly opened: () => void;
  readonly failed: (error: Error) => void;
  over: boolean;
}

/** The client's side of a SPDY/3.1 connection: opens streams, and never has any opened by the other side. */
export class SpdyConnection {
  private readonly entries = new Map<number, Entry>();
  private readonly headers = new HeaderBlocks();
  private readonly reader = new FrameReader();
  private nextId = 1;
  private gone = false;
  private isPaused = false;

  /** `drain` is called when what was queued has left, `close` once when the connection is gone. */
  constructor(
    private readonly socket: Duplex,
    head: Buffer,
    listener: { drain(): void; close(): void },
  ) {
    socket.on('error', () => undefined); // `close` comes as well
    socket.on('drain', () => {
      this.flow();
      listener.drain();
    });
    socket.on('data', (chunk: Buffer) => this.take(chunk));
    socket.on('end', () => socket.end());
    socket.on('close', () => {
      this.lost();
      listener.close();
    });
    if (head.length > 0) this.take(head);
  }

  /** Resolves when the other side has taken the stream; rejects when it refuses it or the connection is gone. */
  open(headers: Readonly<Record<string, string>>, listener: StreamListener): Promise<SpdyStream> {
    const id = this.nextId;
    this.nextId += 2;
    return new Promise((resolve, reject) => {
      if (this.gone) {
        reject(new Error('connection closed'));
        return;
      }
      const stream: SpdyStream = {
        write: (chunk) => this.write(id, chunk),
        end: () => void this.send(data(id, Buffer.alloc(0), true)),
      };
      this.entries.set(id, { listener, opened: () => resolve(stream), failed: reject, over: false });
      this.send(synStream(id, this.headers.block(headers)));
    });
  }

  pause(): void {
    this.isPaused = true;
    this.flow();
  }
  resume(): void {
    this.isPaused = false;
    this.flow();
  }
  close(): void {
    this.socket.destroy();
  }

  private write(id: number, chunk: Buffer): boolean {
    let flowing = true;
    for (let at = 0; at < chunk.length; at += MAX_DATA_BYTES) {
      flowing = this.send(data(id, chunk.subarray(at, at + MAX_DATA_BYTES)));
    }
    return flowing;
  }

  private send(frame: Buffer): boolean {
    return this.gone || this.socket.destroyed || this.socket.write(frame);
  }

  private flow(): void {
    if (this.isPaused) this.socket.pause();
    else this.socket.resume();
  }

  private take(chunk: Buffer): void {
    if (!this.reader.push(chunk, (frame) => this.receive(frame))) this.close();
  }

  private receive(frame: Frame): void {
    if (frame.type === 'data') {
      const entry = this.entries.get(frame.stream);
      if (entry === undefined || entry.over) return;
      if (frame.payload.length > 0) entry.listener.data?.(frame.payload);
      if (frame.fin) this.over(entry);
      return;
    }
    const { kind, flags, payload } = frame;
    switch (kind) {
      case SYN_REPLY: {
        const entry = this.entryOf(payload);
        entry?.opened();
        if (entry !== undefined && (flags & FIN) !== 0) this.over(entry);
        return;
      }
      case RST_STREAM: {
        const entry = this.entryOf(payload);
        entry?.failed(new Error('stream reset'));
        if (entry !== undefined) this.over(entry);
        return;
      }
      case PING:
        // Ours have odd numbers; there are none.
        if (payload.length === 4 && ((payload[3] ?? 0) & 1) === 0 && !this.send(ping(payload))) {
          // Who asks and does not read the answers is not read, until the connection drains.
          this.socket.pause();
        }
        return;
      case GOAWAY:
        // What runs goes on; nothing new is opened.
        return;
      default:
    }
  }

  private entryOf(payload: Buffer): Entry | undefined {
    return payload.length < 4 ? undefined : this.entries.get(payload.readUInt32BE(0) & 0x7fff_ffff);
  }

  private over(entry: Entry): void {
    if (entry.over) return;
    entry.over = true;
    entry.listener.end?.();
  }

  private lost(): void {
    this.gone = true;
    for (const entry of this.entries.values()) {
      entry.failed(new Error('connection closed'));
    }
  }
}
