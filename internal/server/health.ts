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
  /** The fresh cluster's objects are there. */
  bootstrapped(): boolean;
  /** The store should not be used here while others can be: a sentence, or undefined. */
  storeFailure(): string | undefined;
  shuttingDown(): boolean;
}

/**
 * kube-apiserver's start-up steps. Tools ask for them by name; here one condition stands behind all of them:
 * the objects of a fresh cluster are in the store.
 */
const START_STEPS = [
  'poststarthook/start-apiserver-admission-initializer',
  'poststarthook/generic-apiserver-start-informers',
  'poststarthook/priority-and-fairness-config-consumer',
  'poststarthook/priority-and-fairness-filter',
  'poststarthook/storage-object-count-tracker-hook',
  'poststarthook/start-apiextensions-informers',
  'poststarthook/start-apiextensions-controllers',
  'poststarthook/crd-informer-synced',
  'poststarthook/start-system-namespaces-controller',
  'poststarthook/peer-endpoint-reconciler-controller',
  'poststarthook/start-cluster-authentication-info-controller',
  'poststarthook/start-kube-apiserver-identity-lease-controller',
  'poststarthook/start-kube-apiserver-identity-lease-garbage-collector',
  'poststarthook/storage-readiness',
  'poststarthook/start-legacy-token-tracking-controller',
  'poststarthook/start-service-ip-repair-controllers',
  'poststarthook/rbac/bootstrap-roles',
  'poststarthook/scheduling/bootstrap-system-priority-classes',
  'poststarthook/priority-and-fairness-config-producer',
  'poststarthook/bootstrap-controller',
  'poststarthook/start-kubernetes-service-cidr-controller',
  'poststarthook/start-kube-aggregator-informers',
  'poststarthook/apiservice-status-local-available-controller',
  'poststarthook/apiservice-status-remote-available-controller',
  'poststarthook/apiservice-registration-controller',
  'poststarthook/apiservice-wait-for-first-sync',
  'poststarthook/apiservice-discovery-controller',
  'poststarthook/kube-apiserver-autoregistration',
  'autoregister-completion',
  'poststarthook/apiservice-openapi-controller',
  'poststarthook/apiservice-openapiv3-controller',
];

/** The checks of each endpoint, in the order in which `?verbose` prints them. */
export function healthEndpoints(sources: HealthSources): ReadonlyMap<string, readonly HealthCheck[]> {
  const ok = (name: string): HealthCheck => ({ name, failure: () => undefined });
  const steps = START_STEPS.map((name) => ({
    name,
    failure: () => (sources.bootstrapped() ? undefined : 'not finished'),
  }));
  const store: HealthCheck = { name: 'etcd', failure: () => sources.storeFailure() };
  const quorum: HealthCheck = {
    name: 'informer-sync',
    failure: () => (sources.ready() ? undefined : 'this replica has no leader or has not caught up with it'),
  };
  const shutdown: HealthCheck = {
    name: 'shutdown',
    failure: () => (sources.shuttingDown() ? 'process is shutting down' : undefined),
  };
  // kube-apiserver shows no `etcd` below /readyz; the name that stands for the store there is this one.
  const readySteps = steps.map((step) =>
    step.name === 'poststarthook/storage-readiness'
      ? { name: step.name, failure: () => sources.storeFailure() ?? step.failure() }
      : step,
  );
  // Being alive does not wait for the quorum: restarting this replica would not bring it.
  const alive = [ok('ping'), ok('log'), ok('loopback-serving-certificate'), store];
  const aliveSteps = START_STEPS.map(ok);
  return new Map([
    ['livez', [...alive, ...aliveSteps]],
    ['healthz', [...alive, ...steps]],
    ['readyz', [ok('ping'), ok('log'), quorum, ...readySteps, shutdown]],
  ]);
}

const PLAIN = 'text/plain; charset=utf-8';

/** Answers /healthz, /livez and /readyz, whole or check by check; undefined for a check that does not exist. */
export function handleHealth(
  endpoints: ReadonlyMap<string, readonly HealthCheck[]>,
  request: ApiRequest,
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
  return whole(endpoint, checks, request.query);
}

function whole(endpoint: string, checks: readonly HealthCheck[], query: URLSearchParams): BytesReply {
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
  if (failed) return plain(500, `${report}${endpoint} check failed\n`);
  return query.has('verbose') ? plain(200, `${report}${endpoint} check passed\n`) : plain(200, 'ok');
}

function plain(status: number, body: string): BytesReply {
  return { status, contentType: PLAIN, headers: { 'X-Content-Type-Options': 'nosniff' }, body };
}
