import { Counter, Histogram, type Metric } from 'prom-client';
import type { ErrorType } from './validate-request.js';

/** What was done because of a policy. */
export type Enforcement = 'allow' | 'deny' | 'audit' | 'warn';

/** Seconds; kube-apiserver's buckets. */
const BUCKETS = [0.0000005, 0.001, 0.01, 0.1, 1];

const validationChecks = new Counter({
  name: 'apiserver_validating_admission_policy_check_total',
  help: 'Validation admission policy check total, labeled by policy and further identified by binding and enforcement action taken.',
  labelNames: ['policy', 'policy_binding', 'error_type', 'enforcement_action'],
  registers: [],
});
const validationSeconds = new Histogram({
  name: 'apiserver_validating_admission_policy_check_duration_seconds',
  help: 'Validation admission latency for individual validation expressions in seconds, labeled by policy and further including binding and enforcement action taken.',
  labelNames: ['policy', 'policy_binding', 'error_type', 'enforcement_action'],
  buckets: BUCKETS,
  registers: [],
});
const mutationChecks = new Counter({
  name: 'apiserver_mutating_admission_policy_check_total',
  help: 'Mutation admission policy check total, labeled by policy and further identified by binding.',
  labelNames: ['policy', 'policy_binding', 'error_type'],
  registers: [],
});
const mutationSeconds = new Histogram({
  name: 'apiserver_mutating_admission_policy_check_duration_seconds',
  help: 'Mutation admission latency for individual mutation expressions in seconds, labeled by policy and binding.',
  labelNames: ['policy', 'policy_binding', 'error_type'],
  buckets: BUCKETS,
  registers: [],
});

/** Of policies, under kube-apiserver's names. They count for the whole process, as policies are the same for all of it. */
export const policyMetrics: readonly Metric[] = [validationChecks, validationSeconds, mutationChecks, mutationSeconds];

/** Series of one metric; beyond, what is new is counted under no policy's name. */
const MAX_SERIES = 2_000;
const known = new Set<string>();
const OTHER = { policy: 'other', policy_binding: 'other' };

function labelled(policy: string, binding: string): { policy: string; policy_binding: string } {
  const key = `${policy}/${binding}`;
  if (!known.has(key)) {
    if (known.size >= MAX_SERIES) return OTHER;
    known.add(key);
  }
  return { policy, policy_binding: binding };
}

export function observeValidation(
  policy: string,
  binding: string,
  error: ErrorType,
  enforcement: Enforcement,
  seconds: number,
): void {
  const labels = { ...labelled(policy, binding), error_type: error, enforcement_action: enforcement };
  validationChecks.inc(labels);
  validationSeconds.observe(labels, seconds);
}

export function observeMutation(policy: string, binding: string, error: ErrorType, seconds: number): void {
  const labels = { ...labelled(policy, binding), error_type: error };
  mutationChecks.inc(labels);
  mutationSeconds.observe(labels, seconds);
}
