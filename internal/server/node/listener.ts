import { once } from 'node:events';
import { type IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { Arrivals } from '../../machinery/arrivals.js';
import { FatalError } from '../../machinery/assert.js';
import { logger } from '../../machinery/log.js';
import { acceptOf } from '../../rest/connect/web-socket-peer.js';
import type { HandOverReply, UpgradeReply } from '../../rest/web-socket.js';
import { writeHead } from '../answer-head.js';
import { BodyBudget } from '../body-budget.js';
import type { Answer, HttpListener, ListenOptions, RequestHandler } from '../http-listener.js';
import { NodeExchange } from './exchange.js';
import { Meter, MeteredConnection } from '../../machinery/metered.js';
import { type Contexts, contextsOf } from './secure-context.js';
import { NodeSink } from './sink.js';
import { NodeWebSocket } from './web-socket.js';

const log = logger('node/listener.ts');
/** Request line and headers, as on the main port. */
const MAX_HEADER_BYTES = 64 * 1024;
const MAX_HEADERS = 100;
/** How long a client may take for its TLS greeting, and for the head of a request. */
const HEAD_MS = 30_000;
/** How long a connection without a request is kept, longer than balancers and clients do. */
const IDLE_MS = 120_000;
/** After so long without a word the client's kernel is asked whether it is still there. */
const PROBE_MS = 30_000;
const MAX_CONNECTIONS = 8_192;
/** Connections over which nothing has come yet. */
const MAX_SILENT = 1_024;
/** The WebSocket code of a server that stops. */
const GOING_AWAY = 1001;

/**
 * Listens for HTTPS with Node's own server and hands every request to `handler`, as the main port does, at less speed. Here
 * a client may take over its connection with whatever protocol it speaks (SPDY), and one that sends too fast is held back.
 * Throws FatalError when the port or the files cannot be used.
 */
export async function listenWithNode(options: ListenOptions, handler: RequestHandler): Promise<HttpListener> {
  const listener = new NodeListener(options, handler);
  const { server } = listener.arrivals;
  server.listen(options.port, options.host);
  try {
    await once(server, 'listening');
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new FatalError(
      `cannot listen on ${options.host}:${options.port} (${why}): another program has the port, or the address is not this machine's`,
    );
  }
  server.on('error', (error) => log.error('a port had trouble', error));
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => listener.connections,
    // Async so that what cannot be used rejects.
    replaceTls: async (tls) => {
      await Promise.resolve();
      listener.show(contextsOf(tls));
    },
    close: (graceMs) => listener.close(graceMs),
  };
}

/** The state of one port. */
class NodeListener {
  /** Listens, and takes clients in. */
  readonly arrivals: Arrivals;
  /** Speaks TLS and HTTP with them. */
  private readonly server: Server;
  connections = 0;
  private contexts: Contexts;
  private closing = false;
  private inFlight = 0;
  private drained: (() => void) | undefined;
  private ended: Promise<void> | undefined;
  private readonly sinks = new Set<NodeSink>();
  private readonly webSockets = new Set<NodeWebSocket>();
  /** Connections with a request that is not answered yet. */
  private readonly busy = new WeakSet<object>();
  /** Connections that speak another protocol. */
  private readonly handedOver = new Set<Duplex>();
  private readonly bodies = new BodyBudget();
  private readonly meter = new Meter();

  constructor(
    options: ListenOptions,
    private readonly handler: RequestHandler,
  ) {
    this.contexts = contextsOf(options);
    this.server = createServer({
      ...this.contexts.options,
      requestCert: options.clientCaFile !== undefined,
      // Nobody needs a certificate; see `greet` for one that is not believed.
      rejectUnauthorized: false,
      SNICallback: (name, done) => done(null, this.contexts.of(name)),
      ALPNProtocols: ['http/1.1'],
      maxHeaderSize: MAX_HEADER_BYTES,
      handshakeTimeout: HEAD_MS,
      headersTimeout: HEAD_MS,
      requestTimeout: 0,
      keepAliveTimeout: IDLE_MS,
    });
    const { server } = this;
    server.maxHeadersCount = 0;
    const speakHttp = server.listeners('secureConnection');
    server.removeAllListeners('secureConnection');
    server.on('secureConnection', (socket) => {
      if (!greet(socket)) return;
      const connection = new MeteredConnection(socket, this.meter);
      for (const speak of speakHttp) Reflect.apply(speak, server, [connection]);
    });
    this.arrivals = new Arrivals({
      take: (socket) => void server.emit('connection', socket),
      silentMs: HEAD_MS,
      mostSilent: MAX_SILENT,
      server: { keepAlive: true, keepAliveInitialDelay: PROBE_MS },
    });
    const door = this.arrivals.server;
    door.maxConnections = MAX_CONNECTIONS;
    door.on('connection', (socket) => {
      this.connections++;
      socket.on('close', () => this.connections--);
    });
    // Its clock for slow heads is started by what it takes for its own listening.
    door.once('listening', () => server.emit('listening'));
    server.on('request', (message, response) => this.serve(message, response));
    server.on('upgrade', (message: IncomingMessage, socket: Duplex, head: Buffer) => {
      socket.on('error', () => undefined); // `close` comes as well
      this.serve(message, new Upgrade(message, socket, head));
    });
  }

  show(contexts: Contexts): void {
    this.contexts = contexts;
    this.server.setSecureContext(contexts.options);
  }

  private serve(message: IncomingMessage, response: ServerResponse): void {
    const { socket } = message;
    if (this.busy.has(socket)) {
      // Node hands over all that came in one piece, which may be thousands of requests. On the main port nobody may either
      // ask again before the answer.
      socket.destroy();
      return;
    }
    this.busy.add(socket);
    response.on('close', () => this.busy.delete(socket));
    response.sendDate = true;
    if (message.rawHeaders.length > 2 * MAX_HEADERS) {
      response.writeHead(431, { connection: 'close' }).end();
      return;
    }
    const exchange = new NodeExchange(message, response instanceof Upgrade, this.bodies);
    this.inFlight++;
    response.on('error', () => undefined); // `close` comes as well
    response.on('close', () => {
      if (!response.writableFinished) exchange.abort();
    });
    const broken = (error: unknown): void => {
      log.error(`${exchange.method} ${exchange.rawPath} was not answered`, error);
      response.destroy();
      this.release(exchange, undefined);
    };
    void (async () => {
      this.answer(exchange, response, await this.handler.serve(exchange));
    })().catch(broken);
  }

  private answer(exchange: NodeExchange, response: ServerResponse, answer: Answer): void {
    const { reply, auditId, headers } = answer;
    exchange.body?.discard();
    const release = (): void => this.release(exchange, answer.finished);
    if (exchange.isAborted || response.destroyed) {
      if ('abandoned' in reply) reply.abandoned?.();
      release();
      return;
    }
    if ('accept' in reply || 'handOver' in reply) {
      this.takeOver(exchange, response, reply, auditId, release);
      return;
    }
    response.on('close', release);
    if (this.closing || response instanceof Upgrade) response.shouldKeepAlive = false;
    const writer = {
      writeStatus: (line: string) => {
        response.statusCode = Number.parseInt(line, 10);
        response.statusMessage = line.slice(4);
      },
      writeHeader: (name: string, value: string) => response.appendHeader(name, value),
    };
    writeHead(writer, reply, auditId, headers);
    if ('body' in reply) {
      if (exchange.method === 'HEAD') response.setHeader('Content-Length', Buffer.byteLength(reply.body));
      response.end(exchange.method === 'HEAD' ? undefined : reply.body);
      return;
    }
    if (exchange.method === 'HEAD' || this.closing) {
      reply.abandoned?.();
      response.end();
      return;
    }
    response.flushHeaders();
    const sink = new NodeSink(response);
    this.sinks.add(sink);
    sink.onClose(() => this.sinks.delete(sink));
    try {
      reply.stream(sink);
    } catch (error) {
      log.error(`a stream for ${exchange.rawPath} broke`, error);
      sink.end();
    }
  }

  /** Answers with 101, behind which the connection is somebody else's. */
  private takeOver(
    exchange: NodeExchange,
    response: ServerResponse,
    reply: UpgradeReply | HandOverReply,
    auditId: string,
    release: () => void,
  ): void {
    if (!(response instanceof Upgrade) || this.closing || ('accept' in reply && !isHandshake(exchange))) {
      reply.abandoned?.();
      response.on('close', release);
      response.writeHead(400, { connection: 'close' }).end('you must specify a WebSocket upgrade\n');
      return;
    }
    const { connection, head } = response.release();
    connection.on('close', release);
    if ('handOver' in reply) {
      this.handedOver.add(connection);
      connection.on('close', () => this.handedOver.delete(connection));
      connection.write(headOf(reply.rawHeaders));
      reply.handOver(connection, head);
      return;
    }
    const headers = ['Upgrade', 'websocket', 'Connection', 'Upgrade', 'Audit-Id', auditId];
    headers.push('Sec-WebSocket-Accept', acceptOf(exchange.header('sec-websocket-key')));
    if (reply.protocol !== '') headers.push('Sec-WebSocket-Protocol', reply.protocol);
    headers.push(...(reply.passedOn ?? []).flat());
    connection.write(headOf(headers));
    const webSocket = new NodeWebSocket(connection, head, reply.protocol);
    this.webSockets.add(webSocket);
    webSocket.onClose(() => this.webSockets.delete(webSocket));
    webSocket.open(reply.accept);
  }

  private release(exchange: NodeExchange, finished: (() => void) | undefined): void {
    if (exchange.done) return;
    exchange.done = true;
    finished?.();
    exchange.body?.release();
    this.inFlight--;
    if (this.inFlight === 0) this.drained?.();
  }

  /** Takes no new connections, ends streams and sessions, and waits for the answers that are on their way. Once. */
  close(graceMs: number): Promise<void> {
    return (this.ended ??= this.end(graceMs));
  }

  private async end(graceMs: number): Promise<void> {
    this.closing = true;
    this.arrivals.close();
    this.server.close();
    for (const sink of this.sinks) sink.end();
    for (const webSocket of this.webSockets) webSocket.close(GOING_AWAY, 'the server is shutting down');
    for (const connection of this.handedOver) connection.destroy();
    if (this.inFlight > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, graceMs);
        this.drained = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.server.closeAllConnections();
    for (const connection of this.handedOver) connection.destroy();
  }
}

/** The answer to a client that asks for another protocol: an ordinary one, behind which the connection ends, or 101. */
class Upgrade extends ServerResponse {
  constructor(
    message: IncomingMessage,
    private readonly connectionOf: Duplex,
    private readonly head: Buffer,
  ) {
    super(message);
    this.assignSocket(message.socket);
    this.on('finish', () => connectionOf.end());
  }

  /** The connection is no HTTP any more. */
  release(): { connection: Duplex; head: Buffer } {
    this.detachSocket(this.connectionOf as unknown as TLSSocket);
    return { connection: this.connectionOf, head: this.head };
  }
}

/** As on the main port a certificate that no authority vouches for ends the connection: false. */
function greet(socket: TLSSocket): boolean {
  if (socket.authorized || socket.getPeerX509Certificate() === undefined) return true;
  socket.destroy();
  return false;
}

/** Whether a WebSocket can be answered (RFC 6455, 4.2.1). */
function isHandshake(exchange: NodeExchange): boolean {
  return (
    exchange.method === 'GET' &&
    exchange.header('upgrade').toLowerCase() === 'websocket' &&
    exchange.header('sec-websocket-key') !== '' &&
    exchange.header('sec-websocket-version') === '13'
  );
}

/** The head of an answer that hands a connection over. */
function headOf(headers: readonly string[]): string {
  const lines = ['HTTP/1.1 101 Switching Protocols'];
  for (let i = 0; i < headers.length; i += 2) lines.push(`${headers[i]}: ${headers[i + 1]}`);
  return `${lines.join('\r\n')}\r\n\r\n`;
}
