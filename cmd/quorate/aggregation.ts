import { ApiServices } from '../../internal/aggregator/api-services.js';
import { BackendServers } from '../../internal/aggregator/backend-server.js';
import { type Aggregator, createAggregator } from '../../internal/aggregator/index.js';
import { AggregatorMetrics } from '../../internal/aggregator/metrics.js';
import { RemoteDiscovery } from '../../internal/aggregator/remote-discovery.js';
import { RemoteOpenApi } from '../../internal/aggregator/remote-openapi.js';
import { RemoteOpenApiV2 } from '../../internal/aggregator/remote-openapi-v2.js';
import { storeReader } from '../../internal/admission/lookup.js';
import type { Callout, ServiceResolver } from '../../internal/callout/index.js';
import type { CustomResources } from '../../internal/extensions/custom-resources.js';
import { FatalError } from '../../internal/machinery/assert.js';
import type { RemoteOpenApiDocuments } from '../../internal/rest/openapi.js';
import type { RemoteSpec } from '../../internal/schema/openapi/index.js';
import type { Catalog } from '../../internal/schema/discovery/catalog.js';
import type { InternalClient } from '../../internal/server/internal-client.js';
import { keepAvailability } from '../../internal/server/poststart/api-service-availability.js';
import { keepApiServices } from '../../internal/server/poststart/api-service-registration.js';
import type { Backend } from '../../internal/store/types.js';
import { checkPair, readFlagFile } from './config.js';
import type { FlagValues } from './flags.js';
import { reread } from './reread.js';

export interface AggregationParts {
  readonly flags: FlagValues;
  readonly backend: Backend;
  readonly callout: Callout;
  readonly resolve: ServiceResolver;
  readonly catalog: Catalog;
  readonly custom: CustomResources;
  /** Takes what other servers add to the OpenAPI v2 document. */
  readonly mergeOpenApi: (specs: readonly RemoteSpec[]) => void;
}

export interface Aggregation {
  readonly aggregator: Aggregator;
  /** What metrics tell of it, in Prometheus text format. */
  readonly metrics: AggregatorMetrics;
  /** What other servers have of OpenAPI. */
  readonly openApi: RemoteOpenApiDocuments;
  /** Begins to keep APIServices and their conditions, where `leads()` is true. */
  start(client: InternalClient, leads: () => boolean): void;
  stop(): void;
}

function clientCertificate(flags: FlagValues): { cert: string; key: string } | undefined {
  const [certFile, keyFile] = [flags.string('proxy-client-cert-file'), flags.string('proxy-client-key-file')];
  if (certFile === '' && keyFile === '') return undefined;
  if (certFile === '' || keyFile === '') {
    throw new FatalError('--proxy-client-cert-file and --proxy-client-key-file belong together: give both or none');
  }
  const cert = { file: certFile, flag: '--proxy-client-cert-file' };
  const key = { file: keyFile, flag: '--proxy-client-key-file' };
  checkPair(cert, key);
  return { cert: readFlagFile(certFile, cert.flag), key: readFlagFile(keyFile, key.flag) };
}

/** The aggregation layer of one replica. Throws FatalError when its certificate cannot be read. */
export function aggregation({
  flags,
  backend,
  callout,
  resolve,
  catalog,
  custom,
  mergeOpenApi,
}: AggregationParts): Aggregation {
  const certificate = reread(() => ({ shown: clientCertificate(flags) }));
  const services = new ApiServices(backend);
  const servers = new BackendServers({
    callout,
    resolve,
    spdyPort: flags.int('spdy-bind-port'),
    get clientCertificate() {
      return certificate().shown;
    },
  });
  const discovery = new RemoteDiscovery(services, servers, (groups) => {
    catalog.setExtensions('apiservice', groups);
  });
  const openApi = new RemoteOpenApi(services, servers);
  const openApiV2 = new RemoteOpenApiV2(services, servers, mergeOpenApi);
  const following: { stop(): void }[] = [services, discovery, openApi, openApiV2];
  return {
    metrics: new AggregatorMetrics(services),
    openApi,
    aggregator: createAggregator(services, servers, {
      frontProxy: {
        names: [
          ...flags.list('requestheader-username-headers'),
          ...flags.list('requestheader-uid-headers'),
          ...flags.list('requestheader-group-headers'),
        ],
        prefixes: flags.list('requestheader-extra-headers-prefix'),
      },
      rejectRedirects: flags.bool('aggregator-reject-forwarding-redirect'),
    }),
    start(client, leads) {
      const groupVersions = () =>
        custom.served.groups().flatMap(({ group, versions }) => versions.map(({ version }) => ({ group, version })));
      const registration = keepApiServices(services, client, groupVersions, leads);
      custom.onChange(() => {
        registration.wake();
      });
      following.push(registration);
      following.push(keepAvailability({ backend, services, servers, objects: storeReader(backend), client, leads }));
    },
    stop() {
      for (const follower of following.splice(0)) follower.stop();
    },
  };
}
