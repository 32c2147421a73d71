import type { Readable } from 'node:stream';
import { Gathered } from '../machinery/gathered.js';
import type { Ahead, Sink, StreamReply } from '../rest/types.js';

/** Bytes of one event of a watch; a longer one ends the stream. */
const MAX_EVENT_BYTES = 16 * 1024 * 1024;

type Head = Omit<StreamReply, 'stream' | 'ahead'>;

/** How the events of a stream are told apart, so that each can be on the wire as a whole. */
interface Framing {
  readonly ahead: Ahead;
  /** Bytes of `data` that are whole events, and how many there must be for one more; 0 where nobody knows. */
  complete(data: Buffer): { readonly end: number; readonly needs: number };
}

const LINES: Framing = { ahead: 'blank', complete: (data) => ({ end: data.lastIndexOf(0x0a) + 1, needs: 0 }) };
/** Each event has its length before it, in four bytes. */
const FRAMES: Framing = {
  ahead: 'frameLength',
  complete(data) {
    let end = 0;
    while (end + 4 <= data.length) {
      const next = end + 4 + data.readUInt32BE(end);
      if (next > data.length) return { end, needs: next };
      end = next;
    }
    return { end, needs: end + 4 };
  },
};

function framingOf(contentType: string): Framing | undefined {
  if (contentType.startsWith('application/json')) return LINES;
  return contentType.startsWith('application/vnd.kubernetes.protobuf') ? FRAMES : undefined;
}

/**
 * An answer whose body is passed on as it comes; the other server is held back while the client does not read. The
 * events of a watch are passed on whole (see `StreamReply.ahead`), unless they are compressed. Where the body breaks off,
 * so does the answer, as far as HTTP/1.1 lets that be seen.
 */
export function streamReply(head: Head, body: Readable, isWatch: boolean): StreamReply {
  const compressed = head.passedOn?.some(([name]) => name.toLowerCase() === 'content-encoding') === true;
  const framing = isWatch && !compressed ? framingOf(head.contentType) : undefined;
  if (framing === undefined) return { ...head, stream: (sink) => pass(body, sink) };
  return { ...head, ahead: framing.ahead, stream: (sink) => passEvents(body, sink, framing) };
}

function pass(body: Readable, sink: Sink): void {
  connect(body, sink, (chunk) => sink.write(chunk));
}

function passEvents(body: Readable, sink: Sink, framing: Framing): void {
  const held = new Gathered();
  /** Without so many bytes no further event is whole. */
  let needs = 0;
  connect(body, sink, (chunk) => {
    held.push(chunk);
    // Long events are not put together again for each chunk; one without a line's end cannot complete a line.
    const isShort = framing === LINES ? !chunk.includes(0x0a) : held.bytes < needs;
    if (isShort && held.bytes <= MAX_EVENT_BYTES) return true;
    const data = held.take();
    const found = framing.complete(data);
    const { end } = found;
    if (end === 0 && data.length > MAX_EVENT_BYTES) {
      body.destroy();
      sink.end();
      return true;
    }
    needs = found.needs - end;
    held.push(data.subarray(end));
    return end === 0 || sink.write(data.subarray(0, end));
  });
}

/** Reads `body` as far as `write` says that there is room. */
function connect(body: Readable, sink: Sink, write: (chunk: Buffer) => boolean): void {
  sink.onClose(() => {
    body.destroy();
  });
  sink.onWritable(() => {
    body.resume();
  });
  body.on('data', (chunk: Buffer) => {
    if (!write(chunk)) body.pause();
  });
  body.on('end', () => {
    sink.end();
  });
  body.on('error', () => {
    sink.end();
  });
  body.on('close', () => {
    sink.end();
  });
  // One that broke off before anybody listened tells of it no more.
  if (body.destroyed) sink.end();
}
