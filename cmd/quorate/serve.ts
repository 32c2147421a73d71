import '../../internal/machinery/heap-growth.js';
import { roleEscalation } from '../../internal/admission/role-escalation/index.js';
import { CustomResources } from '../../internal/extensions/custom-resources.js';
import type { FatalError } from '../../internal/machinery/assert.js';
import { errorText, logger, setVerbosity } from '../../internal/machinery/log.js';
import { withCustomResources } from '../../internal/registry/custom/index.js';
import { strategiesWith } from '../../internal/registry/index.js';
import { openReplica, type Replica } from '../../internal/replica/index.js';
import { createDiscovery } from '../../internal/rest/discovery.js';
import { createOpenApi } from '../../internal/rest/openapi.js';
import { createRest } from '../../internal/rest/index.js';
import { Catalog } from '../../internal/schema/discovery/catalog.js';
import { OpenApi } from '../../internal/schema/openapi/index.js';
import { CaughtUp } from '../../internal/server/caught-up.js';
import { createChain } from '../../internal/server/chain.js';
import { inFlightLimit } from '../../internal/server/in-flight.js';
import { createInternalClient } from '../../internal/server/internal-client.js';
import { RequestMetrics } from '../../internal/server/metrics.js';
import { createPaths } from '../../internal/server/paths.js';
import { followCustomResources } from '../../internal/server/poststart/custom-resources.js';
import { followFlowSchemas } from '../../internal/server/poststart/flow-schema-status.js';
import { keepEndpoints } from '../../internal/server/poststart/kubernetes-endpoints.js';
import { keepIdentityLease } from '../../internal/server/poststart/identity-lease.js';
import { reviewCreators } from '../../internal/server/reviews/index.js';
import { createSwaggerUi } from '../../internal/server/swagger-ui.js';
import { openDoor } from '../../internal/server/uws.js';
import { VERSION } from '../../internal/server/version.js';
import { admissionChain } from './admission.js';
import { audiences, authenticator, authorizers, tokenIssuer } from './auth.js';
import { portRange } from './addresses.js';
import { bootstrap, keepsEndpoints } from './bootstrap.js';
import { advertisedAddress, replicaConfig, type ServingConfig, servingConfig } from './config.js';
import { type FlagValues, ignoredFlags } from './flags.js';
import { stopOnSignal } from './shutdown.js';
import { validateFlags } from './validate.js';

const log = logger('serve.ts');
/** How long connections may take to end by themselves once the replica is closed. */
const EXIT_MS = 1_000;

/** Runs one replica until a signal stops it. Throws FatalError when it cannot. */
export async function runServe(flags: FlagValues): Promise<void> {
  setVerbosity(flags.int('v'));
  // A bug that nobody caught: stopping is safe, going on is not.
  process.on('uncaughtException', (error) => {
    log.fatal(`this is a bug, and the replica stops: ${errorText(error)}`);
    process.exit(2);
  });
  for (const name of ignoredFlags(flags)) log.warn(`--${name} has no effect here`);
  validateFlags(flags);
  const serving = await servingConfig(flags);
  const replica = await openReplica({
    ...replicaConfig(flags),
    log: (level, text) => (level === 'debug' ? log.verbose(4, text) : log[level](text)),
    onFatal: (error: FatalError) => {
      log.fatal(error.message);
      process.exit(1);
    },
  });
  try {
    await serveReplica(flags, serving, replica);
  } finally {
    await replica.close();
  }
  // Everything is on disk. A peer's connection that never ended its TLS handshake would keep the process for two minutes.
  setTimeout(() => process.exit(), EXIT_MS).unref();
}

/** Wires the parts of a replica together and stays until a signal stops it. */
async function serveReplica(flags: FlagValues, serving: ServingConfig, replica: Replica): Promise<void> {
  const port = flags.int('secure-port');
  const address = `${advertisedAddress(flags)}:${port}`;
  const state = { ready: false, bootstrapped: false, stopping: false };
  const { backend } = replica;
  const caughtUp = new CaughtUp();
  const isReady = (): boolean => {
    const { leader, applied, commit } = replica.status();
    return state.ready && leader !== 0 && caughtUp.is(applied, commit, performance.now());
  };
  const who = authenticator(flags, serving, backend);
  const { authorizer, rbac, nodeMode } = authorizers(flags, backend);
  const issuer = flags.list('service-account-issuer')[0] ?? '';
  const own = audiences(flags);
  const tokens = tokenIssuer(flags, serving);
  const creators = reviewCreators({ authenticator: who, authorizer, rbac, nodeMode, audiences: own, tokens });
  const custom = new CustomResources(backend);
  const builtIn = strategiesWith({
    eventTtlSeconds: flags.duration('event-ttl') / 1000,
    nodePorts: portRange(flags.string('service-node-port-range'), '--service-node-port-range'),
  });
  const resources = createRest({
    backend,
    strategyFor: withCustomResources(builtIn, custom),
    findResource: (group, version, plural) => custom.find(group, version, plural)?.def,
    now: Date.now,
    minWatchTimeoutMs: flags.int('min-request-timeout') * 1000,
    admission: [...admissionChain(flags, authorizer), roleEscalation({ authorizer, rbac })],
    authorizer,
    creators,
  });
  const catalog = new Catalog();
  const openApi = new OpenApi(VERSION.gitVersion);
  custom.onChange(() => {
    catalog.setExtensions('crd', custom.served.groups());
    openApi.setCustom(custom.served.openApi());
  });
  const metrics = new RequestMetrics();
  metrics.watchReplica(() => replica.status());
  const inFlight = inFlightLimit(flags.int('max-requests-inflight'), flags.int('max-mutating-requests-inflight'));
  metrics.watchInFlight(inFlight);
  const chain = createChain({
    authenticator: who,
    catchUp: () => backend.readBarrier(),
    authorizer,
    refuseAnonymousWith401: true,
    inFlight,
    metrics,
    resources,
    paths: createPaths({
      health: {
        ready: isReady,
        bootstrapped: () => state.bootstrapped,
        storeFailure: () => replica.status().failure || undefined,
        shuttingDown: () => state.stopping,
      },
      metrics,
      openId: {
        issuer,
        jwksUri: flags.string('service-account-jwks-uri') || `https://${address}/openid/v1/jwks`,
        keys: serving.serviceAccountKeys,
      },
      raft: replica,
      discovery: createDiscovery({ catalog, serverAddress: () => address }),
      openApi: createOpenApi(openApi),
      swaggerUi: flags.bool('enable-swagger-ui') ? createSwaggerUi() : undefined,
      flags: flags.all(),
      groupPaths: () => catalog.groups.flatMap((g) => groupPaths(g.group, g.versions)),
    }),
  });
  const door = await openDoor(
    {
      host: flags.string('bind-address'),
      port,
      certFile: serving.certFile,
      keyFile: serving.keyFile,
      clientCaFile: serving.clientCaBundle,
    },
    chain,
  );
  log.info(`${flags.string('name')} serves https://${flags.string('bind-address')}:${door.port}`);
  const leaving: (() => Promise<void>)[] = [];
  const stopped = stopOnSignal({ replica, door, state, delayMs: flags.duration('shutdown-delay-duration'), leaving });

  await Promise.race([replica.ready(), stopped]);
  if (state.stopping) return stopped;
  state.ready = true;
  const client = createInternalClient(resources);
  await bootstrap(client, flags, serving, () => state.stopping);
  if (state.stopping) return stopped;
  const lease = await keepIdentityLease(client, flags.string('name'), address);
  const following: { stop(): void }[] = [
    followFlowSchemas(backend, client, () => replica.status().role === 'leader'),
    followCustomResources(backend, client, custom, () => replica.status().role === 'leader'),
    lease,
  ];
  leaving.push(() => lease.leave());
  if (keepsEndpoints(flags)) {
    const parts = { client, backend, address: advertisedAddress(flags), port, now: () => performance.now() };
    const endpoints = await keepEndpoints(parts);
    following.push(endpoints);
    leaving.push(() => endpoints.leave());
  }
  state.bootstrapped = true;
  log.info(`${flags.string('name')} is ready, ${Math.round(process.uptime() * 1000)} ms after its process started`);
  await stopped;
  for (const follower of following) follower.stop();
}

function groupPaths(group: string, versions: readonly { version: string }[]): string[] {
  const base = group === '' ? '/api' : `/apis/${group}`;
  return [base, ...versions.map((v) => `${base}/${v.version}`)];
}
