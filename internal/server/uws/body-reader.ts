import { Readable } from 'node:stream';
import { badRequest, requestEntityTooLarge, type StatusError, tooManyRequests } from '../../machinery/status.js';
import { MAX_BODY_BYTES } from '../http-listener.js';
import { type BodyBudget, type Holder, UNKNOWN } from '../body-budget.js';
import { Pieces } from '../pieces.js';
import type { Crumbs, OwnCrumbs } from './crumbs.js';
import type { Response } from './native.js';

/** A body that is too large is read to its end up to this, so that the client gets to see its answer. */
export const MAX_DRAIN_BYTES = 64 * 1024 * 1024;

/**
 * The body of one request. Until somebody asks for it no more is taken than what was in the buffers of the connection
 * (`receive-buffer.ts` bounds what uWebSockets.js reads before it looks whether it was paused): a client is authenticated
 * before memory is spent on what it sends. uWebSockets.js closes connections that send less than 16 KiB a second over 10 s
 * while a body is awaited.
 */
export class BodyReader implements Holder {
  owner = UNKNOWN;
  heldBytes = 0;
  /** The whole body was received. */
  complete = false;
  private asked = false;
  private paused = false;
  private dropped = false;
  private forgotten = false;
  private received = 0;
  private readonly pieces = new Pieces();
  private failure: StatusError | undefined;
  private settle: { resolve: (body: Buffer) => void; reject: (error: StatusError) => void } | undefined;
  private stream: Readable | undefined;
  private ended: (() => void) | undefined;
  private readonly ownCrumbs: OwnCrumbs = { turn: -1, small: 0 };

  /** `onPart` is called for each part before it is looked at. `declared` is the Content-Length, 0 without one. */
  constructor(
    private readonly res: Response,
    private readonly budget: BodyBudget,
    private readonly crumbs: Crumbs,
    private readonly declared: number,
    private readonly onPart: () => void,
  ) {
    res.onData((chunk, isLast) => this.take(chunk, isLast));
  }

  get incomplete(): boolean {
    return !this.complete;
  }

  /** More is to come than is read and thrown away. */
  get isEndless(): boolean {
    return !this.complete && (this.declared > MAX_DRAIN_BYTES || this.received > MAX_DRAIN_BYTES);
  }

  /** The whole body, on the account of `owner`. Throws or rejects with StatusError: 413, 429. To be called once. */
  read(owner: string): Buffer | Promise<Buffer> {
    if (this.dropped) throw badRequest('the request has been answered already');
    this.claim(owner);
    if (this.declared > MAX_DRAIN_BYTES) this.fail(tooLarge());
    if (this.failure !== undefined) throw this.failure;
    if (this.complete) return this.pieces.takeWhole();
    return new Promise((resolve, reject) => {
      this.settle = { resolve, reject };
    });
  }

  /** The body as it comes, of any length; the client is held back while nobody reads. To be called once, instead of `read`. */
  open(owner: string): Readable {
    this.claim(owner);
    const stream = new Readable({ read: () => this.resume() });
    this.stream = stream;
    if (this.failure !== undefined) stream.destroy(this.failure);
    for (const piece of this.pieces.takeAll()) stream.push(piece);
    this.release();
    if (this.complete) stream.push(null);
    return stream;
  }

  /** Nobody wants the rest: it is read and thrown away. To be called before the answer is written. */
  discard(): void {
    this.dropped = true;
    this.forgotten = false;
    this.release();
    this.resume();
  }

  /** Nobody wants it, but its answer is still to come: nothing is kept of it, and nothing read on, until `discard`. */
  forget(): void {
    this.forgotten = true;
    this.release();
  }

  /** Calls `then` when everything has come that will be read. To be called after `discard`. */
  onEnd(then: () => void): void {
    if (this.complete || this.isEndless) then();
    else this.ended = then;
  }

  /** The client is gone. */
  abort(): void {
    if (this.complete) return;
    this.paused = false;
    this.stream?.destroy(new Error('the client went away'));
    this.fail(badRequest('unexpected EOF'));
  }

  refuse(): void {
    this.fail(tooManyRequests('Too many request bodies are being received, please try again later.', 1));
  }

  /** Gives back what is accounted for. */
  release(): void {
    this.budget.release(this);
    this.heldBytes = 0;
    this.pieces.takeAll();
  }

  private claim(owner: string): void {
    this.asked = true;
    const held = this.heldBytes;
    this.budget.release(this);
    this.heldBytes = 0;
    this.owner = owner;
    this.hold(held);
    this.resume();
  }

  private take(chunk: ArrayBuffer, isLast: boolean): void {
    this.onPart();
    if (this.crumbs.isTooMuch(this.ownCrumbs, chunk.byteLength)) {
      this.res.close();
      return;
    }
    this.received += chunk.byteLength;
    this.complete = isLast;
    if (isLast || this.isEndless) this.end();
    if (this.dropped) return;
    if (this.forgotten) {
      if (!isLast) this.pause();
      return;
    }
    if (this.stream !== undefined) this.passOn(this.stream, chunk, isLast);
    else if (this.failure !== undefined) return;
    else if (this.received > MAX_BODY_BYTES) {
      // Nothing of it is kept, and the client hears of it when it has said everything: others do not listen before.
      this.release();
      if (isLast || this.received > MAX_DRAIN_BYTES) this.fail(tooLarge());
    } else {
      // The chunk's memory is taken back when this returns: copy.
      this.pieces.add(new Uint8Array(chunk));
      this.hold(chunk.byteLength);
      if (isLast) this.settle?.resolve(this.pieces.takeWhole());
      else if (!this.asked) this.pause();
    }
  }

  private passOn(stream: Readable, chunk: ArrayBuffer, isLast: boolean): void {
    if (stream.destroyed) return;
    const flowing = chunk.byteLength === 0 || stream.push(Buffer.from(new Uint8Array(chunk)));
    if (isLast) stream.push(null);
    else if (!flowing) this.pause();
  }

  private hold(bytes: number): void {
    if (bytes === 0) return;
    this.heldBytes += bytes;
    this.budget.add(this, bytes);
  }

  private fail(error: StatusError): void {
    this.failure ??= error;
    this.release();
    this.settle?.reject(this.failure);
    this.settle = undefined;
  }

  private end(): void {
    const { ended } = this;
    this.ended = undefined;
    ended?.();
  }

  private pause(): void {
    if (this.paused) return;
    this.paused = true;
    this.res.pause();
  }

  private resume(): void {
    if (!this.paused) return;
    this.paused = false;
    this.res.resume();
  }
}

function tooLarge(): StatusError {
  return requestEntityTooLarge(`limit is ${MAX_BODY_BYTES}`);
}
