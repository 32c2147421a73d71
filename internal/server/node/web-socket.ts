import type { Duplex } from 'node:stream';
import type { Awaitable } from '../../machinery/awaitable.js';
import { errorText, logger } from '../../machinery/log.js';
import { WebSocketPeer } from '../../rest/connect/web-socket-peer.js';
import type { WebSocketConnection } from '../../rest/web-socket.js';

const log = logger('web-socket.ts');
/** Bytes that may wait for a client that does not read. */
const MAX_UNSENT_BYTES = 16 * 1024 * 1024;
const NORMAL = 1000;
const INTERNAL_ERROR = 1011;

type Listener = (message: Buffer, isBinary: boolean) => Awaitable<void>;

/** A WebSocket on a connection of Node's. Its client is held back while the handler of a message has not finished. */
export class NodeWebSocket implements WebSocketConnection {
  closed = false;
  private readonly peer: WebSocketPeer;
  private waiting: { message: Buffer; isBinary: boolean }[] = [];
  private busy = false;
  private messageListener: Listener | undefined;
  private drainListener: (() => void) | undefined;
  private readonly closeListeners: ((code: number) => void)[] = [];

  constructor(
    private readonly connection: Duplex,
    head: Buffer,
    readonly protocol: string,
  ) {
    this.peer = new WebSocketPeer(connection, head, 'server');
  }

  /** Hands the connection to whoever takes it. */
  open(accept: (socket: WebSocketConnection) => void): void {
    try {
      accept(this);
    } catch (error) {
      log.error(`a WebSocket was not taken: ${errorText(error)}`);
      this.close(INTERNAL_ERROR);
    }
    this.peer.start({
      message: (message, isBinary) => {
        this.waiting.push({ message, isBinary });
        this.pump();
      },
      drain: () => this.drainListener?.(),
      close: (code) => this.ended(code),
    });
  }

  send(message: Buffer | string): boolean {
    if (this.closed) return false;
    const isBinary = typeof message !== 'string';
    const flowing = this.peer.send(isBinary ? message : Buffer.from(message), isBinary);
    if (this.connection.writableLength > MAX_UNSENT_BYTES) this.peer.destroy();
    return flowing;
  }

  onDrain(listener: () => void): void {
    this.drainListener = listener;
  }

  onMessage(listener: Listener): void {
    this.messageListener = listener;
    this.pump();
  }

  onClose(listener: (code: number) => void): void {
    this.closeListeners.push(listener);
  }

  close(code = NORMAL, reason = ''): void {
    if (!this.closed) this.peer.close(code, reason);
  }

  private ended(code: number): void {
    if (this.closed) return;
    this.closed = true;
    for (const listener of this.closeListeners.splice(0)) listener(code);
  }

  /** Hands on what waits, in order; more is read only when nothing does. */
  private pump(): void {
    while (!this.busy && this.messageListener !== undefined) {
      const next = this.waiting.shift();
      if (next === undefined) break;
      const handled = this.handle(this.messageListener, next.message, next.isBinary);
      if (!(handled instanceof Promise)) continue;
      this.busy = true;
      void handled.then(() => {
        this.busy = false;
        this.pump();
      });
    }
    if (this.waiting.length > 0 || this.busy) this.peer.pause();
    else this.peer.resume();
  }

  /** Passes one message on; a handler that fails closes the connection. */
  private handle(listener: Listener, message: Buffer, isBinary: boolean): Awaitable<void> {
    const failed = (error: unknown): void => {
      log.error(`a message of a WebSocket was not handled: ${errorText(error)}`);
      this.close(INTERNAL_ERROR);
    };
    try {
      const handled = listener(message, isBinary);
      return handled instanceof Promise ? handled.catch(failed) : undefined;
    } catch (error) {
      failed(error);
      return undefined;
    }
  }
}
