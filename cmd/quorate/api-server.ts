import { Callout, joinHostPort } from '../../internal/callout/index.js';
import { CustomResources } from '../../internal/extensions/custom-resources.js';
import { PriorityAndFairness } from '../../internal/flowcontrol/index.js';
import { fairnessMetrics } from '../../internal/flowcontrol/metrics.js';
import { withCustomResources } from '../../internal/registry/custom/index.js';
import { strategiesWith } from '../../internal/registry/index.js';
import type { Replica } from '../../internal/replica/index.js';
import { createDiscovery } from '../../internal/rest/discovery.js';
import { createOpenApi } from '../../internal/rest/openapi.js';
import { createRest } from '../../internal/rest/index.js';
import { Catalog } from '../../internal/schema/discovery/catalog.js';
import { OpenApi } from '../../internal/schema/openapi/index.js';
import { CaughtUp } from '../../internal/server/caught-up.js';
import type { AuditParts } from '../../internal/server/filters/audit.js';
import { createChain } from '../../internal/server/chain.js';
import { inFlightLimit } from '../../internal/server/in-flight.js';
import { createInternalClient } from '../../internal/server/internal-client.js';
import { type FindResource, RequestMetrics } from '../../internal/server/metrics.js';
import type { ServiceAllocations } from '../../internal/server/allocator-metrics.js';
import type { StoredObjects } from '../../internal/server/object-metrics.js';
import { createPaths } from '../../internal/server/paths.js';
import { followCustomResources } from '../../internal/server/poststart/custom-resources.js';
import { keepFlowControlObjects } from '../../internal/server/poststart/flow-control-objects.js';
import { followFlowSchemas } from '../../internal/server/poststart/flow-schema-status.js';
import { keepEndpoints } from '../../internal/server/poststart/kubernetes-endpoints.js';
import { PostStartHooks } from '../../internal/server/poststart/hooks.js';
import { keepIdentityLease } from '../../internal/server/poststart/identity-lease.js';
import { setAllowPrivileged } from '../../internal/registry/core/capabilities.js';
import { reviewCreators } from '../../internal/server/reviews/index.js';
import { createSwaggerUi } from '../../internal/server/swagger-ui.js';
import { VERSION } from '../../internal/server/version.js';
import { admissionOf } from './admission.js';
import { aggregation } from './aggregation.js';
import { serviceResolver } from './services.js';
import { authentication } from './authentication.js';
import { authorization } from './authorization.js';
import { audiences, tokenIssuer } from './service-account-flags.js';
import { portRange } from './addresses.js';
import { keepsEndpoints, makeDefaultObjects } from './default-objects.js';
import { advertisedAddress, type ServingConfig } from './config.js';
import type { FlagValues } from './flags.js';
import { connectionsOf } from './kubelets.js';
import type { RequestHandler } from '../../internal/server/http-listener.js';

/** The checks that wait for the objects of a fresh cluster. */
const DEFAULT_OBJECTS = [
  'poststarthook/start-system-namespaces-controller',
  'poststarthook/start-cluster-authentication-info-controller',
  'poststarthook/rbac/bootstrap-roles',
  'poststarthook/scheduling/bootstrap-system-priority-classes',
  'poststarthook/priority-and-fairness-config-producer',
  'poststarthook/start-kubernetes-service-cidr-controller',
];
/** Those that wait for APIServices and their conditions to be kept. */
const API_SERVICES = [
  'poststarthook/apiservice-registration-controller',
  'poststarthook/apiservice-status-local-available-controller',
  'poststarthook/apiservice-status-remote-available-controller',
  'poststarthook/kube-apiserver-autoregistration',
];

export interface ApiServerParts {
  readonly flags: FlagValues;
  readonly serving: ServingConfig;
  readonly replica: Replica;
  readonly metrics: RequestMetrics;
  /** What is recorded of requests, and where. */
  readonly audit: AuditParts | undefined;
  /** Whether the server is about to stop: it is not ready any more, and begins nothing new. */
  readonly isEnding: () => boolean;
  /** Whether new requests are refused, where `--shutdown-send-retry-after` wants that before the port is closed. */
  readonly takesNoMore?: () => boolean;
  /** What needs a person soon, though nothing fails yet. */
  readonly warnings: () => readonly string[];
}

/** The API of one replica: what answers requests, and what happens beside them. */
export interface ApiServer {
  /** Answers every request. */
  readonly chain: RequestHandler;
  /** The custom resources that are served. */
  readonly findCustom: FindResource;
  /** What there is to be counted. */
  readonly stored: StoredObjects & ServiceAllocations;
  /** How many requests are being handled. */
  readonly inFlight: { readonly readOnly: number; readonly mutating: number };
  /** Begins what goes on beside requests; to be called once, when the replica is ready. */
  start(): Promise<void>;
  /** Has it tell others, through the store, that this server goes. */
  leave(): Promise<void>;
  /** Ends it, and closes connections to others. */
  close(): void;
}

/** Wires the parts of an API server together. Throws FatalError when flags or the files they name cannot be used. */
export function createApiServer(parts: ApiServerParts): ApiServer {
  const { flags, serving, replica, metrics, audit, isEnding } = parts;
  const port = flags.int('secure-port');
  const address = joinHostPort(advertisedAddress(flags), port);
  const { backend } = replica;
  const caughtUp = new CaughtUp();
  let open = false;
  const isReady = (): boolean => {
    const { leader, applied, commit } = replica.status();
    return open && !isEnding() && leader !== 0 && caughtUp.is(applied, commit, performance.now());
  };
  const callout = new Callout();
  const who = authentication({ flags, serving, backend, callout });
  const may = authorization(flags, backend, callout);
  const { authorizer, rbac } = may;
  const issuer = flags.list('service-account-issuer')[0] ?? '';
  const tokens = tokenIssuer(flags, serving);
  const creators = reviewCreators({
    authenticator: who.authenticator,
    authorizer,
    rules: authorizer,
    audiences: audiences(flags),
    tokens,
  });
  setAllowPrivileged(flags.bool('allow-privileged'));
  const calls = { callout, resolve: serviceResolver(flags, backend, port) };
  const custom = new CustomResources(backend);
  const findCustom: FindResource = (...names) => custom.find(...names)?.def;
  const nodePorts = portRange(flags.string('service-node-port-range'), '--service-node-port-range');
  const builtIn = strategiesWith({
    eventTtlSeconds: flags.duration('event-ttl') / 1000,
    nodePorts,
  });
  const resources = createRest({
    backend,
    strategyFor: withCustomResources(builtIn, custom, calls),
    findResource: findCustom,
    findKind: (...names) => custom.findKind(...names)?.def,
    versionsOf: (...names) => custom.versionsOf(...names).map((served) => served.def),
    now: Date.now,
    minWatchTimeoutMs: flags.int('min-request-timeout') * 1000,
    admission: admissionOf(flags, rbac, metrics.registry, calls, async (name) => {
      await client.create('/api/v1/namespaces', { metadata: { name } }, 'kube-apiserver');
    }),
    authorizer,
    connections: connectionsOf(flags, calls.callout),
    creators,
  });
  const catalog = new Catalog();
  const openApi = new OpenApi(VERSION.gitVersion);
  custom.onChange(() => {
    catalog.setExtensions('crd', custom.served.groups());
    openApi.setCustom(custom.served.openApi());
  });
  const aggregated = aggregation({
    flags,
    backend,
    ...calls,
    catalog,
    custom,
    mergeOpenApi: (specs) => openApi.setRemote(specs),
  });
  const client = createInternalClient(resources);
  const leads = (): boolean => replica.leads;
  const hooks = new PostStartHooks([
    { checks: DEFAULT_OBJECTS, start: () => makeDefaultObjects(client, flags, serving, isEnding) },
    {
      checks: ['poststarthook/start-kube-apiserver-identity-lease-controller'],
      start: () => keepIdentityLease(client, flags.string('name'), address),
    },
    { checks: API_SERVICES, start: () => aggregated.start(client, leads) },
    {
      checks: ['poststarthook/priority-and-fairness-config-consumer'],
      start: () => followFlowSchemas(backend, client, leads),
    },
    { checks: [], start: () => keepFlowControlObjects(backend, client, leads) },
    {
      checks: ['poststarthook/start-apiextensions-controllers', 'poststarthook/crd-informer-synced'],
      start: () => followCustomResources(backend, client, custom, leads),
    },
    {
      checks: ['poststarthook/bootstrap-controller'],
      start: () => {
        const parts = { client, backend, address: advertisedAddress(flags), port, now: () => performance.now() };
        return keepsEndpoints(flags) ? keepEndpoints(parts) : undefined;
      },
    },
  ]);
  const [reads, writes] = [flags.int('max-requests-inflight'), flags.int('max-mutating-requests-inflight')];
  const inFlight = inFlightLimit(reads, writes);
  const fairness = flags.bool('enable-priority-and-fairness')
    ? new PriorityAndFairness(backend, reads + writes)
    : undefined;
  metrics.others = function* () {
    yield* aggregated.metrics.render();
    if (fairness !== undefined) yield* fairnessMetrics(fairness);
  };
  const chain = createChain({
    aggregator: aggregated.aggregator,
    authenticator: who.authenticator,
    catchUp: () => backend.readBarrier(),
    authorizer,
    requestTimeoutMs: flags.duration('request-timeout'),
    takesNoMore: flags.bool('shutdown-send-retry-after') ? parts.takesNoMore : undefined,
    hsts: flags.list('strict-transport-security-directives'),
    corsOrigins: flags.list('cors-allowed-origins'),
    inFlight,
    fairness,
    metrics,
    ...(audit === undefined ? {} : { audit }),
    resources,
    paths: createPaths({
      health: {
        ready: isReady,
        started: hooks,
        storeFailure: () => replica.status().failure || undefined,
        shuttingDown: isEnding,
        warnings: parts.warnings,
      },
      metrics,
      openId: {
        issuer,
        jwksUri: flags.string('service-account-jwks-uri') || `https://${address}/openid/v1/jwks`,
        keys: serving.serviceAccountKeys,
      },
      raft: replica,
      fairness,
      discovery: createDiscovery({ catalog, serverAddress: () => address }),
      openApi: createOpenApi(openApi, aggregated.openApi),
      swaggerUi: flags.bool('enable-swagger-ui') ? createSwaggerUi() : undefined,
      profiling: flags.bool('profiling'),
      flags: flags.all(),
      groupPaths: () => catalog.groups.flatMap((g) => groupPaths(g.group, g.versions)),
    }),
  });
  return {
    chain,
    findCustom,
    stored: { backend, nodePorts, custom: () => custom.served.defs() },
    inFlight: fairness?.counts.inFlight ?? inFlight,
    start() {
      open = true;
      return hooks.start(isEnding);
    },
    leave: () => hooks.leave(),
    close() {
      hooks.stop();
      who.stop();
      may.stop();
      aggregated.stop();
      fairness?.stop();
      calls.callout.close();
    },
  };
}

function groupPaths(group: string, versions: readonly { version: string }[]): string[] {
  const base = group === '' ? '/api' : `/apis/${group}`;
  return [base, ...versions.map((v) => `${base}/${v.version}`)];
}
