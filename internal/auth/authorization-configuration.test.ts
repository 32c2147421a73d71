import { expect, test } from 'vitest';
import { atOnce } from '../machinery/breathe.js';
import { FatalError } from '../machinery/assert.js';
import type { JsonObject } from '../machinery/json.js';
import { authorizationConfiguration } from './authorization-configuration.js';

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
  return atOnce(authorizationConfiguration(Buffer.from(JSON.stringify(object)), 'z.yaml'));
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

test.each(['v1', 'v1beta1', 'v1alpha1'])('of version %s are all kinds of authorizers', (version) => {
  const types = ['AlwaysAllow', 'AlwaysDeny', 'Node', 'RBAC'];
  const object = {
    apiVersion: `apiserver.config.k8s.io/${version}`,
    kind: 'AuthorizationConfiguration',
    authorizers: types.map((type) => ({ type, name: type.toLowerCase() })),
  };
  expect(atOnce(authorizationConfiguration(Buffer.from(JSON.stringify(object)), 'z.yaml'))).toEqual(object.authorizers);
});

test('a webhook is what its file says, to the letter', () => {
  const of = (more: JsonObject) => hook(more)[0]?.webhook;
  expect(of({ subjectAccessReviewVersion: 'v1beta1' })?.version).toBe('v1beta1');
  expect(of({ timeout: '30s' })?.timeoutMs).toBe(30_000);
  expect(of({})).toMatchObject({ allowedMs: 30_000, deniedMs: 60_000 });
  const cached = { cacheAuthorizedRequests: true, cacheUnauthorizedRequests: true };
  expect(of(cached)).toMatchObject({ allowedMs: 30_000, deniedMs: 60_000 });
  expect(of({ ...cached, cacheUnauthorizedRequests: false })).toMatchObject({ allowedMs: 30_000, deniedMs: 0 });
});

test.each<[string, () => unknown, string]>([
  [
    'an unknown version of reviews for conditions',
    () => hook({ matchConditionSubjectAccessReviewVersion: 'v2' }),
    'z.yaml: authorizers[0].webhook.matchConditionSubjectAccessReviewVersion: Unsupported value: "v2": supported values: "v1". Mend the file.',
  ],
  [
    'conditions without the version of their reviews',
    () => hook({ matchConditions: [{ expression: 'true' }] }),
    'z.yaml: authorizers[0].webhook.matchConditionSubjectAccessReviewVersion: Required value: required if match conditions are specified. Mend the file.',
  ],
  [
    'a condition twice, and one that is none',
    () =>
      hook({
        matchConditionSubjectAccessReviewVersion: 'v1',
        matchConditions: [{ expression: 'true' }, { expression: ' ' }, { expression: 'true' }],
      }),
    'z.yaml: authorizers[0].webhook.matchConditions[1].expression: Required value, authorizers[0].webhook.matchConditions[2].expression: Duplicate value: "true". Mend the file.',
  ],
  [
    'no times',
    () => hook({ timeout: null, unauthorizedTTL: '-1s' }),
    'z.yaml: authorizers[0].webhook.timeout: Required value, authorizers[0].webhook.unauthorizedTTL: Invalid value: "-1s": must be > 0s. Mend the file.',
  ],
  [
    'an unknown type',
    () => read({ type: 'X', name: 'a' }),
    'z.yaml: authorizers[0].type: Unsupported value: "X": supported values: "AlwaysAllow", "AlwaysDeny", "Node", "RBAC", "Webhook". Mend the file.',
  ],
  [
    'no kubeconfig and no version',
    () => hook({ subjectAccessReviewVersion: '', connectionInfo: { type: 'X' } }),
    'z.yaml: authorizers[0].webhook.subjectAccessReviewVersion: Required value, authorizers[0].webhook.connectionInfo.type: Unsupported value: "X": supported values: "KubeConfigFile". Mend the file.',
  ],
])('%s: all of it is told', (_what, attempt, message) => {
  expect(attempt).toThrow(new FatalError(message));
});

test('what has another type is refused, not taken for left out', () => {
  for (const name of ['type', 'name']) expect(() => read({ [name]: 1 }), name).toThrow('must be a string: it is 1');
  const strings = [...Object.keys(webhook), 'matchConditionSubjectAccessReviewVersion'].filter(
    (n) => n !== 'connectionInfo',
  );
  for (const name of strings) expect(() => hook({ [name]: 1 }), name).toThrow(`${name} must be a string: it is 1`);
  for (const name of ['cacheAuthorizedRequests', 'cacheUnauthorizedRequests']) {
    expect(() => hook({ [name]: 'no' }), name).toThrow(`${name} must be a boolean: it is "no"`);
  }
  for (const name of ['type', 'kubeConfigFile']) {
    expect(() => hook({ connectionInfo: { [name]: 1 } }), name).toThrow(`${name} must be a string: it is 1`);
  }
  expect(() => hook({ connectionInfo: 'x' })).toThrow('connectionInfo must be an object');
  expect(() => hook({ matchConditions: [{ expression: true }] })).toThrow('expression must be a string: it is true');
  expect(() => hook({ matchConditions: {} })).toThrow('matchConditions must be a list');
  expect(() => read('x' as unknown as JsonObject)).toThrow('authorizers[0] must be an object');
});

test('more than can be compiled in a turn is refused', () => {
  const hooks = Array.from({ length: 65 }, (_, i) => ({ type: 'Webhook', name: `w${i}`, webhook }));
  expect(read(...hooks.slice(0, 64))).toHaveLength(64);
  expect(() => read(...hooks)).toThrow('authorizers: Too many: 65: must have at most 64 items');
  const conditions = (count: number, more = '') =>
    hook({
      matchConditionSubjectAccessReviewVersion: 'v1',
      matchConditions: Array.from({ length: count }, (_, i) => ({ expression: `request.user != 'u${i}${more}'` })),
    });
  expect(conditions(64)[0]?.webhook?.conditions).toHaveLength(64);
  expect(() => conditions(65)).toThrow('webhook.matchConditions: Too many: 65: must have at most 64 items');
  expect(() => conditions(4, 'x'.repeat(8_192))).toThrow('webhook.matchConditions: Too long');
  // The first hundred faults are enough.
  const object = { apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AuthorizationConfiguration', authorizers: [] };
  const unknown = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`unknown${i}`, 1]));
  const bytes = Buffer.from(JSON.stringify({ ...object, ...unknown }));
  expect(() => atOnce(authorizationConfiguration(bytes, 'z.yaml'))).toThrow(
    /^[^,]*(, unknown field "[a-z0-9]+"){99}\. Mend/,
  );
  const values = Buffer.from(JSON.stringify({ ...object, x: Array.from({ length: 100_000 }, () => 1) }));
  expect(() => atOnce(authorizationConfiguration(values, 'z.yaml'))).toThrow(/^z\.yaml: .*limit is \d+ /);
});
