/**
 * Takes the place of internal/transport/transport.ts in a simulation (bundle.ts swaps it in): the same class over the
 * simulated network instead of gRPC.
 */
import { decodeMessages, decodeSnapshotHeader } from '../../replica/wire.js';
import { misdirected } from '../../transport/admit.js';
import type { PeerHandlers, PeerIdentity, TransportOptions } from '../../transport/types.js';
import type { Actor } from './event-queue.js';
import { currentMachine } from './machine.js';
import { currentNetwork, type Endpoint, type SimNetwork } from './network.js';
import { Pipe } from './pipe.js';
import { type Listening, request } from './rpc.js';

const CONNECTION_REFUSED_MS = 5;
const FIRST_KNOCK_MS = 20;
const KNOCK_MS = 700;
const NOTICE_LOSS_MS = 300;
const ASK_TIMEOUT_MS = 5_000;
const STREAM_SILENCE_MS = 10_000;
const SNAPSHOT_ANSWER_MS = 60_000;
const NOT_NOW = 'this replica cannot tell now whether it may speak to that member';

interface Peer extends Listening {
  readonly transport: Transport;
}

export class Transport {
  readonly #options: TransportOptions;
  readonly #network: SimNetwork;
  readonly #actor: Actor;
  #peers: ReadonlyMap<number, string> = new Map();
  /** Members that were admitted, by what they said they are. */
  readonly #admitted = new Map<string, Promise<string | undefined>>();
  readonly #told = new Set<number>();
  readonly #up = new Set<number>();
  #closed = false;

  constructor(options: TransportOptions) {
    this.#options = options;
    this.#network = currentNetwork();
    this.#actor = currentMachine().actor;
  }

  get #handlers(): PeerHandlers {
    return this.#options.handlers;
  }

  async listen(): Promise<void> {
    const listening: Peer = {
      address: this.#options.listen,
      actor: this.#actor,
      transport: this,
      onCall: (payload, from, to) => this.#onCall(payload, from, to),
      onFetch: (peer) => this.#onFetch(peer),
    };
    this.#network.listen(listening);
    this.#knock(FIRST_KNOCK_MS);
  }

  /** What a connection that is kept up does: a member that is refused learns it even when it has nothing to say. */
  #knock(afterMs = KNOCK_MS): void {
    this.#network.world.schedule(afterMs, this.#actor, () => {
      if (this.#closed) return;
      for (const [to, address] of this.#peers) {
        const target = this.#network.at(address);
        if (target === undefined) continue;
        this.#network.carry(this.#options.listen, target, () => {
          const other = transportOf(target);
          if (other.#options.self.id !== to) return;
          void other.#admit(this.#options.self).then((reason) => {
            if (reason === undefined) this.#greetedBy(to, other);
            else this.#refusedBy(to, reason);
          });
        });
      }
      this.#knock();
    });
  }

  /** A connection is up when the other side has said who it is, too. */
  #greetedBy(to: number, other: Transport): void {
    const own: Endpoint = { address: this.#options.listen, actor: this.#actor };
    this.#network.carry(other.#options.listen, own, () => {
      if (this.#closed || this.#up.has(to)) return;
      void this.#admit(other.#options.self).then((reason) => {
        if (reason !== undefined || this.#closed || this.#up.has(to)) return;
        this.#up.add(to);
        this.#handlers.onUp(to);
      });
    });
  }

  async #onCall(payload: Buffer, from: PeerIdentity | undefined, to: number | undefined): Promise<Buffer> {
    if (from === undefined) return this.#handlers.onCall(payload, undefined);
    const reason = misdirected(this.#options.self, from, to) ?? (await this.#admit(from));
    if (reason !== undefined) throw new Error(reason);
    return this.#handlers.onCall(payload, from);
  }

  async *#onFetch(peer: PeerIdentity): AsyncGenerator<Buffer> {
    const reason = await this.#admit(peer);
    if (reason !== undefined) throw new Error(reason);
    yield* this.#handlers.onFetch(peer.id);
  }

  setPeers(peers: ReadonlyMap<number, string>): void {
    this.#peers = new Map(peers);
  }

  expel(id: number, _reason: string): void {
    for (const key of this.#admitted.keys()) if (key.startsWith(`${id}.`)) this.#admitted.delete(key);
  }

  isUp(id: number): boolean {
    const address = this.#peers.get(id);
    if (address === undefined || this.#network.at(address) === undefined) return false;
    return !this.#network.isCut(this.#options.listen, address) && !this.#network.isCut(address, this.#options.listen);
  }

  send(to: number, payload: Buffer): void {
    const address = this.#peers.get(to);
    if (address === undefined || this.#closed) return;
    const target = this.#network.at(address);
    if (target === undefined) {
      // The machine answers that nobody listens, unless it cannot be reached.
      if (!this.#network.isCut(this.#options.listen, address)) this.#tell(to, CONNECTION_REFUSED_MS, true);
      return;
    }
    if (!this.#up.has(to)) {
      this.#up.add(to);
      this.#network.world.schedule(CONNECTION_REFUSED_MS, this.#actor, () => this.#handlers.onUp(to));
    }
    const arrive = (): void => {
      const other = transportOf(target);
      // The address may have changed hands.
      if (other.#options.self.id === to) void other.#take(this.#options.self, payload, (r) => this.#refusedBy(to, r));
    };
    // A gRPC stream never delivers twice. The core withstands it all the same; but the refusal of a forwarded proposal
    // could then be that of a copy, and would not mean that it was not taken.
    const mayDuplicate = (): boolean => !isProposal(payload);
    const arrived = this.#network.carry(this.#options.listen, target, arrive, mayDuplicate);
    if (!arrived) this.#tell(to, NOTICE_LOSS_MS, false);
  }

  /** Tells the replica what its connection would: once at a time. */
  #tell(to: number, delayMs: number, dead: boolean): void {
    if (this.#told.has(to)) return;
    this.#told.add(to);
    this.#network.world.schedule(delayMs, this.#actor, () => {
      this.#told.delete(to);
      this.#up.delete(to);
      if (this.#closed) return;
      if (dead) this.#handlers.onDead(to);
      this.#handlers.onUnreachable(to);
    });
  }

  #refusedBy(id: number, reason: string): void {
    if (reason === NOT_NOW) return;
    this.#network.world.schedule(1, this.#actor, () => {
      if (!this.#closed) this.#handlers.onRefused(id, reason, true);
    });
  }

  async #take(from: PeerIdentity, payload: Buffer, refuse: (reason: string) => void): Promise<void> {
    const reason = await this.#admit(from);
    if (this.#closed) return;
    if (reason === undefined) this.#handlers.onMessages(from.id, payload);
    else refuse(reason);
  }

  #admit(peer: PeerIdentity): Promise<string | undefined> {
    if (peer.cluster !== this.#options.self.cluster) return Promise.resolve('another cluster');
    const key = keyOf(peer);
    let admitted = this.#admitted.get(key);
    if (admitted === undefined) {
      // Its log takes nothing any more, for it is closed: to be asked again, and no answer for good.
      admitted = this.#handlers.admit(peer).catch(() => {
        this.#admitted.delete(key);
        return NOT_NOW;
      });
      this.#admitted.set(key, admitted);
    }
    return admitted;
  }

  async sendSnapshot(to: number, chunks: AsyncIterable<Buffer>): Promise<void> {
    const address = this.#peers.get(to);
    const target = address === undefined ? undefined : this.#network.at(address);
    if (address === undefined || target === undefined) throw new Error(`member ${to} cannot be reached`);
    const pipe = new Pipe();
    let abort: (error: Error) => void = () => undefined;
    const aborted = new Promise<never>((_, reject) => (abort = reject));
    aborted.catch(() => undefined); // Heard where something is awaited, if at all.
    const stream = {
      abort,
      from: this.#options.listen,
      to: target,
      sender: this.#actor,
      close: () => pipe.fail(new Error('the sender is gone')),
    };
    this.#network.streams.add(stream);
    let outcome: Promise<void> | undefined;
    let failure: Error | undefined;
    let from: number | undefined;
    try {
      const begun = this.#transit(target, () => {
        outcome = transportOf(target).#takeSnapshot(this.#options.self, pipe);
        outcome.catch((error: unknown) => (failure = error instanceof Error ? error : new Error(String(error))));
      });
      await Promise.race([begun, aborted]);
      for await (const chunk of chunks) {
        if (failure !== undefined) throw failure;
        from ??= decodeSnapshotHeader(chunk).transfer?.from ?? 0;
        await Promise.race([this.#transit(target, () => pipe.push(chunk)), aborted]);
      }
      await Promise.race([this.#transit(target, () => pipe.end()), aborted]);
      await Promise.race([this.#answerOf(outcome), aborted]);
      this.#network.world.count('snapshots delivered');
      if (from !== undefined && from > 0) this.#network.world.count('snapshots delivered after a break');
    } catch (error) {
      this.#network.world.count('snapshots broken off');
      this.#network.breakStream(stream);
      throw error;
    } finally {
      this.#network.streams.delete(stream);
    }
  }

  #answerOf(outcome: Promise<void> | undefined): Promise<void> {
    const { world, temper } = this.#network;
    return new Promise<void>((resolve, reject) => {
      const back = (settle: () => void): void => void world.schedule(temper.delayMs, this.#actor, settle);
      outcome?.then(
        () => back(resolve),
        (error: unknown) => back(() => reject(error instanceof Error ? error : new Error(String(error)))),
      );
      // A process that dies never answers.
      world.schedule(SNAPSHOT_ANSWER_MS, this.#actor, () => reject(new Error('no answer to the snapshot')));
    });
  }

  /** Something happens at the target; resolves here when it has. Rejects when the way is cut: a stream breaks then. */
  #transit(target: Endpoint, arrive: () => void): Promise<void> {
    const { world } = this.#network;
    return new Promise((resolve, reject) => {
      const broken = this.#network.isCut(this.#options.listen, target.address) || !target.actor.alive;
      if (broken || world.random.chance(this.#network.temper.lossChance / 4)) {
        world.schedule(50, this.#actor, () => reject(new Error('the connection broke')));
        return;
      }
      const delay = this.#network.temper.delayMs;
      world.schedule(world.random.exponential(delay) * 2, target.actor, () => {
        arrive();
        world.schedule(delay, this.#actor, resolve);
      });
      world.schedule(STREAM_SILENCE_MS, this.#actor, () => reject(new Error('the connection broke')));
    });
  }

  async #takeSnapshot(from: PeerIdentity, chunks: AsyncIterable<Buffer>): Promise<void> {
    const reason = await this.#admit(from);
    if (reason !== undefined) throw new Error(reason);
    await this.#handlers.onSnapshot(from.id, chunks);
  }

  ask(to: number, payload: Buffer): Promise<Buffer> {
    const address = this.#peers.get(to);
    if (address === undefined) return Promise.reject(new Error(`member ${to} cannot be reached`));
    return request(this.#options.listen, this.#actor, address, payload, ASK_TIMEOUT_MS, {
      self: this.#options.self,
      to,
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
  }
}

/** Which start of which data directory this is. */
function keyOf(peer: PeerIdentity): string {
  let key = KEYS.get(peer);
  if (key === undefined) KEYS.set(peer, (key = `${peer.id}.${peer.nonce}.${peer.starts?.at(-1)?.[1] ?? ''}`));
  return key;
}
/** Asked for with every message, by what a process says of itself while it runs. */
const KEYS = new WeakMap<PeerIdentity, string>();

function transportOf(endpoint: Endpoint): Transport {
  return (endpoint as Peer).transport;
}

/** Are there proposals among these messages? What cannot be read holds none that matter. */
function isProposal(payload: Buffer): boolean {
  try {
    return decodeMessages(payload).some((m) => m.type === 'propose');
  } catch (error) {
    currentNetwork().world.count(`unreadable batches: ${error instanceof Error ? error.name : 'unknown'}`);
    return false;
  }
}
