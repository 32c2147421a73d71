import { afterAll, beforeAll, expect, test } from 'vitest';
import { child, children } from '../../machinery/access.js';
import type { DefaultObject } from '../../registry/default-objects/index.js';
import { createRest } from '../../rest/index.js';
import { type Rest, startRest } from '../../rest/write/testing/harness.js';
import { createInternalClient, type InternalClient } from '../internal-client.js';
import { defaultObjectsExist } from './default-objects.js';

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
