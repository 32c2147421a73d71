import type { Readable } from 'node:stream';
import type { IncomingRequest } from '../http-listener.js';
import type { BodyBudget } from '../body-budget.js';
import { addressText } from './address.js';
import { BodyReader } from './body-reader.js';
import type { Crumbs } from './crumbs.js';
import { type Framing, framingOf } from './framing.js';
import type { Response, UWS } from './native.js';
import type { UwsSink } from './sink.js';
import type { Sources } from './sources.js';
import type { Turn } from './turn.js';

const EMPTY = Buffer.alloc(0);

/** One request and its response. */
export class Exchange implements IncomingRequest {
  readonly method: string;
  readonly rawPath: string;
  readonly rawQuery: string;
  readonly headers: string[] = [];
  readonly peerCertificate: string;
  readonly framing: Framing;
  aborted = false;
  done = false;
  /** It has become a WebSocket: the response may not be touched any more. */
  upgraded = false;
  sink: UwsSink | undefined;
  private abortListeners: (() => void)[] | undefined;
  /** Called once when it is done. */
  finished: (() => void) | undefined;
  /** Present where the client asked for a WebSocket. */
  upgradeContext: UWS.us_socket_context_t | undefined;
  /** Absent where the method has no body. */
  body: BodyReader | undefined;

  constructor(
    readonly res: Response,
    req: UWS.HttpRequest,
    private readonly turn: Turn,
    private readonly sources: Sources,
  ) {
    turn.reading();
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

  remoteAddress(): string {
    const isGone = this.aborted || this.done || this.upgraded;
    return isGone ? '' : (this.sources.only ?? addressText(this.res.getRemoteAddress()));
  }

  onAborted(listener: () => void): void {
    if (this.aborted) listener();
    else {
      this.abortListeners ??= [];
      this.abortListeners.push(listener);
    }
  }

  /** The client is gone. */
  abort(): void {
    this.aborted = true;
    this.body?.abort();
    this.sink?.abort();
    for (const listener of this.abortListeners ?? []) listener();
    this.abortListeners = undefined;
  }

  /** Takes the body in, as far as `budget` has room. To be called before the handler of the request returns. */
  expectBody(budget: BodyBudget, crumbs: Crumbs): void {
    this.body = new BodyReader(this.res, budget, crumbs, this.declaredLength(), () => this.turn.reading());
  }

  readBody(owner: string): Buffer | Promise<Buffer> {
    return this.body === undefined ? EMPTY : this.body.read(owner);
  }

  openBody(owner: string): Readable | undefined {
    return this.body?.open(owner);
  }

  forgetBody(): void {
    this.body?.forget();
  }

  /** The first value of a header by its lower-case name; '' when absent. */
  header(name: string): string {
    for (let i = 0; i < this.headers.length; i += 2) {
      if (this.headers[i] === name) return this.headers[i + 1] ?? '';
    }
    return '';
  }

  private declaredLength(): number {
    return Number(this.header('content-length'));
  }
}
