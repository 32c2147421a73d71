import { connect, isIP, type Socket } from 'node:net';
import {
  checkServerIdentity,
  connect as connectTls,
  createSecureContext,
  type SecureContext,
  type TLSSocket,
} from 'node:tls';
import { dialError, dialTimeout, handshakeError, ONLY_COMMON_NAME, untrusted, wrongName } from './go-errors.js';
import { CallError, type TlsOptions } from './types.js';
import { countFaults } from './x509-faults.js';

/** Go's http.DefaultTransport: 30 s to connect, 10 s for the handshake. */
const DIAL_TIMEOUT_MS = 30_000;
const HANDSHAKE_TIMEOUT_MS = 10_000;
const KEEP_ALIVE_MS = 30_000;

/**
 * What the handshake needs, made once for each set of options. Throws CallError for a bundle or a key that cannot be
 * read, in client-go's words.
 */
export function secureContext(tls: TlsOptions): SecureContext {
  const { ca, cert, key } = tls;
  const bundle = ca === undefined || ca === '' ? undefined : certificatesOf(ca);
  if (bundle?.length === 0) {
    throw new CallError('tls', 'unable to load root certificates: unable to parse bytes as PEM block');
  }
  try {
    // Go believes every certificate of the bundle, be it an authority or not; OpenSSL has to be told.
    return createSecureContext({
      ...(bundle === undefined ? {} : { ca: bundle, allowPartialTrustChain: true }),
      ...(cert === undefined || cert === '' ? {} : { cert, key }),
      minVersion: 'TLSv1.2',
    });
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    throw new CallError('tls', cert === undefined ? `unable to load root certificates: ${text}` : `tls: ${text}`);
  }
}

function certificatesOf(pem: string): string[] {
  return pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
}

/** One TCP connection. Rejects with CallError. */
export function dialTcp(host: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS, noDelay: true });
    const timer = setTimeout(() => socket.destroy(dialTimeout(host, port)), DIAL_TIMEOUT_MS);
    const failed = (error: Error): void => {
      clearTimeout(timer);
      reject(error instanceof CallError ? error : dialError(error, host, port));
    };
    socket.once('error', failed);
    socket.once('connect', () => {
      clearTimeout(timer);
      socket.off('error', failed);
      resolve(socket);
    });
  });
}

/**
 * One TLS connection, with a certificate that is believed and is for `name`, which is the server name of the options or
 * the host of the URL. Rejects with CallError.
 */
export async function dialTls(
  host: string,
  port: number,
  name: string,
  context: SecureContext,
  { insecure = false, caller }: Pick<TlsOptions, 'insecure' | 'caller'>,
): Promise<TLSSocket> {
  const raw = await dialTcp(host, port);
  return await new Promise((resolve, reject) => {
    const socket = connectTls({
      socket: raw,
      secureContext: context,
      ...(isIP(name) === 0 ? { servername: name } : {}),
      ALPNProtocols: ['http/1.1'],
      // Judged below, where the certificate is at hand for the error's text.
      rejectUnauthorized: false,
      checkServerIdentity: () => undefined,
    });
    const timer = setTimeout(
      () => socket.destroy(new CallError('tls', 'net/http: TLS handshake timeout')),
      HANDSHAKE_TIMEOUT_MS,
    );
    const over = (error?: Error): void => {
      clearTimeout(timer);
      socket.off('error', failed);
      socket.off('close', closed);
      if (error === undefined) return;
      socket.on('error', () => undefined); // it is reported already
      socket.destroy();
      reject(error);
    };
    const failed = (error: Error): void => over(error instanceof CallError ? error : handshakeError(error));
    const closed = (): void => over(new CallError('tls', 'EOF'));
    socket.once('error', failed);
    socket.once('close', closed);
    socket.once('secureConnect', () => {
      const wrong = insecure ? undefined : judge(socket, name);
      if (caller !== undefined)
        countFaults(caller, socket.getPeerCertificate(), wrong?.message.includes(ONLY_COMMON_NAME) === true);
      over(wrong);
      if (wrong === undefined) resolve(socket);
    });
  });
}

/** Why the other side is not who it should be; undefined when it is. */
function judge(socket: TLSSocket, name: string): CallError | undefined {
  const cert = socket.getPeerCertificate();
  if (!socket.authorized) {
    const why: unknown = socket.authorizationError;
    return untrusted(why instanceof Error ? ((why as { code?: string }).code ?? why.message) : String(why), cert);
  }
  // Node.js falls back to the common name where there are no alternative names; Go does not.
  const named = cert.subjectaltname !== undefined && checkServerIdentity(name, cert) === undefined;
  return named ? undefined : wrongName(name, cert);
}
