import type { Callout, ReviewServer } from '../../internal/callout/index.js';
import { readBounded } from '../../internal/machinery/bounded-file.js';
import { serverAccess } from './kubeconfig-file.js';

/** The webhook that a kubeconfig names. Throws FatalError for a file that cannot be used. */
export function reviewServer(file: string, callout: Callout, timeoutMs: number): ReviewServer {
  const {
    server,
    ca,
    cert,
    key,
    token = '',
    insecure = false,
    serverName,
  } = serverAccess(file, undefined, 'http', readBounded);
  const tls = {
    ...(ca === undefined ? {} : { ca: ca.toString('utf8') }),
    ...(cert === undefined ? {} : { cert: cert.toString('utf8') }),
    ...(key === undefined ? {} : { key: key.toString('utf8') }),
    ...(insecure ? { insecure } : {}),
    ...(serverName === undefined ? {} : { serverName }),
  };
  return { callout, target: { url: server, tls }, token, timeoutMs };
}
