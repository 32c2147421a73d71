import '../../internal/machinery/heap-growth.js';
import { resolve } from 'node:path';
import { FatalError } from '../../internal/machinery/assert.js';
import { errorText, logger, setVerbosity } from '../../internal/machinery/log.js';
import { Turns } from '../../internal/machinery/turns.js';
import { DifferingStateError, openReplica, type Replica } from '../../internal/replica/index.js';
import type { AuditParts } from '../../internal/server/filters/audit.js';
import { type FindResource, RequestMetrics } from '../../internal/server/metrics.js';
import { auditOf } from './audit.js';
import { replicaConfig, type ServingConfig, servingConfig } from './config.js';
import { type FlagValues, ignoredFlags } from './flags.js';
import { Ending, type EndReason, StopSignals } from './ending.js';
import { preflight } from './preflight.js';
import { RESEEDS_MAX, RESEEDS_WINDOW_MS, Reseeds } from './reseeds.js';
import { openPorts } from './ports.js';
import { followServingFiles } from './serving-files.js';
import { stopServing } from './shutdown.js';
import { validateFlags } from './validate.js';
import { createApiServer } from './api-server.js';
import { certificateUpkeep, followPeerFiles } from './certificate-files.js';
import { archiveMetrics } from '../../internal/server/archive-metrics.js';
import { allocatorMetrics, type ServiceAllocations } from '../../internal/server/allocator-metrics.js';
import { objectMetrics, type StoredObjects } from '../../internal/server/object-metrics.js';
import { storageMetrics } from '../../internal/server/storage-metrics.js';
import { certificateMetrics } from '../../internal/server/certificate-metrics.js';
import type { CertificateUpkeep } from '../../internal/pki/upkeep.js';

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
  /** What the metrics tell of: the objects of this run. */
  stored: (StoredObjects & ServiceAllocations) | undefined;
  /** What the metrics tell of: the replica of this run. */
  replica: Replica | undefined;
  /** What the metrics tell of: the requests that this run handles. */
  inFlight: { readonly readOnly: number; readonly mutating: number };
  /** What is recorded of requests, and where. */
  readonly audit: AuditParts | undefined;
  /** Knows when certificates expire. */
  readonly upkeep: CertificateUpkeep;
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
  const serving = await servingConfig(flags);
  const upkeep = certificateUpkeep(flags, serving);
  // Before anything is read of them: a replica that was away for long could not even meet the others.
  await upkeep.look();
  const metrics: RequestMetrics = new RequestMetrics((...names) => own.findCustom(...names));
  const own: Process = {
    flags,
    serving,
    upkeep,
    signals: new StopSignals(),
    reseeds: new Reseeds(),
    metrics,
    findCustom: () => undefined,
    stored: undefined,
    replica: undefined,
    inFlight: { readOnly: 0, mutating: 0 },
    audit: auditOf(flags, metrics.registry),
  };
  describe(own);
  upkeep.start();
  try {
    while ((await run(own)) === 'differs');
  } finally {
    upkeep.stop();
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
  const { metrics, reseeds, flags } = own;
  metrics.watchReplica(() => {
    if (own.replica === undefined) throw new Error('the replica is being opened');
    return own.replica.status();
  });
  archiveMetrics(metrics.registry, () => own.replica?.archive());
  certificateMetrics(metrics.registry, () => own.upkeep.expiries());
  metrics.watchInFlight(() => own.inFlight);
  storageMetrics(metrics.registry, resolve(flags.string('data-dir')));
  objectMetrics(metrics.registry, () => own.stored);
  allocatorMetrics(metrics.registry, () => own.stored);
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
  // As many wait as there are reads (replica/reads.ts).
  const reads = new Turns();
  try {
    return await openReplica({
      ...replicaConfig(flags),
      releaseRead: (goOn) => reads.soon(goOn),
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

/** Serves the API of the replica and stays until its end has come. */
async function serveReplica(own: Process, replica: Replica, ending: Ending): Promise<void> {
  const { flags, serving, signals, metrics, audit } = own;
  const isEnding = (): boolean => ending.reason !== undefined;
  const warnings = (): readonly string[] => own.upkeep.warnings();
  let takesNoMore = false;
  const server = createApiServer({
    flags,
    serving,
    replica,
    metrics,
    audit,
    isEnding,
    takesNoMore: () => takesNoMore,
    warnings,
  });
  own.findCustom = server.findCustom;
  own.stored = server.stored;
  own.inFlight = server.inFlight;
  const listener = await openPorts(flags, serving, server.chain);
  signals.listen();
  const files = followServingFiles(flags, serving, listener);
  const peerFiles = followPeerFiles(flags, replica);
  const start = async (): Promise<void> => {
    await Promise.race([replica.ready(), ending.come]);
    if (isEnding()) return;
    await server.start();
    if (isEnding()) return;
    log.info(`${flags.string('name')} is ready, ${Math.round(process.uptime() * 1000)} ms after its process started`);
  };
  const reason = await Promise.race([ending.come, start().then(() => ending.come)]);
  files.stop();
  peerFiles.stop();
  // Nothing that runs can do anything in a replica that is quarantined.
  if (reason === 'differs') server.close();
  const refuse = (): void => {
    takesNoMore = true;
  };
  await stopServing(
    {
      replica,
      listener,
      delayMs: flags.duration('shutdown-delay-duration'),
      leave: () => server.leave(),
      ...(flags.bool('shutdown-send-retry-after') ? { refuse, inFlight: () => server.inFlight } : {}),
    },
    reason,
  );
  server.close();
}
