import { afterAll, beforeAll, expect, test } from 'vitest';
import { CustomResources } from '../../extensions/custom-resources.js';
import { type Rest, startRest } from '../../rest/write/testing/harness.js';
import { strategyFor } from '../index.js';
import { withCustomResources } from './index.js';

const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const GADGETS = '/apis/example.com/v1/namespaces/default/gadgets';
const HEAD = '"apiVersion":"example.com/v1","kind":"Gadget"';
let rest: Rest;

beforeAll(async () => {
  rest = await startRest(1, (backend) => {
    const custom = new CustomResources(backend);
    return {
      strategyFor: withCustomResources(strategyFor, custom),
      findResource: (group, version, plural) => custom.find(group, version, plural)?.def,
    };
  });
  const names = { plural: 'gadgets', singular: 'gadget', kind: 'Gadget', listKind: 'GadgetList' };
  const spec = { type: 'object', properties: { a: { type: 'string' } } };
  const schema = { openAPIV3Schema: { type: 'object', properties: { spec } } };
  await rest.ok(201, 'POST', DEFINITIONS, {
    metadata: { name: 'gadgets.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names,
      versions: [{ name: 'v1', served: true, storage: true, schema }],
    },
  });
  const status = { conditions: [{ type: 'Established', status: 'True', reason: 'Established' }], acceptedNames: names };
  const merge = { contentType: 'application/merge-patch+json' };
  await rest.ok(200, 'PATCH', `${DEFINITIONS}/gadgets.example.com/status`, { status }, merge);
});
afterAll(() => rest.close());

test('all that is twice or unknown is told at once, and is a warning where it is not strict', async () => {
  const body = `{${HEAD},"metadata":{"name":"g","own":1},"spec":{"a":"x","a":"y","b":1,"b":2}}`;
  const told = [
    'duplicate field "spec.a"',
    'duplicate field "spec.b"',
    'unknown field "metadata.own"',
    'unknown field "spec.b"',
  ];
  const strict = await rest.ok(400, 'POST', `${GADGETS}?fieldValidation=Strict`, body);
  for (const one of told) expect(strict['message']).toContain(one);
  const { warnings } = await rest.call('POST', GADGETS, body);
  for (const one of told) expect(warnings).toContain(one);
  // What is unknown is not kept.
  expect(await rest.ok(200, 'GET', `${GADGETS}/g`)).toMatchObject({ spec: { a: 'y' } });
});

test('one without its kind is a bad request', async () => {
  const body = { apiVersion: 'example.com/v1', metadata: { name: 'k' }, spec: {} };
  expect(await rest.ok(400, 'POST', GADGETS, body)).toMatchObject({
    message: expect.stringContaining("Object 'Kind' is missing") as string,
  });
});

test('an update says which one it replaces', async () => {
  const body = `{${HEAD},"metadata":{"name":"u"},"spec":{"a":"x"}}`;
  await rest.ok(201, 'POST', GADGETS, body);
  const refused = await rest.ok(422, 'PUT', `${GADGETS}/u`, body);
  expect(refused['message']).toContain('metadata.resourceVersion: Invalid value: 0: must be specified for an update');
});
