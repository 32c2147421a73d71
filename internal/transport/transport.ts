import {
  type sendUnaryData,
  Server,
  type ServerCredentials,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { FatalError } from '../machinery/assert.js';
import { isAddress } from './address.js';
import { ask } from './call.js';
import { type Door, openDoor } from './door.js';
import type { Envelope } from './envelope.js';
import { PeerLink } from './link.js';
import { PeerServerCredentials, SERVER_OPTIONS, serverCredentials } from './tls.js';
import { misdirected, TAKEN_OVER } from './admit.js';
import { addresseeOf, identityMetadata, identityOf, isNamed } from './metadata.js';
import { PEER, PEER_SERVICE } from './service.js';
import type { PeerIdentity, TransportOptions, TransportTls } from './types.js';

const VERSION = 1;
const ASK_TIMEOUT_MS = 5_000;

type Answer = sendUnaryData<Envelope>;
type AnyCall =
  | ServerDuplexStream<Envelope, Envelope>
  | ServerReadableStream<Envelope, Envelope>
  | ServerUnaryCall<Envelope, Envelope>
  | ServerWritableStream<Envelope, Envelope>;

/** gRPC between the members: listens for them, and keeps a link to each. */
export class Transport {
  readonly #options: TransportOptions;
  readonly #links = new Map<number, PeerLink>();
  readonly #inbound = new Map<number, Set<ServerDuplexStream<Envelope, Envelope>>>();
  #server: Server | undefined;
  #door: Door | undefined;
  #tls: TransportTls | undefined;
  #credentials: ServerCredentials | undefined;

  constructor(options: TransportOptions) {
    this.#options = options;
    this.#tls = options.tls;
  }

  /** Starts listening. Throws FatalError when the address cannot be had. */
  async listen(): Promise<void> {
    const credentials = serverCredentials(this.#tls);
    this.#credentials = credentials;
    const server = new Server(SERVER_OPTIONS);
    this.#server = server;
    server.addService(PEER_SERVICE, {
      messages: (call: ServerDuplexStream<Envelope, Envelope>) => void this.#onMessages(call),
      snapshot: (call: ServerReadableStream<Envelope, Envelope>, answer: Answer) => void this.#onSnapshot(call, answer),
      fetch: (call: ServerWritableStream<Envelope, Envelope>) => void this.#onFetch(call),
      call: (call: ServerUnaryCall<Envelope, Envelope>, answer: Answer) => void this.#onCall(call, answer),
    });
    const injector = server.createConnectionInjector(credentials);
    try {
      this.#door = await openDoor(this.#options.listen, (socket) => injector.injectConnection(socket));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new FatalError(
        `cannot listen for other members on ${this.#options.listen}: ${reason}. Choose a free --peer-listen.`,
      );
    }
  }

  /**
   * Keeps links to exactly these members, by id; this replica itself must not be among them. One whose address cannot be
   * dialled is not reached: an address is what somebody else said.
   */
  setPeers(peers: ReadonlyMap<number, string>): void {
    for (const [id, link] of this.#links) {
      if (peers.get(id) === link.address) continue;
      link.close();
      this.#links.delete(id);
    }
    const { self, handlers, log } = this.#options;
    const tls = (): TransportTls | undefined => this.#tls;
    for (const [id, address] of peers) {
      if (this.#links.has(id) || !isAddress(address)) continue;
      this.#links.set(id, new PeerLink({ self, id, address, tls, handlers, log }));
    }
  }

  /**
   * From now on connections are made and taken with these files; those that stand stay. Throws FatalError when the files do
   * not fit: then nothing has changed.
   */
  replaceTls(tls: TransportTls): void {
    if (!(this.#credentials instanceof PeerServerCredentials)) throw new Error('there is no TLS between the members');
    this.#credentials.replace(tls);
    this.#tls = tls;
  }

  /** Sends one batch of messages; may lose it. */
  send(to: number, payload: Buffer): void {
    this.#links.get(to)?.send(payload);
  }

  /** Is the stream to this member up? */
  isUp(id: number): boolean {
    return this.#links.get(id)?.up ?? false;
  }

  /** Streams a snapshot; resolves when the member holds it on disk. */
  async sendSnapshot(to: number, chunks: AsyncIterable<Buffer>): Promise<void> {
    const link = this.#links.get(to);
    if (link === undefined) throw new Error(`there is no member ${to}`);
    const { path, requestSerialize, responseDeserialize } = PEER.snapshot;
    let finish: (error: Error | undefined) => void = () => undefined;
    const finished = new Promise<void>((resolve, reject) => {
      finish = (error) => (error === undefined ? resolve() : reject(error));
    });
    let over = false;
    finished.then(
      () => (over = true),
      () => (over = true),
    );
    const call = link.client.makeClientStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      identityMetadata(this.#options.self, to),
      (error) => finish(error ?? undefined),
    );
    try {
      for await (const payload of chunks) {
        if (over) break;
        if (call.write({ version: VERSION, payload })) continue;
        await Promise.race([new Promise((resolve) => call.once('drain', resolve)), finished]);
      }
      call.end();
    } catch (error) {
      call.cancel();
      finish(error instanceof Error ? error : new Error(String(error)));
    }
    await finished;
  }

  /** Asks one question of a member. Rejects with grpc's ServiceError, or when it cannot be reached. */
  async ask(to: number, payload: Buffer): Promise<Buffer> {
    const link = this.#links.get(to);
    if (link === undefined || !link.up) throw new Error(`member ${to} cannot be reached`);
    return ask(link.client, payload, ASK_TIMEOUT_MS, { self: this.#options.self, to });
  }

  /** Ends what this member is saying, and tells it why. */
  expel(id: number, reason: string): void {
    for (const call of this.#inbound.get(id) ?? [])
      call.emit('error', { code: status.ALREADY_EXISTS, details: reason });
  }

  async #onMessages(call: ServerDuplexStream<Envelope, Envelope>): Promise<void> {
    const peer = await this.#admit(call);
    if (!('nonce' in peer)) {
      call.emit('error', peer);
      return;
    }
    const { handlers } = this.#options;
    call.sendMetadata(identityMetadata(this.#options.self));
    const inbound = this.#inbound.get(peer.id) ?? new Set();
    this.#inbound.set(peer.id, inbound.add(call));
    call.on('close', () => inbound.delete(call));
    call.on('data', (envelope: Envelope) => handlers.onMessages(peer.id, envelope.payload));
    call.on('end', () => call.end());
    // The member closed its side or died: if it is dead the link to it knows best how to find out.
    call.on('cancelled', () => this.#links.get(peer.id)?.probe());
    call.on('error', () => call.end());
  }

  async #onSnapshot(call: ServerReadableStream<Envelope, Envelope>, answer: Answer): Promise<void> {
    const peer = await this.#admit(call);
    if (!('nonce' in peer)) {
      answer(peer);
      return;
    }
    try {
      await this.#options.handlers.onSnapshot(peer.id, payloads(call));
      answer(null, { version: VERSION, payload: Buffer.alloc(0) });
    } catch (error) {
      answer({ code: status.ABORTED, details: error instanceof Error ? error.message : String(error) });
    }
  }

  async #onFetch(call: ServerWritableStream<Envelope, Envelope>): Promise<void> {
    const peer = await this.#admit(call);
    if (!('nonce' in peer)) {
      call.emit('error', peer);
      return;
    }
    try {
      for await (const payload of this.#options.handlers.onFetch(peer.id)) {
        if (call.cancelled) return;
        if (!call.write({ version: VERSION, payload })) await drained(call);
      }
      call.end();
    } catch (error) {
      call.emit('error', { code: status.ABORTED, details: error instanceof Error ? error.message : String(error) });
    }
  }

  async #onCall(call: ServerUnaryCall<Envelope, Envelope>, answer: Answer): Promise<void> {
    // Who wants to join has no identity yet.
    const from = isNamed(call.metadata) ? await this.#admit(call) : undefined;
    if (from !== undefined && !('nonce' in from)) {
      answer(from);
      return;
    }
    try {
      const payload = await this.#options.handlers.onCall(call.request.payload, from);
      answer(null, { version: VERSION, payload });
    } catch (error) {
      answer({ code: status.INTERNAL, details: error instanceof Error ? error.message : String(error) });
    }
  }

  /** The caller, or why it is turned away. */
  async #admit(call: AnyCall): Promise<PeerIdentity | Partial<ServiceError>> {
    const { self, handlers } = this.#options;
    const peer = identityOf(call.metadata);
    if (peer === undefined) return refusal('the caller does not say which member it is');
    if (self.former?.includes(peer.cluster) === true) return { code: status.ALREADY_EXISTS, details: TAKEN_OVER };
    const reason = misdirected(self, peer, addresseeOf(call.metadata));
    if (reason !== undefined) return refusal(reason);
    try {
      const refused = await handlers.admit(peer);
      return refused === undefined ? peer : { code: status.ALREADY_EXISTS, details: refused };
    } catch (error) {
      return { code: status.UNAVAILABLE, details: error instanceof Error ? error.message : String(error) };
    }
  }

  async close(): Promise<void> {
    for (const link of this.#links.values()) link.close();
    this.#links.clear();
    this.#door?.close();
    this.#server?.forceShutdown();
    this.#server = undefined;
    await Promise.resolve();
  }
}

/** Resolves when more can be written, or the other side is gone. */
function drained(call: ServerWritableStream<Envelope, Envelope>): Promise<void> {
  return new Promise((resolve) => {
    call.once('drain', () => resolve());
    call.once('cancelled', () => resolve());
  });
}

async function* payloads(call: ServerReadableStream<Envelope, Envelope>): AsyncGenerator<Buffer> {
  for await (const envelope of call as AsyncIterable<Envelope>) yield envelope.payload;
  if (call.cancelled) throw new Error('the sender gave up');
}

function refusal(details: string): Partial<ServiceError> {
  return { code: status.FAILED_PRECONDITION, details };
}
