import { expect, test } from 'vitest';
import { child } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import { OpenApi, remoteSpec, ungzip } from './index.js';

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1';
const ref = (name: string): JsonObject => ({ $ref: `#/definitions/${name}` });
const operation = (name: string): JsonObject => ({
  operationId: name,
  parameters: [{ $ref: '#/parameters/limit' }],
  responses: { 200: { description: 'OK', schema: ref(name) } },
});
const json = async (openApi: OpenApi): Promise<JsonObject> =>
  JSON.parse(String(await ungzip(await openApi.v2('json').content()))) as JsonObject;
const own = await json(new OpenApi('test'));
const ownDefinition = (name: string): JsonObject => child(child(own, 'definitions'), name) as JsonObject;

/** The document of a server of group `things.example.com`, with a Thing of its own. */
function documentOf(thing: JsonObject): JsonObject {
  return {
    paths: {
      '/apis/things.example.com/': { get: operation('Thing') },
      '/apis/things.example.com/v1/things': { get: operation('Thing') },
      '/apis/apps/v1/deployments': { get: operation('Stolen') },
      '/apis/things.example.com/v2/things': { get: operation('Stolen') },
    },
    parameters: { limit: { name: 'limit', in: 'query', type: 'integer' } },
    definitions: {
      Thing: thing,
      Stolen: { type: 'object' },
      // The same as here, but for its kinds.
      [`${META}.DeleteOptions`]: {
        ...ownDefinition(`${META}.DeleteOptions`),
        'x-kubernetes-group-version-kind': [{ group: 'things.example.com', kind: 'DeleteOptions', version: 'v1' }],
      },
      [`${META}.Preconditions`]: ownDefinition(`${META}.Preconditions`),
      // Another one than here.
      [`${META}.Time`]: { description: 'another time', type: 'string' },
    },
  };
}
const THING = {
  type: 'object',
  properties: { options: ref(`${META}.DeleteOptions`), at: ref(`${META}.Time`), self: ref('Thing') },
};
const spec = (document: JsonObject, hash: string) => remoteSpec(document, 'things.example.com', 'v1', hash);

test('paths of its group and version are taken of another server, with what they need', async () => {
  const openApi = new OpenApi('test');
  const before = openApi.v2('json').hash;
  openApi.setRemote([spec(documentOf(THING), 'a')]);
  expect(openApi.v2('json').hash).not.toBe(before);
  const merged = await json(openApi);
  const paths = child(merged, 'paths') ?? {};
  expect(Object.keys(paths).filter((path) => !Object.hasOwn(child(own, 'paths') ?? {}, path))).toEqual([
    '/apis/things.example.com/',
    '/apis/things.example.com/v1/things',
  ]);
  expect(paths['/apis/things.example.com/v1/things']).toEqual({
    get: {
      operationId: 'Thing',
      // Written out: the name may mean something else here.
      parameters: [{ name: 'limit', in: 'query', type: 'integer' }],
      responses: { 200: { description: 'OK', schema: ref('Thing') } },
    },
  });
  expect(paths['/apis/apps/v1/deployments']).toEqual(child(own, 'paths')?.['/apis/apps/v1/deployments']);
  const definitions = child(merged, 'definitions') ?? {};
  expect(Object.keys(definitions)).toEqual(
    [...Object.keys(child(own, 'definitions') ?? {}), 'Thing', `${META}.Time_v2`].toSorted(),
  );
  expect(definitions['Thing']).toEqual({
    type: 'object',
    properties: { options: ref(`${META}.DeleteOptions`), at: ref(`${META}.Time_v2`), self: ref('Thing') },
  });
  expect(definitions[`${META}.Time`]).toEqual(ownDefinition(`${META}.Time`));
  const kinds = (definitions[`${META}.DeleteOptions`] as JsonObject)['x-kubernetes-group-version-kind'];
  expect((kinds as JsonObject[]).at(-1)).toEqual({ group: 'things.example.com', kind: 'DeleteOptions', version: 'v1' });
  expect(String(await ungzip(await openApi.v2('protobuf').content()))).toContain(`#/definitions/${META}.Time_v2`);
  openApi.setRemote([]);
  expect(openApi.v2('json').hash).toBe(before);
  expect(await json(openApi)).toEqual(own);
});

test('two servers that mean different things by a name get two', async () => {
  const openApi = new OpenApi('test');
  const second = JSON.parse(
    JSON.stringify(documentOf({ type: 'object', description: 'another' })).replaceAll(
      'things.example.com/v1/',
      'more.example.com/v1/',
    ),
  ) as JsonObject;
  openApi.setRemote([spec(documentOf(THING), 'a'), remoteSpec(second, 'more.example.com', 'v1', 'b')]);
  const merged = await json(openApi);
  const definitions = child(merged, 'definitions') ?? {};
  expect(definitions['Thing_v2']).toEqual({ type: 'object', description: 'another' });
  expect(JSON.stringify(child(merged, 'paths')?.['/apis/more.example.com/v1/things'])).toContain(
    '#/definitions/Thing_v2',
  );
});

test('a document that is nested too deep is not taken', () => {
  let deep: JsonObject = {};
  for (let i = 0; i < 200; i++) deep = { items: deep };
  expect(() => spec(documentOf(deep), 'a')).toThrow(RangeError);
});
