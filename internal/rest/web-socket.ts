import type { Duplex } from 'node:stream';
import type { Awaitable } from '../machinery/awaitable.js';

/** A connection that was upgraded to a WebSocket. Bounded both ways. */
export interface WebSocketConnection {
  /** The subprotocol that was agreed on; '' for none. */
  readonly protocol: string;
  readonly closed: boolean;
  /**
   * Queues a message; false means backpressure: the message was taken, and the sender stops until `onDrain` fires. A
   * connection that has more than 16 MiB waiting is closed.
   */
  send(message: Buffer | string): boolean;
  onDrain(listener: () => void): void;
  /**
   * Messages come one after the other: the next when the promise of the last is fulfilled. A client is held back while
   * more than 1 MiB of its messages waits.
   */
  onMessage(listener: (message: Buffer, isBinary: boolean) => Awaitable<void>): void;
  /** Called once, whoever closed it. */
  onClose(listener: (code: number) => void): void;
  /** Says why (at most 123 bytes), and closes. */
  close(code?: number, reason?: string): void;
}

/** An answer that takes the connection over as a WebSocket; 400 where the client did not ask for one. */
export interface UpgradeReply {
  readonly status: 101;
  readonly contentType: '';
  /** Headers of another server's answer, beside those of the handshake. */
  readonly passedOn?: readonly (readonly [string, string])[];
  readonly warnings?: readonly string[];
  /** The subprotocol, of those that the client offers; '' for none. */
  readonly protocol: string;
  /** Called when the connection stands. */
  readonly accept: (socket: WebSocketConnection) => void;
  /** Called instead of `accept` when the client is gone or did not ask for a WebSocket. */
  readonly abandoned?: () => void;
}

/**
 * An answer behind which the connection speaks another protocol. Only for requests whose `handsOver` is true: WebSockets are
 * all that uWebSockets.js hands out.
 */
export interface HandOverReply {
  readonly status: 101;
  readonly contentType: '';
  /** Headers of another server's answer, as they came: names and values, one after the other. Nothing is added to them. */
  readonly rawHeaders: readonly string[];
  readonly warnings?: readonly string[];
  /** Called with the connection when the answer is on its way; `head` is what came behind the request. */
  readonly handOver: (connection: Duplex, head: Buffer) => void;
  /** Called instead of `handOver` when the client is gone. */
  readonly abandoned?: () => void;
}
