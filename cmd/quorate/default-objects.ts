import { isIP } from 'node:net';
import { errorText, logger } from '../../internal/machinery/log.js';
import { StatusError } from '../../internal/machinery/status.js';
import {
  authenticationConfigMap,
  type BootstrapConfig,
  defaultObjects,
} from '../../internal/registry/default-objects/index.js';
import type { InternalClient } from '../../internal/server/internal-client.js';
import { defaultObjectsExist, ensure } from '../../internal/server/poststart/default-objects.js';
import type { Running } from '../../internal/server/poststart/hooks.js';
import { Worker } from '../../internal/server/poststart/worker.js';
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

/**
 * Brings the objects of a fresh cluster into being; tries again while there is no quorum, until `stopped` says so. From
 * then on the authorities that aggregated servers are told of are those that count here, also when they are replaced.
 */
export async function makeDefaultObjects(
  client: InternalClient,
  flags: FlagValues,
  serving: ServingConfig,
  stopped: () => boolean,
): Promise<Running> {
  while (!stopped()) {
    try {
      await defaultObjectsExist(client, defaultObjects(bootstrapConfig(flags, serving)));
      break;
    } catch (error) {
      // No quorum, or too much to do: both pass. Anything else is a bug, which must not be hidden by trying again.
      if (!(error instanceof StatusError) || ![429, 500, 503, 504].includes(error.code)) throw error;
      log.warn(`the default objects are not all there yet: ${error.message}`);
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
  const worker = new Worker(
    async () => {
      await ensure(client, authenticationConfigMap(bootstrapConfig(flags, serving)));
      return false;
    },
    {
      pauseMs: 0,
      retryMs: RETRY_MS,
      failed: (reason) => log.warn(`extension-apiserver-authentication is not up to date yet: ${errorText(reason)}`),
    },
  );
  const end = serving.authorities.onReplaced(() => worker.wake());
  return {
    stop() {
      end();
      worker.stop();
    },
  };
}

function bootstrapConfig(flags: FlagValues, serving: ServingConfig): BootstrapConfig {
  return {
    serviceCidrs: flags.list('service-cluster-ip-range'),
    apiServiceIP: firstServiceIp(flags.string('service-cluster-ip-range')),
    securePort: flags.int('secure-port'),
    serviceNodePort: flags.int('kubernetes-service-node-port'),
    ...serving.authorities.bundles,
    requestHeaderAllowedNames: flags.list('requestheader-allowed-names'),
    requestHeaderUsernameHeaders: flags.list('requestheader-username-headers'),
    requestHeaderGroupHeaders: flags.list('requestheader-group-headers'),
    requestHeaderExtraPrefixes: flags.list('requestheader-extra-headers-prefix'),
    now: `${new Date().toISOString().slice(0, 19)}Z`,
  };
}
