import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isGlobalUnicast } from './addresses.js';
import { startTestCluster, type TestCluster } from './testing/cluster.js';

const NS = '/api/v1/namespaces/ns';
let cluster: TestCluster;
let backend: Server;
let port: number;
const seen: IncomingMessage[] = [];

/** 7.8 MB of links. */
const LINKS = gzipSync('<a href="/x">'.repeat(600_000));
const LONG = `<a href="/${'x'.repeat(100_000)}">`;

const answer: RequestListener = (request, response) => {
  seen.push(request);
  void text(request).then((body) => {
    response.setHeader('set-cookie', ['a=1', 'b=2']);
    response.setHeader('access-control-allow-origin', '*');
    if (request.url === '/moved') return response.writeHead(302, { location: '/there?x=1' }).end();
    if (request.url === '/away') return response.writeHead(302, { location: 'http://example.com/there' }).end();
    if (request.url === '/cut') {
      response.writeHead(200, { 'content-length': '100' });
      response.write('only this');
      return setTimeout(() => response.destroy(), 20);
    }
    if (request.url === '/long') return response.setHeader('content-type', 'text/html').end(LONG);
    if (request.url === '/links') {
      return response.writeHead(200, { 'content-type': 'text/html', 'content-encoding': 'gzip' }).end(LINKS);
    }
    if (request.url === '/page') {
      response.setHeader('content-type', 'text/html; charset=utf-8');
      return response.end(
        '<!-- <a href="/x"> --><a class=x href="/a b">a</a><img src=/i><a href="rel"><p title="/t"><a href="/o',
      );
    }
    return response.end(`${request.method} ${request.url} ${body}`);
  });
};

beforeAll(async () => {
  cluster = await startTestCluster();
  backend = createServer(answer).listen(0, '127.0.0.1');
  await once(backend, 'listening');
  port = (backend.address() as AddressInfo).port;
  await cluster.putPod('web', {
    spec: { containers: [{ name: 'c', ports: [{ containerPort: port }] }] },
    status: { podIP: '127.0.0.1', podIPs: [{ ip: '127.0.0.1' }] },
  });
  await cluster.store.put('ns', 'svc', { spec: { ports: [{ name: 'http', port: 80 }] } }, 'Service');
  const targetRef = { kind: 'Pod', namespace: 'ns', name: 'web' };
  const subsets = [
    { addresses: [{ ip: '127.0.0.1', targetRef }, { ip: '10.1.1.1' }], ports: [{ name: 'http', port }] },
  ];
  await cluster.store.put('ns', 'svc', { subsets }, 'Endpoint');
});
afterAll(async () => {
  backend.closeAllConnections();
  backend.close();
  await cluster.close();
});

describe('a proxy to a pod', () => {
  test('passes on method, path, query, body and headers, but not who the client is', async () => {
    const { status, body, headers } = await cluster.server.call(`${NS}/pods/web/proxy/a%20b/c?d=%2F&d`, {
      method: 'PUT',
      body: 'body',
      headers: { 'x-own': 'kept', te: 'trailers' },
    });
    expect([status, body]).toEqual([200, 'PUT /a%20b/c?d=%2F&d body']);
    expect(headers['set-cookie']).toEqual(['a=1', 'b=2']);
    expect(headers['access-control-allow-origin']).toBeUndefined();
    const sent = seen.at(-1)?.headers;
    expect(sent).toMatchObject({ 'x-own': 'kept', 'x-forwarded-uri': `${NS}/pods/web/proxy/a%20b/c` });
    expect(sent?.['x-forwarded-for']).toBe('127.0.0.1');
    expect([sent?.authorization, sent?.te]).toEqual([undefined, undefined]);
  });

  test('passes on OPTIONS and HEAD', async () => {
    expect(await cluster.server.call(`${NS}/pods/web/proxy/x`, { method: 'OPTIONS' })).toMatchObject({ status: 200 });
    expect(await cluster.server.call(`${NS}/pods/web/proxy/x`, { method: 'HEAD' })).toMatchObject({
      status: 200,
      body: '',
    });
    expect(seen.at(-1)?.method).toBe('HEAD');
  });

  test('begins with a slash, and redirects lead through it', async () => {
    const moved = async (path: string): Promise<unknown> => (await cluster.server.call(path)).headers['location'];
    expect(await moved(`${NS}/pods/web/proxy?q=1`)).toBe(`${NS}/pods/web/proxy/?q=1`);
    expect(await moved(`${NS}/pods/web/proxy/moved`)).toBe(`${NS}/pods/web/proxy/there?x=1`);
    expect(await moved(`${NS}/pods/web/proxy/away`)).toBe('http://example.com/there');
  });

  test('has the links of a page lead through it', async () => {
    const { body } = await cluster.server.call(`${NS}/pods/web/proxy/page`);
    const at = `${NS}/pods/web/proxy`;
    expect(body).toBe(
      `<!-- <a href="/x"> --><a class=x href="${at}/a b">a</a><img src=${at}/i><a href="rel"><p title="/t"><a href="/o`,
    );
  });

  test('rewrites a page of 600,000 links while others have their turn', async () => {
    let [longest, before, over] = [0, process.cpuUsage(), false];
    const turn = (): void => {
      const { user, system } = process.cpuUsage(before);
      longest = Math.max(longest, user + system);
      before = process.cpuUsage();
      if (!over) setImmediate(turn);
    };
    setImmediate(turn);
    const { body } = await cluster.server.call(`${NS}/pods/web/proxy/links`);
    over = true;
    expect(body).toBe(`<a href="${NS}/pods/web/proxy/x">`.repeat(600_000));
    // In one go it takes a second.
    expect(longest / 1000).toBeLessThan(250);
  });

  test('leaves a link of 100,000 characters as it is', async () => {
    const { body } = await cluster.server.call(`${NS}/pods/web/proxy/long`);
    expect(body).toBe(LONG);
  });

  test('breaks off where the pod does: half an answer is not a whole one', async () => {
    await expect(cluster.server.call(`${NS}/pods/web/proxy/cut`)).rejects.toThrow(/aborted|hang up|terminated/);
  });

  test('says when nobody answers', async () => {
    const { status, body } = await cluster.server.call(`${NS}/pods/web:1/proxy/`);
    expect(status).toBe(503);
    expect(body).toContain('error trying to reach service: dial tcp 127.0.0.1:1: connect: connection refused');
  });
});

test('a proxy to a service finds the pods behind a port by name and by number, and no other address', async () => {
  for (const id of ['svc:http', 'svc:80', 'http:svc:http']) {
    expect(await cluster.server.call(`${NS}/services/${id}/proxy/x`)).toMatchObject({ status: 200, body: 'GET /x ' });
  }
  const { status, body } = await cluster.server.call(`${NS}/services/svc:81/proxy/x`);
  expect(status).toBe(503);
  expect(body).toContain('no service port 81 found for service \\"svc\\"');
  const foreign = { addresses: [{ ip: '127.0.0.1' }], ports: [{ name: 'http', port }] };
  await cluster.store.put('ns', 'foreign', { subsets: [foreign] }, 'Endpoint');
  expect((await cluster.server.call(`${NS}/services/foreign:http/proxy/x`)).status).toBe(503);
});

test('a proxy to a node is one to its kubelet', async () => {
  cluster.kubelet.request = (_request, response) => void response.end('metrics');
  expect(await cluster.server.call('/api/v1/nodes/n/proxy/metrics/cadvisor?a=1')).toMatchObject({ body: 'metrics' });
  expect(cluster.kubelet.asked.at(-1)).toBe('GET /metrics/cadvisor?a=1');
  expect((await cluster.server.call('/api/v1/nodes/absent:10250/proxy/')).body).toContain(
    'nodes \\"absent\\" not found',
  );
});

test('only addresses of others are proxied to', () => {
  for (const ip of ['10.0.0.1', '8.8.8.8', 'fd00::1', '2001:db8::1']) expect(isGlobalUnicast(ip), ip).toBe(true);
  const refused = ['127.0.0.1', '0.0.0.0', '169.254.169.254', '224.0.0.1', '255.255.255.255', '::', '::1', 'fe80::1'];
  for (const ip of [...refused, 'ff02::1', '::ffff:127.0.0.1', '::ffff:169.254.1.1', '', 'web']) {
    expect(isGlobalUnicast(ip), ip).toBe(false);
  }
});
