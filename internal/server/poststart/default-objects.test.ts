import { afterAll, beforeAll, expect, test } from 'vitest';
import { child, children } from '../../machinery/access.js';
import { conflict, internalError } from '../../machinery/status.js';
import type { DefaultObject } from '../../registry/default-objects/index.js';
import { createRest } from '../../rest/index.js';
import { type Rest, startRest } from '../../rest/write/testing/harness.js';
import { createInternalClient, type InternalClient } from '../internal-client.js';
import { defaultObjectsExist, ensure } from './default-objects.js';

const ROLES = '/apis/rbac.authorization.k8s.io/v1/clusterroles';
// A colon is percent-encoded in a path: most of Kubernetes' own roles have one in their names.
const NAME = 'system:controller:example';
const wanted: DefaultObject = {
  path: ROLES,
  object: {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: NAME, annotations: { 'rbac.authorization.kubernetes.io/autoupdate': 'true' } },
    rules: [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }],
  },
  fieldManager: 'kube-apiserver',
  reconcile: 'rbac',
};

let rest: Rest;
let client: InternalClient;
beforeAll(async () => {
  rest = await startRest();
  client = createInternalClient(createRest(rest.deps));
});
afterAll(() => rest.close());

test('a start that finds every default object writes nothing into the log', async () => {
  await defaultObjectsExist(client, [wanted]);
  const tried: string[] = [];
  const counting: InternalClient = {
    ...client,
    create: (path, object, manager) => {
      tried.push(path);
      return client.create(path, object, manager);
    },
  };
  await defaultObjectsExist(counting, [wanted]);
  expect(tried).toEqual([]);
});

test('a default role whose rules were taken away has them again after a start', async () => {
  const path = `${ROLES}/${encodeURIComponent(NAME)}`;
  const role = await client.get(path);
  if (role === undefined) throw new Error('the role is not there');
  await client.update(path, { ...role, rules: [] }, 'somebody');
  await defaultObjectsExist(client, [wanted]);
  const healed = await client.get(path);
  expect(children(healed, 'rules')).toEqual(wanted.object['rules']);
  expect(child(healed, 'metadata')?.['name']).toBe(NAME);
});

/** The server's own client, and what was asked of it in order. */
function noting(more: Partial<InternalClient> = {}) {
  const asked: string[] = [];
  const target: InternalClient = { ...client, ...more };
  const noted: InternalClient = {
    ...client,
    get: (path) => {
      asked.push(`get ${path}`);
      return target.get(path);
    },
    create: (path, object, manager) => {
      asked.push(`create ${path} ${manager}`);
      return target.create(path, object, manager);
    },
    update: (path, object, manager) => {
      asked.push(`update ${path} ${manager}`);
      return target.update(path, object, manager);
    },
    apply: (path, object, manager) => {
      asked.push(`apply ${path} ${manager} ${JSON.stringify(object)}`);
      return target.apply(path, object, manager);
    },
  };
  return { noted, asked };
}
const named = (path: string, kind: string, name: string, more: Partial<DefaultObject> = {}): DefaultObject => ({
  path,
  object: { apiVersion: 'v1', kind, metadata: { name } },
  fieldManager: 'm',
  reconcile: 'ifMissing',
  ...more,
});

test('namespaces come first and services last, whatever their order', async () => {
  const { noted, asked } = noting({ create: (_path, object) => Promise.resolve(object) });
  const objects = [
    named('/api/v1/namespaces/new/services', 'Service', 's'),
    named('/api/v1/namespaces/new/configmaps', 'ConfigMap', 'c'),
    named('/api/v1/namespaces', 'Namespace', 'new'),
    named('/api/v1/namespaces/new/configmaps', 'ConfigMap', 'd'),
  ];
  await defaultObjectsExist(noted, objects);
  expect(asked.filter((what) => what.startsWith('create'))).toEqual([
    'create /api/v1/namespaces m',
    'create /api/v1/namespaces/new/configmaps m',
    'create /api/v1/namespaces/new/configmaps m',
    'create /api/v1/namespaces/new/services m',
  ]);
});

test('an object is made with its status, and one that another replica made first is looked at', async () => {
  const path = '/api/v1/namespaces';
  const status = { value: { phase: 'Active' }, fieldManager: 's' };
  const made = noting({ apply: (_path, object) => Promise.resolve(object) });
  await ensure(made.noted, named(path, 'Namespace', 'a', { status }));
  expect(made.asked).toEqual([
    `get ${path}/a`,
    `create ${path} m`,
    `apply ${path}/a/status s {"apiVersion":"v1","kind":"Namespace","metadata":{"name":"a"},"status":{"phase":"Active"}}`,
  ]);
  const raced = noting({
    create: async (...args) => {
      await client.create(...args);
      return undefined;
    },
  });
  await ensure(raced.noted, named(path, 'Namespace', 'b', { status }));
  expect(raced.asked).toEqual([`get ${path}/b`, `create ${path} m`, `get ${path}/b`]);
});

test('an update that loses against a client is tried three times; any other failure is one', async () => {
  const path = `${ROLES}/${encodeURIComponent(NAME)}`;
  const role = await client.get(path);
  await client.update(path, { ...role, rules: [] }, 'somebody');
  const tries = (error: Error) => noting({ update: () => Promise.reject(error) });
  const lost = tries(conflict({ group: '', resource: 'clusterroles' }, NAME, 'changed'));
  await ensure(lost.noted, wanted);
  expect(lost.asked).toEqual(
    Array(3)
      .fill([`get ${path}`, `update ${path} kube-apiserver`])
      .flat(),
  );
  const failed = tries(internalError('no'));
  await expect(ensure(failed.noted, wanted)).rejects.toMatchObject({ code: 500 });
  expect(failed.asked).toHaveLength(2);
  await expect(ensure(tries(new Error('no')).noted, wanted)).rejects.toThrow('no');
  const good = noting();
  await ensure(good.noted, wanted);
  expect(good.asked).toEqual([`get ${path}`, `update ${path} kube-apiserver`]);
});
