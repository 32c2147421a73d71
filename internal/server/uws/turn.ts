import { atTurnEnd } from '../../machinery/turn-end.js';

/**
 * Puts off what is done in the same turn of the event loop in which a request was read. uWebSockets.js reads on in its
 * buffer as soon as an answer is complete, and takes what follows for the next request. Chunks and headers whose form is
 * wrong in a way that it does not see could smuggle one in there. A connection on which a second request comes before
 * the first is answered is closed by uWebSockets.js, so no answer is written while the buffer is being read.
 */
export class Turn {
  /** Changes with every turn in which a request came. */
  number = 0;
  private begun = false;
  private waiting: (() => void)[] = [];

  /** A request, or a part of one, is being read. Returns the number of this turn. */
  begin(): number {
    if (!this.begun) {
      this.begun = true;
      atTurnEnd(this.end);
    }
    return this.number;
  }

  /** Calls `action` now, or at the end of the turn when it is still the one with this number. */
  after(turn: number, action: () => void): void {
    if (turn === this.number && this.begun) this.waiting.push(action);
    else action();
  }

  private readonly end = (): void => {
    this.begun = false;
    this.number++;
    const { waiting } = this;
    this.waiting = [];
    for (const action of waiting) action();
  };
}
