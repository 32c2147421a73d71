import type { Duplex } from 'node:stream';
import { errorText, logger } from '../../machinery/log.js';
import { WebSocketPeer } from '../../rest/connect/web-socket-peer.js';
import type { WebSocketConnection } from '../../rest/web-socket.js';
import { type MessageListener, MessageQueue } from '../message-queue.js';

const log = logger('web-socket.ts');
/** Bytes that may wait for a client that does not read. */
const MAX_UNSENT_BYTES = 16 * 1024 * 1024;
const NORMAL = 1000;
const INTERNAL_ERROR = 1011;

/** A WebSocket on a connection of Node's. Its client is held back while the handler of a message has not finished. */
export class NodeWebSocket implements WebSocketConnection {
  closed = false;
  private readonly peer: WebSocketPeer;
  /** More is read only when nothing waits. */
  private readonly messages = new MessageQueue({
    moved: () => {
      if (this.messages.isIdle) this.peer.resume();
      else this.peer.pause();
    },
    failed: () => this.close(INTERNAL_ERROR),
  });
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
      message: (message, isBinary) => this.messages.push(message, isBinary),
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

  onMessage(listener: MessageListener): void {
    this.messages.listen(listener);
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
}
