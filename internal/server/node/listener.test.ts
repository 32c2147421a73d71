import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import https from 'node:https';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { createAuthority, issue } from '../../pki/x509.js';
import type { ApiRequest, HandlerReply, Sink } from '../../rest/types.js';
import type { WebSocketConnection } from '../../rest/web-socket.js';
import type { HttpListener, TlsFiles } from '../http-listener.js';
import { ADMIN_TOKEN, JANE_TOKEN, startTestServer, type TestServer } from '../testing.js';
import { listenWithNode } from './listener.js';

const POD = '/api/v1/namespaces/ns/pods/p';
const MIB = 1024 * 1024;
let server: TestServer;
let files: TlsFiles;
let listener: HttpListener;
let resources: (request: ApiRequest) => HandlerReply | Promise<HandlerReply>;

beforeAll(async () => {
  server = await startTestServer(0, (request) => resources(request));
  const file = (name: string): string => join(server.dir, name);
  files = { certFile: file('apiserver.crt'), keyFile: file('apiserver.key'), clientCaFile: file('ca.crt') };
  listener = await listenWithNode({ host: '127.0.0.1', port: 0, ...files }, server.chain);
});
beforeEach(() => {
  resources = ({ user, body }) => ({
    status: 201,
    contentType: 'text/plain',
    warnings: ['careful'],
    body: `${user.username} ${body.length}`,
  });
});
afterAll(async () => {
  await listener.close(1000);
  await server.close();
});

interface Got {
  readonly status: number;
  readonly response: IncomingMessage;
  readonly text: string;
}

type Options = Omit<https.RequestOptions, 'headers'> & { readonly headers?: Readonly<Record<string, string>> };

/** One request on the port. */
async function ask(options: Options = {}, body?: Buffer | string, token = ADMIN_TOKEN): Promise<Got> {
  const request = https.request({
    host: '127.0.0.1',
    port: listener.port,
    path: POD,
    rejectUnauthorized: false,
    agent: false,
    ...options,
    headers: { ...(token === '' ? {} : { authorization: `Bearer ${token}` }), ...options.headers },
  });
  request.end(body);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return { status: response.statusCode ?? 0, response, text };
}

describe('requests that are no upgrade', () => {
  test('are answered as on the main port', async () => {
    const got = await ask({ method: 'POST' }, Buffer.alloc(2 * MIB));
    expect([got.status, got.text]).toEqual([201, `admin ${2 * MIB}`]);
    expect(got.response.headers).toMatchObject({
      'cache-control': 'no-cache, private',
      'content-type': 'text/plain',
      'content-length': String(got.text.length),
      warning: '299 - "careful"',
    });
    expect(got.response.headers['audit-id']).toMatch(/^[\da-f-]{36}$/);
    const head = await ask({ method: 'HEAD' });
    expect([head.status, head.response.headers['content-length'], head.text]).toEqual([201, '7', '']);
  });

  test('of users who may not, or whom nobody knows, are refused before their body has come', async () => {
    const promised = { method: 'POST', headers: { 'content-length': String(3 * MIB) } };
    const refused = async (token: string): Promise<number> => {
      const request = https.request({
        host: '127.0.0.1',
        port: listener.port,
        path: POD,
        rejectUnauthorized: false,
        agent: false,
        method: 'POST',
        headers: { ...promised.headers, authorization: `Bearer ${token}` },
      });
      request.on('error', () => undefined);
      request.write('beginning');
      const [response] = (await once(request, 'response')) as [IncomingMessage];
      request.destroy();
      return response.statusCode ?? 0;
    };
    expect(await refused('nobody')).toBe(401);
    expect(await refused(JANE_TOKEN)).toBe(403);
  });

  test('may have 3 MiB and 100 headers', async () => {
    const tooLarge = await ask({ method: 'POST' }, Buffer.alloc(3 * MIB + 1));
    expect([tooLarge.status, tooLarge.text]).toEqual([413, expect.stringContaining('limit is 3145728')]);
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`h${i}`, 'x']));
    expect((await ask({ headers: many })).status).toBe(431);
  });

  test('are told a stream as it comes, which ends with its client, and is held back by it', async () => {
    let sink: Sink | undefined;
    resources = () => ({ status: 200, contentType: 'text/plain', stream: (to) => void (sink = to) });
    const request = https.get({
      host: '127.0.0.1',
      port: listener.port,
      path: POD,
      rejectUnauthorized: false,
      agent: false,
      headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
    });
    // The head is seen before there is anything.
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    sink?.write('first');
    expect(String(((await once(response, 'data')) as [Buffer])[0])).toBe('first');
    response.pause();
    let written = 0;
    const chunk = Buffer.alloc(MIB);
    while (sink?.write(chunk) === true && written < 100) written++;
    const writable = new Promise<void>((resolve) => sink?.onWritable(resolve));
    expect(written).toBeLessThan(100);
    response.resume();
    await writable;
    const closed = new Promise<void>((resolve) => sink?.onClose(resolve));
    response.destroy();
    await closed;
    expect(sink?.closed).toBe(true);
  });
});

describe('TLS', () => {
  const nameShown = async (servername: string, port = listener.port): Promise<unknown> => {
    const socket = tls.connect({ host: '127.0.0.1', port, servername, rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    const { subject } = socket.getPeerCertificate();
    socket.destroy();
    return subject.CN;
  };

  test('a client is who its certificate says, and one that nobody vouches for is turned away', async () => {
    const jane = await server.issueClient('jane', ['system:masters']);
    expect((await ask({ cert: jane.cert, key: jane.key }, undefined, '')).text).toBe('jane 0');
    const stranger = await issue(await createAuthority('strangers'), { commonName: 'jane', usages: ['client'] });
    await expect(ask({ cert: stranger.cert, key: stranger.key }, undefined, '')).rejects.toThrow();
    expect((await ask({}, undefined, '')).status).toBe(403);
  });

  test('certificates and authorities are replaced for those who connect; some names have their own', async () => {
    const authority = await createAuthority('next');
    const { writeFileSync } = await import('node:fs');
    const write = async (name: string, ...dnsNames: string[]) => {
      const { cert, key } = await issue(authority, { commonName: name, usages: ['server'], dnsNames });
      const pair = { certFile: join(server.dir, `${name}.crt`), keyFile: join(server.dir, `${name}.key`) };
      writeFileSync(pair.certFile, cert);
      writeFileSync(pair.keyFile, key);
      return pair;
    };
    writeFileSync(join(server.dir, 'next-ca.crt'), authority.cert);
    const second = await listenWithNode({ host: '127.0.0.1', port: 0, ...files }, server.chain);
    const named = { ...(await write('named', 'a.example.com')), names: ['a.example.com', '*.wild.com'] };
    const next = await write('next');
    await second.replaceTls({ ...next, clientCaFile: join(server.dir, 'next-ca.crt'), named: [named] });
    expect(await nameShown('localhost', second.port)).toBe('next');
    expect(await nameShown('A.example.com', second.port)).toBe('named');
    expect(await nameShown('x.wild.com', second.port)).toBe('named');
    const ann = await issue(authority, { commonName: 'ann', organizations: ['system:masters'], usages: ['client'] });
    const jane = await server.issueClient('jane', ['system:masters']);
    for (const servername of ['localhost', 'a.example.com']) {
      const asAnn = { port: second.port, servername, cert: ann.cert, key: ann.key };
      expect((await ask(asAnn, undefined, '')).text).toBe('ann 0');
      await expect(ask({ ...asAnn, cert: jane.cert, key: jane.key }, undefined, '')).rejects.toThrow();
    }
    await expect(second.replaceTls({ ...next, certFile: named.certFile, clientCaFile: undefined })).rejects.toThrow(
      'TLS cannot start',
    );
    expect(await nameShown('localhost', second.port)).toBe('next');
    await second.close(0);
  });

  test('only the suites that are listed are spoken in TLS 1.2, and TLS 1.3 always', async () => {
    const second = await listenWithNode(
      { host: '127.0.0.1', port: 0, ...files, ciphers: 'ECDHE-ECDSA-CHACHA20-POLY1305' },
      server.chain,
    );
    const cipher = async (options: tls.ConnectionOptions): Promise<string> => {
      const socket = tls.connect({ host: '127.0.0.1', port: second.port, rejectUnauthorized: false, ...options });
      await once(socket, 'secureConnect');
      const { name } = socket.getCipher();
      socket.destroy();
      return name;
    };
    expect(await cipher({ maxVersion: 'TLSv1.2' })).toBe('ECDHE-ECDSA-CHACHA20-POLY1305');
    await expect(cipher({ maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' })).rejects.toThrow();
    expect(await cipher({})).toMatch(/^TLS_/);
    await second.close(0);
  });
});

describe('a connection that is handed over', () => {
  const upgrade = async (protocol: string): Promise<{ response: IncomingMessage; socket: Duplex; head: Buffer }> => {
    const request = https.request({
      host: '127.0.0.1',
      port: listener.port,
      path: `${POD}/exec`,
      method: 'POST',
      rejectUnauthorized: false,
      agent: false,
      headers: { authorization: `Bearer ${ADMIN_TOKEN}`, connection: 'Upgrade', upgrade: protocol },
    });
    request.end();
    const [response, socket, head] = (await once(request, 'upgrade')) as [IncomingMessage, Duplex, Buffer];
    return { response, socket, head };
  };

  test('carries what its two sides write, behind the answer as it was given', async () => {
    resources = (request) => {
      expect(request.handsOver).toBe(true);
      return {
        status: 101,
        contentType: '',
        rawHeaders: ['Connection', 'Upgrade', 'Upgrade', 'SPDY/3.1', 'X-Own', 'kept'],
        handOver: (connection) => connection.pipe(connection),
      };
    };
    const { response, socket } = await upgrade('SPDY/3.1');
    expect(response.rawHeaders).toEqual(['Connection', 'Upgrade', 'Upgrade', 'SPDY/3.1', 'X-Own', 'kept']);
    socket.write('to and fro');
    expect(String(((await once(socket, 'data')) as [Buffer])[0])).toBe('to and fro');
    const ended = once(socket, 'close');
    socket.end();
    await ended;
  });

  test('is refused as any request is', async () => {
    resources = () => ({ status: 418, contentType: 'text/plain', body: 'no' });
    const headers = { connection: 'Upgrade', upgrade: 'SPDY/3.1' };
    const got = await ask({ method: 'POST', headers });
    expect([got.status, got.text, got.response.headers.connection]).toEqual([418, 'no', 'close']);
    expect((await ask({ method: 'POST', headers }, undefined, JANE_TOKEN)).status).toBe(403);
  });

  test('ends with its listener', async () => {
    const second = await listenWithNode({ host: '127.0.0.1', port: 0, ...files }, server.chain);
    let given: Duplex | undefined;
    resources = () => ({
      status: 101,
      contentType: '',
      rawHeaders: ['Connection', 'Upgrade', 'Upgrade', 'x'],
      handOver: (connection) => void (given = connection),
    });
    const request = https.request({
      host: '127.0.0.1',
      port: second.port,
      path: `${POD}/exec`,
      rejectUnauthorized: false,
      agent: false,
      headers: { authorization: `Bearer ${ADMIN_TOKEN}`, connection: 'Upgrade', upgrade: 'x' },
    });
    request.end();
    await once(request, 'upgrade');
    expect(given?.destroyed).toBe(false);
    await second.close(10_000);
    expect(given?.destroyed).toBe(true);
  });
});

describe('a WebSocket', () => {
  const connect = (port = listener.port): WebSocket =>
    new WebSocket(`wss://127.0.0.1:${port}${POD}/exec`, ['v5.channel.k8s.io'], {
      rejectUnauthorized: false,
      headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
    });
  const accepting = (accept: (socket: WebSocketConnection) => void): void => {
    resources = () => ({ status: 101, contentType: '', protocol: 'v5.channel.k8s.io', accept });
  };

  test('carries messages both ways, and tells its end', async () => {
    const ended = new Promise<number>((resolve) => {
      accepting((socket) => {
        socket.onMessage((message, isBinary) => void socket.send(isBinary ? message : message.toString()));
        socket.onClose(resolve);
      });
    });
    const client = connect();
    await once(client, 'open');
    expect(client.protocol).toBe('v5.channel.k8s.io');
    client.send('text');
    expect(await once(client, 'message')).toEqual([Buffer.from('text'), false]);
    const large = Buffer.alloc(300_000, 7);
    client.send(large);
    const [back, isBinary] = (await once(client, 'message')) as [Buffer, boolean];
    expect([back.equals(large), isBinary]).toEqual([true, true]);
    client.close(4000);
    expect(await ended).toBe(4000);
    accepting((socket) => socket.close(4001, 'enough'));
    const [code, reason] = (await once(connect(), 'close')) as [number, Buffer];
    expect([code, reason.toString()]).toEqual([4001, 'enough']);
  });

  test('is held back while its handler is busy', async () => {
    let handled = 0;
    let goOn: () => void = () => undefined;
    accepting((socket) =>
      socket.onMessage(() => {
        handled++;
        return handled === 1 ? new Promise<void>((resolve) => (goOn = resolve)) : undefined;
      }),
    );
    const client = connect();
    await once(client, 'open');
    // More than kernels buffer.
    const count = 60;
    let taken = 0;
    const sent = new Promise<void>((resolve) => {
      for (let i = 0; i < count; i++) {
        client.send(Buffer.alloc(MIB / 2), () => {
          taken++;
          if (taken === count) resolve();
        });
      }
    });
    let seen = -1;
    while (seen !== taken) {
      seen = taken;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    expect(taken).toBeLessThan(count);
    expect(handled).toBe(1);
    goOn();
    await sent;
    client.close();
    await once(client, 'close');
    expect(handled).toBe(count);
  });

  test('must be asked for, and ends with its listener', async () => {
    accepting(() => undefined);
    expect((await ask({ path: `${POD}/exec` })).text).toBe('you must specify a WebSocket upgrade\n');
    const second = await listenWithNode({ host: '127.0.0.1', port: 0, ...files }, server.chain);
    const client = connect(second.port);
    await once(client, 'open');
    const closed = once(client, 'close');
    await second.close(10_000);
    expect((await closed)[0]).toBe(1001);
  });

  const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
  const handshake = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': KEY,
  };

  test.each<[string, string, Readonly<Record<string, string>>]>([
    ['by another method than GET', 'POST', handshake],
    ['for another protocol', 'GET', { ...handshake, upgrade: 'h2c' }],
    ['in another version', 'GET', { ...handshake, 'sec-websocket-version': '8' }],
    ['without a key', 'GET', { ...handshake, 'sec-websocket-key': '' }],
  ])('is refused to who asks for it %s, and its handler is told', async (_how, method, headers) => {
    let abandoned = 0;
    let accepted = 0;
    resources = () => ({
      status: 101,
      contentType: '',
      protocol: '',
      accept: () => accepted++,
      abandoned: () => abandoned++,
    });
    const got = await ask({ method, path: `${POD}/exec`, headers });
    expect([got.status, got.text]).toEqual([400, 'you must specify a WebSocket upgrade\n']);
    expect([accepted, abandoned]).toEqual([0, 1]);
  });

  test.each([
    ['', 'websocket'],
    ['v5.channel.k8s.io', 'WebSocket'],
  ])('is answered as its RFC says, with the protocol %j', async (protocol, upgrade) => {
    resources = () => ({
      status: 101,
      contentType: '',
      protocol,
      passedOn: [['X-Own', 'kept']],
      accept: (socket) => socket.close(),
    });
    const request = https.request({
      host: '127.0.0.1',
      port: listener.port,
      path: `${POD}/exec`,
      rejectUnauthorized: false,
      agent: false,
      headers: { ...handshake, upgrade, authorization: `Bearer ${ADMIN_TOKEN}` },
    });
    request.end();
    const [response, socket] = (await once(request, 'upgrade')) as [IncomingMessage, Duplex];
    socket.destroy();
    expect(response.statusCode).toBe(101);
    expect(response.headers).toEqual({
      upgrade: 'websocket',
      connection: 'Upgrade',
      'audit-id': expect.stringMatching(/^[\da-f-]{36}$/),
      // What RFC 6455 itself computes from this key.
      'sec-websocket-accept': 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=',
      ...(protocol === '' ? {} : { 'sec-websocket-protocol': protocol }),
      'x-own': 'kept',
    });
  });
});
