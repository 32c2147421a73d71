import { setTimeout as wait } from 'node:timers/promises';
import { FatalError } from '../../machinery/assert.js';
import { logger } from '../../machinery/log.js';
import type { StreamReply } from '../../rest/types.js';
import type { UpgradeReply } from '../../rest/web-socket.js';
import {
  type Answer,
  type HttpListener,
  type ListenOptions,
  PortLostError,
  type RequestHandler,
  type TlsFiles,
} from '../http-listener.js';
import { BodyBudget } from '../body-budget.js';
import { addressText } from './address.js';
import { CorkHost } from './cork-host.js';
import { Crumbs } from './crumbs.js';
import { Exchange } from './exchange.js';
import { writeHead } from '../answer-head.js';
import { LARGE_BYTES, LargeAnswers } from './large-answer.js';
import { type Response, type UWS, uws } from './native.js';
import { boundReceiveBuffer, connectionsOf } from './receive-buffer.js';
import { secureApp } from './secure-app.js';
import { UwsSink } from './sink.js';
import { Sources } from './sources.js';
import { Turn } from './turn.js';
import { type Flow, UwsWebSocket, webSocketBehavior } from './web-socket.js';

const log = logger('uws');
/** The WebSocket code of a server that stops. */
const GOING_AWAY = 1001;
/** net/http's answer, filled up to more than the buffer in which uWS collects small writes: it leaves at once then. */
const MALFORMED = `400 Bad Request: the length of the request's body cannot be told\n${' '.repeat(16 * 1024)}`;

/** How long a port that was just given up may take to be had again. */
const AGAIN_MS = 5_000;
const RETRY_MS = 20;

/** One app on the port. Those before the last have only the connections that they had. */
class TlsApp {
  readonly app: UWS.TemplatedApp;
  private open = 0;
  private retired = false;
  private closed = false;

  constructor(
    tls: TlsFiles,
    listener: Listener,
    private readonly apps: Set<TlsApp>,
  ) {
    this.app = secureApp(tls, (app) => {
      app.ws('/*', {
        ...webSocketBehavior,
        upgrade: (res, req, context) => listener.handle(res as Response, req, context),
      });
      app.any('/*', (res, req) => listener.handle(res as Response, req));
    });
    this.app.filter((res, count) => {
      const isOpened = Number(count) > 0;
      this.open += isOpened ? 1 : -1;
      if (isOpened) listener.sources.opened(addressText(res.getRemoteAddress()));
      else listener.sources.closed();
      // Not within the callback, which still uses what would be freed.
      if (this.retired && this.open === 0) setImmediate(() => this.close());
    });
    apps.add(this);
  }

  /** It goes with its last connection. */
  retire(): void {
    this.retired = true;
    if (this.open === 0) setImmediate(() => this.close());
  }

  close(): void {
    if (!this.closed) this.app.close();
    this.closed = true;
    this.apps.delete(this);
  }
}

/** Listens for HTTPS and hands every request to `handler`. Throws FatalError when the port or the files cannot be used. */
export async function listen(options: ListenOptions, handler: RequestHandler): Promise<HttpListener> {
  const listener = new Listener(handler);
  const apps = new Set<TlsApp>();
  const open = async (app: TlsApp, port: number, untilMs: number): Promise<UWS.us_listen_socket> => {
    for (;;) {
      const listening = await new Promise<UWS.us_listen_socket | false>((resolve) => {
        listenOn(app.app, options.host, port, resolve);
      });
      if (listening !== false) return listening;
      if (performance.now() >= untilMs) {
        throw new FatalError(
          `cannot listen on ${options.host}:${port}: another program has the port, or the address is not this machine's`,
        );
      }
      await wait(RETRY_MS);
    }
  };
  const first = await open(new TlsApp(options, listener, apps), options.port, 0).catch((error: unknown) => {
    listener.corkHost.close();
    throw error;
  });
  const port = uws.us_socket_local_port(first);
  const door = new Door(first);
  const isClosed = (): boolean => listener.isClosing;
  // Its helper has the port open as well until it ends.
  let bounding = boundReceiveBuffer(port, isClosed);
  const end = async (graceMs: number): Promise<void> => {
    door.close();
    await listener.drain(graceMs);
    await bounding;
    for (const app of apps) app.close();
    listener.corkHost.close();
  };
  let ended: Promise<void> | undefined;
  return {
    port,
    connections: () => listener.sources.open,
    async replaceTls(tls) {
      if (isClosed()) return;
      // The last listening socket, and the connections that it let in.
      await bounding;
      const bounded = await connectionsOf(port);
      if (isClosed()) return;
      const before = [...apps];
      const app = new TlsApp(tls, listener, apps);
      door.close();
      for (const old of before) old.retire();
      try {
        door.open(await open(app, port, performance.now() + AGAIN_MS));
      } catch (error) {
        throw new PortLostError(error instanceof Error ? error.message : String(error));
      }
      if (isClosed()) {
        door.close();
        app.retire();
      } else bounding = boundReceiveBuffer(port, isClosed, bounded);
    },
    close: (graceMs) => (ended ??= end(graceMs)),
  };
}

/** The socket that takes new connections, open or not: uWS frees one that is closed, and closing it again ends the process. */
class Door {
  constructor(private listening: UWS.us_listen_socket | undefined) {}

  /** Through this one from now on. */
  open(listening: UWS.us_listen_socket): void {
    this.close();
    this.listening = listening;
  }

  close(): void {
    if (this.listening !== undefined) uws.us_listen_socket_close(this.listening);
    this.listening = undefined;
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
class Listener {
  private inFlight = 0;
  private closing = false;
  private drained: (() => void) | undefined;
  private readonly streams = new Set<UwsSink>();
  private readonly sockets = new Set<UwsWebSocket>();
  readonly corkHost = new CorkHost();
  readonly sources = new Sources();
  private readonly turn = new Turn();
  private readonly largeAnswers = new LargeAnswers();
  private readonly bodies = new BodyBudget();
  private readonly crumbs = new Crumbs();

  constructor(private readonly handler: RequestHandler) {}

  get isClosing(): boolean {
    return this.closing;
  }

  /** `upgradeContext` comes with a request for a WebSocket. */
  handle(res: Response, req: UWS.HttpRequest, upgradeContext?: UWS.us_socket_context_t): void {
    const exchange = new Exchange(res, req, this.turn, this.sources);
    exchange.upgradeContext = upgradeContext;
    if (exchange.framing === 'invalid') {
      // Before it returns the connection is closed: what follows in the same buffer is not looked at any more.
      res.writeStatus('400 Bad Request').writeHeader('Content-Type', 'text/plain; charset=utf-8').end(MALFORMED, true);
      return;
    }
    this.inFlight++;
    res.onAborted(() => {
      exchange.abort();
      this.release(exchange);
    });
    if (exchange.method !== 'GET' && exchange.method !== 'HEAD') exchange.expectBody(this.bodies, this.crumbs);
    this.dispatch(exchange);
  }

  private dispatch(exchange: Exchange): void {
    try {
      const answer = this.handler.serve(exchange);
      if (answer instanceof Promise) {
        answer.then(
          (a) => this.answer(exchange, a),
          (error: unknown) => this.broken(exchange, error),
        );
      } else this.answer(exchange, answer);
    } catch (error) {
      this.broken(exchange, error);
    }
  }

  /** The chain answers its own failures; what still gets here is a bug in it, and must not take the process along. */
  private broken(exchange: Exchange, error: unknown): void {
    log.error(`${exchange.method} ${exchange.rawPath} was not answered`, error);
    this.turn.after(() => {
      if (exchange.aborted || exchange.done) return;
      exchange.body?.discard();
      exchange.res.cork(() => {
        exchange.res.writeStatus('500 Internal Server Error').end('internal error\n', true);
        this.release(exchange);
      });
    });
  }

  private answer(exchange: Exchange, answer: Answer): void {
    if (exchange.done) answer.finished?.();
    else exchange.finished = answer.finished;
    this.turn.after(() => {
      const { body, framing } = exchange;
      if (body === undefined || exchange.aborted || exchange.done) {
        this.write(exchange, answer);
        return;
      }
      body.discard();
      // Such a connection is closed with the answer, which a client that is still sending would not get to see.
      if (framing === 'chunked') body.onEnd(() => this.turn.after(() => this.write(exchange, answer)));
      else this.write(exchange, answer);
    });
  }

  private write(exchange: Exchange, answer: Answer): void {
    const { reply } = answer;
    if ('body' in reply && reply.body.length >= LARGE_BYTES) {
      this.largeAnswers.begin(() => this.writeNow(exchange, answer));
    } else this.writeNow(exchange, answer);
  }

  private writeNow(exchange: Exchange, { reply, auditId, headers }: Answer): void {
    if (exchange.aborted || exchange.done) {
      if ('abandoned' in reply) reply.abandoned?.();
      return;
    }
    // The form of chunks is not checked by uWS: where the body really ended is not known, so nothing may follow it.
    const close = this.closing || exchange.framing === 'chunked' || exchange.body?.isEndless === true;
    if ('accept' in reply) {
      this.upgrade(exchange, reply, auditId);
      return;
    }
    if ('handOver' in reply) {
      reply.abandoned?.();
      this.broken(exchange, new Error('uWebSockets.js hands out no connections'));
      return;
    }
    exchange.res.cork(() => {
      writeHead(exchange.res, reply, auditId, headers);
      if ('stream' in reply) this.stream(exchange, reply);
      else {
        if (exchange.method === 'HEAD') {
          // Given any argument, uWS drops the connection at the next request.
          exchange.res.writeHeader('Content-Length', String(Buffer.byteLength(reply.body)));
          if (exchange.framing === 'chunked') exchange.res.endWithoutBody(undefined, true);
          else exchange.res.endWithoutBody();
        } else if (!close && reply.body.length >= LARGE_BYTES) {
          this.largeAnswers.write(exchange, reply.body, () => {
            reply.written?.();
            this.release(exchange);
          });
          return;
        } else exchange.res.end(reply.body, close);
        this.release(exchange);
      }
    });
  }

  private upgrade(exchange: Exchange, reply: UpgradeReply, auditId: string): void {
    const { res, upgradeContext } = exchange;
    if (upgradeContext === undefined || this.closing) {
      reply.abandoned?.();
      res.cork(() => {
        res.writeStatus('400 Bad Request').end('you must specify a WebSocket upgrade\n', true);
        this.release(exchange);
      });
      return;
    }
    const socket = new UwsWebSocket(reply.protocol, reply.accept, Object.getPrototypeOf(res) as Flow, this.crumbs);
    this.sockets.add(socket);
    socket.onClose(() => {
      this.sockets.delete(socket);
      this.release(exchange);
    });
    exchange.upgraded = true;
    res.cork(() => {
      res.writeStatus('101 Switching Protocols').writeHeader('Audit-Id', auditId);
      for (const [name, value] of reply.passedOn ?? []) res.writeHeader(name, value);
    });
    // Not in its own cork: when that ends, uWS looks at the response again, whose memory is the WebSocket's by now unless
    // that got another place, and closes the connection by what it happens to find there.
    this.corkHost.run(() => {
      res.upgrade({ connection: socket }, exchange.header('sec-websocket-key'), reply.protocol, '', upgradeContext);
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
      reply.abandoned?.();
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
    exchange.finished?.();
    exchange.body?.release();
    this.inFlight--;
    if (this.inFlight === 0) this.drained?.();
  }

  /** Ends streams and waits for the answers that are on their way, at most `graceMs`. */
  async drain(graceMs: number): Promise<void> {
    this.closing = true;
    for (const sink of this.streams) sink.end();
    for (const socket of this.sockets) socket.close(GOING_AWAY, 'the server is shutting down');
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
