import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Attributes, Authorizer } from '../../auth/types.js';
import type { JsonObject } from '../../machinery/json.js';
import { type Rest, startRest } from '../../rest/write/testing/harness.js';
import { admissionChain } from '../plugins.js';
import { attributesOf, contextOf } from '../testing/attributes.js';
import { NAMESPACE } from '../testing/with-plugin.js';
import { ownerReferencesPermissionEnforcement } from './index.js';

const asked: string[] = [];
let allowed: (what: string) => boolean = () => true;
const authorizer: Authorizer = {
  authorize({ verb, group, resource, subresource, namespace, name }: Attributes) {
    const what = `${verb} ${group}/${resource}/${subresource} ${namespace}/${name}`;
    asked.push(what);
    return allowed(what) ? { decision: 'allow', reason: '' } : { decision: 'noOpinion', reason: 'no' };
  },
};

let rest: Rest;
beforeAll(async () => {
  const admission = admissionChain({ enable: ['OwnerReferencesPermissionEnforcement'] });
  rest = await startRest(1, { authorizer, admission });
});
afterAll(() => rest.close());

const owner = (more: JsonObject = {}): JsonObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  name: 'd',
  uid: 'one',
  ...more,
});
const cm = (name: string, ...ownerReferences: JsonObject[]): JsonObject => ({ metadata: { name, ownerReferences } });

test('Whoever creates may name owners; to hold up their deletion he must be allowed to set their finalizers', async () => {
  allowed = (what) => !what.includes('finalizers');
  await rest.ok(201, 'POST', `${NAMESPACE}/configmaps`, cm('a', owner()));
  asked.length = 0;
  const refused = await rest.ok(403, 'POST', `${NAMESPACE}/configmaps`, cm('b', owner({ blockOwnerDeletion: true })));
  expect(refused['message']).toBe(
    `configmaps "b" is forbidden: cannot set blockOwnerDeletion if an ownerReference refers to a resource you can't set finalizers on: no, <nil>`,
  );
  expect(asked).toEqual(['update */*/finalizers /*', 'update apps/deployments/finalizers default/d']);
  const unknown = owner({ blockOwnerDeletion: true, kind: 'Nothing' });
  expect((await rest.ok(403, 'POST', `${NAMESPACE}/configmaps`, cm('b', unknown)))['message']).toContain(
    'cannot set blockOwnerDeletion in this case because cannot find RESTMapping for APIVersion apps/v1 Kind Nothing: ',
  );
});

test('Whoever changes the owners of an object must be allowed to delete it', async () => {
  allowed = () => true;
  await rest.ok(201, 'POST', `${NAMESPACE}/configmaps`, cm('c', owner()));
  allowed = (what) => !what.startsWith('delete');
  const refused = await rest.ok(403, 'PUT', `${NAMESPACE}/configmaps/c`, cm('c', owner({ uid: 'two' })));
  expect(refused['message']).toBe(
    `configmaps "c" is forbidden: cannot set an ownerRef on a resource you can't delete: no, <nil>`,
  );
  await rest.ok(200, 'PUT', `${NAMESPACE}/configmaps/c`, { ...cm('c', owner()), data: { a: 'b' } });
});

test('An owner that blocked before may block on; one that begins to needs the right', async () => {
  allowed = () => true;
  await rest.ok(
    201,
    'POST',
    `${NAMESPACE}/configmaps`,
    cm('d', owner({ blockOwnerDeletion: true }), owner({ uid: 'two' })),
  );
  allowed = (what) => !what.includes('finalizers');
  const again = cm('d', owner({ blockOwnerDeletion: true }));
  await rest.ok(200, 'PUT', `${NAMESPACE}/configmaps/d`, again);
  const both = cm('d', owner({ blockOwnerDeletion: true }), owner({ uid: 'two', blockOwnerDeletion: true }));
  await rest.ok(403, 'PUT', `${NAMESPACE}/configmaps/d`, both);
});

test('An owner that is in no namespace is asked about in none; who may finalize anything is asked no more', async () => {
  const node = owner({ apiVersion: 'v1', kind: 'Node', name: 'n', blockOwnerDeletion: true });
  allowed = (what) => what !== 'update */*/finalizers /*';
  asked.length = 0;
  await rest.ok(201, 'POST', `${NAMESPACE}/configmaps`, cm('e', node));
  expect(asked).toEqual(['update */*/finalizers /*', 'update /nodes/finalizers /n']);
  allowed = () => true;
  asked.length = 0;
  await rest.ok(201, 'POST', `${NAMESPACE}/configmaps`, cm('f', node));
  expect(asked).toEqual(['update */*/finalizers /*']);
});

test.each([
  ['v1', 'in version "v1"'],
  ['example.com/v1', 'in version "example.com/v1"'],
])('A kind that is not served is told with its version: %s', async (apiVersion, where) => {
  allowed = (what) => !what.includes('*');
  const of = cm('g', owner({ apiVersion, kind: 'Nothing', blockOwnerDeletion: true }));
  expect((await rest.ok(403, 'POST', `${NAMESPACE}/configmaps`, of))['message']).toBe(
    `configmaps "g" is forbidden: cannot set blockOwnerDeletion in this case because cannot find RESTMapping for APIVersion ${apiVersion} Kind Nothing: no matches for kind "Nothing" ${where}`,
  );
});

test('Owners that come with the status of a pod are not looked at, those of other statuses are', async () => {
  allowed = () => true;
  const spec = { containers: [{ name: 'c', image: 'i' }] };
  await rest.ok(201, 'POST', `${NAMESPACE}/pods`, { metadata: { name: 'p' }, spec });
  await rest.ok(201, 'POST', `${NAMESPACE}/services`, {
    metadata: { name: 's' },
    spec: { ports: [{ port: 80 }], clusterIP: 'None' },
  });
  allowed = (what) => !what.startsWith('delete');
  const merge = { contentType: 'application/merge-patch+json' };
  const owned = { metadata: { ownerReferences: [owner()] } };
  await rest.ok(200, 'PATCH', `${NAMESPACE}/pods/p/status`, owned, merge);
  await rest.ok(403, 'PATCH', `${NAMESPACE}/pods/p`, owned, merge);
  asked.length = 0;
  await rest.call('PATCH', `${NAMESPACE}/services/s`, owned, merge);
  expect(asked).toEqual(['delete /services/ default/s']);
});

test('Owners that come with another status than that of a pod are looked at', async () => {
  const of = (resource: string, subresource: string) =>
    attributesOf(resource, { operation: 'UPDATE', subresource, object: cm('x', owner()), oldObject: cm('x') });
  const ctx = contextOf(undefined, { authorizer: { authorize: () => ({ decision: 'deny', reason: 'no' }) } });
  const validate = async (resource: string, subresource: string): Promise<void> =>
    ownerReferencesPermissionEnforcement.validate?.(ctx, of(resource, subresource));
  await expect(validate('pods', 'status')).resolves.toBeUndefined();
  await expect(validate('pods', '')).rejects.toThrow("you can't delete: no, <nil>");
  await expect(validate('services', 'status')).rejects.toThrow("you can't delete: no, <nil>");
  await expect(validate('services', '')).rejects.toThrow("you can't delete: no, <nil>");
});
