import type { Duplex } from 'node:stream';
import { constants, inflateRawSync } from 'node:zlib';
import { data, type Frame, FrameReader, HeaderBlocks } from '../spdy/frames.js';
import { SPDY_DICTIONARY } from './spdy-dictionary.js';

const SYN_STREAM = 1;
const SYN_REPLY = 0x8003_0002;
/** zlib's own head, and the checksum of its dictionary. */
const ZLIB_HEAD_BYTES = 6;

/** A stream that the client opened. */
export interface ServedStream {
  readonly type: string;
  /** The port of a pod that it leads to; '' where it is not one of portforward. */
  readonly port: string;
  /** What has been received. */
  received: string;
  bytes: number;
  ended: boolean;
  write(chunk: Buffer | string): boolean;
  end(): void;
  /** Hands on what came and what comes. */
  pipe(each: (chunk: Buffer) => void, end: () => void): void;
}

/** The server's side of SPDY as a kubelet has it. For tests. */
export class SpdyServer {
  readonly streams: ServedStream[] = [];
  /** Called for each stream that is opened from now on. */
  onStream: (stream: ServedStream) => void = () => undefined;
  private readonly pipes = new Map<ServedStream, { each: (chunk: Buffer) => void; end: () => void }>();
  private readonly reader = new FrameReader();
  private readonly replies = new HeaderBlocks();
  private readonly packed: Buffer[] = [];
  private unpacked = 0;
  private readonly byId = new Map<number, ServedStream>();
  private watching: (() => void)[] = [];

  constructor(readonly socket: Duplex) {
    socket.on('data', (chunk: Buffer) => {
      this.reader.push(chunk, (frame) => this.receive(frame));
      for (const look of this.watching) look();
    });
  }

  /** Resolves when what is looked for is so. */
  until(is: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!is()) return;
        this.watching = this.watching.filter((w) => w !== look);
        resolve();
      };
      this.watching.push(look);
      look();
    });
  }

  stream(type: string): ServedStream {
    const found = this.streams.find((s) => s.type === type);
    if (found === undefined) throw new Error(`there is no stream ${type}`);
    return found;
  }

  private receive(frame: Frame): void {
    if (frame.type === 'data') {
      const stream = this.byId.get(frame.stream);
      if (stream === undefined) throw new Error(`there is no stream ${frame.stream}`);
      stream.bytes += frame.payload.length;
      if (stream.bytes < 65_536) stream.received += frame.payload.toString();
      const pipe = this.pipes.get(stream);
      if (frame.payload.length > 0) pipe?.each(frame.payload);
      if (!frame.fin) return;
      stream.ended = true;
      pipe?.end();
      return;
    }
    if (frame.kind !== SYN_STREAM) return;
    const id = frame.payload.readUInt32BE(0);
    const { socket } = this;
    const { streamtype: type = '', port = '' } = this.headers(frame.payload.subarray(10));
    const stream: ServedStream = {
      type,
      port,
      received: '',
      bytes: 0,
      ended: false,
      write: (chunk) => socket.write(data(id, Buffer.from(chunk))),
      end: () => void socket.write(data(id, Buffer.alloc(0), true)),
      pipe: (each, end) => {
        if (stream.received !== '') each(Buffer.from(stream.received));
        if (stream.ended) end();
        else this.pipes.set(stream, { each, end });
      },
    };
    this.byId.set(id, stream);
    this.streams.push(stream);
    const block = this.replies.block({});
    const reply = Buffer.alloc(12);
    reply.writeUInt32BE(SYN_REPLY, 0);
    reply.writeUInt32BE(4 + block.length, 4);
    reply.writeUInt32BE(id, 8);
    socket.write(Buffer.concat([reply, block]));
    this.onStream(stream);
  }

  private headers(block: Buffer): Record<string, string> {
    this.packed.push(this.packed.length === 0 ? block.subarray(ZLIB_HEAD_BYTES) : block);
    const plain = inflateRawSync(Buffer.concat(this.packed), {
      dictionary: SPDY_DICTIONARY,
      finishFlush: constants.Z_SYNC_FLUSH,
    });
    let at = this.unpacked;
    this.unpacked = plain.length;
    const text = (): string => {
      const length = plain.readUInt32BE(at);
      at += 4 + length;
      return plain.toString('utf8', at - length, at);
    };
    const count = plain.readUInt32BE(at);
    at += 4;
    const out: Record<string, string> = {};
    for (let i = 0; i < count; i++) {
      const name = text();
      out[name] = text();
    }
    return out;
  }
}
