import { logger } from '../../machinery/log.js';
import type { WebSocketConnection } from '../../rest/web-socket.js';
import { type MessageListener, MessageQueue } from '../message-queue.js';
import type { Crumbs, OwnCrumbs } from './crumbs.js';
import { type UWS, uws } from './native.js';

const log = logger('uws');
/** Bytes of one message. */
const MAX_MESSAGE_BYTES = 1024 * 1024;
/** Bytes that wait for a client that does not read. */
const MAX_UNSENT_BYTES = 16 * 1024 * 1024;
/** Bytes that wait for a handler that does not keep up, before the client is held back and before it goes on. */
const PAUSE_BYTES = 1024 * 1024;
const RESUME_BYTES = 256 * 1024;
/** Bytes that may wait where it cannot be held back. */
const MAX_UNREAD_BYTES = 16 * 1024 * 1024;
/** A connection over which nothing comes for so long, not even the answer to a ping, is closed. */
const IDLE_SECONDS = 120;
const EMPTY = Buffer.alloc(0);
const NORMAL = 1000;
const INTERNAL_ERROR = 1011;
const TRY_AGAIN_LATER = 1013;

type Socket = UWS.WebSocket<{ connection: UwsWebSocket }>;

/** What uWebSockets.js is told of every WebSocket; `upgrade` is the caller's. */
export const webSocketBehavior: UWS.WebSocketBehavior<{ connection: UwsWebSocket }> = {
  maxPayloadLength: MAX_MESSAGE_BYTES,
  maxBackpressure: MAX_UNSENT_BYTES,
  closeOnBackpressureLimit: true,
  idleTimeout: IDLE_SECONDS,
  sendPingsAutomatically: true,
  compression: uws.DISABLED,
  open: (ws) => ws.getUserData().connection.opened(ws),
  message: (ws, message, isBinary) => ws.getUserData().connection.receive(message, isBinary),
  drain: (ws) => ws.getUserData().connection.drained(),
  close: (ws, code) => ws.getUserData().connection.ended(code),
};

/** It was tried, and failed. */
let cannotPause = false;

/** The methods of a response with which it stops and goes on reading, see `UwsWebSocket`. */
export type Flow = Pick<UWS.HttpResponse, 'pause' | 'resume'>;

/**
 * One upgraded connection. uWebSockets.js has no way to stop reading a WebSocket, only a request's body; but both are the
 * same socket to it, and it does not look which of the two its methods are called on. So those of the response that was
 * upgraded are called on the WebSocket. Where a release would look, the call throws, and a client that is too fast is
 * disconnected as soon as too much waits.
 */
export class UwsWebSocket implements WebSocketConnection {
  closed = false;
  private ws: Socket | undefined;
  /** What was received before the close comes too. */
  private readonly messages = new MessageQueue({
    moved: () => {
      if (this.messages.bytes < RESUME_BYTES) this.hold(false);
    },
    failed: () => this.close(INTERNAL_ERROR),
  });
  private paused = false;
  private readonly ownCrumbs: OwnCrumbs = { turn: -1, small: 0 };
  private drainListener: (() => void) | undefined;
  private readonly closeListeners: ((code: number) => void)[] = [];

  constructor(
    readonly protocol: string,
    private readonly accept: (socket: WebSocketConnection) => void,
    private readonly flow: Flow,
    private readonly crumbs: Crumbs,
  ) {}

  send(message: Buffer | string): boolean {
    if (this.closed) return false;
    let flowing = true;
    this.ws?.cork(() => {
      // 1: sent; 0: queued, with backpressure; 2: dropped, and the connection is being closed.
      flowing = this.ws?.send(message, typeof message !== 'string') === 1;
    });
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
    if (this.closed) return;
    // The client's answer must be read.
    this.hold(false);
    this.ws?.end(code, reason);
  }

  opened(ws: Socket): void {
    this.ws = ws;
    try {
      this.accept(this);
    } catch (error) {
      log.error('a WebSocket was not taken', error);
      this.close(INTERNAL_ERROR);
    }
  }

  receive(message: ArrayBuffer, isBinary: boolean): void {
    if (this.crumbs.isTooMuch(this.ownCrumbs, message.byteLength)) {
      this.ws?.close();
      return;
    }
    // The message's memory is taken back when this returns: copy.
    this.messages.push(message.byteLength === 0 ? EMPTY : Buffer.from(new Uint8Array(message)), isBinary);
    const { bytes } = this.messages;
    if (bytes > MAX_UNREAD_BYTES) {
      this.close(TRY_AGAIN_LATER, 'messages come faster than they are passed on');
    } else if (bytes > PAUSE_BYTES) this.hold(true);
  }

  drained(): void {
    this.drainListener?.();
  }

  ended(code: number): void {
    this.closed = true;
    this.ws = undefined;
    for (const listener of this.closeListeners.splice(0)) listener(code);
  }

  /** Stops or goes on reading. */
  private hold(paused: boolean): void {
    const { ws } = this;
    if (paused === this.paused || ws === undefined || cannotPause) return;
    this.paused = paused;
    try {
      (paused ? this.flow.pause : this.flow.resume).call(ws as unknown as UWS.HttpResponse);
    } catch (error) {
      cannotPause = true;
      log.error('WebSockets cannot be held back', error);
    }
  }
}
