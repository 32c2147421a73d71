import { assert } from '../machinery/assert.js';

/** Shorter bodies are left to the collector. */
const LONG_BYTES = 256 * 1024;
/** The longest body whose memory is kept, bytes: a page of a list and what frames its objects. */
const KEPT_BYTES_MAX = 1280 * 1024;
/** Pieces that are kept for the next bodies, at most. */
const KEPT_MAX = 4;
/** Pieces are multiples of so many bytes: the answers to one question differ a little. */
const STEP_BYTES = 64 * 1024;

const isKept = (bytes: number): boolean => bytes >= LONG_BYTES && bytes <= KEPT_BYTES_MAX;

/**
 * Memory for long bodies, which the next one gets as soon as one is written; 5 MiB are kept at most. V8 lets 32 MiB of new
 * buffers gather before it looks which of them are still needed, and those that lived for some turns of the loop for longer.
 */
export class AnswerMemory {
  /** The shortest first. */
  private readonly kept: Buffer[] = [];

  /** Memory for so many bytes, with anything in it. */
  take(bytes: number): Buffer {
    if (!isKept(bytes)) return Buffer.allocUnsafe(bytes);
    const at = this.kept.findIndex((piece) => piece.length >= bytes);
    const piece = at < 0 ? undefined : this.kept.splice(at, 1)[0];
    return (piece ?? Buffer.allocUnsafeSlow(Math.ceil(bytes / STEP_BYTES) * STEP_BYTES)).subarray(0, bytes);
  }

  /**
   * Takes back what `take` gave, once nobody will read it any more. Who cannot tell does not call it: then it is the
   * collector's. Of more than four pieces the shortest goes.
   */
  giveBack(bytes: Buffer): void {
    if (!isKept(bytes.length)) return;
    const piece = Buffer.from(bytes.buffer);
    assert(!this.kept.some(({ buffer }) => buffer === piece.buffer), 'memory of an answer is given back once');
    const at = this.kept.findIndex(({ length }) => length >= piece.length);
    this.kept.splice(at < 0 ? this.kept.length : at, 0, piece);
    if (this.kept.length > KEPT_MAX) this.kept.shift();
  }
}

/** That of this process. */
export const answerMemory = new AnswerMemory();
