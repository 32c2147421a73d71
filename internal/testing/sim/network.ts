import type { Actor } from './event-queue.js';
import type { World } from './world.js';

export interface NetworkTemper {
  /** Mean one-way delay. */
  delayMs: number;
  lossChance: number;
  duplicateChance: number;
  /** Each message takes its own time, so that later ones overtake earlier ones. */
  reorders: boolean;
}

/** One process that listens at an address. */
export interface Endpoint {
  readonly address: string;
  readonly actor: Actor;
}

export interface SimStream {
  readonly from: string;
  readonly to: Endpoint;
  readonly sender: Actor;
  /** The receiver learns that it is over. */
  readonly close: () => void;
  /** The sender learns that the receiver is gone. */
  readonly abort: (error: Error) => void;
}

const KEEPALIVE_MS = 3_000;

/** The network between the machines: delays, loses, duplicates, reorders, and lets through one way only if told so. */
export class SimNetwork {
  readonly temper: NetworkTemper = { delayMs: 1, lossChance: 0, duplicateChance: 0, reorders: false };
  /** "from>to" of addresses between which nothing passes. */
  readonly #cut = new Set<string>();
  readonly #listening = new Map<string, Endpoint>();
  /** When the last message arrives, by the addresses of sender and receiver. */
  readonly #lastArrival = new Map<string, Map<string, number>>();
  sent = 0;
  lost = 0;
  /** Streams under way; a process that is killed closes its own, one that loses power does not. */
  readonly streams = new Set<SimStream>();

  constructor(readonly world: World) {}

  listen(endpoint: Endpoint): void {
    this.#listening.set(endpoint.address, endpoint);
  }

  /** The process at this address, if one is running. A paused one is: its machine still answers. */
  at(address: string): Endpoint | undefined {
    const endpoint = this.#listening.get(address);
    return endpoint?.actor.alive === true ? endpoint : undefined;
  }

  /** When everything could pass again that had been cut off; Infinity while something cannot. */
  wholeSince = 0;

  cut(from: string, to: string): void {
    this.wholeSince = Number.POSITIVE_INFINITY;
    this.#cut.add(`${from}>${to}`);
  }

  /**
   * After so many more messages nothing passes from this address any more; what is sent to it still arrives. With 0, what
   * is under way from it is lost too.
   */
  muteAfter(address: string, messages: number): void {
    this.wholeSince = Number.POSITIVE_INFINITY;
    this.#allowance.set(address, messages);
    if (messages === 0) this.#pulled.add(address);
  }
  readonly #allowance = new Map<string, number>();

  /** As `cut`, and what is under way is lost too. */
  pull(from: string, to: string): void {
    this.cut(from, to);
    this.#pulled.add(`${from}>${to}`);
  }
  /** Addresses, and "from>to", from which nothing arrives, whenever it was sent. */
  readonly #pulled = new Set<string>();

  healAll(): void {
    if (!Number.isFinite(this.wholeSince)) this.wholeSince = this.world.now;
    this.#cut.clear();
    this.#allowance.clear();
    this.#pulled.clear();
  }

  isCut(from: string, to: string): boolean {
    return (this.#cut.size > 0 && this.#cut.has(`${from}>${to}`)) || this.#allowance.get(from) === 0;
  }

  /** Brings something to a process. False when it is lost on the way; then it never arrives. */
  carry(from: string, to: Endpoint, arrive: () => void, mayDuplicate: () => boolean = () => true): boolean {
    const { random } = this.world;
    const { lossChance, duplicateChance } = this.temper;
    this.sent += 1;
    if (this.isCut(from, to.address) || random.chance(lossChance)) {
      this.lost += 1;
      this.world.count('messages lost');
      return false;
    }
    const left = this.#allowance.get(from);
    if (left !== undefined) this.#allowance.set(from, left - 1);
    const unlessPulled = (): void => {
      const isPulled = this.#pulled.size > 0 && (this.#pulled.has(from) || this.#pulled.has(`${from}>${to.address}`));
      if (isPulled) this.world.count('messages lost');
      else arrive();
    };
    this.world.schedule(this.#delay(from, to.address), to.actor, unlessPulled);
    if (random.chance(duplicateChance) && mayDuplicate()) {
      this.world.count('messages duplicated');
      this.world.schedule(this.#delay(from, to.address) * 3, to.actor, arrive);
    }
    return true;
  }

  /**
   * A process is gone. When it was killed its machine says so to who is connected to it; when the machine lost its power
   * nobody does: a sender finds out by its keepalive, a receiver not at all.
   */
  closeStreamsOf(gone: Actor, powerLoss: boolean): void {
    for (const stream of this.streams) {
      if (stream.sender === gone) {
        this.streams.delete(stream);
        if (!powerLoss) this.breakStream(stream);
      } else if (stream.to.actor === gone) {
        const notice = powerLoss ? KEEPALIVE_MS : this.temper.delayMs;
        this.world.schedule(notice, stream.sender, () => stream.abort(new Error('the connection broke')));
      }
    }
  }

  /** Tells the receiver that the sender is gone, if word can get there. */
  breakStream({ from, to, close }: SimStream): void {
    if (!this.isCut(from, to.address)) this.world.schedule(this.temper.delayMs, to.actor, close);
  }

  #delay(from: string, to: string): number {
    const { random } = this.world;
    const delay = 0.05 + random.exponential(this.temper.delayMs);
    let arrivals = this.#lastArrival.get(from);
    if (arrivals === undefined) this.#lastArrival.set(from, (arrivals = new Map()));
    const before = arrivals.get(to) ?? 0;
    if (this.temper.reorders) {
      if (this.world.now + delay < before) this.world.count('messages overtaken');
      arrivals.set(to, Math.max(before, this.world.now + delay));
      return delay;
    }
    const arrival = Math.max(this.world.now + delay, before);
    arrivals.set(to, arrival);
    return arrival - this.world.now;
  }
}

let network: SimNetwork | undefined;

/** Says over which network product code speaks from now on. */
export function enterNetwork(next: SimNetwork): void {
  network = next;
}

export function currentNetwork(): SimNetwork {
  if (network === undefined) throw new Error('product code ran outside a simulation');
  return network;
}
