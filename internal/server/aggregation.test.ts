import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { ApiServices } from '../aggregator/api-services.js';
import { BackendServers } from '../aggregator/backend-server.js';
import { createAggregator } from '../aggregator/index.js';
import { RemoteDiscovery } from '../aggregator/remote-discovery.js';
import { storeReader } from '../admission/lookup.js';
import { Callout, clusterIpResolver } from '../callout/index.js';
import { children, child, str } from '../machinery/access.js';
import type { JsonObject } from '../machinery/json.js';
import { createAuthority, issue, type KeyPair } from '../pki/x509.js';
import { createRest } from '../rest/index.js';
import { createOpenApi } from '../rest/openapi.js';
import { OpenApi, ungzip } from '../schema/openapi/index.js';
import { RemoteOpenApi } from '../aggregator/remote-openapi.js';
import { RemoteOpenApiV2 } from '../aggregator/remote-openapi-v2.js';
import { createDiscovery } from '../rest/discovery.js';
import { type Rest, startRest } from '../rest/write/testing/harness.js';
import { Catalog } from '../schema/discovery/catalog.js';
import { createInternalClient } from './internal-client.js';
import { type AvailabilityController, keepAvailability } from './poststart/api-service-availability.js';
import { keepApiServices, type RegistrationController } from './poststart/api-service-registration.js';
import { startTestServer, type TestServer } from './testing.js';

const API_SERVICES = '/apis/apiregistration.k8s.io/v1/apiservices';
const THINGS = '/apis/things.example.com/v1/namespaces/default/things';
const MIB = 1024 * 1024;

const callout = new Callout();
let ca: KeyPair;
let rest: Rest;
let services: ApiServices;
let discovery: RemoteDiscovery;
let openApi: RemoteOpenApi;
let servers: BackendServers;
let availability: AvailabilityController;
let registration: RegistrationController;
let server: TestServer;
let backend: https.Server;
let port: number;
/** The watch that the backend is answering. */
let watching: ServerResponse | undefined;
let watchEnded: Promise<unknown> | undefined;
let custom: { group: string; version: string }[] = [];
const catalog = new Catalog();

/** With which ETags its OpenAPI v2 document was asked for. */
const askedForV2: (string | undefined)[] = [];
function json2(res: ServerResponse): void {
  const get = { responses: { 200: { description: 'OK', schema: { $ref: '#/definitions/Thing' } } } };
  res.setHeader('content-type', 'application/json').setHeader('etag', '"one"');
  const paths = { '/apis/things.example.com/v1/things': { get }, '/apis/apps/v1/things': { get } };
  res.end(JSON.stringify({ swagger: '2.0', paths, definitions: { Thing: { type: 'object' } } }));
}

/** The aggregated API server of this test: tells what it was asked. */
async function answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
  const url = new URL(req.url ?? '', 'https://x');
  const json = (value: unknown): void => {
    res.setHeader('content-type', 'application/json').end(JSON.stringify(value));
  };
  if (url.pathname === '/apis/things.example.com/v1') {
    const things = { name: 'things', singularName: 'thing', namespaced: true, kind: 'Thing', verbs: ['get', 'watch'] };
    json({ kind: 'APIResourceList', groupVersion: 'things.example.com/v1', resources: [things] });
    return;
  }
  if (url.pathname === '/apis') {
    json({ kind: 'APIGroupList', groups: [] });
    return;
  }
  if (url.pathname === '/openapi/v3') {
    const serverRelativeURL = '/openapi/v3/apis/things.example.com/v1?hash=AB12';
    json({ paths: { 'apis/things.example.com/v1': { serverRelativeURL }, 'apis/apps/v1': { serverRelativeURL } } });
    return;
  }
  if (url.pathname === '/openapi/v2') {
    askedForV2.push(req.headers['if-none-match']);
    if (req.headers['if-none-match'] === '"one"') res.writeHead(304).end();
    else json2(res);
    return;
  }
  if (url.searchParams.has('watch')) {
    res.writeHead(200, { 'content-type': 'application/json' });
    res.flushHeaders();
    watchEnded = once(res, 'close');
    watching = res;
    return;
  }
  if (url.searchParams.has('moved')) {
    res.writeHead(302, { location: 'https://elsewhere.example.com/' }).end();
    return;
  }
  const body = await text(req);
  res.setHeader('x-own', 'yes');
  json({ method: req.method, url: req.url, headers: req.headers, length: body.length });
}

const sockets = new WebSocketServer({ noServer: true, handleProtocols: (offered) => [...offered].at(-1) ?? false });

async function startBackend(at: number): Promise<void> {
  const pair = await issue(ca, { commonName: 'things', usages: ['server'], dnsNames: ['things.default.svc'], ips: [] });
  backend = https.createServer({ key: pair.key, cert: pair.cert }, (req, res) => {
    answer(req, res).catch(() => res.destroy());
  });
  backend.on('upgrade', (req: IncomingMessage, socket, head) => {
    if (req.headers.upgrade === 'SPDY/3.1') {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n');
      return;
    }
    if (req.url?.includes('refused') === true) {
      socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\nContent-Type: text/plain\r\n\r\nno! ');
      return;
    }
    sockets.handleUpgrade(req, socket, head, (client) => {
      client.send(JSON.stringify([req.headers['x-remote-user'], req.headers.authorization ?? 'none', req.url]));
      client.on('message', (data: Buffer, isBinary) => client.send(Buffer.from(data).reverse(), { binary: isBinary }));
    });
  });
  backend.listen(at, '127.0.0.1');
  await once(backend, 'listening');
  ({ port } = backend.address() as AddressInfo);
}

/** Resolves when what was applied makes `probe` true. */
function applied(probe: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (!probe()) return;
      unsubscribe();
      resolve();
    };
    const unsubscribe = rest.deps.backend.onApplied(look);
    look();
  });
}
const condition = (name: string): JsonObject | undefined =>
  children(child(services.get(name)?.object, 'status'), 'conditions')[0];
const reasonOf = (name: string): string => str(condition(name), 'reason');

/** Resolves when requests are routed by what is stored now. */
async function routed(probe: () => boolean): Promise<void> {
  await applied(probe);
  services.refresh();
}

const apiService = (group: string, spec: JsonObject): JsonObject => ({
  apiVersion: 'apiregistration.k8s.io/v1',
  kind: 'APIService',
  metadata: { name: `v1.${group}` },
  spec: { group, version: 'v1', groupPriorityMinimum: 1000, versionPriority: 15, ...spec },
});

beforeAll(async () => {
  ca = await createAuthority('aggregation test');
  await startBackend(0);
  rest = await startRest();
  const { backend: store } = rest.deps;
  const objects = storeReader(store);
  services = new ApiServices(store);
  servers = new BackendServers({ callout, resolve: clusterIpResolver(objects) });
  discovery = new RemoteDiscovery(services, servers, (groups) => catalog.setExtensions('apiservice', groups));
  openApi = new RemoteOpenApi(services, servers);
  const frontProxy = { names: ['X-Custom-User'], prefixes: [] };
  const aggregator = createAggregator(services, servers, { frontProxy, rejectRedirects: true });
  const handler = createRest(rest.deps);
  server = await startTestServer(0, handler, undefined, { aggregator });
  const client = createInternalClient(handler);
  const leads = (): boolean => true;
  availability = keepAvailability({ backend: store, services, servers, objects, client, leads });
  registration = keepApiServices(services, client, () => custom, leads);
  await rest.ok(201, 'POST', '/api/v1/namespaces/default/services', {
    metadata: { name: 'things' },
    spec: { type: 'ExternalName', externalName: '127.0.0.1', ports: [{ port }] },
  });
  const caBundle = Buffer.from(ca.cert).toString('base64');
  const service = { namespace: 'default', name: 'things', port };
  await rest.ok(201, 'POST', API_SERVICES, apiService('things.example.com', { service, caBundle }));
  await routed(() => reasonOf('v1.things.example.com') === 'Passed');
});
afterAll(async () => {
  availability.stop();
  registration.stop();
  discovery.stop();
  openApi.stop();
  services.stop();
  await server.close();
  callout.close();
  backend.closeAllConnections();
  backend.close();
  await rest.close();
});

describe('a request for what another server serves', () => {
  test('arrives with the identity of its user, and with no other', async () => {
    const { status, headers, body } = await server.call(`${THINGS}/a%2Fb?z=1&a=%20x`, {
      headers: {
        'X-Remote-User': 'eve',
        'X-Remote-Group': 'system:masters',
        'X-Remote-Extra-Scopes': 'all',
        'X-Custom-User': 'eve',
        'X-Custom': 'kept',
        Connection: 'X-Dropped',
        'X-Dropped': 'by the connection',
      },
    });
    expect(status).toBe(200);
    expect(headers['x-own']).toBe('yes');
    const seen = JSON.parse(body) as { method: string; url: string; headers: Record<string, string> };
    expect(seen.url).toBe(`${THINGS}/a/b?a=+x&z=1`);
    expect(seen.headers).toMatchObject({
      'x-remote-user': 'admin',
      'x-remote-group': 'system:masters, system:authenticated',
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'https',
      'x-custom': 'kept',
    });
    for (const name of ['authorization', 'x-custom-user', 'x-remote-extra-scopes', 'x-dropped', 'connection']) {
      expect(seen.headers, name).not.toHaveProperty(name);
    }
  });

  test('is authorized before it is passed on', async () => {
    expect((await server.call(`${THINGS}/a`, { token: 'jane-token' })).status).toBe(403);
  });

  test('may have a body larger than this server takes for itself', async () => {
    const { status, body } = await server.call(THINGS, { method: 'POST', body: Buffer.alloc(5 * MIB, 'x') });
    expect([status, JSON.parse(body)]).toMatchObject([200, { method: 'POST', length: 5 * MIB }]);
  });

  test('is not answered with a redirect', async () => {
    const { status, body } = await server.call(`${THINGS}/a?moved`);
    expect([status, body]).toEqual([502, 'the backend attempted to redirect this request, which is not permitted']);
  });

  test('may become a WebSocket, over which messages go both ways', async () => {
    const client = new WebSocket(`wss://127.0.0.1:${server.port}${THINGS}/a?tail=1`, ['first', 'second'], {
      rejectUnauthorized: false,
      headers: { authorization: 'Bearer admin-token' },
    });
    const [hello] = (await once(client, 'message')) as [Buffer];
    expect(JSON.parse(hello.toString())).toEqual(['admin', 'none', `${THINGS}/a?tail=1`]);
    expect(client.protocol).toBe('second');
    client.send('abc');
    expect(((await once(client, 'message')) as [Buffer])[0].toString()).toBe('cba');
    client.close();
    await once(client, 'close');
  });

  test('is told what the other server refuses, and that only WebSockets are passed on', async () => {
    const upgrade = {
      Connection: 'Upgrade',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==',
    };
    const refused = await server.call(`${THINGS}/refused`, { headers: { ...upgrade, Upgrade: 'websocket' } });
    expect([refused.status, refused.body]).toEqual([403, 'no! ']);
    const spdy = await server.call(`${THINGS}/a`, { headers: { Connection: 'Upgrade', Upgrade: 'SPDY/3.1' } });
    expect([spdy.status, JSON.parse(spdy.body)]).toMatchObject([501, { kind: 'Status', code: 501 }]);
  });

  test('is 503 for an APIService that has no service, and what is not there is 404', async () => {
    const service = { namespace: 'default', name: 'absent', port: 443 };
    await rest.ok(201, 'POST', API_SERVICES, apiService('absent.example.com', { service }));
    await routed(() => reasonOf('v1.absent.example.com') === 'ServiceNotFound');
    expect(str(condition('v1.absent.example.com'), 'message')).toBe('service/absent in "default" is not present');
    const unavailable = await server.call('/apis/absent.example.com/v1/things');
    expect([unavailable.status, unavailable.body]).toEqual([503, 'service unavailable\n']);
    await rest.ok(200, 'DELETE', `${API_SERVICES}/v1.absent.example.com`);
    await routed(() => services.get('v1.absent.example.com') === undefined);
    expect((await server.call('/apis/absent.example.com/v1/things')).status).toBe(404);
  });
});

test('each event of a watch arrives when it is sent, and the watch ends with its client', async () => {
  const request = https.get({
    host: '127.0.0.1',
    port: server.port,
    path: `${THINGS}?watch=true`,
    rejectUnauthorized: false,
    headers: { authorization: 'Bearer admin-token' },
  });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const events: string[] = [];
  // Half an event is not passed on: a byte that is written ahead would be in the midst of it.
  watching?.write('{"type":"ADDED","object":{"na');
  watching?.write('me":"a"}}\n');
  for (;;) {
    const [chunk] = (await once(response, 'data')) as [Buffer];
    if (chunk.toString().trim() !== '') events.push(chunk.toString().trim());
    if (events.length === 1) watching?.write('{"type":"ADDED","object":{"name":"b"}}\n');
    if (events.length === 2) break;
  }
  expect(events).toEqual(['{"type":"ADDED","object":{"name":"a"}}', '{"type":"ADDED","object":{"name":"b"}}']);
  request.destroy();
  await watchEnded;
});

test('a server that dies makes its API unavailable and nothing else; discovery keeps it as stale', async () => {
  const document = (): JsonObject[] => {
    const asked = createDiscovery({ catalog, serverAddress: () => '10.0.0.1:6443' })({
      method: 'GET',
      path: '/apis',
      query: new URLSearchParams(),
      header: (name: string) =>
        name === 'accept' ? 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList' : '',
    } as never);
    return children(JSON.parse(String((asked as { body: unknown }).body)) as JsonObject, 'items');
  };
  const entry = (): JsonObject | undefined => {
    const group = document().find((g) => str(child(g, 'metadata'), 'name') === 'things.example.com');
    return children(group, 'versions')[0];
  };
  await expect.poll(entry).toMatchObject({
    version: 'v1',
    freshness: 'Current',
    resources: [{ resource: 'things', scope: 'Namespaced', responseKind: { kind: 'Thing' } }],
  });
  backend.closeAllConnections();
  backend.close();
  // What is checked every 30 s is checked at once when its APIService changes.
  const change = { metadata: { labels: { touched: 'yes' } }, spec: { versionPriority: 16 } };
  const patch = { contentType: 'application/merge-patch+json' };
  await rest.ok(200, 'PATCH', `${API_SERVICES}/v1.things.example.com`, change, patch);
  await routed(() => reasonOf('v1.things.example.com') === 'FailedDiscoveryCheck');
  expect(str(condition('v1.things.example.com'), 'message')).toContain('connect: connection refused');
  expect((await server.call(`${THINGS}/a`)).status).toBe(503);
  expect((await server.call('/api/v1/namespaces/default')).status).toBe(200);
  await expect.poll(entry).toMatchObject({ freshness: 'Stale', resources: [{ resource: 'things' }] });
  await startBackend(port);
  await routed(() => reasonOf('v1.things.example.com') === 'Passed');
  expect((await server.call(`${THINGS}/a`)).status).toBe(200);
  await expect.poll(entry).toMatchObject({ freshness: 'Current' });
});

test('the OpenAPI v3 index names the documents of other servers, and they are fetched from there', async () => {
  const handle = createOpenApi(new OpenApi('test'), openApi);
  const ask = async (path: string, query = ''): Promise<JsonObject> => {
    const request = { method: 'GET', path, query: new URLSearchParams(query), header: () => '' };
    const reply = (await handle(request as never)) as { body: string | Buffer } | undefined;
    return JSON.parse(String(reply?.body ?? '{}')) as JsonObject;
  };
  await expect
    .poll(async () => child(child(await ask('/openapi/v3'), 'paths'), 'apis/things.example.com/v1'))
    .toEqual({ serverRelativeURL: '/openapi/v3/apis/things.example.com/v1?hash=AB12' });
  expect(await ask('/openapi/v3/apis/things.example.com/v1', 'hash=AB12')).toMatchObject({
    url: '/openapi/v3/apis/things.example.com/v1?hash=AB12',
    headers: { 'x-remote-user': 'system:kube-aggregator' },
  });
  // It may tell nothing of what is not its own.
  const own = child(child(await ask('/openapi/v3'), 'paths'), 'apis/apps/v1');
  expect(str(own, 'serverRelativeURL')).toMatch(/^\/openapi\/v3\/apis\/apps\/v1\?hash=[0-9A-F]{128}$/);
});

test('the OpenAPI v2 document holds what other servers have, as long as they are there', async () => {
  const merged = new OpenApi('test');
  const own = merged.v2('json').hash;
  const document = async (): Promise<JsonObject> =>
    JSON.parse(String(await ungzip(await merged.v2('json').content()))) as JsonObject;
  const following = new RemoteOpenApiV2(services, servers, (specs) => merged.setRemote(specs));
  await expect.poll(() => merged.v2('json').hash).not.toBe(own);
  const { paths, definitions } = (await document()) as { paths: JsonObject; definitions: JsonObject };
  expect(paths['/apis/things.example.com/v1/things']).toBeDefined();
  expect(paths['/apis/apps/v1/things']).toBeUndefined();
  expect(definitions['Thing']).toEqual({ type: 'object' });
  // It is asked again when its APIService changes, and tells that nothing has.
  askedForV2.length = 0;
  const caBundle = Buffer.from(`${ca.cert}\n`).toString('base64');
  await rest.ok(
    200,
    'PATCH',
    `${API_SERVICES}/v1.things.example.com`,
    { spec: { caBundle } },
    { contentType: 'application/merge-patch+json' },
  );
  await expect.poll(() => askedForV2).toEqual(['"one"']);
  following.stop();
});

describe('the APIServices of what this server serves itself', () => {
  const APPS = `${API_SERVICES}/v1.apps`;
  const spec = (name: string): JsonObject | undefined => child(services.get(name)?.object, 'spec');

  test('are there, are set back when they are changed, keep labels, and come back', async () => {
    await applied(() => services.get('v1.apps') !== undefined);
    expect(spec('v1.apps')).toEqual({
      group: 'apps',
      version: 'v1',
      groupPriorityMinimum: 17_800,
      versionPriority: 15,
    });
    const patch = { contentType: 'application/merge-patch+json' };
    const change = { metadata: { labels: { mine: 'yes' } }, spec: { versionPriority: 99 } };
    await rest.ok(200, 'PATCH', APPS, change, patch);
    await applied(() => spec('v1.apps')?.['versionPriority'] === 15);
    expect(child(child(services.get('v1.apps')?.object, 'metadata'), 'labels')).toEqual({
      mine: 'yes',
      'kube-aggregator.kubernetes.io/automanaged': 'onstart',
    });
    await rest.ok(200, 'DELETE', APPS);
    await applied(() => services.get('v1.apps')?.available === true);
    expect(reasonOf('v1.apps')).toBe('Local');
  });

  test('follow custom resources, and those that others made are left alone', async () => {
    await rest.ok(201, 'POST', API_SERVICES, apiService('mine.example.com', {}));
    custom = ['gadgets.example.com', 'mine.example.com'].map((group) => ({ group, version: 'v1' }));
    registration.wake();
    await applied(() => services.get('v1.gadgets.example.com') !== undefined);
    expect(spec('v1.gadgets.example.com')).toMatchObject({ groupPriorityMinimum: 1000, versionPriority: 100 });
    custom = [];
    registration.wake();
    await applied(() => services.get('v1.gadgets.example.com') === undefined);
    expect(spec('v1.mine.example.com')).toMatchObject({ versionPriority: 15 });
  });
});
