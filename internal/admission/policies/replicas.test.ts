import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Rest, startRest } from '../../rest/write/testing/harness.js';
import { bindingOf, configMaps, MUTATING, POLICIES, VALIDATING } from './testing/policies.js';

const CM = '/api/v1/namespaces/default/configmaps';

let rest: Rest;
beforeAll(async () => {
  rest = await startRest(3);
});
afterAll(() => rest.close());

test('A policy holds for the next request on every other replica, and so do its parameters and its end', async () => {
  for (let i = 0; i < 6; i++) {
    const name = `p${i}`;
    const [a, b, c] = [rest.on(i % 3), rest.on((i + 1) % 3), rest.on((i + 2) % 3)];
    const object = (n: number) => ({ metadata: { name: `${name}-${n}`, labels: { policy: name } }, data: { n: '5' } });
    await a.ok(201, 'POST', CM, { metadata: { name: `limit-${i}` }, data: { most: '9' } });
    await a.ok(201, 'POST', `${POLICIES}/${VALIDATING}policies`, {
      metadata: { name },
      spec: {
        matchConstraints: configMaps(name),
        paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
        validations: [{ expression: 'int(object.data.n) < int(params.data.most)' }],
      },
    });
    const paramRef = { name: `limit-${i}`, namespace: 'default', parameterNotFoundAction: 'Deny' };
    await a.ok(201, 'POST', `${POLICIES}/${VALIDATING}policybindings`, {
      metadata: { name },
      spec: { ...bindingOf(name), validationActions: ['Deny'], paramRef },
    });
    await b.ok(201, 'POST', CM, object(1));
    await a.ok(200, 'PUT', `${CM}/limit-${i}`, { metadata: { name: `limit-${i}` }, data: { most: '4' } });
    await b.ok(422, 'POST', CM, object(2));
    await c.ok(422, 'PATCH', `${CM}/${name}-1`, { data: { m: '1' } }, { contentType: 'application/merge-patch+json' });
    await b.ok(200, 'DELETE', `${POLICIES}/${VALIDATING}policybindings/${name}`);
    await c.ok(201, 'POST', CM, object(3));
  }
});

test('A mutating policy changes the next object on every other replica, dry runs too', async () => {
  for (let i = 0; i < 6; i++) {
    const name = `m${i}`;
    const [a, b, c] = [rest.on(i % 3), rest.on((i + 1) % 3), rest.on((i + 2) % 3)];
    await a.ok(201, 'POST', `${POLICIES}/${MUTATING}policies`, {
      metadata: { name },
      spec: {
        matchConstraints: configMaps(name),
        reinvocationPolicy: 'Never',
        mutations: [
          { patchType: 'ApplyConfiguration', applyConfiguration: { expression: "Object{data: {'made': 'yes'}}" } },
        ],
      },
    });
    await a.ok(201, 'POST', `${POLICIES}/${MUTATING}policybindings`, { metadata: { name }, spec: bindingOf(name) });
    const object = { metadata: { name, labels: { policy: name } } };
    expect(await b.ok(201, 'POST', `${CM}?dryRun=All`, object)).toMatchObject({ data: { made: 'yes' } });
    expect(await c.ok(201, 'POST', CM, object)).toMatchObject({ data: { made: 'yes' } });
  }
});
