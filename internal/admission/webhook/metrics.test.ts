import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { WebhookMetrics } from './metrics.js';

test('what came of webhooks is shown under the names of kube-apiserver, both kinds in one registry', async () => {
  const registry = new Registry();
  const [admit, validating] = [new WebhookMetrics('admit', registry), new WebhookMetrics('validating', registry)];
  admit.called('w', 'CREATE', 0.3, true, 403);
  validating.called('w', 'UPDATE', 30, false, 200);
  admit.rejected('w', 'CREATE', 'no_error', 599);
  validating.rejected('w', 'DELETE', 'calling_webhook_error', 601);
  admit.failedOpen('w');
  validating.excluded('w', 'CREATE');
  admit.conditionError('w', 'CONNECT');
  const shown = (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('# TYPE'));
  const A = 'apiserver_admission_webhook';
  const C = 'apiserver_admission_match_condition';
  const times = (labels: string, counts: readonly number[], sum: number): string[] => [
    ...['0.005', '0.025', '0.1', '0.5', '1', '2.5', '10', '25', '+Inf'].map(
      (le, i) => `${A}_admission_duration_seconds_bucket{le="${le}",${labels}} ${counts[i]}`,
    ),
    `${A}_admission_duration_seconds_sum{${labels}} ${sum}`,
    `${A}_admission_duration_seconds_count{${labels}} 1`,
  ];
  expect(shown).toEqual([
    `# HELP ${A}_admission_duration_seconds Seconds that a webhook took, by its name, the operation, its type, and whether it rejected.`,
    ...times('name="w",type="admit",operation="CREATE",rejected="true"', [0, 0, 0, 1, 1, 1, 1, 1, 1], 0.3),
    ...times('name="w",type="validating",operation="UPDATE",rejected="false"', [0, 0, 0, 0, 0, 0, 0, 0, 1], 30),
    `# HELP ${A}_request_total Calls of a webhook, by its name, type, operation, the code of its answer, and whether it rejected.`,
    `${A}_request_total{name="w",type="admit",operation="CREATE",rejected="true",code="403"} 1`,
    `${A}_request_total{name="w",type="validating",operation="UPDATE",rejected="false",code="200"} 1`,
    `# HELP ${A}_rejection_count Requests that were refused because of a webhook, by its name, type, operation, kind of error and code.`,
    `${A}_rejection_count{name="w",type="admit",operation="CREATE",error_type="no_error",rejection_code="599"} 1`,
    `${A}_rejection_count{name="w",type="validating",operation="DELETE",error_type="calling_webhook_error",rejection_code="600"} 1`,
    `# HELP ${A}_fail_open_count Failed calls of a webhook that were passed over because its failurePolicy is Ignore.`,
    `${A}_fail_open_count{name="w",type="admit"} 1`,
    `# HELP ${C}_exclusions_total Requests about which a webhook was not asked because of its match conditions.`,
    `${C}_exclusions_total{name="w",kind="webhook",type="validating",operation="CREATE"} 1`,
    `# HELP ${C}_evaluation_errors_total Match conditions of webhooks that ended in an error.`,
    `${C}_evaluation_errors_total{name="w",kind="webhook",type="admit",operation="CONNECT"} 1`,
  ]);
});

test('without a registry nothing is shown, and nothing fails', () => {
  const metrics = new WebhookMetrics('admit', undefined);
  metrics.called('w', 'CREATE', 1, false, 200);
  metrics.rejected('w', 'CREATE', 'no_error', 400);
});
