import { isIP } from 'node:net';
import { checkServerIdentity, createSecureContext, type SecureContextOptions } from 'node:tls';
import { type ChannelCredentials, type ChannelOptions, credentials, ServerCredentials } from '@grpc/grpc-js';
import { FatalError } from '../machinery/assert.js';
import { splitAddress } from './address.js';
import { MESSAGE_BYTES_MAX } from './service.js';
import type { TransportTls } from './types.js';

/** Server name sent where the address is an IP, for which TLS has none (RFC 6066, section 3). */
const SERVER_NAME = 'quorate-peer';

const KEEPALIVE_MS = 2_000;

/** What both sides need. */
export const COMMON_OPTIONS: ChannelOptions = {
  // A connection over which nothing comes back is given up; TCP by itself would wait for minutes.
  'grpc.keepalive_time_ms': KEEPALIVE_MS,
  'grpc.keepalive_timeout_ms': KEEPALIVE_MS,
  'grpc.keepalive_permit_without_calls': 1,
  'grpc.max_receive_message_length': MESSAGE_BYTES_MAX,
  'grpc.max_send_message_length': MESSAGE_BYTES_MAX,
};

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

/** As `serverCredentials`; the other side's certificate must be valid for the host that we dial. */
export function clientCredentials(address: string, tls: TransportTls | undefined): ChannelCredentials {
  if (tls === undefined) return credentials.createInsecure();
  const { host } = splitAddress(address);
  return usable(() =>
    credentials.createSsl(Buffer.from(tls.ca), Buffer.from(tls.key), Buffer.from(tls.cert), {
      checkServerIdentity: (_name, cert) => checkServerIdentity(host, cert),
    }),
  );
}

export function clientOptions(address: string): ChannelOptions {
  const { host } = splitAddress(address);
  return {
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.min_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 200,
    ...COMMON_OPTIONS,
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
