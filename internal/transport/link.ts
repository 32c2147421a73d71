import { connect, type Socket } from 'node:net';
import { Client, type ClientDuplexStream, type ServiceError, status } from '@grpc/grpc-js';
import { splitAddress } from './address.js';
import type { Envelope } from './envelope.js';
import { identityMetadata, identityOf } from './metadata.js';
import { PEER } from './service.js';
import { clientCredentials, clientOptions, pongMs } from './tls.js';
import type { PeerHandlers, PeerIdentity, TransportTls } from './types.js';

/** Waiting for one member, at most; beyond it the oldest go: Raft sends again what matters. */
const QUEUE_BYTES_MAX = 48 * 1024 * 1024;
const QUEUE_MESSAGES_MAX = 4_096;
const RETRY_MS = [20, 50, 100, 200] as const;
const PROBE_MS = 500;
/**
 * A connection attempt whose first packets nobody answers for this long is begun anew, at first; each that was given up is
 * followed by a more patient one, up to the second number.
 */
const CONNECT_MS = [1_000, 6_000] as const;
const CONNECT_GROWTH = 2;
/**
 * One that the member's machine has answered may take longer, and each that was given up makes the next more patient, too: it
 * may be that the processes are slow. Where they are short of processor time all handshakes go on beside each other and
 * take many seconds, and giving them up makes the shortage worse, so that nobody would ever get through.
 */
const HANDSHAKE_MS = 7_500;
const HANDSHAKE_MS_MAX = 30_000;
const VERSION = 1;

export interface LinkOptions {
  readonly self: PeerIdentity;
  readonly id: number;
  readonly address: string;
  /** What the next connection uses. */
  readonly tls: () => TransportTls | undefined;
  readonly handlers: PeerHandlers;
  readonly log: (level: 'debug' | 'info' | 'warn', text: string) => void;
}

/** The way to one other member: a stream that is opened again whenever it breaks, and a bounded queue before it. */
export class PeerLink {
  readonly #options: LinkOptions;
  /** What the client's connections use: files, and how long an answer to a ping may take, in ms. */
  #tls: TransportTls | undefined;
  #pongMs = 0;
  #client: Client;
  #stream: ClientDuplexStream<Envelope, Envelope> | undefined;
  #up = false;
  #blocked = false;
  #queue: Buffer[] = [];
  #queueBytes = 0;
  #failures = 0;
  /** Why the other side turned us away last: it is told once. */
  #refusal = '';
  /** How long the next attempt to connect may take when nobody answers. */
  #patience: number = CONNECT_MS[0];
  /** And how long when the machine answers, and the member does not. */
  #handshakePatience = HANDSHAKE_MS;
  /** The client's TCP connection, once the other machine has answered, and since when. */
  #connection: { socket?: Socket; since: number } = { since: 0 };
  /** How long it took last, in ms, from there until both sides talked: how slow the two processes are. */
  #tookMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#client = this.#newClient();
    this.#open();
  }

  #newClient(): Client {
    const { address, tls } = this.#options;
    this.#tls = tls();
    this.#pongMs = pongMs(this.#tookMs);
    const connection: { socket?: Socket; since: number } = { since: 0 };
    this.#connection = connection;
    const noteConnection = (socket: Socket): void => {
      connection.socket = socket;
      connection.since = performance.now();
    };
    const credentials = clientCredentials(address, this.#tls, noteConnection);
    return new Client(address, credentials, clientOptions(address, this.#pongMs));
  }

  /** For calls beside the stream; another one after the member could not be reached. */
  get client(): Client {
    return this.#client;
  }

  get address(): string {
    return this.#options.address;
  }
  get up(): boolean {
    return this.#up;
  }

  /** Queues one batch; never blocks, may drop the oldest. */
  send(payload: Buffer): void {
    if (this.#closed) return;
    this.#queue.push(payload);
    this.#queueBytes += payload.length;
    while (this.#queue.length > QUEUE_MESSAGES_MAX || (this.#queueBytes > QUEUE_BYTES_MAX && this.#queue.length > 1)) {
      this.#queueBytes -= this.#queue.shift()?.length ?? 0;
    }
    this.#flush();
  }

  #flush(): void {
    const stream = this.#stream;
    if (stream === undefined || !this.#up) return;
    while (this.#queue.length > 0 && !this.#blocked) {
      const payload = this.#queue.shift();
      if (payload === undefined) return;
      this.#queueBytes -= payload.length;
      this.#blocked = !stream.write({ version: VERSION, payload });
    }
  }

  #open(): void {
    if (this.#closed) return;
    const { self, id, handlers, tls } = this.#options;
    const began = performance.now();
    if (tls() !== this.#tls || pongMs(this.#tookMs) !== this.#pongMs) {
      this.#client.close();
      this.#client = this.#newClient();
    }
    const { path, requestSerialize, responseDeserialize } = PEER.messages;
    const metadata = identityMetadata(self, id);
    const stream = this.#client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadata);
    this.#stream = stream;
    this.#blocked = false;
    const giveUp = (): void => {
      if (this.#stream !== stream || this.#up || this.#closed) return;
      this.#patience = Math.min(this.#patience * CONNECT_GROWTH, CONNECT_MS[1]);
      this.#client.close();
      this.#client = this.#newClient();
      stream.cancel();
    };
    // After packets were lost for a while TCP waits ever longer before it tries again; a new connection does not.
    const patience = setTimeout(() => {
      // Where this process is slow the answer may be here and not be read yet: that is done before `setImmediate` calls.
      setImmediate(() => {
        if (this.#connection.socket?.destroyed !== false) giveUp();
      });
    }, this.#patience);
    const handshake = setTimeout(() => {
      this.#handshakePatience = Math.min(this.#handshakePatience * CONNECT_GROWTH, HANDSHAKE_MS_MAX);
      giveUp();
    }, this.#handshakePatience);
    const endWaiting = (): void => {
      clearTimeout(patience);
      clearTimeout(handshake);
    };
    stream.on('close', endWaiting);
    stream.on('metadata', (answer) => {
      const peer = identityOf(answer);
      if (peer === undefined || peer.id !== id) return;
      handlers.admit(peer).then(
        (refusal) => {
          if (this.#stream !== stream) return;
          if (refusal === undefined) {
            endWaiting();
            this.#up = true;
            this.#tookMs = performance.now() - Math.max(began, this.#connection.since);
            this.#failures = 0;
            this.#refusal = '';
            this.#patience = CONNECT_MS[0];
            this.#handshakePatience = HANDSHAKE_MS;
            handlers.onUp(id);
            this.#flush();
          } else {
            this.#options.log('warn', refusal);
            stream.cancel();
          }
        },
        () => stream.cancel(),
      );
    });
    stream.on('drain', () => {
      if (this.#stream !== stream) return;
      this.#blocked = false;
      this.#flush();
    });
    stream.on('data', () => undefined);
    stream.on('error', (error: ServiceError) => this.#broken(stream, error));
    stream.on('end', () => this.#broken(stream, undefined));
  }

  #broken(stream: ClientDuplexStream<Envelope, Envelope>, error: ServiceError | undefined): void {
    if (this.#stream !== stream || this.#closed) return;
    const { id, handlers, address, log } = this.#options;
    const wasUp = this.#up;
    this.#stream = undefined;
    this.#up = false;
    this.#queue = [];
    this.#queueBytes = 0;
    const reason = error?.details ?? 'the stream ended';
    if (wasUp) log('info', `lost the connection to member ${id} at ${address}: ${reason}`);
    else if (this.#failures === 0) log('debug', `cannot reach member ${id} at ${address}: ${reason}`);
    handlers.onUnreachable(id);
    // Also when it was not up: a process that is being killed may close its listening socket last.
    this.probe();
    if (error?.code === status.ALREADY_EXISTS) handlers.onRefused(id, reason, true);
    else if (error?.code === status.FAILED_PRECONDITION && reason !== this.#refusal) {
      this.#refusal = reason;
      handlers.onRefused(id, reason, false);
    }
    const wait = RETRY_MS[Math.min(this.#failures, RETRY_MS.length - 1)] ?? 200;
    this.#failures++;
    this.#timer = setTimeout(() => this.#open(), wait);
  }

  /** Finds out whether the member's process is gone: then its machine refuses connections at once. */
  probe(): void {
    const { id, address, handlers } = this.#options;
    const socket = connect(splitAddress(address));
    socket.setTimeout(PROBE_MS, () => socket.destroy());
    socket.on('connect', () => socket.destroy());
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (!this.#closed && error.code === 'ECONNREFUSED') handlers.onDead(id);
    });
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#stream?.cancel();
    this.#stream = undefined;
    this.#client.close();
  }
}
