import { createServer, type Server, type ServerOpts, type Socket } from 'node:net';
import { Turns } from './turns.js';

export interface ArrivalsOptions {
  /** Takes a connection whose client has begun to speak; what it has said waits in its buffer. */
  readonly take: (socket: Socket) => void;
  /** How long a client may be silent before it has said its first byte, milliseconds. */
  readonly silentMs: number;
  /** Connections that may be silent at a time: with one more the oldest of them is closed. */
  readonly mostSilent: number;
  readonly server?: ServerOpts;
}

/**
 * Takes connections in, and hands them on in turns: to begin TLS costs more than a client pays for it, and a thousand
 * clients may connect at the same moment. Each waits until it has said something, for its greeting is answered, at the same
 * cost, as soon as it is taken.
 */
export class Arrivals {
  /** Not listening yet. */
  readonly server: Server;
  /** In the order in which they came. */
  readonly #silent = new Set<Socket>();
  /** As many wait as the server takes connections. */
  readonly #turns = new Turns();

  constructor(private readonly options: ArrivalsOptions) {
    this.server = createServer(options.server ?? {}, (socket) => this.#arrived(socket));
  }

  /** Takes no new connections, and ends those that were not taken. */
  close(): void {
    this.server.close();
    for (const socket of this.#silent) socket.destroy();
  }

  #arrived(socket: Socket): void {
    const { take, silentMs, mostSilent } = this.options;
    const silent = this.#silent;
    if (silent.size >= mostSilent) for (const oldest of [...silent].slice(0, 1)) oldest.destroy();
    silent.add(socket);
    const isOver = (): void => void silent.delete(socket);
    const ignored = (): void => undefined; // `close` comes as well
    const tooLong = (): void => void socket.destroy();
    socket.on('error', ignored);
    socket.once('close', isOver);
    socket.setTimeout(silentMs, tooLong);
    socket.once('readable', () => {
      void this.#turns.run(() => {
        isOver();
        if (socket.destroyed) return;
        if (socket.readableLength === 0) {
          socket.destroy();
          return;
        }
        socket.setTimeout(0, tooLong);
        socket.off('timeout', tooLong);
        socket.off('close', isOver);
        take(socket);
        // Whoever takes it hears of errors by itself.
        socket.off('error', ignored);
      });
    });
  }
}
