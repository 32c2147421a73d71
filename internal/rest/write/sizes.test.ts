import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../machinery/json.js';
import { type Rest, startRest } from './testing/harness.js';

let rest: Rest;
beforeAll(async () => {
  rest = await startRest();
});
afterAll(() => rest.close());

const SECRETS = '/api/v1/namespaces/default/secrets';
const TEMPLATES = '/api/v1/namespaces/default/podtemplates';
const ROLES = '/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles';
const MERGE = { contentType: 'application/merge-patch+json' };
const TOO_LARGE = { status: 'Failure', message: 'etcdserver: request is too large', code: 500 };
const template = (name: string, bytes: number): JsonObject => ({
  apiVersion: 'v1',
  kind: 'PodTemplate',
  metadata: { name },
  template: {
    spec: {
      containers: [
        {
          name: 'c',
          image: 'i',
          env: ['A', 'B'].map((variable) => ({ name: variable, value: 'x'.repeat(bytes / 2) })),
        },
      ],
    },
  },
});
const role = (name: string): JsonObject => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'Role',
  metadata: { name },
  rules: [],
});

describe('An object that etcd would refuse', () => {
  it('is refused as kube-apiserver does, when it is created', async () => {
    expect(await rest.ok(500, 'POST', TEMPLATES, template('huge', 1_600_000))).toMatchObject(TOO_LARGE);
    await rest.ok(404, 'GET', `${TEMPLATES}/huge`);
    await rest.ok(201, 'POST', TEMPLATES, template('large', 1_500_000));
  });
  it('is refused when patches make it so, and stays as it was', async () => {
    const half = 'A'.repeat(900_000);
    await rest.ok(201, 'POST', SECRETS, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'grown' }, data: {} });
    await rest.ok(200, 'PATCH', `${SECRETS}/grown`, { data: { a: half } }, MERGE);
    // A secret has a bound of its own, below etcd's.
    await rest.ok(422, 'PATCH', `${SECRETS}/grown`, { data: { b: half } }, MERGE);
    expect(Object.keys((await rest.ok(200, 'GET', `${SECRETS}/grown`))['data'] as JsonObject)).toEqual(['a']);
  });
});

describe('A body of more members than there may be', () => {
  it('is 413, and patches cannot get around it', async () => {
    const keys = (prefix: string, n: number): JsonObject =>
      Object.fromEntries(Array.from({ length: n }, (_, i) => [`${prefix}${i}`, 'v']));
    const map = (name: string, data: JsonObject): JsonObject => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name },
      data,
    });
    const maps = '/api/v1/namespaces/default/configmaps';
    expect(await rest.ok(413, 'POST', maps, map('wide', keys('k', 17_000)))).toMatchObject({
      reason: 'RequestEntityTooLarge',
      message: 'Request entity too large: limit is 16384 fields of one object',
    });
    await rest.ok(201, 'POST', maps, map('wide', keys('k', 9000)));
    await rest.ok(413, 'PATCH', `${maps}/wide`, { data: keys('m', 9000) }, MERGE);
    expect(Object.keys((await rest.ok(200, 'GET', `${maps}/wide`))['data'] as JsonObject)).toHaveLength(9000);
  });
});

describe('A name that is longer than any key', () => {
  it('is 422 for the kinds whose names have no other bound, and 404 where it is looked for', async () => {
    const long = 'r'.repeat(1_401);
    expect(await rest.ok(422, 'POST', ROLES, role(long))).toMatchObject({
      reason: 'Invalid',
      details: { causes: [{ field: 'metadata.name', message: 'Too long: may not be more than 1400 bytes' }] },
    });
    await rest.ok(404, 'GET', `${ROLES}/${'r'.repeat(5_000)}`);
    await rest.ok(201, 'POST', ROLES, role('r'.repeat(1_400)));
    await rest.ok(200, 'GET', `${ROLES}/${'r'.repeat(1_400)}`);
  });
  it('is counted in bytes; NUL is in none', async () => {
    await rest.ok(422, 'POST', ROLES, role('é'.repeat(701)));
    await rest.ok(422, 'POST', ROLES, role('a\u0000b'));
  });
});
