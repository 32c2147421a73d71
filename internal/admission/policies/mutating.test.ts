import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../machinery/json.js';
import { type Rest, startRest } from '../../rest/write/testing/harness.js';
import { Spy } from '../testing/spy.js';
import { policyMetrics } from './metrics.js';
import { bindingOf, configMaps, MUTATING, POLICIES } from './testing/policies.js';

const CHECKS = 'apiserver_mutating_admission_policy_check_total';
const CM = '/api/v1/namespaces/default/configmaps';

/** Behind the policies. */
const spy = new Spy();
let rest: Rest;
beforeAll(async () => {
  rest = await startRest(1, { admission: spy.chain });
});
afterAll(() => rest.close());

let made = 0;
const apply = (expression: string): JsonObject => ({
  patchType: 'ApplyConfiguration',
  applyConfiguration: { expression },
});
const patch = (expression: string): JsonObject => ({ patchType: 'JSONPatch', jsonPatch: { expression } });

/** Makes a policy with a binding; answers its name, which is the label of what it is about. */
async function policy(mutations: readonly JsonObject[], spec: JsonObject = {}, label?: string): Promise<string> {
  const name = `m${++made}`;
  await rest.ok(201, 'POST', `${POLICIES}/${MUTATING}policies`, {
    metadata: { name },
    spec: {
      matchConstraints: configMaps(label ?? name),
      reinvocationPolicy: 'Never',
      mutations: [...mutations],
      ...spec,
    },
  });
  await rest.ok(201, 'POST', `${POLICIES}/${MUTATING}policybindings`, { metadata: { name }, spec: bindingOf(name) });
  return name;
}
let objects = 0;
const create = (label: string, more: JsonObject = {}): ReturnType<Rest['call']> =>
  rest.call('POST', CM, {
    metadata: { name: `o${++objects}`, labels: { policy: label } },
    data: { a: '1' },
    ...more,
  });
const dataOf = async (label: string): Promise<unknown> => (await create(label)).body['data'];
const why = async (label: string): Promise<string> => {
  const { status, body } = await create(label);
  expect(status).toBe(403);
  expect(body['reason']).toBe('Invalid');
  const { message } = body;
  return typeof message === 'string' ? message.replace(/^.* denied request: /s, '') : '';
};

describe('an apply configuration', () => {
  it('is merged into the object field by field, and nobody owns what it sets', async () => {
    const p = await policy([apply("Object{data: {'b': object.data.a + '!', 'op': request.operation}}")]);
    const { body } = await create(p);
    expect(body['data']).toEqual({ a: '1', b: '1!', op: 'CREATE' });
    expect(JSON.stringify(body['metadata'])).not.toContain('f:op');
  });
  it('merges lists by their keys, and gets the defaults of what it adds', async () => {
    const containers =
      "Object.spec{template: Object.spec.template{spec: Object.spec.template.spec{containers: [Object.spec.template.spec.containers{name: 'b', image: 'side'}]}}}";
    const label = await policy([apply(`Object{spec: ${containers}}`)], {
      matchConstraints: {
        resourceRules: [
          { apiGroups: ['apps'], apiVersions: ['v1'], resources: ['deployments'], operations: ['CREATE'] },
        ],
      },
    });
    const { body } = await rest.call('POST', '/apis/apps/v1/namespaces/default/deployments', {
      metadata: { name: 'd' },
      spec: {
        selector: { matchLabels: { app: 'd' } },
        template: { metadata: { labels: { app: 'd' } }, spec: { containers: [{ name: 'a', image: 'main' }] } },
      },
    });
    expect(body).toMatchObject({
      spec: {
        template: { spec: { containers: [{ name: 'a' }, { name: 'b', image: 'side', imagePullPolicy: 'Always' }] } },
      },
    });
    await rest.ok(200, 'DELETE', `${POLICIES}/${MUTATING}policybindings/${label}`);
  });
  it('is refused where it does not fit the type, in structured-merge-diff’s words', async () => {
    expect(await why(await policy([apply("Object{data: {'a': 5}}")]))).toBe(
      'error applying patch: failed to convert patch object to typed object: .data.a: expected string, got &value.valueUnstructured{Value:5}',
    );
    expect(await why(await policy([apply('Object{nonsense: 1}')]))).toBe(
      'error applying patch: failed to convert patch object to typed object: .nonsense: field not declared in schema',
    );
    expect(await why(await policy([apply('Object{metadata: Object.wrong{}}')]))).toBe(
      'type mismatch: unexpected type name "Object.wrong", expected "Object.metadata", which matches field name path from root Object type',
    );
  });
  it('may not touch what is only set as a whole', async () => {
    const owner = "Object.metadata.ownerReferences{apiVersion: 'v1', kind: 'ConfigMap', name: 'o', uid: 'u'}";
    const p = await policy([apply(`Object{metadata: Object.metadata{ownerReferences: [${owner}]}}`)]);
    expect(await why(p)).toBe(
      'error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: .metadata.ownerReferences[0]',
    );
  });
});

describe('a JSON patch', () => {
  it('is applied; one whose test fails changes nothing', async () => {
    const add = "JSONPatch{op: 'add', path: '/data/' + jsonpatch.escapeKey('b'), value: 'new'}";
    expect(await dataOf(await policy([patch(`[${add}]`)]))).toEqual({ a: '1', b: 'new' });
    const test = (value: string): string => `JSONPatch{op: 'test', path: '/data/a', value: '${value}'}`;
    expect(await dataOf(await policy([patch(`[${test('1')}, ${add}]`)]))).toEqual({ a: '1', b: 'new' });
    expect(await dataOf(await policy([patch(`[${add}, ${test('2')}]`)]))).toEqual({ a: '1' });
  });
  it('that does not apply refuses the write, or is ignored', async () => {
    const removes = patch("[JSONPatch{op: 'remove', path: '/data/none'}]");
    expect(await why(await policy([removes]))).toBe(
      "JSON Patch: error in remove for path: '/data/none': Unable to remove nonexistent key: none: missing value",
    );
    expect(await dataOf(await policy([removes], { failurePolicy: 'Ignore' }))).toEqual({ a: '1' });
  });
  it('that makes what is no object of the kind is an error of the server', async () => {
    const p = await policy([patch("[JSONPatch{op: 'add', path: '/data/n', value: 5}]")]);
    const { status, body } = await create(p);
    expect(status).toBe(500);
    expect(body['message']).toBe(
      'Internal error occurred: json: cannot unmarshal number into Go struct field ConfigMap.data of type string',
    );
  });
});

describe('policies that mutate', () => {
  it('run in order, each mutation sees what the one before made', async () => {
    const p = await policy([
      apply("Object{data: {'first': 'yes'}}"),
      patch("[JSONPatch{op: 'add', path: '/data/second', value: object.data.first}]"),
    ]);
    expect(await dataOf(p)).toEqual({ a: '1', first: 'yes', second: 'yes' });
  });
  it('run once more when others changed the object, if they allow it', async () => {
    const label = 'reinvoked';
    const again = { reinvocationPolicy: 'IfNeeded' };
    await policy([apply("Object{data: {'sawB': string('setByB' in object.data)}}")], again, label);
    await policy([apply("Object{data: {'setByB': 'yes'}}")], {}, label);
    expect(await dataOf(label)).toEqual({ a: '1', sawB: 'true', setByB: 'yes' });
    const once = 'not-reinvoked';
    await policy([apply("Object{data: {'sawB': string('setByB' in object.data)}}")], {}, once);
    await policy([apply("Object{data: {'setByB': 'yes'}}")], {}, once);
    expect(await dataOf(once)).toEqual({ a: '1', sawB: 'false', setByB: 'yes' });
  });
  it('that failed and were ignored are tried once more only if others changed the object', async () => {
    const again = { reinvocationPolicy: 'IfNeeded', failurePolicy: 'Ignore' };
    const p = await policy([patch("[JSONPatch{op: 'remove', path: '/data/late'}]")], again);
    const tried = async (): Promise<Record<string, number>> => {
      const metric = policyMetrics.find((one) => 'name' in one && one.name === CHECKS);
      const { values } = (await metric?.get()) ?? { values: [] };
      const own = values.filter(({ labels }) => labels['policy'] === p);
      return Object.fromEntries(own.map(({ labels, value }) => [String(labels['error_type']), value]));
    };
    spy.onAdmit = ({ reinvocation }) => reinvocation.request();
    expect(await dataOf(p)).toEqual({ a: '1' });
    expect(await tried()).toEqual({ invalid_error: 1 });
    spy.onAdmit = ({ reinvocation }, a) => {
      if (reinvocation.isReinvocation) return;
      if (a.object !== undefined) a.object['data'] = { late: 'x', b: '2' };
      reinvocation.request();
    };
    expect(await dataOf(p)).toEqual({ b: '2' });
    expect(await tried()).toEqual({ invalid_error: 2, no_error: 1 });
    spy.reset();
  });
  it('read what goes to a subresource as what it is', async () => {
    const resourceRules = [
      { apiGroups: [''], apiVersions: ['v1'], resources: ['pods/binding'], operations: ['CREATE'] },
    ];
    await policy([patch("[JSONPatch{op: 'replace', path: '/target/name', value: 'other'}]")], {
      matchConstraints: { resourceRules },
    });
    const pods = '/api/v1/namespaces/default/pods';
    const spec = { containers: [{ name: 'c', image: 'i' }] };
    await rest.ok(201, 'POST', pods, { metadata: { name: 'bound' }, spec });
    const target = { kind: 'Node', name: 'asked' };
    await rest.ok(201, 'POST', `${pods}/bound/binding`, { metadata: { name: 'bound' }, target });
    expect(await rest.ok(200, 'GET', `${pods}/bound`)).toMatchObject({ spec: { nodeName: 'other' } });
  });
  it('are not asked where a match condition is false', async () => {
    const matchConditions = [{ name: 'c', expression: "object.data.a == '2'" }];
    const p = await policy([apply("Object{data: {'b': 'x'}}")], { matchConditions });
    expect(await dataOf(p)).toEqual({ a: '1' });
    expect((await create(p, { data: { a: '2' } })).body['data']).toEqual({ a: '2', b: 'x' });
  });
  it('come before validation and before the registry compares', async () => {
    const p = await policy([patch("[JSONPatch{op: 'replace', path: '/metadata/name', value: 'renamed'}]")]);
    expect((await create(p)).body).toMatchObject({ metadata: { name: 'renamed' } });
    expect((await create(p)).body).toMatchObject({ reason: 'AlreadyExists' });
  });
});

describe('what a policy that mutates cannot do', () => {
  it.each<[string, JsonObject, string]>([
    ['name a map by numbers', apply('Object{data: {1: "a"}}'), 'map key 1 is not a string'],
    [
      'put objects of the wrong place into a list',
      apply('Object{metadata: Object.metadata{ownerReferences: [Object.wrong{}]}}'),
      'unexpected type name "Object.wrong", expected "Object.metadata.ownerReferences"',
    ],
    [
      'put them into a map',
      apply("Object{data: {'a': Object.wrong{}}}"),
      'unexpected type name "Object.wrong", expected "Object.data"',
    ],
    [
      'put them into a patch',
      patch("[JSONPatch{op: 'add', path: '/data', value: Object.wrong{a: Object.other{}}}]"),
      'unexpected type name "Object.other", expected "Object.wrong.a"',
    ],
    [
      'set a field to null',
      apply("Object{data: {'a': null}}"),
      '.data.a: expected string, got &value.valueUnstructured{Value:0}',
    ],
    [
      'fail in a match condition',
      apply('Object{}'),
      "expression 'object.nope == 1' resulted in error: no such key: nope",
    ],
  ])('%s', async (what, mutation, message) => {
    const conditions = { matchConditions: [{ name: 'c', expression: 'object.nope == 1' }] };
    const p = await policy([mutation], what.includes('condition') ? conditions : {});
    const { status, body } = await create(p);
    expect([status, body['message']]).toEqual([expect.any(Number), expect.stringContaining(message)]);
    expect(status).toBeGreaterThanOrEqual(400);
    await rest.ok(200, 'DELETE', `${POLICIES}/${MUTATING}policybindings/${p}`);
  });

  it('is told with every problem as a cause, the first as the message', async () => {
    const label = 'two-problems';
    const removes = patch("[JSONPatch{op: 'remove', path: '/data/none'}]");
    const [first, second] = [await policy([removes], {}, label), await policy([removes, removes], {}, label)];
    const { status, body } = await create(label);
    const text = (by: string): string =>
      `policy '${by}' with binding '${by}' denied request: JSON Patch: error in remove for path: '/data/none': Unable to remove nonexistent key: none: missing value`;
    expect(status).toBe(403);
    expect(body).toMatchObject({ reason: 'Invalid', message: text(first), details: { kind: 'configmaps' } });
    expect((body['details'] as { causes: unknown[] }).causes).toEqual([
      { message: text(first) },
      { message: text(second) },
      { message: text(second) },
    ]);
  });

  it('of a kind of parameters that is not served denies everything', async () => {
    const name = await policy([apply('Object{}')], {
      paramKind: { apiVersion: 'nowhere.example.com/v1', kind: 'Thing' },
    });
    const { status, body } = await create(name);
    expect([status, body['reason']]).toEqual([403, 'Forbidden']);
    expect(body['message']).toBe(
      `policy ${JSON.stringify(name)} denied request: failed to configure policy: failed to find resource referenced by paramKind: 'nowhere.example.com/v1, Kind=Thing'`,
    );
  });
});

describe('a patch', () => {
  it('may move and copy, and writes large numbers as they are read', async () => {
    const steps = [
      "JSONPatch{op: 'copy', from: '/data/a', path: '/data/b'}",
      "JSONPatch{op: 'move', from: '/data/a', path: '/data/c'}",
      "JSONPatch{op: 'add', path: '/data/n', value: string(9007199254740993)}",
    ];
    expect(await dataOf(await policy([patch(`[${steps.join(', ')}]`)]))).toEqual({
      b: '1',
      c: '1',
      n: '9007199254740993',
    });
  });
  it('may hold an object, a list and a map', async () => {
    const annotations =
      "JSONPatch{op: 'add', path: '/metadata', value: Object.metadata{name: object.metadata.name, labels: {'policy': 'x'}, finalizers: ['a.b/c']}}";
    const { body } = await create(await policy([patch(`[${annotations}]`)]));
    expect(body['metadata']).toMatchObject({ labels: { policy: 'x' }, finalizers: ['a.b/c'] });
  });
});
