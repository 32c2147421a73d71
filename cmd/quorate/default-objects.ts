import { isIP } from 'node:net';
import { logger } from '../../internal/machinery/log.js';
import { StatusError } from '../../internal/machinery/status.js';
import { defaultObjects } from '../../internal/registry/default-objects/index.js';
import type { InternalClient } from '../../internal/server/internal-client.js';
import { defaultObjectsExist } from '../../internal/server/poststart/default-objects.js';
import { firstServiceIp } from './addresses.js';
import { advertisedAddress, type ServingConfig } from './config.js';
import type { FlagValues } from './flags.js';

const log = logger('default-objects.ts');
/** Between two tries, while the quorum is away. */
const RETRY_MS = 500;

/** Whether others can reach this server at the address that it tells them, so that the kubernetes service may lead there. */
export function keepsEndpoints(flags: FlagValues): boolean {
  if (flags.string('endpoint-reconciler-type') === 'none') return false;
  const address = advertisedAddress(flags);
  if (isIP(address) === 0) {
    log.warn(`the kubernetes service gets no endpoint: --advertise-address ${address} is no IP address`);
    return false;
  }
  // Endpoints may not be on the loopback interface.
  return !address.startsWith('127.') && address !== '::1';
}

/** Brings the objects of a fresh cluster into being; tries again while there is no quorum, until `stopped` says so. */
export async function makeDefaultObjects(
  client: InternalClient,
  flags: FlagValues,
  serving: ServingConfig,
  stopped: () => boolean,
): Promise<void> {
  const range = flags.string('service-cluster-ip-range');
  const objects = defaultObjects({
    serviceCidrs: flags.list('service-cluster-ip-range'),
    apiServiceIP: firstServiceIp(range),
    securePort: flags.int('secure-port'),
    clientCa: serving.clientCa,
    requestHeaderCa: serving.requestHeaderCa,
    requestHeaderAllowedNames: flags.list('requestheader-allowed-names'),
    requestHeaderUsernameHeaders: flags.list('requestheader-username-headers'),
    requestHeaderGroupHeaders: flags.list('requestheader-group-headers'),
    requestHeaderExtraPrefixes: flags.list('requestheader-extra-headers-prefix'),
    now: `${new Date().toISOString().slice(0, 19)}Z`,
  });
  while (!stopped()) {
    try {
      await defaultObjectsExist(client, objects);
      return;
    } catch (error) {
      // No quorum, or too much to do: both pass. Anything else is a bug, which must not be hidden by trying again.
      if (!(error instanceof StatusError) || ![429, 500, 503, 504].includes(error.code)) throw error;
      log.warn(`the default objects are not all there yet: ${error.message}`);
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}
