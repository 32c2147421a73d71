import { atTurnEnd } from '../../machinery/turn-end.js';

/** Chunks of a body and messages of a WebSocket below this are small, bytes. */
const SMALL_BYTES = 512;
/** Small ones of all connections in one turn of the event loop. */
const MAX_SMALL = 16_384;
/** So many each connection may have in any turn. */
const FREE = 64;

/** The small chunks or messages of one connection in the turn with this number. */
export interface OwnCrumbs {
  turn: number;
  small: number;
}

/**
 * Bounds how many chunks and messages of a few bytes are taken in one turn. uWebSockets.js reads up to 512 KiB of a
 * connection, and of each that has sent something, and calls back for each piece however small it is, hundreds of thousands
 * of times; nothing stops it within that but closing the connection. No client that writes its body or input through a
 * buffer comes near.
 */
export class Crumbs {
  #turn = 0;
  #small = 0;

  /** Whether the connection that `own` is about, which has just had so many bytes in one piece, is to be closed. */
  isTooMuch(own: OwnCrumbs, bytes: number): boolean {
    if (bytes >= SMALL_BYTES) return false;
    if (this.#small++ === 0) atTurnEnd(this.#next);
    if (own.turn !== this.#turn) {
      own.turn = this.#turn;
      own.small = 0;
    }
    own.small++;
    return own.small > FREE && this.#small > MAX_SMALL;
  }

  readonly #next = (): void => {
    this.#turn++;
    this.#small = 0;
  };
}
