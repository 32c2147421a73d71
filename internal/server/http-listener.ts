import type { Readable } from 'node:stream';
import { FatalError } from '../machinery/assert.js';
import type { HandlerReply } from '../rest/types.js';

/** kube-apiserver's limit on a request body. */
export const MAX_BODY_BYTES = 3 * 1024 * 1024;

/** One request as it comes in, copied out of the TLS layer. Its body may still be on its way. */
export interface IncomingRequest {
  /** Upper case. */
  readonly method: string;
  /** As sent: not percent-decoded. */
  readonly rawPath: string;
  readonly rawQuery: string;
  /** Lower-case names and values, one after the other: [name, value, name, value, ...]. */
  readonly headers: readonly string[];
  /** PEM of the verified client certificate; '' without one. */
  readonly peerCertificate: string;
  /** The connection itself may be the answer (HandOverReply): the client asks for another protocol, and it can be had here. */
  readonly handsOver?: boolean;
  /** The IP address of the client; '' once it is gone. */
  remoteAddress(): string;
  /** Calls `listener` when the client goes away before its answer is written whole. */
  onAborted(listener: () => void): void;
  /**
   * The whole body, at most MAX_BODY_BYTES, on the account of the user `owner`; to be called once. Until then nothing is
   * read beyond what has come already. Throws or rejects with StatusError: 413 for a larger body, 429 where the bodies of
   * this user, or of all, take too much memory.
   */
  readBody(owner: string): Buffer | Promise<Buffer>;
  /** The body piece by piece, instead of `readBody`, of any length; undefined where the method has none. */
  openBody(owner: string): Readable | undefined;
  /**
   * The request is refused, but its answer waits: what has come of the body is forgotten, and no more of it is read until the
   * answer is written. Absent where no body is read that nobody asks for.
   */
  forgetBody?(): void;
}

/** An answer with what the chain adds to every one. */
export interface Answer {
  readonly reply: HandlerReply;
  readonly auditId: string;
  /** Headers that do not depend on the reply. */
  readonly headers?: readonly (readonly [name: string, value: string])[] | undefined;
  /** Called once when it is written to its end, or will not be: the client went away. */
  readonly finished?: (() => void) | undefined;
}

/** What a listener hands requests to. It may neither throw nor reject. */
export interface RequestHandler {
  serve(request: IncomingRequest): Answer | Promise<Answer>;
}

/** A certificate for clients that ask for one of these names (SNI); `*.example.com` for all of one label. */
export interface NamedCertificate {
  readonly certFile: string;
  readonly keyFile: string;
  readonly names: readonly string[];
}

/** With which certificates to listen, and whose are accepted. */
export interface TlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
  /** Authorities whose client certificates are accepted; a certificate is asked for, never required. */
  readonly clientCaFile: string | undefined;
  /** Those of TLS 1.2 that are spoken, as OpenSSL lists them; its own when absent. */
  readonly ciphers?: string;
  readonly named?: readonly NamedCertificate[];
}

/** Where to listen, and with which certificates. */
export interface ListenOptions extends TlsFiles {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
}

/** The port was given up for a moment, and somebody else has it now. */
export class PortLostError extends FatalError {}

/** A port that is open. A process may have several. */
export interface HttpListener {
  readonly port: number;
  /** Connections now open. */
  connections(): number;
  /**
   * Shows other certificates to those who connect from now on; connections that are open stay. Rejects with FatalError, and
   * changes nothing, for files that cannot be used, and PortLostError when the port cannot be had again. Not for a port that
   * was asked for as 0.
   */
  replaceTls(tls: TlsFiles): Promise<void>;
  /**
   * Takes no new connections; ends streams; waits at most `graceMs` for what is in flight; then closes everything. Once: whoever
   * asks again waits for the same end.
   */
  close(graceMs: number): Promise<void>;
}
