import { createHash } from 'node:crypto';
import { Counter, Gauge, Histogram, type Metric } from 'prom-client';

/** kube-apiserver's buckets, in seconds. */
const SECONDS = [
  0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.512, 1.024, 2.048, 4.096, 8.192, 16.384,
];

type Status = 'success' | 'failure';

/** A hash as kube-apiserver labels configurations and servers with it. */
export const hashLabel = (content: Buffer | string): string =>
  `sha256:${createHash('sha256').update(content).digest('hex')}`;

/** Reloads of one configuration, under kube-apiserver's names. */
class Reloads {
  readonly metrics: readonly Metric[];
  private readonly total: Counter<'apiserver_id_hash' | 'status'>;
  private readonly last: Gauge<'apiserver_id_hash' | 'status'>;
  private readonly info: Gauge<'apiserver_id_hash' | 'hash'>;
  private server = '';

  constructor(subsystem: string, what: string) {
    const prefix = `apiserver_${subsystem}_config_controller`;
    this.total = new Counter({
      name: `${prefix}_automatic_reloads_total`,
      help: `Total number of automatic reloads of ${what} configuration split by status and apiserver identity.`,
      labelNames: ['apiserver_id_hash', 'status'],
      registers: [],
    });
    this.last = new Gauge({
      name: `${prefix}_automatic_reload_last_timestamp_seconds`,
      help: `Timestamp of the last automatic reload of ${what} configuration split by status and apiserver identity.`,
      labelNames: ['apiserver_id_hash', 'status'],
      registers: [],
    });
    this.info = new Gauge({
      name: `${prefix}_last_config_info`,
      help: `Information about the last applied ${what} configuration with hash as label, split by apiserver identity.`,
      labelNames: ['apiserver_id_hash', 'hash'],
      registers: [],
    });
    this.metrics = [this.total, this.last, this.info];
  }

  /** Which server this is. */
  of(identity: string): void {
    this.server = hashLabel(identity);
  }
  /** The configuration that is in force. */
  inForce(content: Buffer): void {
    this.info.reset();
    this.info.set({ apiserver_id_hash: this.server, hash: hashLabel(content) }, 1);
  }
  reloaded(status: Status): void {
    this.total.inc({ apiserver_id_hash: this.server, status });
    this.last.set({ apiserver_id_hash: this.server, status }, Date.now() / 1000);
  }
}

export const authenticationReloads = new Reloads('authentication', 'authentication');
export const authorizationReloads = new Reloads('authorization', 'authorization');
export type { Reloads };

/** How often it was asked who sends a request, and whether they may; numbers, because every request counts. */
export const attempts = { success: 0, failure: 0, allowed: 0, denied: 0, noOpinion: 0, error: 0 };
const authenticationAttempts = new Counter({
  name: 'authentication_attempts',
  help: 'Counter of authenticated attempts.',
  labelNames: ['result'],
  registers: [],
  collect() {
    this.reset();
    this.inc({ result: 'success' }, attempts.success);
    this.inc({ result: 'failure' }, attempts.failure);
  },
});
const authorizationAttempts = new Counter({
  name: 'authorization_attempts_total',
  help: "Counter of authorization attempts broken down by result. It can be either 'allowed', 'denied', 'no-opinion' or 'error'.",
  labelNames: ['result'],
  registers: [],
  collect() {
    this.reset();
    this.inc({ result: 'allowed' }, attempts.allowed);
    this.inc({ result: 'denied' }, attempts.denied);
    this.inc({ result: 'no-opinion' }, attempts.noOpinion);
    this.inc({ result: 'error' }, attempts.error);
  },
});

const keysFetched = new Gauge({
  name: 'apiserver_authentication_jwks_fetch_last_timestamp_seconds',
  help: 'Timestamp of the last JWKS fetch, by its result and the hash of the issuer.',
  labelNames: ['result', 'jwt_issuer_hash'],
  registers: [],
});
const keySet = new Gauge({
  name: 'apiserver_authentication_jwks_fetch_last_key_set_info',
  help: 'The last key set that an issuer gave, by its hash and that of the issuer.',
  labelNames: ['jwt_issuer_hash', 'hash'],
  registers: [],
});
/** Hash of the key set by that of its issuer. */
const keySets = new Map<string, string>();
const webhookEvaluations = new Counter({
  name: 'apiserver_authorization_webhook_evaluations_total',
  help: 'Number of round-trips to authorization webhooks.',
  labelNames: ['name', 'result'],
  registers: [],
});
const webhookSeconds = new Histogram({
  name: 'apiserver_authorization_webhook_duration_seconds',
  help: 'Request latency in seconds.',
  labelNames: ['name', 'result'],
  buckets: [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15],
  registers: [],
});
const failedOpen = new Counter({
  name: 'apiserver_authorization_webhook_evaluations_fail_open_total',
  help: 'NoOpinion results due to webhook timeout or error.',
  labelNames: ['name', 'result'],
  registers: [],
});
const conditionErrors = new Counter({
  name: 'apiserver_authorization_match_condition_evaluation_errors_total',
  help: 'Total number of errors when an authorization webhook encounters a match condition error split by authorizer type and name.',
  labelNames: ['type', 'name'],
  registers: [],
});
const conditionExclusions = new Counter({
  name: 'apiserver_authorization_match_condition_exclusions_total',
  help: 'Total number of exclusions when an authorization webhook is skipped because match conditions exclude it.',
  labelNames: ['type', 'name'],
  registers: [],
});
/** What one authorizer has decided; counted without a look-up, because every request is. */
export interface Decisions {
  allowed: number;
  denied: number;
}
const decided = new Map<string, Decisions & { readonly type: string; readonly name: string }>();
const decisions = new Counter({
  name: 'apiserver_authorization_decisions_total',
  help: 'Total number of terminal decisions made by an authorizer split by authorizer type, name, and decision.',
  labelNames: ['type', 'name', 'decision'],
  registers: [],
  collect() {
    this.reset();
    for (const { type, name, allowed, denied } of decided.values()) {
      if (allowed > 0) this.inc({ type, name, decision: 'allowed' }, allowed);
      if (denied > 0) this.inc({ type, name, decision: 'denied' }, denied);
    }
  },
});
const tokenCache = new Counter({
  name: 'authentication_token_cache_request_total',
  help: 'Questions to the cache of the token webhook, by whether the answer was there.',
  labelNames: ['status'],
  registers: [],
});
const tokenSeconds = new Histogram({
  name: 'apiserver_delegated_authn_request_duration_seconds',
  help: 'Request latency in seconds. Broken down by status code.',
  labelNames: ['code'],
  buckets: SECONDS,
  registers: [],
});

const impersonationCounter = (name: string, help: string) =>
  new Counter({ name: `apiserver_impersonation_${name}`, help, labelNames: ['mode', 'decision'], registers: [] });
const impersonationSeconds = (name: string, help: string) =>
  new Histogram({
    name: `apiserver_impersonation_${name}`,
    help,
    labelNames: ['mode', 'decision'],
    buckets: SECONDS,
    registers: [],
  });
const impersonations = {
  attempts: impersonationCounter(
    'attempts_total',
    'Total number of impersonation attempts split by mode and decision.',
  ),
  seconds: impersonationSeconds(
    'attempts_duration_seconds',
    'Latency of impersonation attempts in seconds split by mode and decision.',
  ),
  asked: impersonationCounter(
    'authorization_attempts_total',
    'Total number of authorization checks made by the impersonation handler split by mode and decision.',
  ),
  askedSeconds: impersonationSeconds(
    'authorization_attempts_duration_seconds',
    'Latency of authorization checks made by the impersonation handler in seconds split by mode and decision.',
  ),
};
const decisionLabel = (isAllowed: boolean): string => (isAllowed ? 'allowed' : 'denied');

/** What an authorization webhook's call came to. */
export type WebhookResult = 'success' | 'timeout' | 'canceled' | 'error';

/** What authenticators and authorizers count, under kube-apiserver's names, for the whole process. */
export const authMetrics = {
  all: [
    ...authenticationReloads.metrics,
    ...authorizationReloads.metrics,
    authenticationAttempts,
    authorizationAttempts,
    keysFetched,
    keySet,
    webhookEvaluations,
    webhookSeconds,
    failedOpen,
    conditionErrors,
    conditionExclusions,
    decisions,
    tokenCache,
    tokenSeconds,
    ...Object.values(impersonations),
  ] as readonly Metric[],
  /** `keys` undefined: they could not be fetched. */
  keysFetched(issuer: string, keys: Buffer | undefined): void {
    const issuerHash = hashLabel(issuer);
    const result = keys === undefined ? 'failure' : 'success';
    keysFetched.set({ result, jwt_issuer_hash: issuerHash }, Date.now() / 1000);
    if (keys === undefined) return;
    const before = keySets.get(issuerHash);
    if (before !== undefined) keySet.remove({ jwt_issuer_hash: issuerHash, hash: before });
    keySets.set(issuerHash, hashLabel(keys));
    keySet.set({ jwt_issuer_hash: issuerHash, hash: hashLabel(keys) }, 1);
  },
  webhook(name: string, result: WebhookResult, seconds: number): void {
    webhookEvaluations.inc({ name, result });
    webhookSeconds.observe({ name, result }, seconds);
  },
  failedOpen: (name: string, result: WebhookResult): void => failedOpen.inc({ name, result }),
  conditionError: (name: string): void => conditionErrors.inc({ type: 'Webhook', name }),
  conditionExclusion: (name: string): void => conditionExclusions.inc({ type: 'Webhook', name }),
  /** Where one authorizer counts what it decides. Names are those of the configuration: few. */
  decisionsOf(type: string, name: string): Decisions {
    const key = `${type} ${name}`;
    let counts = decided.get(key);
    if (counts === undefined) {
      counts = { type, name, allowed: 0, denied: 0 };
      decided.set(key, counts);
    }
    return counts;
  },
  /** One request that acts as somebody else; `mode` is '' where none allowed it. */
  impersonated(mode: string, isAllowed: boolean, seconds: number): void {
    const labels = { mode, decision: decisionLabel(isAllowed) };
    impersonations.attempts.inc(labels);
    impersonations.seconds.observe(labels, seconds);
  },
  /** One question to the authorizers about it. */
  impersonationAsked(mode: string, isAllowed: boolean, seconds: number): void {
    const labels = { mode, decision: decisionLabel(isAllowed) };
    impersonations.asked.inc(labels);
    impersonations.askedSeconds.observe(labels, seconds);
  },
  tokenCache: (known: boolean): void => tokenCache.inc({ status: known ? 'hit' : 'miss' }),
  tokenReview: (code: string, seconds: number): void => tokenSeconds.observe({ code }, seconds),
};
