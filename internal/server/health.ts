import type { ApiRequest, BytesReply } from '../rest/types.js';

/** One named check; `failure` says what is wrong, or undefined when nothing is. */
export interface HealthCheck {
  readonly name: string;
  failure(): string | undefined;
}

/** What the three endpoints look at. */
export interface HealthSources {
  /** The replica serves linearizable reads. */
  ready(): boolean;
  /** The checks of what begins when the replica is ready (`poststart/hooks.ts`). */
  readonly started: { readonly checks: readonly string[]; failure(check: string): string | undefined };
  /** The store should not be used here while others can be: a sentence, or undefined. */
  storeFailure(): string | undefined;
  shuttingDown(): boolean;
  /** What needs a person soon, though nothing fails yet: shown by `/readyz?verbose`. */
  warnings?(): readonly string[];
}

/** The store's check below /readyz, where kube-apiserver shows no `etcd`. */
const STORE_READY = 'poststarthook/storage-readiness';

/**
 * The checks of each endpoint, in the order in which `?verbose` prints them. Only what can fail has a name here, and
 * kube-apiserver's where it has one; `ping` says that somebody answers.
 */
export function healthEndpoints(sources: HealthSources): ReadonlyMap<string, readonly HealthCheck[]> {
  const ping: HealthCheck = { name: 'ping', failure: () => undefined };
  const { started } = sources;
  const steps = started.checks.map((name) => ({ name, failure: () => started.failure(name) }));
  const store = (name: string): HealthCheck => ({ name, failure: () => sources.storeFailure() });
  const quorum: HealthCheck = {
    name: 'informer-sync',
    failure: () => (sources.ready() ? undefined : 'this replica has no leader or has not caught up with it'),
  };
  const shutdown: HealthCheck = {
    name: 'shutdown',
    failure: () => (sources.shuttingDown() ? 'process is shutting down' : undefined),
  };
  return new Map([
    // Being alive does not wait for the quorum: restarting this replica would not bring it.
    ['livez', [ping, store('etcd')]],
    ['healthz', [ping, store('etcd'), ...steps]],
    ['readyz', [ping, quorum, store(STORE_READY), ...steps, shutdown]],
  ]);
}

const PLAIN = 'text/plain; charset=utf-8';

/** Answers /healthz, /livez and /readyz, whole or check by check; undefined for a check that does not exist. */
export function handleHealth(
  endpoints: ReadonlyMap<string, readonly HealthCheck[]>,
  request: ApiRequest,
  warnings: () => readonly string[] = () => [],
): BytesReply | undefined {
  const [, endpoint = '', ...rest] = request.path.split('/');
  const checks = endpoints.get(endpoint);
  if (checks === undefined) return undefined;
  const single = rest.join('/');
  if (single !== '') {
    const check = checks.find((c) => c.name === single);
    if (check === undefined) return undefined;
    const failure = check.failure();
    return failure === undefined ? plain(200, 'ok') : plain(500, `internal server error: ${failure}\n`);
  }
  return whole(endpoint, checks, request.query, endpoint === 'readyz' ? warnings() : []);
}

function whole(
  endpoint: string,
  checks: readonly HealthCheck[],
  query: URLSearchParams,
  warnings: readonly string[],
): BytesReply {
  const excluded = new Set(query.getAll('exclude').flatMap((v) => v.split(',')));
  let failed = false;
  let report = '';
  for (const check of checks) {
    if (excluded.delete(check.name)) {
      report += `[+]${check.name} excluded: ok\n`;
      continue;
    }
    // The reason is for the log and for the check's own path: this one is open to everybody.
    const failure = check.failure();
    if (failure !== undefined) failed = true;
    report += failure === undefined ? `[+]${check.name} ok\n` : `[-]${check.name} failed: reason withheld\n`;
  }
  if (excluded.size > 0) {
    const names = [...excluded].map((n) => JSON.stringify(n)).join(', ');
    report += `warn: some health checks cannot be excluded: no matches for ${names}\n`;
  }
  for (const text of warnings) report += `warn: ${text}\n`;
  if (failed) return plain(500, `${report}${endpoint} check failed\n`);
  return query.has('verbose') ? plain(200, `${report}${endpoint} check passed\n`) : plain(200, 'ok');
}

function plain(status: number, body: string): BytesReply {
  return { status, contentType: PLAIN, headers: { 'X-Content-Type-Options': 'nosniff' }, body };
}
