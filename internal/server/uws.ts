// The only file that knows uWebSockets.js. Its rules: a request is readable only until the handler returns; a response
// must not be touched after its abort handler ran; several writes belong into one cork.
import { createRequire } from 'node:module';
import type * as UWS from 'uWebSockets.js';
import { assert, FatalError } from '../machinery/assert.js';
import { logger } from '../machinery/log.js';
import type { Ahead, BytesReply, Reply, Sink, StreamReply } from '../rest/types.js';
import { type Answer, type Behind, type Incoming, MAX_BODY_BYTES, type OpenDoor } from './door.js';
import { type Framing, framingOf } from './uws/framing.js';
import { Turn } from './uws/turn.js';

/** Request line and headers together; above it uWS answers 431. Read by the native module when it is loaded. */
const MAX_HEADER_BYTES = 64 * 1024;
process.env['UWS_HTTP_MAX_HEADERS_SIZE'] ??= String(MAX_HEADER_BYTES);
const uws = createRequire(import.meta.url)('uWebSockets.js') as typeof UWS & { LIBUS_LISTEN_EXCLUSIVE_PORT: number };

const log = logger('uws.ts');
/** All bodies that are being received, together; above it requests are refused with 429. */
const MAX_BODIES_BYTES = 256 * 1024 * 1024;
/** A body that is too large is read to its end up to this, so that the client gets to see its answer. */
const MAX_DRAIN_BYTES = 64 * 1024 * 1024;
const EMPTY = Buffer.alloc(0);
/** net/http's answer, filled up to more than the buffer in which uWS collects small writes: it leaves at once then. */
const MALFORMED = `400 Bad Request: the length of the request's body cannot be told\n${' '.repeat(16 * 1024)}`;

export interface DoorOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly certFile: string;
  readonly keyFile: string;
  /** Authorities whose client certificates are accepted; a certificate is asked for, never required. */
  readonly clientCaFile: string | undefined;
}

type Response = UWS.HttpResponse & { getX509Certificate(): string };

/** Listens for HTTPS and hands every request to `behind`. Throws FatalError when the port or the files cannot be used. */
export async function openDoor(options: DoorOptions, behind: Behind): Promise<OpenDoor> {
  const door = new Door(behind);
  const app = sslApp(options);
  app.any('/*', (res, req) => door.handle(res as Response, req));
  app.filter((_res, count) => door.count(Number(count)));
  const listening = await new Promise<UWS.us_listen_socket | false>((resolve) => {
    listenOn(app, options.host, options.port, resolve);
  });
  if (listening === false) {
    throw new FatalError(
      `cannot listen on ${options.host}:${options.port}: another program has the port, or the address is not this machine's`,
    );
  }
  return {
    port: uws.us_socket_local_port(listening),
    connections: () => door.connections,
    close: async (graceMs) => {
      uws.us_listen_socket_close(listening);
      await door.drain(graceMs);
      app.close();
    },
  };
}

function sslApp(options: DoorOptions): UWS.TemplatedApp {
  try {
    return uws.SSLApp({
      cert_file_name: options.certFile,
      key_file_name: options.keyFile,
      ...(options.clientCaFile === undefined ? {} : { ca_file_name: options.clientCaFile }),
    });
  } catch (cause) {
    throw new FatalError(
      `TLS cannot start with ${options.certFile} and ${options.keyFile} (${String(cause)}): check that both are PEM files and belong together`,
    );
  }
}

type ListenWithOptions = (
  host: string,
  port: number,
  options: number,
  callback: (socket: UWS.us_listen_socket | false) => void,
) => void;

function listenOn(
  app: UWS.TemplatedApp,
  host: string,
  port: number,
  callback: (socket: UWS.us_listen_socket | false) => void,
): void {
  // Exclusive: without it a second server would share the port in silence (SO_REUSEPORT).
  (app.listen as unknown as ListenWithOptions).call(app, host, port, uws.LIBUS_LISTEN_EXCLUSIVE_PORT, callback);
}

/** The state of one listening port. */
class Door {
  connections = 0;
  private bodyBytes = 0;
  private inFlight = 0;
  private closing = false;
  private drained: (() => void) | undefined;
  private readonly streams = new Set<UwsSink>();
  private readonly turn = new Turn();

  constructor(private readonly behind: Behind) {}

  count(delta: number): void {
    this.connections += delta > 0 ? 1 : -1;
  }

  handle(res: Response, req: UWS.HttpRequest): void {
    const exchange = new Exchange(res, req, this.turn.begin());
    if (exchange.framing === 'invalid') {
      // Before it returns the connection is closed: what follows in the same buffer is not looked at any more.
      res.writeStatus('400 Bad Request').writeHeader('Content-Type', 'text/plain; charset=utf-8').end(MALFORMED, true);
      return;
    }
    this.inFlight++;
    res.onAborted(() => {
      exchange.aborted = true;
      exchange.sink?.abort();
      this.release(exchange);
    });
    if (exchange.method === 'GET' || exchange.method === 'HEAD') this.dispatch(exchange);
    else this.collect(exchange);
  }

  private collect(exchange: Exchange): void {
    const declared = exchange.declaredLength();
    let chunks: Buffer[] | undefined;
    let received = 0;
    let refused = declared > MAX_BODY_BYTES;
    if (declared > MAX_DRAIN_BYTES) {
      this.answer(exchange, this.behind.refuse('bodyTooLarge'), true);
      return;
    }
    exchange.res.onData((chunk, isLast) => {
      if (exchange.done) return;
      if (exchange.framing === 'chunked') exchange.turn = this.turn.begin();
      received += chunk.byteLength;
      if (received > MAX_BODY_BYTES) refused = true;
      if (!refused && this.bodyBytes > MAX_BODIES_BYTES) {
        this.answer(exchange, this.behind.refuse('tooManyBodies'), true);
        return;
      }
      if (refused) {
        chunks = undefined;
        this.credit(exchange, 0);
        if (isLast || received > MAX_DRAIN_BYTES) {
          this.answer(exchange, this.behind.refuse('bodyTooLarge'), true);
        }
        return;
      }
      // The chunk's memory is taken back when this returns: copy.
      const copy = Buffer.from(new Uint8Array(chunk));
      if (isLast && chunks === undefined) {
        exchange.body = copy;
        this.dispatch(exchange);
        return;
      }
      chunks ??= [];
      chunks.push(copy);
      this.credit(exchange, received);
      if (isLast) {
        exchange.body = Buffer.concat(chunks);
        this.dispatch(exchange);
      }
    });
  }

  /** Accounts for the bytes that this exchange holds while its body comes in. */
  private credit(exchange: Exchange, bytes: number): void {
    this.bodyBytes += bytes - exchange.heldBytes;
    exchange.heldBytes = bytes;
  }

  private dispatch(exchange: Exchange): void {
    try {
      const answer = this.behind.serve(exchange);
      if (answer instanceof Promise) {
        answer.then(
          (a) => this.answer(exchange, a, false),
          (error: unknown) => this.broken(exchange, error),
        );
      } else this.answer(exchange, answer, false);
    } catch (error) {
      this.broken(exchange, error);
    }
  }

  /** The chain answers its own failures; what still gets here is a bug in it, and must not take the process along. */
  private broken(exchange: Exchange, error: unknown): void {
    log.error(`${exchange.method} ${exchange.rawPath} was not answered`, error);
    this.turn.after(exchange.turn, () => {
      if (exchange.aborted || exchange.done) return;
      exchange.res.cork(() => {
        exchange.res.writeStatus('500 Internal Server Error').end('internal error\n', true);
        this.release(exchange);
      });
    });
  }

  private answer(exchange: Exchange, answer: Answer, closeConnection: boolean): void {
    this.turn.after(exchange.turn, () => {
      // The form of chunks is not checked by uWS: where the body really ended is not known, so nothing may follow it.
      this.write(exchange, answer, closeConnection || this.closing || exchange.framing === 'chunked');
    });
  }

  private write(exchange: Exchange, answer: Answer, closeConnection: boolean): void {
    if (exchange.aborted || exchange.done) return;
    exchange.res.cork(() => {
      const { reply } = answer;
      writeHead(exchange.res, reply, answer.auditId);
      if ('stream' in reply) this.stream(exchange, reply);
      else {
        if (exchange.method === 'HEAD') {
          // Given any argument, uWS drops the connection at the next request.
          exchange.res.writeHeader('Content-Length', String(Buffer.byteLength(reply.body)));
          if (exchange.framing === 'chunked') exchange.res.endWithoutBody(undefined, true);
          else exchange.res.endWithoutBody();
        } else exchange.res.end(reply.body, closeConnection);
        this.release(exchange);
      }
    });
  }

  private stream(exchange: Exchange, reply: StreamReply): void {
    const sink = new UwsSink(exchange.res, reply.ahead, () => {
      this.streams.delete(sink);
      this.release(exchange);
    });
    exchange.sink = sink;
    this.streams.add(sink);
    if (exchange.method === 'HEAD' || this.closing) {
      sink.end();
      return;
    }
    try {
      reply.stream(sink);
      sink.showHeaders();
    } catch (error) {
      log.error(`a stream for ${exchange.rawPath} broke`, error);
      sink.end();
    }
  }

  private release(exchange: Exchange): void {
    if (exchange.done) return;
    exchange.done = true;
    this.credit(exchange, 0);
    this.inFlight--;
    if (this.inFlight === 0) this.drained?.();
  }

  /** Ends streams and waits for the answers that are on their way, at most `graceMs`. */
  async drain(graceMs: number): Promise<void> {
    this.closing = true;
    for (const sink of this.streams) sink.end();
    if (this.inFlight === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, graceMs);
      this.drained = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** One request and its response. */
class Exchange implements Incoming {
  readonly method: string;
  readonly rawPath: string;
  readonly rawQuery: string;
  readonly headers: string[] = [];
  readonly peerCertificate: string;
  body: Buffer = EMPTY;
  aborted = false;
  done = false;
  heldBytes = 0;
  sink: UwsSink | undefined;
  readonly framing: Framing;

  constructor(
    readonly res: Response,
    req: UWS.HttpRequest,
    /** The turn of the event loop in which the last of it that matters was read. */
    public turn: number,
  ) {
    this.method = req.getCaseSensitiveMethod();
    this.rawPath = req.getUrl();
    // Undefined, against its declared type, when there is no `?`.
    const query: string | undefined = req.getQuery();
    this.rawQuery = query ?? '';
    req.forEach((name, value) => {
      this.headers.push(name, value);
    });
    this.framing = framingOf(this.headers);
    this.peerCertificate = res.getX509Certificate();
  }

  declaredLength(): number {
    for (let i = 0; i < this.headers.length; i += 2) {
      if (this.headers[i] === 'content-length') return Number(this.headers[i + 1]);
    }
    return 0;
  }

  remoteAddress(): string {
    return this.aborted || this.done ? '' : Buffer.from(this.res.getRemoteAddressAsText()).toString();
  }
}

/**
 * A response that is written piece by piece. In a stream of events every event is on the wire as a whole chunk when
 * `write` returns. uWS writes the line end that closes a chunk only in front of the next chunk, so each write is followed
 * by one byte that may stand there (`StreamReply.ahead`): its chunk is the one that stays open.
 */
class UwsSink implements Sink {
  closed = false;
  private started = false;
  /** The byte that is written ahead of the next event is on its way already. */
  private aheadSent = false;
  private readonly closeListeners: (() => void)[] = [];
  private writableListener: (() => void) | undefined;

  constructor(
    private readonly res: Response,
    private readonly ahead: Ahead | undefined,
    private readonly released: () => void,
  ) {
    res.onWritable(() => {
      // What uWS still holds leaves only with the next write, or at the end of a cork: there may be no next write.
      res.cork(() => {
        this.writableListener?.();
      });
      return true;
    });
  }

  write(chunk: Buffer | string): boolean {
    if (this.closed) return false;
    // An empty chunk would end the response.
    if (chunk.length === 0) return true;
    this.started = true;
    const { ahead } = this;
    let flowing = true;
    this.res.cork(() => {
      flowing = this.res.write(this.afterAhead(chunk));
      if (ahead === undefined) return;
      flowing = this.res.write(AHEAD_BYTES[ahead]) && flowing;
      this.aheadSent = true;
    });
    return flowing;
  }

  /** What of a chunk is still to be written. */
  private afterAhead(chunk: Buffer | string): Buffer | string {
    return this.aheadSent && this.ahead === 'frameLength' ? withoutFirstZero(chunk) : chunk;
  }

  /** uWS sends the headers with the first byte of the body, but a client must see that its watch stands before anything happens. */
  showHeaders(): void {
    const { ahead } = this;
    if (ahead === undefined || this.started || this.closed) return;
    this.started = true;
    this.aheadSent = true;
    this.res.cork(() => {
      this.res.write(AHEAD_BYTES[ahead]);
    });
  }

  onWritable(listener: () => void): void {
    this.writableListener = listener;
  }

  onClose(listener: () => void): void {
    if (this.closed) listener();
    else this.closeListeners.push(listener);
  }

  end(last?: Buffer | string): void {
    if (this.closed) return;
    this.res.cork(() => {
      if (last !== undefined && last.length > 0) this.res.write(this.afterAhead(last));
      this.res.end();
    });
    this.abort();
  }

  /** The response is gone, by `end` or because the client is. */
  abort(): void {
    if (this.closed) return;
    this.closed = true;
    this.writableListener = undefined;
    for (const listener of this.closeListeners.splice(0)) listener();
    this.released();
  }
}

const AHEAD_BYTES: Readonly<Record<Ahead, Buffer>> = { blank: Buffer.from(' '), frameLength: Buffer.alloc(1) };

function withoutFirstZero(frame: Buffer | string): Buffer {
  assert(
    typeof frame !== 'string' && frame[0] === 0 && frame.length > 1,
    'a watch frame must begin with the length of less than 16 MiB',
  );
  return frame.subarray(1);
}

const STATUS_LINES: Readonly<Record<number, string>> = {
  200: '200 OK',
  201: '201 Created',
  202: '202 Accepted',
  204: '204 No Content',
  301: '301 Moved Permanently',
  304: '304 Not Modified',
  400: '400 Bad Request',
  401: '401 Unauthorized',
  403: '403 Forbidden',
  404: '404 Not Found',
  405: '405 Method Not Allowed',
  406: '406 Not Acceptable',
  409: '409 Conflict',
  410: '410 Gone',
  413: '413 Request Entity Too Large',
  415: '415 Unsupported Media Type',
  422: '422 Unprocessable Entity',
  429: '429 Too Many Requests',
  500: '500 Internal Server Error',
  501: '501 Not Implemented',
  503: '503 Service Unavailable',
  504: '504 Gateway Timeout',
};

/** Status line and headers; uWS adds Date by itself. */
function writeHead(res: Response, reply: Reply, auditId: string): void {
  res.writeStatus(STATUS_LINES[reply.status] ?? `${reply.status} Status`);
  res.writeHeader('Audit-Id', auditId);
  const headers = reply.headers;
  if (headers?.['Cache-Control'] === undefined) res.writeHeader('Cache-Control', 'no-cache, private');
  if (reply.contentType !== '') res.writeHeader('Content-Type', reply.contentType);
  if (headers !== undefined) {
    for (const name in headers) res.writeHeader(name, headers[name] ?? '');
  }
  for (const warning of reply.warnings ?? []) res.writeHeader('Warning', `299 - ${quoted(warning)}`);
}

/** An HTTP quoted-string; what cannot stand in a header line is dropped. */
function quoted(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is being removed
  return `"${text.replace(/[\u0000-\u001f\u007f]/g, ' ').replace(/["\\]/g, '\\$&')}"`;
}

/** Narrows a reply to one that is written at once. */
export function isBytes(reply: Reply): reply is BytesReply {
  return 'body' in reply;
}
