import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { observeMutation, observeValidation, policyMetrics } from './metrics.js';

const registry = new Registry();
for (const metric of policyMetrics) registry.registerMetric(metric);
const lines = async (part: string): Promise<string[]> =>
  (await registry.metrics()).split('\n').filter((line) => line.includes(part));

test('what policies decided, and how long it took, is shown under the names of kube-apiserver', async () => {
  observeValidation('p', 'b', 'out_of_budget', 'deny', 0.05);
  observeValidation('p', 'b', 'no_error', 'allow', 2);
  observeMutation('q', 'c', 'compile_error', 0.0000004);
  const V = 'apiserver_validating_admission_policy_check';
  const M = 'apiserver_mutating_admission_policy_check';
  expect(await lines('# HELP')).toEqual([
    `# HELP ${V}_total Validation admission policy check total, labeled by policy and further identified by binding and enforcement action taken.`,
    `# HELP ${V}_duration_seconds Validation admission latency for individual validation expressions in seconds, labeled by policy and further including binding and enforcement action taken.`,
    `# HELP ${M}_total Mutation admission policy check total, labeled by policy and further identified by binding.`,
    `# HELP ${M}_duration_seconds Mutation admission latency for individual mutation expressions in seconds, labeled by policy and binding.`,
  ]);
  const denied = 'policy="p",policy_binding="b",error_type="out_of_budget",enforcement_action="deny"';
  const allowed = 'policy="p",policy_binding="b",error_type="no_error",enforcement_action="allow"';
  const mutated = 'policy="q",policy_binding="c",error_type="compile_error"';
  expect(await lines('_total{')).toEqual([
    `${V}_total{${denied}} 1`,
    `${V}_total{${allowed}} 1`,
    `${M}_total{${mutated}} 1`,
  ]);
  const buckets = (of: string, labels: string, ...counts: number[]): string[] =>
    ['5e-7', '0.001', '0.01', '0.1', '1', '+Inf'].map(
      (le, i) => `${of}_duration_seconds_bucket{le="${le}",${labels}} ${counts[i]}`,
    );
  expect(await lines('_bucket{')).toEqual([
    ...buckets(V, denied, 0, 0, 0, 1, 1, 1),
    ...buckets(V, allowed, 0, 0, 0, 0, 0, 1),
    ...buckets(M, mutated, 1, 1, 1, 1, 1, 1),
  ]);
});

test('beyond 2,000 policies and bindings, new ones are counted as others, known ones by their names', async () => {
  // Two are known from the test before.
  for (let i = 2; i < 2000; i++) observeMutation(`many-${i}`, 'b', 'no_error', 0);
  observeMutation('one-more', 'b', 'no_error', 0);
  observeValidation('another', 'b', 'no_error', 'warn', 0);
  observeValidation('p', 'b', 'no_error', 'audit', 0);
  expect(await lines('many-1999')).not.toEqual([]);
  expect(await lines('one-more')).toEqual([]);
  expect((await lines('_total{')).filter((line) => line.includes('other') || line.includes('audit'))).toEqual([
    'apiserver_validating_admission_policy_check_total{policy="other",policy_binding="other",error_type="no_error",enforcement_action="warn"} 1',
    'apiserver_validating_admission_policy_check_total{policy="p",policy_binding="b",error_type="no_error",enforcement_action="audit"} 1',
    'apiserver_mutating_admission_policy_check_total{policy="other",policy_binding="other",error_type="no_error"} 1',
  ]);
});
