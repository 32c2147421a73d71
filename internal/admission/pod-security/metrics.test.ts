import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { attributesOf } from '../testing/attributes.js';
import { LATEST } from './levels.js';
import { PodSecurityMetrics } from './metrics.js';

const at = (request_operation: string, resource: string, subresource = ''): string =>
  `request_operation="${request_operation}",resource="${resource}",subresource="${subresource}"`;
const evaluations = (decision: string, policy: string, mode: string, request: string, count: number): string => {
  const [level = '', version = ''] = policy.split(':');
  return `pod_security_evaluations_total{decision="${decision}",policy_level="${level}",policy_version="${version}",mode="${mode}",${request}} ${count}`;
};

test('series are there from the start, and count by request, level and version', async () => {
  const registry = new Registry();
  const metrics = new PodSecurityMetrics(registry);
  const shown = async (): Promise<string[]> =>
    (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('# TYPE'));
  const first = [
    '# HELP pod_security_evaluations_total Number of policy evaluations that occurred, not counting ignored or exempt requests.',
    evaluations('allow', 'privileged:latest', 'enforce', at('create', 'pod'), 0),
    evaluations('allow', 'privileged:latest', 'enforce', at('update', 'pod'), 0),
    '# HELP pod_security_exemptions_total Number of exempt requests, not counting ignored or out of scope requests.',
    `pod_security_exemptions_total{${at('create', 'pod')}} 0`,
    `pod_security_exemptions_total{${at('create', 'controller')}} 0`,
    `pod_security_exemptions_total{${at('update', 'pod')}} 0`,
    `pod_security_exemptions_total{${at('update', 'controller')}} 0`,
    '# HELP pod_security_errors_total Number of errors preventing normal evaluation. Non-fatal errors may result in the latest restricted profile being used for evaluation.',
  ];
  expect(await shown()).toEqual(first);

  const pods = attributesOf('pods', { operation: 'UPDATE', subresource: 'resize' });
  const namespaces = attributesOf('namespaces');
  const controllers = attributesOf('replicationcontrollers');
  const version = (minor: number) => ({ text: `v1.${minor}`, minor });
  metrics.evaluated('deny', { level: 'restricted', version: version(36) }, 'enforce', pods);
  metrics.evaluated('deny', { level: 'baseline', version: version(37) }, 'audit', controllers);
  metrics.evaluated('allow', { level: 'privileged', version: version(37) }, 'enforce', namespaces);
  metrics.evaluated('deny', { level: 'baseline', version: LATEST }, 'warn', controllers);
  metrics.exempted(pods);
  metrics.exempted(controllers);
  metrics.failed(true, namespaces);
  metrics.failed(false, pods);
  expect((await shown()).filter((line) => !first.includes(line))).toEqual([
    evaluations('deny', 'restricted:v1.36', 'enforce', at('update', 'pod', 'resize'), 1),
    evaluations('deny', 'baseline:future', 'audit', at('create', 'controller'), 1),
    evaluations('allow', 'privileged:latest', 'enforce', at('create', 'namespace'), 1),
    evaluations('deny', 'baseline:latest', 'warn', at('create', 'controller'), 1),
    `pod_security_exemptions_total{${at('create', 'controller')}} 1`,
    `pod_security_exemptions_total{${at('update', 'pod', 'resize')}} 1`,
    `pod_security_errors_total{fatal="true",${at('create', 'namespace')}} 1`,
    `pod_security_errors_total{fatal="false",${at('update', 'pod', 'resize')}} 1`,
  ]);
});
