import { logger } from '../../internal/machinery/log.js';
import type { HttpListener, RequestHandler } from '../../internal/server/http-listener.js';
import { listenWithNode } from '../../internal/server/node/listener.js';
import { listen } from '../../internal/server/uws/listener.js';
import type { ServingConfig } from './config.js';
import type { FlagValues } from './flags.js';
import { tlsFiles } from './serving-files.js';

const log = logger('ports.ts');

/**
 * Opens the ports that the flags name: `--secure-port`, and `--spdy-bind-port` where it is not 0. Both hand every request
 * to `handler`, and are one listener. Throws FatalError when a port or the files cannot be used.
 */
export async function openPorts(
  flags: FlagValues,
  serving: ServingConfig,
  handler: RequestHandler,
): Promise<HttpListener> {
  const host = flags.string('bind-address');
  const options = { host, port: flags.int('secure-port'), ...tlsFiles(flags, serving) };
  const spdyPort = flags.int('spdy-bind-port');
  const main = await listen(options, handler);
  log.info(`${flags.string('name')} serves https://${host}:${main.port}`);
  if (spdyPort === 0) return main;
  try {
    const second = await listenWithNode({ ...options, port: spdyPort }, handler);
    log.info(`${flags.string('name')} serves https://${host}:${second.port} for clients that speak SPDY`);
    return together(main, second);
  } catch (error) {
    await main.close(0);
    throw error;
  }
}

/** Two listeners as one, whose port is the first's. */
function together(first: HttpListener, second: HttpListener): HttpListener {
  return {
    port: first.port,
    connections: () => first.connections() + second.connections(),
    async replaceTls(tls) {
      // Nothing has changed where this one cannot use the files.
      await second.replaceTls(tls);
      await first.replaceTls(tls);
    },
    async close(graceMs) {
      await Promise.all([first.close(graceMs), second.close(graceMs)]);
    },
  };
}
