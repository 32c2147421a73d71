import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';
import { constants } from 'node:crypto';
import { readBounded } from '../../machinery/bounded-file.js';
import { FatalError } from '../../machinery/assert.js';
import type { TlsFiles } from '../http-listener.js';

/** Those of TLS 1.3 are always all spoken. */
const SUITES_13 = 'TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256';

/** What a port shows: to clients that name no host, or another, and to those that name one that has its own. */
export interface Contexts {
  readonly options: SecureContextOptions;
  of(serverName: string): SecureContext;
}

/** Reads these files. Throws FatalError for those that cannot be used. */
export function contextsOf(tls: TlsFiles): Contexts {
  const options = optionsOf(tls, tls.certFile, tls.keyFile);
  const standard = contextOf(options, tls);
  const named = new Map<string, SecureContext>();
  for (const { certFile, keyFile, names } of tls.named ?? []) {
    const files = { certFile, keyFile };
    const context = contextOf(optionsOf(tls, certFile, keyFile), files);
    for (const name of names) if (!named.has(name.toLowerCase())) named.set(name.toLowerCase(), context);
  }
  return {
    options,
    of(serverName) {
      const name = serverName.toLowerCase();
      return named.get(name) ?? named.get(name.replace(/^[^.]*/, '*')) ?? standard;
    },
  };
}

function optionsOf(tls: TlsFiles, certFile: string, keyFile: string): SecureContextOptions {
  try {
    return {
      cert: readBounded(certFile),
      key: readBounded(keyFile),
      ...(tls.clientCaFile === undefined ? {} : { ca: readBounded(tls.clientCaFile) }),
      ...(tls.ciphers === undefined ? {} : { ciphers: `${tls.ciphers}:${SUITES_13}` }),
      // A session that is resumed would bring a certificate along that nobody looked at since authorities have changed.
      secureOptions: constants.SSL_OP_NO_TICKET,
    };
  } catch (cause) {
    throw new FatalError(`TLS cannot start with ${certFile} and ${keyFile} (${String(cause)}): make them readable`);
  }
}

function contextOf(options: SecureContextOptions, { certFile, keyFile }: { certFile: string; keyFile: string }) {
  try {
    return createSecureContext(options);
  } catch (cause) {
    throw new FatalError(
      `TLS cannot start with ${certFile} and ${keyFile} (${String(cause)}): check that both are PEM files and belong together`,
    );
  }
}
