import { expect, test } from 'vitest';
import type { JsonObject } from '../machinery/json.js';
import { readAuthorizationConfiguration } from './authorization-configuration.js';

const webhook = {
  authorizedTTL: '30s',
  unauthorizedTTL: '1m',
  timeout: '3s',
  subjectAccessReviewVersion: 'v1',
  failurePolicy: 'Deny',
  connectionInfo: { type: 'KubeConfigFile', kubeConfigFile: '/etc/webhook.conf' },
};
const read = (...authorizers: JsonObject[]) => {
  const object = { apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AuthorizationConfiguration', authorizers };
  return readAuthorizationConfiguration(Buffer.from(JSON.stringify(object)), 'z.yaml');
};
const hook = (more: JsonObject = {}) => read({ type: 'Webhook', name: 'w', webhook: { ...webhook, ...more } });

test('a chain of authorizers, with several webhooks', () => {
  const conditions = { matchConditions: [{ expression: "request.user == 'x'" }] };
  const [node, first, second] = read(
    { type: 'Node', name: 'node' },
    { type: 'Webhook', name: 'a', webhook: { ...webhook, cacheAuthorizedRequests: false } },
    {
      type: 'Webhook',
      name: 'b',
      webhook: {
        ...webhook,
        ...conditions,
        matchConditionSubjectAccessReviewVersion: 'v1',
        failurePolicy: 'NoOpinion',
      },
    },
  );
  expect(node).toEqual({ type: 'Node', name: 'node' });
  expect(first?.webhook).toEqual({
    allowedMs: 0,
    deniedMs: 60_000,
    timeoutMs: 3_000,
    version: 'v1',
    onError: 'deny',
    kubeConfigFile: '/etc/webhook.conf',
    conditions: [],
  });
  expect(second?.webhook).toMatchObject({ onError: 'noOpinion', conditions: [{ text: "request.user == 'x'" }] });
});

test('what is wrong is told', () => {
  const faults: [() => unknown, string][] = [
    [() => read(), 'authorizers: Required value: at least one authorization mode must be defined'],
    [() => read({ name: 'a' }), 'authorizers[0].type: Required value'],
    [() => read({ type: 'ABAC', name: 'a' }), 'authorizers[0].type: Unsupported value: "ABAC"'],
    [() => read({ type: 'RBAC' }), 'authorizers[0].name: Required value'],
    [() => read({ type: 'RBAC', name: 'A_' }), 'authorizer name is invalid'],
    [
      () => read({ type: 'RBAC', name: 'a' }, { type: 'RBAC', name: 'b' }),
      'authorizers[1].type: Duplicate value: "RBAC"',
    ],
    [() => read({ type: 'RBAC', name: 'a' }, { type: 'Node', name: 'a' }), 'authorizers[1].name: Duplicate value: "a"'],
    [
      () => read({ type: 'RBAC', name: 'a', webhook }),
      'authorizers[0].webhook: Invalid value: "<omitted>": may only be specified when type=Webhook',
    ],
    [() => read({ type: 'Webhook', name: 'a' }), 'authorizers[0].webhook: Required value: required when type=Webhook'],
    [() => hook({ timeout: '31s' }), 'webhook.timeout: Invalid value: "31s": must be <= 30s'],
    [() => hook({ timeout: '0s' }), 'webhook.timeout: Invalid value: "0s": must be > 0s'],
    [() => hook({ timeout: 'soon' }), 'webhook.timeout: Invalid value: "soon"'],
    [() => hook({ authorizedTTL: null }), 'webhook.authorizedTTL: Required value'],
    [() => hook({ failurePolicy: 'Allow' }), 'supported values: "NoOpinion", "Deny"'],
    [() => hook({ failurePolicy: '' }), 'webhook.failurePolicy: Required value'],
    [() => hook({ subjectAccessReviewVersion: 'v2' }), 'supported values: "v1", "v1beta1"'],
    [() => hook({ connectionInfo: { type: 'InClusterConfig' } }), 'this server runs in no pod'],
    [() => hook({ connectionInfo: { type: 'KubeConfigFile' } }), 'connectionInfo.kubeConfigFile: Required value'],
    [
      () => hook({ connectionInfo: { type: 'KubeConfigFile', kubeConfigFile: 'a' } }),
      'webhook.connectionInfo.kubeConfigFile: Invalid value: "a": must be an absolute path',
    ],
    [() => hook({ connectionInfo: {} }), 'webhook.connectionInfo.type: Required value'],
    [() => hook({ connectionInfo: { type: 'File' } }), 'connectionInfo.type: Unsupported value: "File"'],
    [() => hook({ matchConditions: [{ expression: 'true' }] }), 'required if match conditions are specified'],
    [
      () => hook({ matchConditionSubjectAccessReviewVersion: 'v1', matchConditions: [{ expression: 'request.x' }] }),
      'matchConditions[0].expression: Invalid value: "request.x": compilation failed: ERROR',
    ],
    [() => hook({ failurepolicy: 'Deny' }), 'unknown field "authorizers[0].webhook.failurepolicy"'],
  ];
  for (const [attempt, message] of faults) expect(attempt, message).toThrow(message);
});
