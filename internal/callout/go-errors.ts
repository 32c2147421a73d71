import { isIP } from 'node:net';
import type { PeerCertificate } from 'node:tls';
import { CallError } from './types.js';

// What Go's net, crypto/tls and crypto/x509 print where Node.js has error codes. Clients and people search for these texts.

/** `host:port` as net.JoinHostPort writes it. */
export function joinHostPort(host: string, port: number | string): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

const CONNECT: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connect: connection refused',
  EHOSTUNREACH: 'connect: no route to host',
  ENETUNREACH: 'connect: network is unreachable',
  ETIMEDOUT: 'connect: connection timed out',
  ECONNRESET: 'connect: connection reset by peer',
  EADDRNOTAVAIL: 'connect: cannot assign requested address',
  EACCES: 'connect: permission denied',
  EPERM: 'connect: operation not permitted',
  EINVAL: 'connect: invalid argument',
  EMFILE: 'socket: too many open files',
};

const LOOKUP: Readonly<Record<string, string>> = {
  ENOTFOUND: 'no such host',
  ENODATA: 'no such host',
  EAI_AGAIN: 'server misbehaving',
};

interface SystemError extends Error {
  readonly code?: string;
  readonly address?: string;
  readonly port?: number;
  readonly hostname?: string;
  readonly errors?: readonly SystemError[];
}

/** Why there is no TCP connection to this place. */
export function dialError(error: SystemError, host: string, port: number): CallError {
  // Node.js tries every address of a name and reports all; Go reports the first.
  const first = error.errors?.[0] ?? error;
  const code = first.code ?? '';
  const lookup = LOOKUP[code];
  if (lookup !== undefined) return new CallError('dial', `dial tcp: lookup ${first.hostname ?? host}: ${lookup}`);
  const at = joinHostPort(first.address ?? host, first.port ?? port);
  return new CallError('dial', `dial tcp ${at}: ${CONNECT[code] ?? first.message}`);
}

export function dialTimeout(host: string, port: number): CallError {
  return new CallError('dial', `dial tcp ${joinHostPort(host, port)}: i/o timeout`);
}

/** TLS alerts that the other side sent, by their number (RFC 8446, 6.2), in the words of crypto/tls. */
const ALERTS: Readonly<Record<number, string>> = {
  10: 'unexpected message',
  20: 'bad record MAC',
  22: 'record overflow',
  40: 'handshake failure',
  42: 'bad certificate',
  43: 'unsupported certificate',
  44: 'revoked certificate',
  45: 'expired certificate',
  46: 'unknown certificate',
  47: 'illegal parameter',
  48: 'unknown certificate authority',
  49: 'access denied',
  50: 'error decoding message',
  51: 'error decrypting message',
  70: 'protocol version not supported',
  71: 'insufficient security level',
  80: 'internal error',
  90: 'user canceled',
  109: 'missing extension',
  112: 'unrecognized name',
  116: 'certificate required',
  120: 'no application protocol',
};

/** The other side's alert that OpenSSL tells of; with TLS 1.3 it may come after the handshake. */
function alertOf(message: string): CallError | undefined {
  const number = /alert number (\d+)/i.exec(message)?.[1];
  const known = number === undefined ? undefined : ALERTS[Number(number)];
  return known === undefined ? undefined : new CallError('tls', `remote error: tls: ${known}`);
}

/** Why the handshake did not come to an end. */
export function handshakeError(error: SystemError): CallError {
  const { code = '', message } = error;
  if (/wrong version number|packet length too long|http request|unknown protocol/i.test(message)) {
    return new CallError('tls', 'http: server gave HTTP response to HTTPS client');
  }
  const alert = alertOf(message);
  if (alert !== undefined) return alert;
  if (code === 'ECONNRESET' || code === 'EPIPE') {
    return new CallError('tls', message.startsWith('read ') ? 'read: connection reset by peer' : 'EOF');
  }
  return new CallError('tls', `tls: ${message}`);
}

/** Said of a certificate without alternative names. */
export const ONLY_COMMON_NAME = 'certificate relies on legacy Common Name field';
const VERIFY = 'tls: failed to verify certificate: x509: ';

const seconds = (date: Date): string => `${date.toISOString().slice(0, 19)}Z`;

/** Why a certificate is not believed; `code` is OpenSSL's. */
export function untrusted(code: string, cert: PeerCertificate): CallError {
  const now = new Date();
  switch (code) {
    case 'CERT_HAS_EXPIRED':
      return new CallError(
        'tls',
        `${VERIFY}certificate has expired or is not yet valid: current time ${seconds(now)} is after ${seconds(new Date(cert.valid_to))}`,
      );
    case 'CERT_NOT_YET_VALID':
      return new CallError(
        'tls',
        `${VERIFY}certificate has expired or is not yet valid: current time ${seconds(now)} is before ${seconds(new Date(cert.valid_from))}`,
      );
    case 'INVALID_PURPOSE':
      return new CallError('tls', `${VERIFY}certificate specifies an incompatible key usage`);
    case 'PATH_LENGTH_EXCEEDED':
      return new CallError('tls', `${VERIFY}too many intermediates for path length constraint`);
    default:
      return new CallError('tls', `${VERIFY}certificate signed by unknown authority`);
  }
}

/** Why a certificate that is believed is not one for this name. */
export function wrongName(name: string, cert: PeerCertificate): CallError {
  const all = (cert.subjectaltname ?? '').split(', ').filter((s) => s !== '');
  const of = (prefix: string): string[] => all.filter((s) => s.startsWith(prefix)).map((s) => s.slice(prefix.length));
  const addresses = of('IP Address:');
  const names = of('DNS:');
  if (all.length === 0 && isIP(name) === 0) {
    return new CallError('tls', `${VERIFY}${ONLY_COMMON_NAME}, use SANs instead`);
  }
  if (isIP(name) !== 0) {
    if (addresses.length === 0) {
      return new CallError(
        'tls',
        `${VERIFY}cannot validate certificate for ${name} because it doesn't contain any IP SANs`,
      );
    }
    return new CallError('tls', `${VERIFY}certificate is valid for ${addresses.join(', ')}, not ${name}`);
  }
  if (names.length === 0) {
    return new CallError('tls', `${VERIFY}certificate is not valid for any names, but wanted to match ${name}`);
  }
  return new CallError('tls', `${VERIFY}certificate is valid for ${names.join(', ')}, not ${name}`);
}

/** Why there is no answer on a connection that stood. */
export function exchangeError(error: SystemError, local: string, remote: string): CallError {
  if (error instanceof CallError) return error;
  const { code = '', message } = error;
  const alert = alertOf(message);
  if (alert !== undefined) return alert;
  if (code.startsWith('HPE_')) {
    return new CallError('protocol', `net/http: HTTP/1.x transport connection broken: malformed HTTP response`);
  }
  if (code === 'ECONNRESET' && message.startsWith('read ')) {
    return new CallError('protocol', `read tcp ${local}->${remote}: read: connection reset by peer`);
  }
  if (code === 'EPIPE') return new CallError('protocol', `write tcp ${local}->${remote}: write: broken pipe`);
  // "socket hang up", "aborted": the other side closed the connection in an orderly way, but too early.
  if (code === 'ECONNRESET' || code === 'ERR_STREAM_PREMATURE_CLOSE') return new CallError('protocol', 'EOF');
  return new CallError('protocol', message);
}
