import { afterAll, beforeAll, expect, test } from 'vitest';
import { child } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import { type Rest, startRest } from '../../rest/write/testing/harness.js';

const API = '/apis/networking.k8s.io/v1';

let rest: Rest;
beforeAll(async () => {
  rest = await startRest();
});
afterAll(() => rest.close());

let ingresses = 0;
async function classOf(spec: JsonObject, annotations: JsonObject = {}): Promise<unknown> {
  const backend = { service: { name: 's', port: { number: 80 } } };
  const body = { metadata: { name: `i${++ingresses}`, annotations }, spec: { defaultBackend: backend, ...spec } };
  const made = await rest.ok(201, 'POST', `${API}/namespaces/default/ingresses`, body);
  return child(made, 'spec')?.['ingressClassName'];
}
const ingressClass = (name: string, isDefault: string): Promise<JsonObject> =>
  rest.ok(201, 'POST', `${API}/ingressclasses`, {
    metadata: { name, annotations: { 'ingressclass.kubernetes.io/is-default-class': isDefault } },
    spec: { controller: 'example.com/c' },
  });

test('An ingress without a class gets the default one, and only such an ingress', async () => {
  await ingressClass('plain', 'false');
  expect(await classOf({})).toBeUndefined();
  await ingressClass('usual', 'true');
  expect(await classOf({})).toBe('usual');
  expect(await classOf({ ingressClassName: 'plain' })).toBe('plain');
  expect(await classOf({}, { 'kubernetes.io/ingress.class': 'old' })).toBeUndefined();
});
