import { createHash } from 'node:crypto';
import { Agent as HttpAgent, type ClientRequestArgs } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { SecureContext } from 'node:tls';
import { Meter, MeteredConnection } from '../machinery/metered.js';
import { dialTcp, dialTls, secureContext } from './dial.js';
import type { TlsOptions } from './types.js';

/** Sets of TLS options whose connections are kept; the one that was not used for longest goes. */
const MAX_IDENTITIES = 256;
/** Connections to one address that wait for the next call. */
const MAX_IDLE_PER_HOST = 64;
/** As long does Go keep a connection that nobody uses. */
const IDLE_MS = 90_000;

/** What a request tells the agent beside where it goes. */
export interface DialOptions extends ClientRequestArgs {
  /** The name that the certificate must have. */
  readonly expectedName?: string;
}

type Created = (error: Error | null, socket: Duplex) => void;
type Maker = (options: DialOptions) => Promise<Socket>;

/**
 * What comes is read in turns: an answer may be made of a million chunks, or of answers before the answer (1xx). Each
 * connection waits with what was read of it once, and calls are bounded in number.
 */
const meter = new Meter(Number.POSITIVE_INFINITY);

/** An agent gets its connections when they are up and proven; errors are CallErrors. */
function own(agent: HttpAgent | HttpsAgent, make: Maker): void {
  const create = (options: DialOptions, done: Created): undefined => {
    make(options).then(
      (socket) => done(null, new MeteredConnection(socket, meter)),
      // The type wants a socket where there is none.
      (error: unknown) => done(error instanceof Error ? error : new Error(String(error)), undefined as never),
    );
  };
  (agent as unknown as { createConnection: typeof create }).createConnection = create;
}

const OPTIONS = { keepAlive: true, maxFreeSockets: MAX_IDLE_PER_HOST, timeout: IDLE_MS, scheduling: 'lifo' } as const;

function placeOf(options: DialOptions): { host: string; port: number } {
  return { host: options.host ?? options.hostname ?? 'localhost', port: Number(options.port) };
}

/** Who connects with one set of TLS options. */
export interface Identity {
  readonly agent: HttpsAgent;
  readonly context: SecureContext;
}

function identity(tls: TlsOptions): Identity {
  const context = secureContext(tls);
  const agent = new HttpsAgent(OPTIONS);
  own(agent, (options) => {
    const { host, port } = placeOf(options);
    return dialTls(host, port, options.expectedName ?? host, context, tls);
  });
  return { agent, context };
}

/** Kept connections by TLS options. */
export class Pool {
  readonly #identities = new Map<string, Identity>();
  readonly #fingerprints = new WeakMap<TlsOptions, string>();
  readonly plain = new HttpAgent(OPTIONS);

  constructor() {
    own(this.plain, (options) => {
      const { host, port } = placeOf(options);
      return dialTcp(host, port);
    });
  }

  /** The connections of these options. Throws CallError for certificates that cannot be read. */
  of(tls: TlsOptions): Identity {
    const key = this.#fingerprint(tls);
    const known = this.#identities.get(key);
    if (known !== undefined) {
      this.#identities.delete(key);
      this.#identities.set(key, known);
      return known;
    }
    const made = identity(tls);
    this.#identities.set(key, made);
    if (this.#identities.size > MAX_IDENTITIES) this.#forgetOldest();
    return made;
  }

  #fingerprint(tls: TlsOptions): string {
    let known = this.#fingerprints.get(tls);
    if (known === undefined) {
      const { ca = '', cert = '', key = '', insecure = false, serverName = '', caller = '' } = tls;
      known = createHash('sha256')
        .update(JSON.stringify([ca, cert, key, insecure, serverName, caller]))
        .digest('base64');
      this.#fingerprints.set(tls, known);
    }
    return known;
  }

  #forgetOldest(): void {
    for (const [key, oldest] of this.#identities) {
      this.#identities.delete(key);
      // Only what is idle; calls under way end as they would have.
      for (const sockets of Object.values(oldest.agent.freeSockets)) for (const s of sockets ?? []) s.destroy();
      return;
    }
  }

  /** Ends every connection. */
  close(): void {
    this.plain.destroy();
    for (const { agent } of this.#identities.values()) agent.destroy();
    this.#identities.clear();
  }
}
