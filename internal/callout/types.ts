import type { Caller } from './x509-faults.js';
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import type { Duplex, Readable } from 'node:stream';

/** How the other side proves who it is, and how we do. Equal options share connections. */
export interface TlsOptions {
  /** PEM of the authorities that are believed; those of the system when absent or empty. */
  readonly ca?: string;
  /** Our certificate and key, PEM. */
  readonly cert?: string;
  readonly key?: string;
  /** Believes everybody (insecureSkipTLSVerify). */
  readonly insecure?: boolean;
  /** The name that the certificate must have, and the SNI; the host of the address when absent. */
  readonly serverName?: string;
  /** For whom faults of certificates are counted; nobody when absent. */
  readonly caller?: Caller;
}

/** Where a connection goes, when that is not what the URL says (a Service behind its DNS name). */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Whom to call. */
export interface Target {
  /** Absolute, `https:` or `http:`, with path and query as they are sent. It stands in error texts. */
  readonly url: string;
  readonly tls?: TlsOptions;
  /**
   * Where to connect to instead of the URL's host and port. Asked for each new request, so that a Service that moved is
   * followed; what it throws is the reason why the call failed.
   */
  readonly address?: () => Address;
}

export interface CallRequest {
  readonly method: string;
  /** Path and query as they are sent, where those of the URL would not be: a URL's `..` is resolved. */
  readonly path?: string;
  readonly headers?: OutgoingHttpHeaders;
  /** Sent whole with its Content-Length, or as it comes, chunked unless the headers have a Content-Length. */
  readonly body?: Buffer | string | Readable;
  /** From the beginning of the call to its end (`call`) or to the head of the answer (`open`, `upgrade`); none when absent. */
  readonly timeoutMs?: number;
  /** Ends the call: the client went away, or its own deadline is over. */
  readonly signal?: AbortSignal;
  /** May be sent again when a kept connection turns out to have been closed; GET and HEAD always may. */
  readonly repeatable?: boolean;
  /** Redirects that are followed as Go's net/http follows them; 0, and so the redirect is the answer, when absent. */
  readonly redirects?: number;
}

/** A whole answer. */
export interface CallResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Decompressed; at most `maxBytes` of the call. */
  readonly body: Buffer;
}

/** An answer whose body comes as it is read; who does not read it to the end destroys it. */
export interface OpenResponse {
  readonly status: number;
  /** As they came. */
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly body: Readable;
}

/** A connection that the other side handed over (101). */
export interface UpgradedConnection {
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly socket: Duplex;
  /** What came behind the head already. */
  readonly head: Buffer;
}

export type UpgradeResponse = { readonly upgraded: UpgradedConnection } | { readonly refused: OpenResponse };

/** Why a call failed. */
export type CallFailure =
  /** No connection: refused, unreachable, no such name. */
  | 'dial'
  /** The TLS handshake failed or the certificate is not believed. */
  | 'tls'
  /** The time is over. */
  | 'timeout'
  /** The caller's signal. */
  | 'canceled'
  /** The connection broke, or what came is no HTTP. */
  | 'protocol'
  /** There is an answer, and it is an error. */
  | 'status'
  /** The body is larger than allowed. */
  | 'tooLarge'
  /** A bound of our own: too many calls. */
  | 'overloaded';

/** A call that has no answer; `reason` is what Go's net/http prints for it, and `message` has method and URL before it. */
export class CallError extends Error {
  readonly reason: string;
  readonly failure: CallFailure;
  /** The status code of the answer, where the failure is `status`. */
  readonly status: number | undefined;
  constructor(failure: CallFailure, reason: string, method?: string, url?: string, status?: number) {
    super(method === undefined ? reason : `${verbOf(method)} ${JSON.stringify(url ?? '')}: ${reason}`);
    this.name = 'CallError';
    this.failure = failure;
    this.status = status;
    this.reason = reason;
  }
}

/** Go's url.Error writes methods with one capital: `Post "https://..."`. */
function verbOf(method: string): string {
  return method === '' ? 'Get' : method.slice(0, 1) + method.slice(1).toLowerCase();
}
