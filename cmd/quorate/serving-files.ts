import { readFileSync } from 'node:fs';
import { FatalError } from '../../internal/machinery/assert.js';
import { logger } from '../../internal/machinery/log.js';
import { watchFiles, type WatchedFiles } from '../../internal/machinery/watched-files.js';
import { type HttpListener, PortLostError, type TlsFiles } from '../../internal/server/http-listener.js';
import { checkServingFiles, type ServingConfig } from './config.js';
import type { FlagValues } from './flags.js';
import { cipherList, namedCertificates } from './tls-flags.js';

const log = logger('serving-files.ts');

/** With which certificates the port is opened. Throws FatalError for files that cannot be used. */
export function tlsFiles(flags: FlagValues, serving: ServingConfig): TlsFiles {
  const ciphers = cipherList(flags);
  return {
    certFile: serving.certFile,
    keyFile: serving.keyFile,
    clientCaFile: serving.clientCaBundle,
    named: namedCertificates(flags),
    ...(ciphers === undefined ? {} : { ciphers }),
  };
}

/**
 * Follows serving certificates and authorities of clients: who connects after a change sees and needs the new ones, and
 * authorities that are gone vouch no more on open connections either. Files that do not fit together change nothing.
 */
export function followServingFiles(flags: FlagValues, serving: ServingConfig, listener: HttpListener): WatchedFiles {
  const { certFile, keyFile, clientCaFile, requestHeaderCaFile } = serving;
  const named = namedCertificates(flags).flatMap((pair) => [pair.certFile, pair.keyFile]);
  const files = [certFile, keyFile, clientCaFile, requestHeaderCaFile, ...named].filter((file) => file !== '');
  const reload = async (): Promise<void> => {
    try {
      const { clientCa, requestHeaderCa } = checkServingFiles(flags, serving);
      await listener.replaceTls(tlsFiles(flags, serving));
      if (
        clientCa !== serving.clientCa ||
        requestHeaderCa !== serving.requestHeaderCa ||
        serving.authorities.generation > 0
      ) {
        serving.authorities.replace(clientCa, requestHeaderCa);
      }
      log.info('serving certificates and authorities of clients were read again');
    } catch (error) {
      if (error instanceof PortLostError) {
        log.fatal(error.message);
        process.exit(1);
      }
      if (!(error instanceof FatalError)) throw error;
      log.error(`certificates that changed are not used, and those before them stay: ${error.message}`);
    }
  };
  const known = files.map((file) => readFileSync(file));
  return watchFiles(files, known, reload);
}
