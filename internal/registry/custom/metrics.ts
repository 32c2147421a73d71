import { Counter, exponentialBuckets, Histogram, type Metric } from 'prom-client';

/** Why a conversion webhook did not convert, as kube-apiserver's label says it. */
export type ConversionFailure =
  | 'conversion_webhook_call_failure'
  | 'conversion_webhook_malformed_response_failure'
  | 'conversion_webhook_partial_response_failure'
  | 'conversion_webhook_invalid_converted_object_failure';

const conversionRequests = new Counter({
  name: 'apiserver_conversion_webhook_request_total',
  help: 'Calls of conversion webhooks, by how they ended.',
  labelNames: ['result', 'failure_type'],
  registers: [],
});
const conversionSeconds = new Histogram({
  name: 'apiserver_conversion_webhook_duration_seconds',
  help: 'Seconds that calls of conversion webhooks took, by how they ended.',
  labelNames: ['result', 'failure_type'],
  buckets: [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 45, 60],
  registers: [],
});
const definitionSeconds = new Histogram({
  name: 'apiserver_crd_conversion_webhook_duration_seconds',
  help: 'Seconds that conversions of a custom resource by its webhook took.',
  labelNames: ['crd_name', 'from_version', 'to_version', 'succeeded'],
  buckets: exponentialBuckets(0.001, 2, 15),
  registers: [],
});
const compilation = new Histogram({
  name: 'apiserver_cel_compilation_duration_seconds',
  help: 'Seconds that the rules of a schema took to be compiled.',
  registers: [],
});
const evaluation = new Histogram({
  name: 'apiserver_cel_evaluation_duration_seconds',
  help: 'Seconds that the rules of a schema took to be looked at for one object.',
  registers: [],
});

const ratcheting = new Histogram({
  name: 'apiextensions_apiserver_validation_ratcheting_seconds',
  help: 'Seconds that it took to compare old and new of an UPDATE by the schema: both are compared while the new is looked at.',
  buckets: exponentialBuckets(0.00001, 4, 10),
  registers: [],
});

/** Of custom resources, under kube-apiserver's names. They count for the whole process. */
export const customResourceMetrics: readonly Metric[] = [
  conversionRequests,
  conversionSeconds,
  definitionSeconds,
  compilation,
  evaluation,
  ratcheting,
];

/** Definitions whose conversions are counted by name; beyond, as those of `other`. */
const MAX_DEFINITIONS = 1_000;
const known = new Set<string>();

/** One call of a webhook that converts objects of `definition`. */
export interface ConversionCall {
  readonly definition: string;
  readonly from: string;
  readonly to: string;
}

/** Counts a call that has ended, after so many seconds; `failure` where it did not convert. */
export function observeConversion(call: ConversionCall, seconds: number, failure: ConversionFailure | undefined): void {
  const labels = { result: failure === undefined ? 'success' : 'failure', failure_type: failure ?? '' };
  conversionRequests.inc(labels);
  conversionSeconds.observe(labels, seconds);
  if (known.size < MAX_DEFINITIONS) known.add(call.definition);
  const crd_name = known.has(call.definition) ? call.definition : 'other';
  const succeeded = String(failure === undefined);
  definitionSeconds.observe({ crd_name, from_version: call.from, to_version: call.to, succeeded }, seconds);
}

/** Begins to count a compilation, a comparison, or an evaluation; call what it returns at the end. */
export const startCompilation = (): (() => number) => compilation.startTimer();
export const startRatcheting = (): (() => number) => ratcheting.startTimer();
export const startEvaluation = (): (() => number) => evaluation.startTimer();
