import { isIP, type Socket } from 'node:net';
import { checkServerIdentity, createSecureContext, type SecureContextOptions } from 'node:tls';
import { ChannelCredentials, type ChannelOptions, credentials, ServerCredentials } from '@grpc/grpc-js';
import { FatalError } from '../machinery/assert.js';
import { splitAddress } from './address.js';
import { MESSAGE_BYTES_MAX } from './service.js';
import type { TransportTls } from './types.js';

/** Server name sent where the address is an IP, for which TLS has none (RFC 6066, section 3). */
const SERVER_NAME = 'quorate-peer';

/** Between two pings of a connection over which nothing else goes. */
const PING_MS = 2_000;
/** How long the other side may take to answer one, by default and at most. */
const PONG_MS = [2_000, 20_000] as const;

const COMMON_OPTIONS: ChannelOptions = {
  'grpc.keepalive_time_ms': PING_MS,
  'grpc.keepalive_permit_without_calls': 1,
  'grpc.max_receive_message_length': MESSAGE_BYTES_MAX,
  'grpc.max_send_message_length': MESSAGE_BYTES_MAX,
};

/** Who has dialled finds out sooner that a connection is dead, and dials again: the listener only clears away. */
export const SERVER_OPTIONS: ChannelOptions = { ...COMMON_OPTIONS, 'grpc.keepalive_timeout_ms': PONG_MS[1] };

/**
 * How long an answer to a ping may take, in milliseconds, where both sides took `tookMs` to begin to talk: a connection over
 * which nothing comes back is given up, for TCP by itself would wait for minutes; but processes that are short of processor
 * time, to which a new connection costs more than anything, keep the one they have.
 */
export function pongMs(tookMs: number): number {
  return Math.min(Math.max(2 * tookMs, PONG_MS[0]), PONG_MS[1]);
}

/** Credentials of a listener that can be replaced while it listens: connections that come later get the new ones. */
export class PeerServerCredentials extends ServerCredentials {
  constructor(tls: TransportTls) {
    // Who shows no certificate of the peer authority gets no further than the handshake.
    super({ requestCert: true, rejectUnauthorized: true }, contextOf(tls));
  }

  /** Throws FatalError when the files do not fit: then everything stays as it was. */
  replace(tls: TransportTls): void {
    this.updateSecureContextOptions(contextOf(tls));
  }

  _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}

function contextOf({ ca, cert, key }: TransportTls): SecureContextOptions {
  const options = { ca: Buffer.from(ca), cert: Buffer.from(cert), key: Buffer.from(key) };
  usable(() => createSecureContext(options));
  return options;
}

/** Both sides show a certificate of the peer authority. Throws FatalError when the files do not fit. */
export function serverCredentials(tls: TransportTls | undefined): ServerCredentials {
  return tls === undefined ? ServerCredentials.createInsecure() : new PeerServerCredentials(tls);
}

/**
 * As `serverCredentials`; the other side's certificate must be valid for the host that we dial. `onConnected` is called with
 * each TCP connection, before its TLS handshake begins.
 */
export function clientCredentials(
  address: string,
  tls: TransportTls | undefined,
  onConnected: (socket: Socket) => void = () => undefined,
): ChannelCredentials {
  if (tls === undefined) return new PeerChannelCredentials(credentials.createInsecure(), onConnected);
  const { host } = splitAddress(address);
  const inner = usable(() =>
    credentials.createSsl(Buffer.from(tls.ca), Buffer.from(tls.key), Buffer.from(tls.cert), {
      checkServerIdentity: (_name, cert) => checkServerIdentity(host, cert),
    }),
  );
  return new PeerChannelCredentials(inner, onConnected);
}

/** Credentials that tell of each TCP connection, before its TLS handshake begins. */
class PeerChannelCredentials extends ChannelCredentials {
  constructor(
    private readonly inner: ChannelCredentials,
    private readonly onConnected: (socket: Socket) => void,
  ) {
    super();
  }

  _isSecure(): boolean {
    return this.inner._isSecure();
  }
  _equals(other: ChannelCredentials): boolean {
    return this === other;
  }
  _createSecureConnector(
    ...how: Parameters<ChannelCredentials['_createSecureConnector']>
  ): ReturnType<ChannelCredentials['_createSecureConnector']> {
    const connector = this.inner._createSecureConnector(...how);
    return {
      connect: (socket) => {
        this.onConnected(socket);
        return connector.connect(socket);
      },
      waitForReady: () => connector.waitForReady(),
      getCallCredentials: () => connector.getCallCredentials(),
      destroy: () => connector.destroy(),
    };
  }
}

/** `answerMs`: how long an answer to a ping may take. */
export function clientOptions(address: string, answerMs: number = PONG_MS[0]): ChannelOptions {
  const { host } = splitAddress(address);
  return {
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.min_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 200,
    ...COMMON_OPTIONS,
    'grpc.keepalive_timeout_ms': answerMs,
    // Each link has a connection of its own: a broken one must not be found again in a pool.
    'grpc.use_local_subchannel_pool': 1,
    ...(isIP(host) === 0 ? {} : { 'grpc.ssl_target_name_override': SERVER_NAME }),
  };
}

function usable<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new FatalError(`the peer certificate, its key or its CA cannot be used: ${reason}. Check the three files.`);
  }
}
