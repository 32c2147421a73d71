import '../../internal/machinery/heap-growth.js';
import { Callout } from '../../internal/callout/index.js';
import { CustomResources } from '../../internal/extensions/custom-resources.js';
import { FatalError } from '../../internal/machinery/assert.js';
import { errorText, logger, setVerbosity } from '../../internal/machinery/log.js';
import { withCustomResources } from '../../internal/registry/custom/index.js';
import { strategiesWith } from '../../internal/registry/index.js';
import { DifferingStateError, openReplica, type Replica } from '../../internal/replica/index.js';
import { createDiscovery } from '../../internal/rest/discovery.js';
import { createOpenApi } from '../../internal/rest/openapi.js';
import { createRest } from '../../internal/rest/index.js';
import { Catalog } from '../../internal/schema/discovery/catalog.js';
import { OpenApi } from '../../internal/schema/openapi/index.js';
import { CaughtUp } from '../../internal/server/caught-up.js';
import type { AuditParts } from '../../internal/server/filters/audit.js';
import { createChain } from '../../internal/server/chain.js';
import { type InFlight, inFlightLimit } from '../../internal/server/in-flight.js';
import { createInternalClient } from '../../internal/server/internal-client.js';
import { type FindResource, RequestMetrics } from '../../internal/server/metrics.js';
import { createPaths } from '../../internal/server/paths.js';
import { followCustomResources } from '../../internal/server/poststart/custom-resources.js';
import { followFlowSchemas } from '../../internal/server/poststart/flow-schema-status.js';
import { keepEndpoints } from '../../internal/server/poststart/kubernetes-endpoints.js';
import { keepIdentityLease } from '../../internal/server/poststart/identity-lease.js';
import { setAllowPrivileged } from '../../internal/registry/core/capabilities.js';
import { reviewCreators } from '../../internal/server/reviews/index.js';
import { createSwaggerUi } from '../../internal/server/swagger-ui.js';
import { listen } from '../../internal/server/uws/listener.js';
import { VERSION } from '../../internal/server/version.js';
import { admissionOf } from './admission.js';
import { aggregation } from './aggregation.js';
import { serviceResolver } from './services.js';
import { auditOf } from './audit.js';
import { audiences, authenticator, authorizers, tokenIssuer } from './auth.js';
import { portRange } from './addresses.js';
import { bootstrap, keepsEndpoints } from './bootstrap.js';
import { advertisedAddress, replicaConfig, type ServingConfig, servingConfig } from './config.js';
import { type FlagValues, ignoredFlags } from './flags.js';
import { Ending, type EndReason, StopSignals } from './ending.js';
import { connectionsOf } from './kubelets.js';
import { preflight } from './preflight.js';
import { RESEEDS_MAX, RESEEDS_WINDOW_MS, Reseeds } from './reseeds.js';
import { stopServing } from './shutdown.js';
import { validateFlags } from './validate.js';

const log = logger('serve.ts');
/** How long connections may take to end by themselves once the replica is closed. */
const EXIT_MS = 1_000;
/** How long a replica that is just being opened again may take to give that up, once a signal has come. */
const GIVE_UP_MS = 5_000;
/** How long audit events may take that are left at the end. */
const AUDIT_MS = 5_000;

/** What outlives one run of the replica: it may be closed and opened again in the same process. */
interface Process {
  readonly flags: FlagValues;
  readonly serving: ServingConfig;
  readonly signals: StopSignals;
  readonly reseeds: Reseeds;
  readonly metrics: RequestMetrics;
  /** Custom resources of this run. */
  findCustom: FindResource;
  /** What the metrics tell of: the replica of this run. */
  replica: Replica | undefined;
  readonly inFlight: InFlight;
  /** What is recorded of requests, and where. */
  readonly audit: AuditParts | undefined;
}

/** Runs one replica until a signal stops it. Throws FatalError when it cannot. */
export async function runServe(flags: FlagValues): Promise<void> {
  setVerbosity(flags.int('v'));
  // A bug that nobody caught: stopping is safe, going on is not.
  process.on('uncaughtException', (error) => {
    log.fatal(`this is a bug, and the replica stops: ${errorText(error)}`);
    process.exit(2);
  });
  for (const { name, why } of ignoredFlags(flags)) log.warn(`--${name} has no effect here: ${why}`);
  validateFlags(flags);
  await preflight(flags);
  const metrics: RequestMetrics = new RequestMetrics((...names) => own.findCustom(...names));
  const own: Process = {
    flags,
    serving: await servingConfig(flags),
    signals: new StopSignals(),
    reseeds: new Reseeds(),
    metrics,
    findCustom: () => undefined,
    replica: undefined,
    inFlight: inFlightLimit(flags.int('max-requests-inflight'), flags.int('max-mutating-requests-inflight')),
    audit: auditOf(flags, metrics.registry),
  };
  describe(own);
  try {
    while ((await run(own)) === 'differs');
  } finally {
    await endAudit(own.audit);
    // Everything is on disk. A peer's connection that never ended its TLS handshake would keep the process for two minutes.
    setTimeout(() => process.exit(), EXIT_MS).unref();
  }
}

/** Writes the audit events that are left; a receiver that is away may not hold the end up. */
async function endAudit(audit: AuditParts | undefined): Promise<void> {
  if (audit === undefined) return;
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([audit.backend.shutdown(), new Promise((resolve) => (timer = setTimeout(resolve, AUDIT_MS)))]);
  clearTimeout(timer);
}

function describe(own: Process): void {
  const { metrics, reseeds } = own;
  metrics.watchReplica(() => {
    if (own.replica === undefined) throw new Error('the replica is being opened');
    return own.replica.status();
  });
  metrics.watchInFlight(own.inFlight);
  metrics.counter(
    'quorate_store_reseeds',
    "How often this process has replaced its whole state by a copy of the leader's, because it was wrong.",
    () => reseeds.taken,
  );
}

/** Runs the replica once; resolves, when everything of it is closed, with why it ended. Throws FatalError when it cannot. */
async function run(own: Process): Promise<EndReason> {
  const { flags, signals, reseeds } = own;
  const ending = new Ending();
  const replica = await opened(own, ending);
  if (replica === undefined) return 'signal';
  own.replica = replica;
  if (replica.status().copied) reseeds.taken++;
  const onSignal = (): void => ending.end('signal');
  signals.come.addEventListener('abort', onSignal);
  if (signals.come.aborted) onSignal();
  try {
    if (ending.reason === undefined) await serveReplica(own, replica, ending);
  } finally {
    signals.come.removeEventListener('abort', onSignal);
    await replica.close();
  }
  if (ending.reason !== 'differs' || signals.come.aborted) return 'signal';
  log.warn(`${flags.string('name')} has stopped serving, and starts again to take a copy of the state from the leader`);
  return 'differs';
}

/** Opens the replica; undefined when a signal came meanwhile. Throws FatalError when it cannot run. */
async function opened({ flags, signals, reseeds }: Process, ending: Ending): Promise<Replica | undefined> {
  const onSignal = (): void => {
    // The data directory bears that as it bears a crash.
    setTimeout(() => process.exit(), GIVE_UP_MS).unref();
  };
  signals.come.addEventListener('abort', onSignal);
  try {
    return await openReplica({
      ...replicaConfig(flags),
      stopping: signals.come,
      log: (level, text) => (level === 'debug' ? log.verbose(4, text) : log[level](text)),
      onFatal: (error: FatalError) => {
        if (error instanceof DifferingStateError) {
          if (ending.reason !== undefined) return;
          if (reseeds.allow(performance.now())) {
            ending.end('differs');
            return;
          }
          log.error(
            `${RESEEDS_MAX} copies were taken within ${RESEEDS_WINDOW_MS / 60_000} minutes: look for the cause`,
          );
        }
        log.fatal(error.message);
        process.exit(1);
      },
    });
  } catch (error) {
    if (!signals.come.aborted) throw error;
    log.info(`stopped: ${error instanceof FatalError ? error.message : errorText(error)}`);
    return undefined;
  } finally {
    signals.come.removeEventListener('abort', onSignal);
  }
}

/** Wires the parts of a replica together and stays until its end has come. */
async function serveReplica(own: Process, replica: Replica, ending: Ending): Promise<void> {
  const { flags, serving, signals, metrics } = own;
  const port = flags.int('secure-port');
  const address = `${advertisedAddress(flags)}:${port}`;
  const state = { ready: false, bootstrapped: false };
  const { backend } = replica;
  const caughtUp = new CaughtUp();
  const isReady = (): boolean => {
    const { leader, applied, commit } = replica.status();
    return (
      state.ready && ending.reason === undefined && leader !== 0 && caughtUp.is(applied, commit, performance.now())
    );
  };
  const who = authenticator(flags, serving, backend);
  const { authorizer, rbac, rules } = authorizers(flags, backend);
  const issuer = flags.list('service-account-issuer')[0] ?? '';
  const tokens = tokenIssuer(flags, serving);
  const creators = reviewCreators({
    authenticator: who,
    authorizer,
    rules,
    audiences: audiences(flags),
    tokens,
  });
  setAllowPrivileged(flags.bool('allow-privileged'));
  const calls = { callout: new Callout(), resolve: serviceResolver(flags, backend, port) };
  const custom = new CustomResources(backend);
  own.findCustom = (...names) => custom.find(...names)?.def;
  const builtIn = strategiesWith({
    eventTtlSeconds: flags.duration('event-ttl') / 1000,
    nodePorts: portRange(flags.string('service-node-port-range'), '--service-node-port-range'),
  });
  const resources = createRest({
    backend,
    strategyFor: withCustomResources(builtIn, custom, calls),
    findResource: own.findCustom,
    findKind: (...names) => custom.findKind(...names)?.def,
    versionsOf: (...names) => custom.versionsOf(...names).map((served) => served.def),
    now: Date.now,
    minWatchTimeoutMs: flags.int('min-request-timeout') * 1000,
    admission: admissionOf(flags, rbac, metrics.registry, calls),
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
  });
  const chain = createChain({
    aggregator: aggregated.aggregator,
    authenticator: who,
    catchUp: () => backend.readBarrier(),
    authorizer,
    requestTimeoutMs: flags.duration('request-timeout'),
    inFlight: own.inFlight,
    metrics,
    ...(own.audit === undefined ? {} : { audit: own.audit }),
    resources,
    paths: createPaths({
      health: {
        ready: isReady,
        bootstrapped: () => state.bootstrapped,
        storeFailure: () => replica.status().failure || undefined,
        shuttingDown: () => ending.reason !== undefined,
      },
      metrics,
      openId: {
        issuer,
        jwksUri: flags.string('service-account-jwks-uri') || `https://${address}/openid/v1/jwks`,
        keys: serving.serviceAccountKeys,
      },
      raft: replica,
      discovery: createDiscovery({ catalog, serverAddress: () => address }),
      openApi: createOpenApi(openApi, aggregated.openApi),
      swaggerUi: flags.bool('enable-swagger-ui') ? createSwaggerUi() : undefined,
      flags: flags.all(),
      groupPaths: () => catalog.groups.flatMap((g) => groupPaths(g.group, g.versions)),
    }),
  });
  const listener = await listen(
    {
      host: flags.string('bind-address'),
      port,
      certFile: serving.certFile,
      keyFile: serving.keyFile,
      clientCaFile: serving.clientCaBundle,
    },
    chain,
  );
  log.info(`${flags.string('name')} serves https://${flags.string('bind-address')}:${listener.port}`);
  signals.listen();
  const leaving: (() => Promise<void>)[] = [];
  const following: { stop(): void }[] = [aggregated];
  const isEnding = (): boolean => ending.reason !== undefined;
  const start = async (): Promise<void> => {
    await Promise.race([replica.ready(), ending.come]);
    if (isEnding()) return;
    state.ready = true;
    const client = createInternalClient(resources);
    await bootstrap(client, flags, serving, isEnding);
    if (isEnding()) return;
    const lease = await keepIdentityLease(client, flags.string('name'), address);
    following.push(lease);
    leaving.push(() => lease.leave());
    if (isEnding()) return;
    aggregated.start(client, () => replica.status().role === 'leader');
    following.push(followFlowSchemas(backend, client, () => replica.status().role === 'leader'));
    following.push(followCustomResources(backend, client, custom, () => replica.status().role === 'leader'));
    if (keepsEndpoints(flags)) {
      const parts = { client, backend, address: advertisedAddress(flags), port, now: () => performance.now() };
      const endpoints = await keepEndpoints(parts);
      following.push(endpoints);
      leaving.push(() => endpoints.leave());
      if (isEnding()) return;
    }
    state.bootstrapped = true;
    log.info(`${flags.string('name')} is ready, ${Math.round(process.uptime() * 1000)} ms after its process started`);
  };
  const stopFollowing = (): void => following.forEach((follower) => follower.stop());
  const started = start()
    .catch((error: unknown) => {
      // What was under way when the end came fails with it.
      if (!isEnding()) throw error;
      log.verbose(2, `the start was broken off: ${errorText(error)}`);
    })
    .finally(() => {
      if (isEnding()) stopFollowing();
    });
  const reason = await Promise.race([ending.come, started.then(() => ending.come)]);
  if (reason === 'differs') stopFollowing();
  await stopServing({ replica, listener, delayMs: flags.duration('shutdown-delay-duration'), leaving }, reason);
  stopFollowing();
  calls.callout.close();
}

function groupPaths(group: string, versions: readonly { version: string }[]): string[] {
  const base = group === '' ? '/api' : `/apis/${group}`;
  return [base, ...versions.map((v) => `${base}/${v.version}`)];
}
