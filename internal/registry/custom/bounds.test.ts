import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CustomResources } from '../../extensions/custom-resources.js';
import type { JsonObject } from '../../machinery/json.js';
import { objectKey } from '../../store/keys.js';
import type { Rest } from '../../rest/write/testing/harness.js';
import { startRest } from '../../rest/write/testing/harness.js';
import { strategyFor } from '../index.js';
import { withCustomResources } from './index.js';

const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
let rest: Rest;
let custom: CustomResources;

beforeAll(async () => {
  rest = await startRest(1, (backend) => {
    custom = new CustomResources(backend);
    return {
      strategyFor: withCustomResources(strategyFor, custom),
      findResource: (group, version, plural) => custom.find(group, version, plural)?.def,
    };
  });
});
afterAll(() => rest.close());

const definition = (plural: string, spec: JsonObject): JsonObject => {
  const names = { plural, singular: plural, kind: 'Thing', listKind: 'ThingList' };
  const openAPIV3Schema = { type: 'object', properties: { spec } };
  return {
    metadata: { name: `${plural}.example.com` },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names,
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema } }],
    },
  };
};
async function define(plural: string, spec: JsonObject): Promise<void> {
  const crd = definition(plural, spec);
  await rest.ok(201, 'POST', DEFINITIONS, crd);
  const conditions = [{ type: 'Established', status: 'True', reason: 'Established' }];
  const status = { status: { conditions, acceptedNames: (crd['spec'] as JsonObject)['names'] as JsonObject } };
  const merge = { contentType: 'application/merge-patch+json' };
  await rest.ok(200, 'PATCH', `${DEFINITIONS}/${plural}.example.com/status`, status, merge);
}
const create = (plural: string, spec: JsonObject | unknown[]): ReturnType<Rest['call']> =>
  rest.call('POST', `/apis/example.com/v1/namespaces/default/${plural}`, {
    apiVersion: 'example.com/v1',
    kind: 'Thing',
    metadata: { generateName: 't-' },
    spec: spec as JsonObject,
  });
/** Milliseconds of the processor that `work` took. */
async function cpu(work: () => unknown): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

describe('rules', () => {
  const list = (rule: string, more: JsonObject = {}): JsonObject => ({
    type: 'array',
    items: { type: 'integer' },
    ...more,
    'x-kubernetes-validations': [{ rule }],
  });
  test('loops within loops are refused by what they might cost, before there is an object', async () => {
    const crd = definition(
      'nested',
      list('self.all(a, self.all(b, self.all(c, a + b + c >= 0)))', { maxItems: 100_000 }),
    );
    const refused = await rest.call('POST', DEFINITIONS, crd);
    expect(refused.status).toBe(422);
    expect(refused.body['message']).toContain('estimated rule cost exceeds budget by factor of more than 100x');
  });

  test('a rule that costs too much for an object refuses the object', async () => {
    await define('loops', {
      type: 'object',
      properties: { n: list('self.all(a, self.exists(b, b == -1) || a >= 0)', { maxItems: 1_000 }) },
    });
    const n = Array.from({ length: 1_000 }, (_, i) => i);
    const refused = await create('loops', { n });
    expect(refused.status).toBe(422);
    expect(refused.body['message']).toContain('actual cost limit exceeded');
  });

  test('a pattern that other engines take for ever to match is matched in no time', async () => {
    await define('patterns', { type: 'object', properties: { s: { type: 'string', pattern: '^(a+)+$' } } });
    const spent = await cpu(async () => {
      expect((await create('patterns', { s: `${'a'.repeat(50_000)}!` })).status).toBe(422);
    });
    expect(spent).toBeLessThan(5_000);
  });
});

test('a schema of 2,000 properties is taken, and its objects are pruned, defaulted and checked', async () => {
  const properties = Object.fromEntries(
    Array.from({ length: 2_000 }, (_, i) => [`p${i}`, { type: 'integer', default: i, maximum: 5_000 }]),
  );
  await define('wide', { type: 'object', properties });
  const made = await create('wide', { p1: 7, unknown: true });
  expect(made.status).toBe(201);
  const spec = made.body['spec'] as JsonObject;
  expect([Object.keys(spec).length, spec['p1'], spec['p1999'], spec['unknown']]).toEqual([2_000, 7, 1_999, undefined]);
  expect((await create('wide', { p3: 9_000 })).status).toBe(422);
});

test('1,000 definitions are read within 3 s, and take less than 100 KB each', async () => {
  const spec: JsonObject = {
    type: 'object',
    properties: Object.fromEntries(
      Array.from({ length: 30 }, (_, i) => [
        `p${i}`,
        { type: 'string', description: `What is wanted of number ${i}`, maxLength: 100 },
      ]),
    ),
  };
  await define('many', spec);
  const { backend } = rest.deps;
  const stored = await rest.ok(200, 'GET', `${DEFINITIONS}/many.example.com`);
  for (let from = 0; from < 1_000; from += 100) {
    const ops = Array.from({ length: 100 }, (_, i) => {
      const plural = `many${from + i}`;
      const object = JSON.parse(JSON.stringify(stored).replaceAll('many', plural)) as JsonObject;
      (object['metadata'] as JsonObject)['resourceVersion'] = '';
      const value = Buffer.from(JSON.stringify(object));
      const key = objectKey('apiextensions.k8s.io', 'customresourcedefinitions', '', `${plural}.example.com`);
      return {
        type: 'put' as const,
        key,
        value,
        revisionAt: value.indexOf('"resourceVersion":"') + '"resourceVersion":"'.length,
      };
    });
    await backend.txn({ compares: [], ops });
  }
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const heap = (): number => {
    collect();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  const before = heap();
  const fresh = new CustomResources(backend);
  const lookup = withCustomResources(strategyFor, fresh);
  const spent = await cpu(() => {
    fresh.refresh();
    fresh.served.groups();
    for (let i = 0; i < 1_000; i++) lookup('example.com', `many${i}`, 'v1');
  });
  const bytes = heap() - before;
  expect(fresh.find('example.com', 'v1', 'many999')).toBeDefined();
  expect(spent).toBeLessThan(3_000);
  expect(bytes / 1_000).toBeLessThan(100_000);
});
