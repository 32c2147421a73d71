import { afterAll, beforeAll, expect, test } from 'vitest';
import { child } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import { type Rest, startRest } from '../../rest/write/testing/harness.js';

const CLASSES = '/apis/storage.k8s.io/v1/storageclasses';

let rest: Rest;
beforeAll(async () => {
  rest = await startRest();
});
afterAll(() => rest.close());

let claims = 0;
async function classOf(spec: JsonObject, annotations: JsonObject = {}): Promise<unknown> {
  const body = {
    metadata: { name: `c${++claims}`, annotations },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec },
  };
  const made = await rest.ok(201, 'POST', '/api/v1/namespaces/default/persistentvolumeclaims', body);
  return child(made, 'spec')?.['storageClassName'];
}
const storageClass = (name: string, annotations: JsonObject = {}): Promise<JsonObject> =>
  rest.ok(201, 'POST', CLASSES, { metadata: { name, annotations }, provisioner: 'example.com/p' });

test('A claim without a class gets the default one, and only such a claim', async () => {
  await storageClass('plain');
  await storageClass('not', { 'storageclass.kubernetes.io/is-default-class': 'false' });
  expect(await classOf({})).toBeUndefined();
  await storageClass('usual', { 'storageclass.kubernetes.io/is-default-class': 'true' });
  expect(await classOf({})).toBe('usual');
  expect(await classOf({ storageClassName: 'plain' })).toBe('plain');
  // The empty class is a wish: no class.
  expect(await classOf({ storageClassName: '' })).toBe('');
  expect(await classOf({}, { 'volume.beta.kubernetes.io/storage-class': 'plain' })).toBeUndefined();
});

test('Of several defaults of one age the first by name counts; the old annotation does too', async () => {
  await storageClass('early', { 'storageclass.beta.kubernetes.io/is-default-class': 'true' });
  await rest.ok(200, 'DELETE', `${CLASSES}/usual`);
  expect(await classOf({})).toBe('early');
});
