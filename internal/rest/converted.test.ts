import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Callout, clusterIpResolver } from '../callout/index.js';
import { CustomResources } from '../extensions/custom-resources.js';
import type { JsonObject } from '../machinery/json.js';
import { withCustomResources } from '../registry/custom/index.js';
import { strategyFor } from '../registry/index.js';
import { requestInfo } from '../server/request-info.js';
import { startWebhookServer, type WebhookServer } from '../testing/webhook-server.js';
import { createRest } from './index.js';
import type { Handler } from './types.js';
import { meta, type Rest, startRest } from './write/testing/harness.js';

const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const callout = new Callout();
let hooks: WebhookServer;
let rest: Rest;
/** One server for all watches of a test: they share its hub. */
let serve: Handler;
let count = 0;

beforeAll(async () => {
  hooks = await startWebhookServer();
  const resolve = clusterIpResolver({ get: () => undefined, list: () => [] });
  rest = await startRest(1, (backend) => {
    const custom = new CustomResources(backend);
    return {
      strategyFor: withCustomResources(strategyFor, custom, { callout, resolve }),
      findResource: (group, version, plural) => custom.find(group, version, plural)?.def,
    };
  });
  serve = createRest(rest.deps);
});
afterAll(async () => {
  callout.close();
  await rest.close();
  await hooks.close();
});

const properties = (...names: string[]): JsonObject => Object.fromEntries(names.map((n) => [n, { type: 'string' }]));
const version = (name: string, storage: boolean, spec: JsonObject): JsonObject => ({
  name,
  served: true,
  storage,
  schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties: spec } } } },
});

/** A definition of its own for each test, in force. Returns the path of its objects in a version, and what changes it. */
async function define(versions: JsonObject[], conversion?: JsonObject) {
  const plural = `things${++count}`;
  const name = `${plural}.example.com`;
  const names = { plural, singular: plural, kind: 'Thing', listKind: 'ThingList' };
  const spec = { group: 'example.com', scope: 'Namespaced', names, versions, ...(conversion && { conversion }) };
  await rest.ok(201, 'POST', DEFINITIONS, { metadata: { name }, spec });
  const conditions = ['NamesAccepted', 'Established'].map((type) => ({ type, status: 'True', reason: type }));
  const status = { status: { conditions, acceptedNames: names } };
  const merge = { contentType: 'application/merge-patch+json' };
  await rest.ok(200, 'PATCH', `${DEFINITIONS}/${name}/status`, status, merge);
  return {
    at: (v: string, object = ''): string =>
      `/apis/example.com/${v}/namespaces/default/${plural}${object === '' ? '' : `/${object}`}`,
    change: (changed: JsonObject[]): Promise<JsonObject> =>
      rest.ok(200, 'PATCH', `${DEFINITIONS}/${name}`, { spec: { versions: changed } }, merge),
  };
}

const thing = (v: string, name: string, spec: JsonObject): JsonObject => ({
  apiVersion: `example.com/${v}`,
  kind: 'Thing',
  metadata: { name },
  spec,
});

const patch = (path: string, change: JsonObject): Promise<JsonObject> =>
  rest.ok(200, 'PATCH', path, change, { contentType: 'application/merge-patch+json' });

/** A watch that is read line by line. */
async function watch(path: string) {
  const [route = '', query = ''] = path.split('?');
  const reply = await serve({
    method: 'GET',
    path: route,
    query: new URLSearchParams(query),
    header: () => '',
    body: Buffer.alloc(0),
    user: { username: 'admin', uid: '', groups: ['system:masters'], extra: {} },
    info: requestInfo('GET', route, query),
  });
  if (!('stream' in reply)) throw new Error('it is no stream');
  let text = '';
  let look = (): void => undefined;
  let close = (): void => undefined;
  const lines = (): JsonObject[] => {
    const whole = text.split('\n').slice(0, -1);
    return whole.map((line) => JSON.parse(line) as JsonObject);
  };
  reply.stream({
    closed: false,
    write: (chunk) => {
      text += Buffer.from(chunk).toString();
      look();
      return true;
    },
    onWritable: () => undefined,
    onClose: (listener) => (close = listener),
    end: (last) => {
      if (last !== undefined) text += Buffer.from(last).toString();
      look();
    },
  });
  return {
    until: (n: number): Promise<JsonObject[]> =>
      new Promise((resolve) => {
        look = () => {
          if (lines().length >= n) resolve(lines());
        };
        look();
      }),
    close: () => close(),
  };
}

describe('objects that were stored under an older definition', () => {
  test('get defaults that came since, and lose what is not known any more', async () => {
    const { at, change } = await define([version('v1', true, properties('a', 'b'))]);
    await rest.ok(201, 'POST', at('v1'), thing('v1', 'old', { a: '1', b: '2' }));
    await change([version('v1', true, { a: { type: 'string' }, c: { type: 'string', default: 'new' } })]);
    const want = { a: '1', c: 'new' };
    expect((await rest.ok(200, 'GET', at('v1', 'old')))['spec']).toEqual(want);
    expect((await rest.ok(200, 'GET', at('v1')))['items']).toMatchObject([{ spec: want }]);
    const seen = await watch(`${at('v1')}?watch=true`);
    const relabelled = await patch(at('v1', 'old'), { metadata: { labels: { x: 'y' } } });
    expect(relabelled['spec']).toEqual(want);
    expect(await seen.until(2)).toMatchObject([
      { type: 'ADDED', object: { spec: want } },
      { type: 'MODIFIED', object: { spec: want } },
    ]);
    seen.close();
  });

  test('are of the version that is asked for, after the storage version was changed', async () => {
    const old = [version('v1', true, properties('a')), version('v2', false, properties('a', 'b'))];
    const { at, change } = await define(old);
    await rest.ok(201, 'POST', at('v1'), thing('v1', 'old', { a: '1' }));
    await change([version('v1', false, properties('a')), version('v2', true, properties('a', 'b'))]);
    for (const v of ['v1', 'v2']) {
      expect(await rest.ok(200, 'GET', at(v, 'old'))).toMatchObject({
        apiVersion: `example.com/${v}`,
        spec: { a: '1' },
      });
    }
    expect((await rest.ok(200, 'GET', at('v2')))['items']).toMatchObject([{ apiVersion: 'example.com/v2' }]);
    await patch(at('v2', 'old'), { spec: { a: '1', b: '2' } });
    expect((await rest.ok(200, 'GET', at('v2', 'old')))['spec']).toEqual({ a: '1', b: '2' });
  });
});

test('another version shows nothing that its schema does not know, and stores nothing of it', async () => {
  const { at } = await define([version('v1', true, properties('a', 'b')), version('v2', false, properties('a', 'c'))]);
  await rest.ok(201, 'POST', at('v1'), thing('v1', 'one', { a: '1', b: '2' }));
  expect(await rest.ok(200, 'GET', at('v2', 'one'))).toMatchObject({ apiVersion: 'example.com/v2', spec: { a: '1' } });
  expect((await rest.ok(200, 'GET', at('v2', 'one')))['spec']).toEqual({ a: '1' });
  const made = await rest.ok(201, 'POST', at('v2'), thing('v2', 'two', { a: '1', c: '3' }));
  expect(made['spec']).toEqual({ a: '1' });
  expect((await rest.ok(200, 'GET', at('v1', 'two')))['spec']).toEqual({ a: '1' });
});

test('watches of two versions select by the fields of their own', async () => {
  const of = (name: string, storage: boolean, field: string): JsonObject => ({
    ...version(name, storage, properties('a', 'b')),
    selectableFields: [{ jsonPath: `.spec.${field}` }],
  });
  const { at } = await define([of('v1', true, 'a'), of('v2', false, 'b')]);
  const first = await watch(`${at('v1')}?watch=true&fieldSelector=spec.a%3D1`);
  const second = await watch(`${at('v2')}?watch=true&fieldSelector=spec.b%3D2`);
  await rest.ok(201, 'POST', at('v1'), thing('v1', 'one', { a: '1', b: '2' }));
  expect(await first.until(1)).toMatchObject([{ type: 'ADDED', object: { apiVersion: 'example.com/v1' } }]);
  expect(await second.until(1)).toMatchObject([{ type: 'ADDED', object: { apiVersion: 'example.com/v2' } }]);
  first.close();
  second.close();
});

describe('through a conversion webhook', () => {
  const path = '/convert';
  const conversion = (): JsonObject => ({
    strategy: 'Webhook',
    webhook: {
      clientConfig: { url: `${hooks.url}${path}`, caBundle: hooks.caBundle },
      conversionReviewVersions: ['v1'],
    },
  });
  const versions = [version('v1', true, properties('host')), version('v2', false, properties('address'))];
  const asked = (): number => hooks.reviews.get(path)?.length ?? 0;
  beforeEach(() => {
    hooks.reviews.clear();
    // host is called address in v2.
    hooks.on(path, (request) => ({
      result: { status: 'Success' },
      convertedObjects: (request['objects'] as JsonObject[]).map((o) => {
        const spec = (o['spec'] ?? {}) as JsonObject;
        const value = spec['host'] ?? spec['address'] ?? '';
        const isOld = request['desiredAPIVersion'] === 'example.com/v1';
        return {
          ...o,
          apiVersion: request['desiredAPIVersion'] as string,
          spec: { [isOld ? 'host' : 'address']: value },
        };
      }),
    }));
  });

  test('a watch shows what was there, what changes, and what goes; watches share what was converted', async () => {
    const { at } = await define(versions, conversion());
    await rest.ok(201, 'POST', at('v1'), thing('v1', 'one', { host: 'a' }));
    const seen = await watch(
      `${at('v2')}?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`,
    );
    expect(await seen.until(2)).toMatchObject([
      { type: 'ADDED', object: { apiVersion: 'example.com/v2', spec: { address: 'a' } } },
      { type: 'BOOKMARK', object: { apiVersion: 'example.com/v2' } },
    ]);
    const other = await watch(`${at('v2')}?watch=true`);
    await other.until(1);
    const before = asked();
    const { metadata } = await patch(at('v1', 'one'), { spec: { host: 'b' } });
    const change = { type: 'MODIFIED', object: { apiVersion: 'example.com/v2', spec: { address: 'b' } } };
    expect((await seen.until(3))[2]).toMatchObject(change);
    expect((await other.until(2))[1]).toMatchObject(change);
    expect(meta((await other.until(2))[1]?.['object'] as JsonObject)['resourceVersion']).toBe(
      (metadata as JsonObject)['resourceVersion'],
    );
    expect(asked()).toBe(before + 1);
    await rest.ok(200, 'DELETE', at('v1', 'one'));
    expect((await seen.until(4))[3]).toMatchObject({ type: 'DELETED', object: { spec: { address: 'b' } } });
    seen.close();
    other.close();
  });

  test('objects are selected by the fields of the version that is asked for, as the webhook gives them', async () => {
    const [old, current] = versions as [JsonObject, JsonObject];
    const { at } = await define(
      [
        { ...old, selectableFields: [{ jsonPath: '.spec.host' }] },
        { ...current, selectableFields: [{ jsonPath: '.spec.address' }] },
      ],
      conversion(),
    );
    for (const [name, host] of ['a', 'b', 'a', 'b'].entries()) {
      await rest.ok(201, 'POST', at('v1'), thing('v1', `n${name}`, { host }));
    }
    const query = 'fieldSelector=spec.address%3Da';
    const names = (list: JsonObject): unknown[] => (list['items'] as JsonObject[]).map((o) => meta(o)['name']);
    expect(names(await rest.ok(200, 'GET', `${at('v2')}?${query}`))).toEqual(['n0', 'n2']);
    const first = await rest.ok(200, 'GET', `${at('v2')}?${query}&limit=1`);
    expect(names(first)).toEqual(['n0']);
    const token = encodeURIComponent(meta(first)['continue'] as string);
    expect(names(await rest.ok(200, 'GET', `${at('v2')}?${query}&limit=1&continue=${token}`))).toEqual(['n2']);
    const seen = await watch(`${at('v2')}?watch=true&${query}`);
    expect((await seen.until(2)).map((e) => meta(e['object'] as JsonObject)['name'])).toEqual(['n0', 'n2']);
    await patch(at('v1', 'n1'), { spec: { host: 'a' } });
    await patch(at('v1', 'n0'), { spec: { host: 'c' } });
    expect((await seen.until(4)).slice(2)).toMatchObject([
      { type: 'ADDED', object: { metadata: { name: 'n1' }, spec: { address: 'a' } } },
      { type: 'DELETED', object: { metadata: { name: 'n0' } } },
    ]);
    seen.close();
    await rest.ok(200, 'DELETE', `${at('v2')}?${query}`);
    expect(names(await rest.ok(200, 'GET', at('v1')))).toEqual(['n0', 'n3']);
  });

  test('a conversion that fails ends the watch with its error, and no other watch', async () => {
    const { at } = await define(versions, conversion());
    const [converted, stored] = [await watch(`${at('v2')}?watch=true`), await watch(`${at('v1')}?watch=true`)];
    hooks.on(path, () => ({ result: { status: 'Failure', message: 'cannot' } }));
    await rest.ok(201, 'POST', at('v1'), thing('v1', 'one', { host: 'a' }));
    expect(await converted.until(1)).toMatchObject([
      { type: 'ERROR', object: { kind: 'Status', code: 500, message: expect.stringMatching(/failed: cannot$/) } },
    ]);
    expect(await stored.until(1)).toMatchObject([{ type: 'ADDED', object: { spec: { host: 'a' } } }]);
    stored.close();
  });

  test('objects stored before the storage version was changed are converted too', async () => {
    const { at, change } = await define(versions, conversion());
    await rest.ok(201, 'POST', at('v1'), thing('v1', 'one', { host: 'a' }));
    await change([
      version('v1', false, properties('host')),
      version('v2', true, { ...properties('address'), mode: { type: 'string', default: 'tcp' } }),
    ]);
    expect(await rest.ok(200, 'GET', at('v2', 'one'))).toMatchObject({
      apiVersion: 'example.com/v2',
      spec: { address: 'a' },
    });
    expect((await rest.ok(200, 'GET', at('v2')))['items']).toMatchObject([{ spec: { address: 'a' } }]);
    expect(await rest.ok(200, 'GET', at('v1', 'one'))).toMatchObject({ spec: { host: 'a' } });
    await patch(at('v1', 'one'), { spec: { host: 'b' } });
    expect((await rest.ok(200, 'GET', at('v2', 'one')))['spec']).toEqual({ address: 'b', mode: 'tcp' });
  });
});
