import type { Reply } from '../rest/types.js';

/** One request as it comes in through the door, copied out of the TLS layer: the body is whole. */
export interface Incoming {
  /** Upper case. */
  readonly method: string;
  /** As sent: not percent-decoded. */
  readonly rawPath: string;
  readonly rawQuery: string;
  /** Lower-case names and values, one after the other: [name, value, name, value, ...]. */
  readonly headers: readonly string[];
  readonly body: Buffer;
  /** PEM of the verified client certificate; '' without one. */
  readonly peerCertificate: string;
  /** The client's address, without a port. */
  remoteAddress(): string;
}

/** An answer with what the chain adds to every one. */
export interface Answer {
  readonly reply: Reply;
  readonly auditId: string;
}

/** Why the door refused a request before the chain saw it. */
export type Refusal = 'bodyTooLarge' | 'tooManyBodies';

/** What the door hands requests to. None of these may throw or reject. */
export interface Behind {
  serve(incoming: Incoming): Answer | Promise<Answer>;
  refuse(refusal: Refusal): Answer;
  /** Bytes of an answer were handed to the TLS layer (0 for streams, which are not counted). */
  finished?(): void;
}

/** A door that is open. */
export interface OpenDoor {
  readonly port: number;
  /** Connections now open. */
  connections(): number;
  /** Takes no new connections; ends streams; waits at most `graceMs` for what is in flight; then closes everything. */
  close(graceMs: number): Promise<void>;
}

/** kube-apiserver's limit on a request body. */
export const MAX_BODY_BYTES = 3 * 1024 * 1024;
