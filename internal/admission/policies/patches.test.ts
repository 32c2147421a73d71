import { describe, expect, test } from 'vitest';
import { fromJson } from '../../cel/index.js';
import { drive } from '../../machinery/flow.js';
import type { JsonObject, JsonValue } from '../../machinery/json.js';
import { type Plan, planOfSchema, planOfType } from '../../schema/apply/index.js';
import { findResource } from '../../schema/index.js';
import type { ResourceDef } from '../../schema/types.js';
import { checksOf, RequestValues } from '../expressions/request-values.js';
import { attributesOf, contextOf } from '../testing/attributes.js';
import { mutateObject } from './mutate-object.js';
import { compileMutating } from './mutating-policy.js';

const CONFIG_MAP = { group: '', version: 'v1', kind: 'ConfigMap' };
const POD = { group: '', version: 'v1', kind: 'Pod' };
const CUSTOM = { group: 'example.com', version: 'v1', kind: 'Thing' };

interface Typing {
  readonly kind: typeof CONFIG_MAP;
  readonly type: string;
  readonly plan: Plan | undefined;
}
const typing = (kind: typeof CONFIG_MAP, resource: string): Typing => {
  const { type } = findResource('', 'v1', resource) as ResourceDef;
  return { kind, type, plan: planOfType(type) };
};
const CONFIG_MAPS = typing(CONFIG_MAP, 'configmaps');
const PODS = typing(POD, 'pods');

const object = (more: JsonObject = {}): JsonObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'o' },
  data: { a: '1' },
  ...more,
});

interface Options {
  readonly of?: JsonObject;
  readonly as?: Typing;
  readonly variables?: JsonObject[];
  readonly params?: JsonObject;
}

/** What a mutation makes of an object, or why it makes nothing. */
async function mutated(
  type: 'ApplyConfiguration' | 'JSONPatch',
  expression: string,
  { of = object(), as = CONFIG_MAPS, variables = [], params }: Options = {},
): Promise<unknown> {
  const [ctx, a] = [contextOf(), attributesOf('configmaps', { object: of })];
  const policy = compileMutating({
    ...(params === undefined ? {} : { paramKind: { apiVersion: 'v1', kind: 'ConfigMap' } }),
    variables,
    mutations: [{ patchType: type, [type === 'JSONPatch' ? 'jsonPatch' : 'applyConfiguration']: { expression } }],
  });
  const [mutation] = policy.mutations;
  if (mutation === undefined) throw new Error('no mutation');
  const values = new RequestValues(ctx, a, a.def, a.kind, of, undefined, checksOf(ctx, a));
  const kept = structuredClone(of);
  try {
    return await drive(
      mutateObject(mutation, of, as, { values, params: fromJson(params), variables: policy.variables }),
    );
  } catch (error) {
    return `${(error as Error).constructor.name}: ${(error as Error).message}`;
  } finally {
    expect(of).toEqual(kept);
  }
}
const applied = (expression: string, more: Options = {}) => mutated('ApplyConfiguration', expression, more);
const patched = (expression: string, more: Options = {}) => mutated('JSONPatch', expression, more);

describe('an apply configuration', () => {
  test('sets what it names, keeps the rest, and is of the kind of the object whatever it says', async () => {
    expect(await applied("Object{apiVersion: 'v2', kind: 'Other', data: {'b': '2'}}")).toEqual(
      object({ data: { a: '1', b: '2' } }),
    );
    expect(await applied('Object{}')).toEqual(object());
    expect(await applied("Object{metadata: Object.metadata{labels: {'l': 'x'}, finalizers: ['f/g']}}")).toEqual(
      object({ metadata: { name: 'o', labels: { l: 'x' }, finalizers: ['f/g'] } }),
    );
  });

  const touches = (...paths: string[]): string =>
    `PatchFailure: error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: ${paths.join(', ')}`;
  const spec = (fields: string): string => `Object{spec: Object.spec{${fields}}}`;
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec: { containers: [{ name: 'c' }] } };
  test.each<[string, string, string]>([
    ['a map', spec("nodeSelector: {'a': 'b'}"), touches('.spec.nodeSelector')],
    ['a list', spec("tolerations: [Object.spec.tolerations{key: 'a'}]"), touches('.spec.tolerations')],
    [
      'a list inside an item of a list',
      spec("containers: [Object.spec.containers{name: 'c', command: ['a']}]"),
      touches('.spec.containers[0].command'),
    ],
    [
      'a struct, and what is in it',
      spec(
        "containers: [Object.spec.containers{name: 'c'}, Object.spec.containers{name: 'd', args: ['a']}], nodeSelector: {'a': 'b'}",
      ),
      touches('.spec.containers[1].args', '.spec.nodeSelector'),
    ],
  ])('may not touch %s that is only set as a whole', async (_what, expression, problem) => {
    expect(await applied(expression, { of: pod, as: PODS })).toBe(problem);
  });

  test('needs a type of its object', async () => {
    expect(await applied('Object{}', { as: { kind: CUSTOM, type: '', plan: undefined } })).toBe(
      'PatchFailure: error applying patch: failed to convert patch object to typed object: no corresponding type for example.com/v1, Kind=Thing',
    );
  });

  test.each<[string, string]>([
    ['Object.wrong{}', 'PatchFailure: must evaluate to Object but got Object.wrong'],
    [
      'Object{data: Object.a{b: Object.c{}}}',
      'PatchFailure: type mismatch: unexpected type name "Object.a", expected "Object.data", which matches field name path from root Object type\nunexpected type name "Object.c", expected "Object.data.b", which matches field name path from root Object type',
    ],
    ["Object{data: {1: 'a'}}", 'PatchFailure: map key 1 is not a string'],
    ["Object{data: {true: 'a'}}", 'PatchFailure: map key true is not a string'],
    ["'text'", 'PatchFailure: must evaluate to Object but got string'],
    ['object.data', 'PatchFailure: must evaluate to Object but got dyn'],
    ['nothing', "undeclared reference to 'nothing'"],
    [
      'Object{data: object.none}',
      "PatchFailure: expression 'Object{data: object.none}' resulted in error: no such key: none",
    ],
  ])('%s is refused', async (expression, problem) => {
    expect(await applied(expression)).toContain(problem);
  });

  test('null becomes 0, lists and maps are taken as they are', async () => {
    const as = { ...CONFIG_MAPS, plan: { k: 'deduced' } as Plan };
    const expression =
      "Object{list: [dyn(1), dyn('a'), dyn(null), dyn([true])], map: {'n': dyn(null), 'm': dyn({'k': 1.5})}, none: null}";
    expect(await applied(expression, { as })).toEqual(
      object({ list: [1, 'a', 0, [true]], map: { n: 0, m: { k: 1.5 } }, none: 0 }),
    );
  });
});

describe('a JSON patch', () => {
  const op = (fields: string): string => `JSONPatch{${fields}}`;
  test.each<[string, string, unknown]>([
    ['adds', op("op: 'add', path: '/data/b', value: '2'"), object({ data: { a: '1', b: '2' } })],
    ['removes', op("op: 'remove', path: '/data/a'"), { ...object(), data: undefined }],
    ['moves', op("op: 'move', from: '/data/a', path: '/data/b'"), object({ data: { b: '1' } })],
    ['changes nothing where a test fails', op("op: 'test', path: '/data/a', value: '2'"), undefined],
    ['fails without a path', op("op: 'remove'"), 'PatchFailure: JSON Patch: '],
    ['fails without an operation', op("path: '/data/a'"), 'PatchFailure: JSON Patch: '],
  ])('%s', async (_what, expression, expected) => {
    const made = await patched(`[${expression}]`);
    if (typeof expected === 'string') expect(made).toContain(expected);
    else expect(made).toEqual(expected);
  });

  test('holds objects, lists and maps; numbers beyond 2^53 are texts', async () => {
    const as = { kind: CUSTOM, type: '', plan: undefined };
    const put = (value: string) => patched(`[${op(`op: 'add', path: '/x', value: ${value}`)}]`, { as });
    for (const [value, expected] of [
      ['9007199254740991', 9007199254740991],
      ['9007199254740993', '9007199254740993'],
      ['-9007199254740993', '-9007199254740993'],
      ['9007199254740993u', '9007199254740993'],
      ['7u', 7],
      ['1.5', 1.5],
      ['null', null],
      ["{'a': [dyn(1), dyn(Object.x{b: true})]}", { a: [1, { b: true }] }],
      ["Object.x{a: 'b'}", { a: 'b' }],
    ] as [string, JsonValue][]) {
      expect(await put(value), value).toEqual(object({ x: expected }));
    }
    expect(await put('Object.x{a: Object.y{}}')).toContain(
      'PatchFailure: type mismatch: unexpected type name "Object.y", expected "Object.x.a"',
    );
  });

  test.each<[string, string]>([
    ["[JSONPatch{op: 'test'}].filter(x, false)", ''],
    ['[]', 'PatchFailure: must evaluate to list(JSONPatch) but got list(dyn)'],
    [op("op: 'add', path: '/a'"), 'PatchFailure: must evaluate to list(JSONPatch) but got JSONPatch'],
    ["['a']", 'PatchFailure: must evaluate to list(JSONPatch) but got list(string)'],
    ['nothing', "undeclared reference to 'nothing'"],
  ])('%s comes to: %s', async (expression, problem) => {
    const made = await patched(expression);
    if (problem === '') expect(made).toEqual(object());
    else expect(made).toContain(problem);
  });

  test('must leave an object of the kind; what is custom is looked at later', async () => {
    const number = `[${op("op: 'add', path: '/data/n', value: 5")}]`;
    expect(await patched(number)).toBe(
      'StatusError: Internal error occurred: json: cannot unmarshal number into Go struct field ConfigMap.data of type string',
    );
    expect(await patched(number, { as: { kind: CUSTOM, type: '', plan: undefined } })).toEqual(
      object({ data: { a: '1', n: 5 } }),
    );
  });
});

test('a variable that does not compile fails what uses it', async () => {
  const variables = [
    { name: 'broken', expression: 'nothing' },
    { name: 'good', expression: "'2'" },
  ];
  expect(await applied("Object{data: {'b': variables.good}}", { variables })).toEqual(
    object({ data: { a: '1', b: '2' } }),
  );
  expect(await applied("Object{data: {'b': variables.broken}}", { variables })).toContain(
    'resulted in error: composited variable "broken" fails to compile: ',
  );
});

test('an apply configuration of a custom object may set what its schema does not name, whatever that is', async () => {
  const plan = planOfSchema({
    type: 'object',
    properties: {
      any: { 'x-kubernetes-preserve-unknown-fields': true },
      list: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
      whole: { type: 'array', items: { type: 'string' } },
    },
    'x-kubernetes-preserve-unknown-fields': true,
  });
  const as = { kind: CUSTOM, type: '', plan };
  expect(await applied("Object{any: [1], other: [Object.other{a: 'b'}], list: ['x']}", { as })).toEqual(
    object({ any: [1], other: [{ a: 'b' }], list: ['x'] }),
  );
  expect(await applied("Object{whole: ['x'], other: 'y'}", { as })).toContain('atomic arrays, maps or structs: .whole');
});

test('parameters are seen by policies that have a kind of them, an authorizer and the namespace by all', async () => {
  const limit = "Object{data: {'b': params.limit}}";
  expect(await applied(limit, { params: { limit: '7' } })).toEqual(object({ data: { a: '1', b: '7' } }));
  expect(await applied(limit)).toContain("undeclared reference to 'params'");
  const variables = [{ name: 'limit', expression: 'params.limit' }];
  expect(await applied("Object{data: {'b': variables.limit}}", { params: { limit: '7' }, variables })).toEqual(
    object({ data: { a: '1', b: '7' } }),
  );
  const sees =
    "Object{data: {'b': string(authorizer.path('/x').check('get').allowed()) + string(namespaceObject == null)}}";
  expect(await applied(sees)).toEqual(object({ data: { a: '1', b: 'truetrue' } }));
});
