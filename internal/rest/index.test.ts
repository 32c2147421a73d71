import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Callout } from '../callout/index.js';
import { StatusError } from '../machinery/status.js';
import { DEFAULT_ADDRESS_TYPES } from './connect/connections.js';
import { createRest } from './index.js';
import { get, jsonOf, TestStore } from './testing.js';
import type { ApiRequest, Handler } from './types.js';

const callout = new Callout();
let store: TestStore;
let rest: Handler;

const code = async (request: ApiRequest): Promise<number> => {
  try {
    return (await rest(request)).status;
  } catch (e) {
    if (e instanceof StatusError) return e.code;
    throw e;
  }
};
const as = (method: string, verb: string, target: string): ApiRequest => {
  const request = get(target);
  return { ...request, method, info: { ...request.info, verb } };
};

beforeAll(async () => {
  store = await TestStore.open();
  const connections = { callout, kubelet: {}, preferredAddressTypes: DEFAULT_ADDRESS_TYPES };
  rest = createRest({ ...store.deps, connections });
  await store.put('a', 'cm');
  await store.put('a', 'pod', { spec: { containers: [{ name: 'x' }, { name: 'y' }] } }, 'Pod');
});
afterAll(async () => {
  callout.close();
  await store.close();
});

describe('routes', () => {
  it.each([
    ['/api/v1/namespaces/a/configmaps/cm', 200],
    ['/api/v1/namespaces/a/configmaps', 200],
    ['/api/v1/configmaps', 200],
    ['/api/v1/configmaps/cm', 404],
    ['/api/v1/namespaces/a/nodes', 404],
    ['/api/v1/namespaces/a/nonsense', 404],
    ['/api/v1/namespaces/a/configmaps/cm/nonsense', 404],
    ['/api/v1/namespaces/a/pods/pod/status/more', 404],
    ['/api/v1/namespaces/a/pods/pod/status', 200],
    ['/api/v1/namespaces/a/pods/pod/eviction', 405],
    ['/apis/authorization.k8s.io/v1/subjectaccessreviews', 405],
  ])('GET %s is %i', async (target, expected) => {
    expect(await code(get(target))).toBe(expected);
  });

  it.each([
    ['.', `Name parameter invalid: ".": may not be '.'`],
    ['..', `Name parameter invalid: "..": may not be '..'`],
    ['a%2525b', `Name parameter invalid: "a%b": may not contain '%'`],
  ])('knows no object with the name %s', async (name, message) => {
    const request = get('/api/v1/namespaces/a/configmaps/x');
    const named = { ...request, info: { ...request.info, name: decodeURIComponent(decodeURIComponent(name)) } };
    await expect(Promise.resolve(named).then(rest)).rejects.toThrow(message);
  });

  it('asks what a client takes before it looks for the object', async () => {
    const html = (target: string): ApiRequest => {
      const request = get(target);
      return { ...request, header: (name) => (name === 'accept' ? 'text/html' : request.header(name)) };
    };
    expect(await code(html('/api/v1/namespaces/a/configmaps/none'))).toBe(406);
    expect(await code(get('/api/v1/namespaces/a/configmaps/none'))).toBe(404);
  });

  it('allows no method that a path does not have', async () => {
    expect(await code(as('HEAD', 'get', '/api/v1/namespaces/a/configmaps/cm'))).toBe(405);
    expect(await code(as('POST', 'create', '/api/v1/configmaps'))).toBe(405);
    expect(await code(as('POST', 'create', '/api/v1/namespaces/a/configmaps/cm'))).toBe(405);
    expect(await code(as('PATCH', 'patch', '/api/v1/namespaces/a/configmaps'))).toBe(405);
  });

  it.each(['POST', 'PUT', 'PATCH', 'DELETE'])('allows no %s below /watch/', async (method) => {
    for (const path of ['configmaps', 'namespaces/a/configmaps', 'namespaces/a/configmaps/cm']) {
      expect(await code(as(method, 'watch', `/api/v1/watch/${path}`))).toBe(405);
    }
    expect(await code(as(method, 'watch', '/apis/apps/v1/watch/namespaces/a/deployments'))).toBe(405);
  });

  it('has no path below /watch/ for what cannot be watched, and none below /proxy/', async () => {
    expect(await code(as('GET', 'watch', '/api/v1/watch/namespaces/a/pods/pod/status'))).toBe(404);
    expect(await code(as('GET', 'watch', '/api/v1/watch/namespaces/a/bindings'))).toBe(404);
    expect(await code(as('GET', 'proxy', '/api/v1/namespaces/a/pods'))).toBe(404);
  });

  it.each([
    'configmaps?resourceVersion=x',
    'configmaps?watch=1&resourceVersion=-1',
    'configmaps/cm?resourceVersion=1.5',
  ])('answers 400 to a resourceVersion that is no number: %s', async (path) => {
    expect(await code(get(`/api/v1/namespaces/a/${path}`))).toBe(400);
  });

  it('exports nothing any more, whether the object is there or not', async () => {
    const target = '/api/v1/namespaces/a/configmaps/none';
    await expect(Promise.resolve(get(`${target}?export=1`)).then(rest)).rejects.toThrow(
      'the export parameter, deprecated since v1.14, is no longer supported',
    );
    for (const no of ['false', '0', 'False']) expect(await code(get(`${target}?export=${no}`))).toBe(404);
  });

  it('reads a scale as it reads an object', async () => {
    const target = '/apis/apps/v1/namespaces/a/deployments/none/scale';
    expect(await code(get(`${target}?export=1`))).toBe(400);
    expect(await code(get(`${target}?resourceVersion=x`))).toBe(400);
    expect(await code(get(`${target}?export=false&resourceVersion=0`))).toBe(404);
    const request = get(target);
    const html = (name: string): string => (name === 'accept' ? 'text/html' : request.header(name));
    expect(await code({ ...request, header: html })).toBe(406);
  });

  it('warns of deprecated kinds, in refusals too', async () => {
    const warning = ['v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice'];
    expect(await rest(get('/api/v1/endpoints'))).toMatchObject({ status: 200, warnings: warning });
    expect(await rest(get('/api/v1/endpoints?limit=x'))).toMatchObject({ status: 400, warnings: warning });
  });

  it('asks which container of a pod is meant', async () => {
    await expect(rest(get('/api/v1/namespaces/a/pods/pod/log'))).rejects.toThrow(
      'a container name must be specified for pod pod, choose one of: [x y]',
    );
    expect(await code(get('/api/v1/namespaces/a/pods/pod/log?container=x'))).toBe(204);
    expect(await code(get('/api/v1/namespaces/a/pods/pod/exec?container=x'))).toBe(400);
  });

  it('lists the components with their health', async () => {
    const body = await jsonOf(rest(get('/api/v1/componentstatuses')));
    const items = body['items'] as { metadata: { name: string }; conditions: { type: string }[] }[];
    expect(items.map((i) => i.metadata.name)).toEqual(['controller-manager', 'scheduler', 'etcd-0']);
    expect(items[2]?.conditions).toEqual([{ type: 'Healthy', status: 'True', message: 'ok' }]);
  });
});
