import { FatalError } from '../../machinery/assert.js';
import type { TlsFiles } from '../http-listener.js';
import { type UWS, uws } from './native.js';

/** What the type declarations leave out. */
type WithDomains = UWS.TemplatedApp & { domain(name: string): UWS.TemplatedApp };

/**
 * An app that speaks TLS with these certificates, whose routes `register` adds: for clients that name no host, or another,
 * and for each name that has a certificate of its own. Throws FatalError for files that cannot be used.
 */
export function secureApp(tls: TlsFiles, register: (app: UWS.TemplatedApp) => void): UWS.TemplatedApp {
  const app = sslApp(tls);
  register(app);
  const seen = new Set<string>();
  for (const { certFile, keyFile, names } of tls.named ?? []) {
    for (const name of names) {
      if (seen.has(name)) continue;
      seen.add(name);
      app.addServerName(name, contextOptions(tls, certFile, keyFile));
      register((app as WithDomains).domain(name));
    }
  }
  return app;
}

function contextOptions(tls: TlsFiles, certFile: string, keyFile: string): UWS.AppOptions {
  return {
    cert_file_name: certFile,
    key_file_name: keyFile,
    ...(tls.clientCaFile === undefined ? {} : { ca_file_name: tls.clientCaFile }),
    ...(tls.ciphers === undefined ? {} : { ssl_ciphers: tls.ciphers }),
  };
}

function sslApp(tls: TlsFiles): UWS.TemplatedApp {
  const { certFile, keyFile } = tls;
  try {
    return uws.SSLApp(contextOptions(tls, certFile, keyFile));
  } catch (cause) {
    throw new FatalError(
      `TLS cannot start with ${certFile} and ${keyFile} (${String(cause)}): check that both are PEM files and belong together`,
    );
  }
}
