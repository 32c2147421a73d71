import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { BodyBudget } from '../body-budget.js';
import type { IncomingRequest } from '../http-listener.js';
import { NodeBody } from './body.js';

const EMPTY: Buffer = Buffer.alloc(0);
const MAPPED_IPV4 = /^::ffff:(?=[\d.]+$)/;

/** One request that Node's HTTP server has read. */
export class NodeExchange implements IncomingRequest {
  readonly method: string;
  readonly rawPath: string;
  readonly rawQuery: string;
  readonly headers: readonly string[];
  readonly peerCertificate: string;
  /** Absent where the method has none, and where the client asks for another protocol. */
  readonly body: NodeBody | undefined;
  /** It is answered to its end, or will not be. */
  done = false;
  private aborted = false;
  private abortListeners: (() => void)[] = [];

  /** `handsOver`: the client asks for another protocol. */
  constructor(
    private readonly message: IncomingMessage,
    readonly handsOver: boolean,
    budget: BodyBudget,
  ) {
    const { method = '', url = '', rawHeaders } = message;
    this.method = method;
    const at = url.indexOf('?');
    this.rawPath = at === -1 ? url : url.slice(0, at);
    this.rawQuery = at === -1 ? '' : url.slice(at + 1);
    this.headers = rawHeaders.map((text, i) => (i % 2 === 0 ? text.toLowerCase() : text));
    // The listener keeps no connection whose certificate is not believed.
    this.peerCertificate = (message.socket as TLSSocket).getPeerX509Certificate()?.toString() ?? '';
    if (!handsOver && method !== 'GET' && method !== 'HEAD') this.body = new NodeBody(message, budget);
  }

  remoteAddress(): string {
    return this.message.socket.remoteAddress?.replace(MAPPED_IPV4, '') ?? '';
  }

  onAborted(listener: () => void): void {
    if (this.aborted) listener();
    else this.abortListeners.push(listener);
  }

  /** The client is gone. */
  abort(): void {
    this.aborted = true;
    for (const listener of this.abortListeners.splice(0)) listener();
  }

  get isAborted(): boolean {
    return this.aborted;
  }

  readBody(owner: string): Buffer | Promise<Buffer> {
    return this.body === undefined ? EMPTY : this.body.read(owner);
  }

  openBody(owner: string): Readable | undefined {
    return this.body?.open(owner);
  }

  /** The first value of a header by its lower-case name; '' when absent. */
  header(name: string): string {
    for (let i = 0; i < this.headers.length; i += 2) if (this.headers[i] === name) return this.headers[i + 1] ?? '';
    return '';
  }
}
