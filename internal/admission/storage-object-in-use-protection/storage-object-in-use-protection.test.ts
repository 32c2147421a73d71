import { afterAll, beforeAll, expect, test } from 'vitest';
import type { JsonObject } from '../../machinery/json.js';
import { meta, type Rest, startRest } from '../../rest/write/testing/harness.js';

let rest: Rest;
beforeAll(async () => {
  rest = await startRest();
});
afterAll(() => rest.close());

const capacity = { storage: '1Gi' };
const cases: readonly [string, string, JsonObject][] = [
  [
    '/api/v1/namespaces/default/persistentvolumeclaims',
    'kubernetes.io/pvc-protection',
    { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: capacity } } },
  ],
  [
    '/api/v1/persistentvolumes',
    'kubernetes.io/pv-protection',
    { spec: { accessModes: ['ReadWriteOnce'], capacity, hostPath: { path: '/x' } } },
  ],
  [
    '/apis/storage.k8s.io/v1/volumeattributesclasses',
    'kubernetes.io/vac-protection',
    { driverName: 'example.com', parameters: { a: 'b' } },
  ],
];

test.each(cases)('What is created at %s is kept by %s, once', async (path, finalizer, body) => {
  const made = await rest.ok(201, 'POST', path, { metadata: { name: 'a' }, ...body });
  expect(meta(made)['finalizers']).toEqual([finalizer]);
  const own = await rest.ok(201, 'POST', path, { metadata: { name: 'b', finalizers: ['a.b/c', finalizer] }, ...body });
  expect(meta(own)['finalizers']).toEqual(['a.b/c', finalizer]);
});

test('Other storage objects are not kept', async () => {
  const made = await rest.ok(201, 'POST', '/apis/storage.k8s.io/v1/storageclasses', {
    metadata: { name: 'c' },
    provisioner: 'example.com/p',
  });
  expect(meta(made)['finalizers']).toBeUndefined();
});
