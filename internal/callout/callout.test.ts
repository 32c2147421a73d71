import { once } from 'node:events';
import type { IncomingMessage, RequestListener } from 'node:http';
import { createServer, type Server } from 'node:https';
import { type AddressInfo, createServer as createTcp, isIP } from 'node:net';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { PeerCertificate } from 'node:tls';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAuthority, issue, type KeyPair } from '../pki/x509.js';
import { untrusted } from './go-errors.js';
import { CallError, Callout, clusterIpResolver } from './index.js';
import { x509FaultMetrics } from './x509-faults.js';

let ca: KeyPair;
let other: KeyPair;
const callout = new Callout();
const servers: Server[] = [];

/** A certificate for these names and addresses. */
function leaf(names: readonly string[], usage: 'server' | 'client' = 'server', commonName = 'c'): Promise<KeyPair> {
  const ips = names.filter((n) => isIP(n) !== 0);
  const dnsNames = names.filter((n) => isIP(n) === 0);
  return issue(ca, { commonName, usages: [usage], ips, dnsNames });
}

async function serve(pair: KeyPair, handler: RequestListener, mutual = false): Promise<number> {
  const server = createServer(
    { key: pair.key, cert: pair.cert, ...(mutual ? { ca: ca.cert, requestCert: true, rejectUnauthorized: true } : {}) },
    handler,
  );
  server.on('upgrade', (req, socket) => {
    socket.on('error', () => undefined);
    if (req.url === '/refuse') {
      socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno');
      return;
    }
    socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: echo\r\n\r\nhello');
    socket.pipe(socket);
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

const echo: RequestListener = (req, res) => {
  void text(req).then((body) => {
    res.setHeader('x-port', String(req.socket.remotePort));
    switch (req.url ?? '') {
      case '/hang':
        return;
      case '/drop':
        return res.destroy();
      case '/moved':
        return res.writeHead(302, { location: '/landed' }).end();
      case '/gzip':
        return res.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('zipped'));
      case '/large':
        return res.end('x'.repeat(5000));
      case '/cut':
        res.writeHead(200, { 'content-length': '10' });
        res.write('half');
        return setTimeout(() => res.destroy(), 5);
      default:
        return res.end(`${req.method} ${req.url} ${req.headers.host} ${body}`);
    }
  });
};

let good: number;
beforeAll(async () => {
  ca = await createAuthority('callout test');
  other = await createAuthority('another');
  good = await serve(await leaf(['127.0.0.1', 'good.ns.svc']), echo);
});
afterAll(() => {
  callout.close();
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

const failure = async (work: Promise<unknown>): Promise<string> => {
  const error: unknown = await work.then(
    () => undefined,
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(CallError);
  return (error as CallError).message;
};
const post = (port: number, path: string, tls: object = { ca: ca.cert }, more: object = {}) =>
  callout.call({ url: `https://127.0.0.1:${port}${path}`, tls }, { method: 'POST', body: 'b', ...more });

describe('a call', () => {
  test('sends method, path, body and the host of the URL, and reads the answer', async () => {
    const { status, body } = await post(good, '/x?timeout=10s');
    expect([status, body.toString()]).toEqual([200, `POST /x?timeout=10s 127.0.0.1:${good} b`]);
  });

  test('uses a kept connection again, but never one for other TLS options', async () => {
    const first = await post(good, '/');
    const second = await post(good, '/');
    const third = await post(good, '/', { ca: ca.cert, serverName: 'good.ns.svc' });
    expect(second.headers['x-port']).toBe(first.headers['x-port']);
    expect(third.headers['x-port']).not.toBe(first.headers['x-port']);
  });

  test('connects to the address of a service while URL and certificate have its name', async () => {
    const target = {
      url: 'https://good.ns.svc:443/x',
      tls: { ca: ca.cert, serverName: 'good.ns.svc' },
      address: () => ({ host: '127.0.0.1', port: good }),
    };
    const { body } = await callout.call(target, { method: 'GET' });
    expect(body.toString()).toBe('GET /x good.ns.svc ');
  });

  test('follows redirects when told so: a POST becomes a GET', async () => {
    expect((await post(good, '/moved')).status).toBe(302);
    const { body } = await post(good, '/moved', { ca: ca.cert }, { redirects: 10 });
    expect(body.toString()).toBe(`GET /landed 127.0.0.1:${good} `);
  });

  test('decompresses, and reads no more than it may', async () => {
    expect((await post(good, '/gzip')).body.toString()).toBe('zipped');
    const target = { url: `https://127.0.0.1:${good}/large`, tls: { ca: ca.cert } };
    expect(await failure(callout.call(target, { method: 'GET' }, 4999))).toBe('http: response body too large');
  });

  test('that hangs ends at its deadline and holds nobody else up', async () => {
    const hanging = Array.from({ length: 80 }, () => failure(post(good, '/hang', { ca: ca.cert }, { timeoutMs: 400 })));
    expect((await post(good, '/x')).status).toBe(200);
    const [first] = await Promise.all(hanging);
    expect(first).toBe(`Post "https://127.0.0.1:${good}/hang": context deadline exceeded`);
  });

  test('ends when its caller goes away', async () => {
    const abort = new AbortController();
    const call = failure(post(good, '/hang', { ca: ca.cert }, { signal: abort.signal }));
    abort.abort();
    expect(await call).toMatch(/: context canceled$/);
  });

  test('is sent again when the kept connection was closed, if it may be repeated', async () => {
    let asked = 0;
    const pair = await leaf(['127.0.0.1']);
    const port = await serve(pair, (req, res) => {
      asked++;
      if (asked === 2) return void req.socket.destroy();
      res.end('ok');
    });
    await post(port, '/');
    expect((await post(port, '/', { ca: ca.cert }, { repeatable: true })).body.toString()).toBe('ok');
    expect(asked).toBe(3);
  });
});

describe('the words of Go', () => {
  test('for connections that are refused, dropped or cut', async () => {
    const closed = createTcp().listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const { port } = closed.address() as AddressInfo;
    closed.close();
    await once(closed, 'close');
    const at = `Post "https://127.0.0.1:${port}/x": `;
    expect(await failure(post(port, '/x'))).toBe(`${at}dial tcp 127.0.0.1:${port}: connect: connection refused`);
    expect(await failure(post(good, '/drop'))).toMatch(/: EOF$/);
    expect(await failure(post(good, '/cut'))).toBe('unexpected EOF');
  });

  test('a certificate without alternative names is counted, for who calls', async () => {
    const missing = (): string[] => [...x509FaultMetrics()].filter((text) => text.includes('_missing_san_total 1\n'));
    expect(missing()).toEqual([]);
    const tls = { ca: ca.cert, serverName: 'c', caller: 'kube_aggregator' } as const;
    await failure(post(await serve(await leaf([]), echo), '/', tls));
    await post(await serve(await leaf(['c']), echo), '/', tls);
    expect(missing()).toEqual([expect.stringContaining('apiserver_kube_aggregator_x509_missing_san_total 1\n')]);
  });

  test('for certificates', async () => {
    const verify = 'tls: failed to verify certificate: x509: ';
    const reason = async (pair: KeyPair, tls: object = { ca: ca.cert }) =>
      (await failure(post(await serve(pair, echo), '/', tls))).split('/": ', 2)[1];
    expect(await reason(await leaf(['127.0.0.1']), { ca: other.cert })).toBe(
      `${verify}certificate signed by unknown authority`,
    );
    expect(await reason(await leaf(['127.0.0.1']), {})).toBe(`${verify}certificate signed by unknown authority`);
    expect(await reason(await leaf(['127.0.0.2']))).toBe(`${verify}certificate is valid for 127.0.0.2, not 127.0.0.1`);
    expect(await reason(await leaf(['a.b']))).toBe(
      `${verify}cannot validate certificate for 127.0.0.1 because it doesn't contain any IP SANs`,
    );
    expect(await reason(await leaf(['a.b', 'c.d']), { ca: ca.cert, serverName: 'e.f' })).toBe(
      `${verify}certificate is valid for a.b, c.d, not e.f`,
    );
    expect(await reason(await leaf([]), { ca: ca.cert, serverName: 'c' })).toBe(
      `${verify}certificate relies on legacy Common Name field, use SANs instead`,
    );
    const expired = { valid_to: 'Nov 28 17:04:59 2020 GMT' } as PeerCertificate;
    expect(untrusted('CERT_HAS_EXPIRED', expired).reason).toMatch(
      /x509: certificate has expired or is not yet valid: current time \S+Z is after 2020-11-28T17:04:59Z$/,
    );
    expect(await reason(await leaf(['127.0.0.1']), { ca: 'no pem' })).toBe(
      'unable to load root certificates: unable to parse bytes as PEM block',
    );
  });

  test('a certificate that stands in the bundle is believed, and so is anything where nobody looks', async () => {
    const pair = await leaf(['127.0.0.1']);
    const port = await serve(pair, echo);
    expect((await post(port, '/', { ca: pair.cert })).status).toBe(200);
    expect((await post(port, '/', { insecure: true })).status).toBe(200);
  });

  test('for a server that speaks no TLS and one that wants a certificate', async () => {
    const plain = createTcp((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')).listen(0, '127.0.0.1');
    await once(plain, 'listening');
    const { port } = plain.address() as AddressInfo;
    expect(await failure(post(port, '/'))).toMatch(/: http: server gave HTTP response to HTTPS client$/);
    plain.close();
    const mutual = await serve(await leaf(['127.0.0.1']), echo, true);
    expect(await failure(post(mutual, '/'))).toMatch(/remote error: tls: certificate required$/);
    const client = await leaf([], 'client');
    expect((await post(mutual, '/', { ca: ca.cert, cert: client.cert, key: client.key })).status).toBe(200);
  });
});

describe('streams and upgrades', () => {
  const target = (path: string) => ({ url: `https://127.0.0.1:${good}${path}`, tls: { ca: ca.cert } });

  test('a body comes as it is read, and goes as it is written', async () => {
    const { status, body } = await callout.open(target('/x'), { method: 'POST', body: Readable.from(['a', 'b']) });
    expect([status, await text(body as IncomingMessage)]).toEqual([200, `POST /x 127.0.0.1:${good} ab`]);
  });

  test('a connection is handed over, or the refusal is', async () => {
    const headers = { upgrade: 'echo' };
    const answer = await callout.upgrade(target('/'), { method: 'POST', headers });
    if (!('upgraded' in answer)) throw new Error('it was refused');
    const { socket, head } = answer.upgraded;
    expect(head.toString()).toBe('hello');
    socket.write('again');
    const [back] = (await once(socket, 'data')) as [Buffer];
    expect(back.toString()).toBe('again');
    socket.destroy();
    const refused = await callout.upgrade(target('/refuse'), { method: 'POST', headers });
    if (!('refused' in refused)) throw new Error('it was taken');
    expect([refused.refused.status, await text(refused.refused.body)]).toEqual([403, 'no']);
  });
});

test('a service is found by its cluster IP, or by name where it is external', () => {
  const spec = (s: object) => clusterIpResolver({ get: () => ({ spec: s }) as never, list: () => [] });
  const ports = [{ port: 443 }];
  expect(spec({ type: 'ClusterIP', clusterIP: '10.0.0.9', ports })('n', 's', 443)).toEqual({
    host: '10.0.0.9',
    port: 443,
  });
  expect(spec({ type: 'ExternalName', externalName: 'localhost' })('n', 's', 8443)).toEqual({
    host: 'localhost',
    port: 8443,
  });
  expect(() => spec({ type: 'ClusterIP', clusterIP: '10.0.0.9', ports })('n', 's', 1)).toThrow(
    'no service port 1 found for service "s"',
  );
  expect(() => spec({ type: 'ClusterIP', clusterIP: 'None', ports })('n', 's', 443)).toThrow(
    'cannot route to service with ClusterIP "None"',
  );
  expect(() => clusterIpResolver({ get: () => undefined, list: () => [] })('n', 's', 443)).toThrow(
    'service "s" not found',
  );
});
