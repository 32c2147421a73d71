import { Counter, Histogram, type Registry } from 'prom-client';
import type { Operation } from '../types.js';

/** kube-apiserver's buckets for webhooks, in seconds. */
const BUCKETS = [0.005, 0.025, 0.1, 0.5, 1.0, 2.5, 10, 25];

/** How a webhook's call went, as the labels of rejections name it. */
export type ErrorType = 'calling_webhook_error' | 'apiserver_internal_error' | 'no_error';

/**
 * What kube-apiserver counts of webhooks. Names of webhooks are labels: only who may write configurations can make new
 * ones.
 */
export class WebhookMetrics {
  readonly #duration: Histogram;
  readonly #requests: Counter;
  readonly #rejections: Counter;
  readonly #failOpen: Counter;
  readonly #exclusions: Counter;
  readonly #conditionErrors: Counter;

  /** `type`: `admit` for mutating webhooks. Both kinds may share a registry. */
  constructor(
    private readonly type: 'admit' | 'validating',
    registry: Registry | undefined,
  ) {
    const counter = (name: string, help: string, labelNames: string[]): Counter => {
      const there = registry?.getSingleMetric(name);
      return there instanceof Counter
        ? there
        : new Counter({ name, help, labelNames, registers: registry === undefined ? [] : [registry] });
    };
    const duration = 'apiserver_admission_webhook_admission_duration_seconds';
    const there = registry?.getSingleMetric(duration);
    this.#duration =
      there instanceof Histogram
        ? there
        : new Histogram({
            name: duration,
            help: 'Seconds that a webhook took, by its name, the operation, its type, and whether it rejected.',
            labelNames: ['name', 'type', 'operation', 'rejected'],
            buckets: BUCKETS,
            registers: registry === undefined ? [] : [registry],
          });
    this.#requests = counter(
      'apiserver_admission_webhook_request_total',
      'Calls of a webhook, by its name, type, operation, the code of its answer, and whether it rejected.',
      ['name', 'type', 'operation', 'code', 'rejected'],
    );
    this.#rejections = counter(
      'apiserver_admission_webhook_rejection_count',
      'Requests that were refused because of a webhook, by its name, type, operation, kind of error and code.',
      ['name', 'type', 'operation', 'error_type', 'rejection_code'],
    );
    this.#failOpen = counter(
      'apiserver_admission_webhook_fail_open_count',
      'Failed calls of a webhook that were passed over because its failurePolicy is Ignore.',
      ['name', 'type'],
    );
    this.#exclusions = counter(
      'apiserver_admission_match_condition_exclusions_total',
      'Requests about which a webhook was not asked because of its match conditions.',
      ['name', 'kind', 'type', 'operation'],
    );
    this.#conditionErrors = counter(
      'apiserver_admission_match_condition_evaluation_errors_total',
      'Match conditions of webhooks that ended in an error.',
      ['name', 'kind', 'type', 'operation'],
    );
  }

  called(name: string, operation: Operation, seconds: number, rejected: boolean, code: number): void {
    const labels = { name, type: this.type, operation, rejected: String(rejected) };
    this.#duration.observe(labels, seconds);
    this.#requests.inc({ ...labels, code: String(code) });
  }
  rejected(name: string, operation: Operation, errorType: ErrorType, code: number): void {
    // Codes beyond 600 are told as 600, as kube-apiserver does.
    const rejectionCode = String(Math.min(code, 600));
    this.#rejections.inc({ name, type: this.type, operation, error_type: errorType, rejection_code: rejectionCode });
  }
  failedOpen(name: string): void {
    this.#failOpen.inc({ name, type: this.type });
  }
  excluded(name: string, operation: Operation): void {
    this.#exclusions.inc({ name, kind: 'webhook', type: this.type, operation });
  }
  conditionError(name: string, operation: Operation): void {
    this.#conditionErrors.inc({ name, kind: 'webhook', type: this.type, operation });
  }
}
