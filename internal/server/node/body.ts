import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { badRequest, requestEntityTooLarge, type StatusError, tooManyRequests } from '../../machinery/status.js';
import { type BodyBudget, type Holder, UNKNOWN } from '../body-budget.js';
import { MAX_BODY_BYTES } from '../http-listener.js';
import { Pieces } from '../pieces.js';

/** A body that nobody wants is read to its end up to this, so that the client gets to see its answer. */
const MAX_DRAIN_BYTES = 64 * 1024 * 1024;
/** How long the rest of such a body may take. */
const DRAIN_MS = 10_000;

/** The body of one request. The client is held back until somebody asks for it. */
export class NodeBody implements Holder {
  owner = UNKNOWN;
  heldBytes = 0;
  private readonly pieces = new Pieces();
  private received = 0;
  private over = false;

  constructor(
    private readonly message: IncomingMessage,
    private readonly budget: BodyBudget,
  ) {}

  get incomplete(): boolean {
    return !this.over;
  }

  /** The whole body, on the account of `owner`. Rejects with StatusError: 413, 429, and 400 when it breaks off. */
  read(owner: string): Promise<Buffer> {
    this.owner = owner;
    const { message } = this;
    return new Promise((resolve, reject) => {
      this.give = (error) => {
        if (this.over) return;
        this.over = true;
        if (error === undefined) resolve(this.pieces.takeWhole());
        else {
          this.release();
          reject(error);
        }
      };
      message.on('data', (chunk: Buffer) => this.take(chunk));
      message.on('end', () => this.give(this.received > MAX_BODY_BYTES ? tooLarge() : undefined));
      const broken = (): void => this.give(badRequest('unexpected EOF'));
      message.on('close', broken);
      if (message.destroyed && !message.readableEnded) broken();
    });
  }

  /** The body as it comes, of any length. */
  open(owner: string): Readable {
    this.owner = owner;
    return this.message;
  }

  refuse(): void {
    this.give(tooManyRequests('Too many request bodies are being received, please try again later.', 1));
  }

  /** Gives back what is accounted for. */
  release(): void {
    this.budget.release(this);
    this.heldBytes = 0;
    this.pieces.takeAll();
  }

  /** Nobody wants the rest: it is read and thrown away, and the connection ends where that is too much, or takes too long. */
  discard(): void {
    this.release();
    this.over = true;
    const { message } = this;
    if (message.complete || message.destroyed) return;
    const tooLong = setTimeout(() => message.socket.destroy(), DRAIN_MS);
    message.once('close', () => clearTimeout(tooLong));
    let dropped = this.received;
    message.unpipe();
    message.removeAllListeners('data');
    message.on('data', (chunk: Buffer) => {
      dropped += chunk.length;
      if (dropped > MAX_DRAIN_BYTES) message.socket.destroy();
    });
    message.resume();
  }

  private give: (error: StatusError | undefined) => void = () => undefined;

  private take(chunk: Buffer): void {
    this.received += chunk.length;
    if (this.over) return;
    if (this.received > MAX_BODY_BYTES) {
      // The client hears of it when it has said everything: others do not listen before.
      this.release();
      if (this.received > MAX_DRAIN_BYTES) this.give(tooLarge());
      return;
    }
    this.pieces.add(chunk);
    this.heldBytes += chunk.length;
    this.budget.add(this, chunk.length);
  }
}

const tooLarge = (): StatusError => requestEntityTooLarge(`limit is ${MAX_BODY_BYTES}`);
