import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Attributes, Decision } from '../../auth/types.js';
import { type Rest, startRest } from './testing/harness.js';

let rest: Rest;
let asked: Attributes[] = [];
const decided: Decision = { decision: 'noOpinion', reason: 'no role' };
beforeAll(async () => {
  const authorizer = {
    authorize(a: Attributes): Decision {
      asked.push(a);
      return a.user.username === 'admin' ? { decision: 'allow', reason: '' } : decided;
    },
  };
  rest = await startRest(1, { authorizer });
});
afterAll(() => rest.close());
beforeEach(() => {
  asked = [];
});

const CONFIGMAP = '/api/v1/namespaces/default/configmaps/made';
const LEASE = '/apis/coordination.k8s.io/v1/namespaces/default/leases/made';
const jane = { user: 'jane', groups: ['dev'] };
const apply = { contentType: 'application/apply-patch+yaml' };
const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'made' } };
const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'made' }, spec: {} };

test('who may apply may not therefore create', async () => {
  const refused = await rest.ok(403, 'PATCH', `${CONFIGMAP}?fieldManager=m`, configMap, { ...jane, ...apply });
  expect(refused['message']).toBe('configmaps "made" is forbidden: no role');
  expect(asked).toMatchObject([
    {
      user: { username: 'jane' },
      verb: 'create',
      group: '',
      resource: 'configmaps',
      namespace: 'default',
      name: 'made',
    },
  ]);
  await rest.ok(404, 'GET', CONFIGMAP);
  await rest.ok(201, 'PATCH', `${CONFIGMAP}?fieldManager=m`, configMap, apply);
  asked = [];
  await rest.ok(200, 'PATCH', `${CONFIGMAP}?fieldManager=m`, configMap, { ...jane, ...apply });
  expect(asked).toEqual([]);
});

test('nor may who may update', async () => {
  await rest.ok(403, 'PUT', LEASE, lease, jane);
  expect(asked).toMatchObject([{ verb: 'create', group: 'coordination.k8s.io', resource: 'leases' }]);
  await rest.ok(404, 'GET', LEASE);
  await rest.ok(201, 'PUT', LEASE, lease);
  const stored = await rest.ok(200, 'GET', LEASE);
  asked = [];
  await rest.ok(200, 'PUT', LEASE, stored, jane);
  expect(asked).toEqual([]);
});
