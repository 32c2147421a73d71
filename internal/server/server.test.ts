import type { IncomingMessage } from 'node:http';
import net from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FatalError } from '../machinery/assert.js';
import { notFound } from '../machinery/status.js';
import type { ApiRequest, Reply } from '../rest/types.js';
import { CorruptRecordError } from '../store/rows.js';
import { OverloadedError, UnavailableError } from '../store/types.js';
import { until } from '../testing/until.js';
import { JANE_TOKEN, startTestServer, type TestServer } from './testing.js';
import { listen } from './uws/listener.js';

const PORT = 25001;
const PODS = '/api/v1/namespaces/ns/pods';
let server: TestServer;
let speak: (() => void) | undefined;
let streamClosed: (() => void) | undefined;

/** Answers by the name that is asked for, so that every kind of outcome can be provoked. */
function resources(request: ApiRequest): Reply | Promise<Reply> {
  const { info, user } = request;
  switch (info.name) {
    case 'missing':
      throw notFound({ group: '', resource: 'pods' }, 'missing');
    case 'bug':
      throw new TypeError('secret detail of a bug');
    case 'no-quorum':
      return Promise.reject(new UnavailableError('no leader within 5 s', false));
    case 'unknown-outcome':
      return Promise.reject(new UnavailableError('no answer within 5 s', true));
    case 'damaged':
      throw new CorruptRecordError('objects', 'core/pods/ns/damaged', 'checksum mismatch');
    case 'overloaded':
      return Promise.reject(new OverloadedError('too many proposals in flight'));
    case 'warned':
      return { status: 200, contentType: 'application/json', warnings: ['say "when"\nX-Evil: 1'], body: '{}' };
    case 'stream':
      return {
        status: 200,
        contentType: 'application/json',
        stream: (sink) => {
          sink.onClose(() => streamClosed?.());
          sink.write('{"a":1}\n');
          setImmediate(() => sink.write('{"b":2}\n'));
        },
      };
    case 'quiet':
    case 'quiet-protobuf': {
      const json = info.name === 'quiet';
      return {
        status: 200,
        contentType: json ? 'application/json' : 'application/vnd.kubernetes.protobuf;stream=watch',
        ahead: json ? 'blank' : 'frameLength',
        stream: (sink) => {
          speak = () => {
            sink.end(json ? '{"c":3}\n' : Buffer.from([0, 0, 0, 2, 7, 8]));
          };
        },
      };
    }
    case 'last-word':
      return {
        status: 200,
        contentType: 'application/json',
        stream: (sink) => {
          sink.onWritable(() => undefined);
          sink.write(Buffer.alloc(LAST_WORD_BYTES, 'x'));
        },
      };
    case 'flood':
      return { status: 200, contentType: 'text/plain', stream: flood };
    default:
      if (info.verb === 'create') JSON.parse(request.body.toString());
      return Promise.resolve({
        status: 200,
        contentType: 'application/json',
        body: JSON.stringify({ user, verb: info.verb, length: request.body.length, query: request.query.get('q') }),
      });
  }
}

/** More than the sockets' buffers hold. */
const LAST_WORD_BYTES = 16 * 1024 * 1024;

/** MiB that the flood has still to write. */
let floodLeft = 0;

/** 64 MiB, stopping whenever the client does not keep up. */
function flood(sink: Parameters<Extract<Reply, { stream: unknown }>['stream']>[0]): void {
  const chunk = Buffer.alloc(1024 * 1024, 'x');
  floodLeft = 64;
  const go = (): void => {
    while (floodLeft > 0 && !sink.closed) {
      floodLeft--;
      if (!sink.write(chunk)) return;
    }
    if (floodLeft === 0) sink.end();
  };
  sink.onWritable(go);
  go();
}

beforeAll(async () => {
  server = await startTestServer(PORT, resources);
});
afterAll(() => server.close());

const status = (body: string): Record<string, unknown> => JSON.parse(body) as Record<string, unknown>;

describe('who asks', () => {
  test('a token of the token file is a user with its groups', async () => {
    const a = await server.call(PODS);
    expect(a.status).toBe(200);
    expect(status(a.body)).toMatchObject({
      user: { username: 'admin', groups: ['system:masters', 'system:authenticated'] },
    });
  });

  test('a client certificate is its common name and organizations', async () => {
    const a = await server.call(PODS, { client: server.admin });
    expect(status(a.body)).toMatchObject({ user: { username: 'kubernetes-admin' }, verb: 'list' });
  });

  test('a certificate of somebody else does not get through the handshake', async () => {
    const stranger = await startTestServer(PORT + 1, resources);
    await expect(server.call(PODS, { client: stranger.admin })).rejects.toThrow();
    await stranger.close();
    expect((await server.call(PODS)).status).toBe(200);
  });

  test('a wrong token is 401, also where everybody may', async () => {
    const wrong = await server.call(PODS, { token: 'nobody' });
    expect(wrong.status).toBe(401);
    expect(status(wrong.body)).toMatchObject({ kind: 'Status', reason: 'Unauthorized', message: 'Unauthorized' });
    expect((await server.call('/version', { token: '' })).status).toBe(200);
    expect((await server.call('/version', { token: 'nobody' })).status).toBe(401);
  });

  test('who brings no credentials is system:anonymous, and is told so when that is not enough', async () => {
    const a = await server.call('/api/v1/namespaces/y/pods/z', { token: '' });
    expect(a.status).toBe(403);
    expect(status(a.body)).toMatchObject({
      reason: 'Forbidden',
      message:
        'pods "z" is forbidden: User "system:anonymous" cannot get resource "pods" in API group "" in the namespace "y"',
    });
    const metrics = await server.call('/metrics', { token: '' });
    expect(metrics.status).toBe(403);
    expect(status(metrics.body)['message']).toBe('forbidden: User "system:anonymous" cannot get path "/metrics"');
  });

  test('other users are refused in the words of Kubernetes', async () => {
    const a = await server.call('/apis/apps/v1/namespaces/y/deployments', { token: JANE_TOKEN });
    expect(a.status).toBe(403);
    expect(status(a.body)).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message:
        'deployments.apps is forbidden: User "jane" cannot list resource "deployments" in API group "apps" in the namespace "y"',
      reason: 'Forbidden',
      details: { group: 'apps', kind: 'deployments' },
      code: 403,
    });
    const metrics = await server.call('/metrics', { token: JANE_TOKEN });
    expect(status(metrics.body)['message']).toBe('forbidden: User "jane" cannot get path "/metrics"');
  });

  test('health and version are open to everybody', async () => {
    for (const path of ['/healthz', '/livez', '/readyz']) {
      expect(await server.call(path, { token: '' })).toMatchObject({ status: 200, body: 'ok' });
    }
    const version = await server.call('/version', { token: '' });
    expect(status(version.body)).toMatchObject({ major: '1', minor: '36' });
  });

  test('an administrator may act as somebody else, who may not', async () => {
    const headers = { 'impersonate-user': 'jane', 'impersonate-group': ['a', 'b'], 'impersonate-extra-a%2fb': 'c' };
    const a = await server.call(PODS, { headers });
    expect(a.status).toBe(403);
    expect(status(a.body)['message']).toContain('User "jane" cannot list resource "pods"');
    const asMaster = await server.call(PODS, {
      headers: { ...headers, 'impersonate-group': ['a', 'system:masters'] },
    });
    expect(status(asMaster.body)['user']).toEqual({
      username: 'jane',
      uid: '',
      groups: ['a', 'system:masters', 'system:authenticated'],
      extra: { 'a/b': ['c'] },
    });
    const denied = await server.call(PODS, { token: JANE_TOKEN, headers: { 'impersonate-user': 'admin' } });
    expect(status(denied.body)['message']).toBe(
      'pods is forbidden: User "jane" cannot impersonate-on:user-info:list resource "pods" in API group "" in the namespace "ns"',
    );
  });
});

describe('what comes back', () => {
  test('every answer carries the standard headers', async () => {
    const a = await server.call(PODS);
    expect(a.headers['audit-id']).toMatch(/^[0-9a-f-]{36}$/);
    expect(a.headers['cache-control']).toBe('no-cache, private');
    expect(Math.abs(Date.parse(String(a.headers['date'])) - Date.now())).toBeLessThan(5000);
  });

  test('a StatusError is its Status; a bug is a 500 that tells nothing', async () => {
    const missing = await server.call(`${PODS}/missing`);
    expect([missing.status, status(missing.body)['message']]).toEqual([404, 'pods "missing" not found']);
    const bug = await server.call(`${PODS}/bug`);
    expect(bug.status).toBe(500);
    expect(bug.body).not.toContain('secret');
    const yaml = await server.call(`${PODS}/missing`, { headers: { accept: 'application/yaml' } });
    expect(yaml.body).toContain('reason: NotFound');
  });

  test('a damaged record is told by its key, and is no bug', async () => {
    const damaged = await server.call(`${PODS}/damaged`);
    expect(damaged.status).toBe(500);
    expect(status(damaged.body)['message']).toMatch(
      /"core\/pods\/ns\/damaged" in table objects is damaged .*ask another/,
    );
  });

  test('no quorum is 503, an unknown outcome 504, overload 429 with Retry-After', async () => {
    expect((await server.call(`${PODS}/no-quorum`)).status).toBe(503);
    expect((await server.call(`${PODS}/unknown-outcome`)).status).toBe(504);
    const overloaded = await server.call(`${PODS}/overloaded`);
    expect([overloaded.status, overloaded.headers['retry-after']]).toEqual([429, '1']);
  });

  test('a warning cannot break out of its header', async () => {
    const a = await server.call(`${PODS}/warned`);
    expect(a.headers['warning']).toBe('299 - "say \\"when\\" X-Evil: 1"');
    expect(a.headers['x-evil']).toBeUndefined();
  });

  test('a path that is not there is a plain 404', async () => {
    expect(await server.call('/nope')).toMatchObject({ status: 404, body: '404 page not found\n' });
    expect((await server.call('/constructor')).status).toBe(404);
    expect((await server.call('//')).status).toBe(404);
    expect((await server.call('/index.html')).body).toBe((await server.call('/')).body);
  });

  test('metrics count what was answered', async () => {
    await server.call(`${PODS}/missing`);
    const a = await server.call('/metrics');
    expect(a.body).toMatch(/apiserver_request_total\{code="404",.*resource="pods",scope="resource",.*verb="GET"\} \d+/);
    expect(a.body).toMatch(/apiserver_request_duration_seconds_bucket\{.*resource="pods".*le="\+Inf"\} \d+/);
    expect(a.body).toContain('process_resident_memory_bytes');
    for (const line of [
      /authentication_duration_seconds_count\{result="success"\} [1-9]/,
      /authorization_duration_seconds_count\{result="allowed"\} [1-9]/,
      /authenticated_user_requests\{username="admin"\} [1-9]/,
    ]) {
      expect(a.body).toMatch(line);
    }
  });

  test('a slow reader of a long answer holds the producer back, and gets every byte', async () => {
    const https = await import('node:https');
    const headers = { authorization: 'Bearer admin-token' };
    const options = { port: PORT, path: `${PODS}/flood`, rejectUnauthorized: false, headers };
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      https.get(options, resolve).on('error', reject);
    });
    // Nobody reads: the buffers between the two are full when the producer has not moved for so many turns.
    let before = floodLeft;
    let still = 0;
    await until(() => {
      still = floodLeft === before ? still + 1 : 0;
      before = floodLeft;
      return still >= 20;
    });
    expect(floodLeft).toBeGreaterThan(16);
    let bytes = 0;
    for await (const chunk of response) bytes += (chunk as Buffer).length;
    expect(bytes).toBe(64 * 1024 * 1024);
  });

  test('the headers of a watch arrive before its first event, and every byte of the event after them', async () => {
    const https = await import('node:https');
    for (const [name, expected] of [
      ['quiet', Buffer.from(' {"c":3}\n')],
      ['quiet-protobuf', Buffer.from([0, 0, 0, 2, 7, 8])],
    ] as const) {
      const body = await new Promise<Buffer>((resolve, reject) => {
        const headers = { authorization: 'Bearer admin-token' };
        const request = https.get(
          { port: PORT, path: `${PODS}/${name}`, rejectUnauthorized: false, headers },
          (response) => {
            // Only now, with the headers here, does the event happen.
            speak?.();
            const chunks: Buffer[] = [];
            response.on('data', (chunk: Buffer) => chunks.push(chunk));
            response.on('end', () => resolve(Buffer.concat(chunks)));
          },
        );
        request.on('error', reject);
      });
      expect(body).toEqual(expected);
    }
  });

  test('a client that was slow gets the last of what was written, also when nothing follows it', async () => {
    const https = await import('node:https');
    await new Promise<void>((resolve, reject) => {
      const request = https.get(
        {
          port: PORT,
          path: `${PODS}/last-word`,
          rejectUnauthorized: false,
          headers: { authorization: 'Bearer admin-token' },
        },
        (response) => {
          let bytes = 0;
          response.on('data', (chunk: Buffer) => {
            bytes += chunk.length;
            if (bytes < LAST_WORD_BYTES) return;
            resolve();
            request.destroy();
          });
          response.on('error', () => undefined);
        },
      );
      request.on('error', reject);
    });
  });

  test('a stream ends when its client goes away', async () => {
    const closed = new Promise<void>((resolve) => {
      streamClosed = resolve;
    });
    const https = await import('node:https');
    const request = https.get(
      {
        port: PORT,
        path: `${PODS}/stream`,
        rejectUnauthorized: false,
        headers: { authorization: 'Bearer admin-token' },
      },
      (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => {
          text += chunk.toString();
          if (text.includes('"b":2')) request.destroy();
        });
        response.on('error', () => undefined);
      },
    );
    request.on('error', () => undefined);
    await closed;
  });
});

describe('bad input', () => {
  test('a body above 3 MiB is refused with 413, and the connection can be used by the next', async () => {
    const a = await server.call(PODS, { method: 'POST', body: Buffer.alloc(4 * 1024 * 1024, 'a') });
    expect(a.status).toBe(413);
    expect(status(a.body)).toMatchObject({
      message: 'Request entity too large: limit is 3145728',
      reason: 'RequestEntityTooLarge',
    });
    const chunked = await server.call(PODS, {
      method: 'POST',
      headers: { 'transfer-encoding': 'chunked' },
      body: Buffer.alloc(4 * 1024 * 1024, 'a'),
    });
    expect(chunked.status).toBe(413);
    const fits = await server.call(PODS, { method: 'PUT', body: Buffer.alloc(3 * 1024 * 1024, 'a') });
    expect(status(fits.body)['length']).toBe(3 * 1024 * 1024);
  });

  test('a declared length beyond reason is refused before it is sent', async () => {
    const answer = await rawTls(
      'POST /api/v1/pods HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer admin-token\r\nContent-Length: 99999999999\r\n\r\nabc',
    );
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
  });

  test('a method that Kubernetes does not know is 405', async () => {
    for (const method of ['OPTIONS', 'TRACE', 'PROPFIND']) {
      const a = await server.call(PODS, { method });
      expect([method, a.status]).toEqual([method, 405]);
    }
  });

  test('a DELETE without a body is answered', async () => {
    expect(status((await server.call(PODS, { method: 'DELETE' })).body)).toMatchObject({ verb: 'deletecollection' });
  });

  test('broken percent-encoding is 400', async () => {
    expect((await server.call('/api/v1/pods/%zz')).status).toBe(400);
  });

  test('junk instead of TLS, junk inside TLS and half-open connections leave the server serving', async () => {
    const junk = net.connect(PORT, '127.0.0.1');
    const junkEnded = new Promise((resolve) => junk.on('close', resolve));
    junk.on('error', () => undefined);
    junk.write('GET / HTTP/1.1\r\nHost: plain\r\n\r\n');
    await junkEnded;
    const halfOpen = Array.from({ length: 50 }, () => net.connect(PORT, '127.0.0.1'));
    halfOpen.forEach((s) => s.on('error', () => undefined));
    await rawTls('\u0000\u0001\u0002 not http at all\r\n\r\n');
    expect((await server.call(PODS)).status).toBe(200);
    halfOpen.forEach((s) => s.destroy());
  });

  test('an overlong header is refused, one of 32 KiB is not', async () => {
    expect((await server.call(PODS, { headers: { 'x-long': 'a'.repeat(32 * 1024) } })).status).toBe(200);
    await server.call(PODS, { headers: { 'x-long': 'a'.repeat(200 * 1024) } }).then(
      (a) => expect(a.status).toBe(431),
      (e: unknown) => expect(String(e)).toMatch(/ECONNRESET|EPIPE|hang up/),
    );
    expect((await server.call(PODS)).status).toBe(200);
  });
});

test('a port that is taken is told in a sentence', async () => {
  const files = { certFile: `${server.dir}/apiserver.crt`, keyFile: `${server.dir}/apiserver.key` };
  const second = listen(
    { host: '127.0.0.1', port: PORT, ...files, clientCaFile: undefined },
    { serve: () => Promise.reject(new Error('not reached')) },
  );
  await expect(second).rejects.toThrow(FatalError);
});

test('a chain that breaks its promise never to fail costs one request, not the server', async () => {
  const files = { certFile: `${server.dir}/apiserver.crt`, keyFile: `${server.dir}/apiserver.key` };
  const listener = await listen(
    { host: '127.0.0.1', port: PORT + 2, ...files, clientCaFile: undefined },
    {
      serve: ({ rawPath }) => {
        if (rawPath === '/throws') throw new Error('thrown');
        return Promise.reject(new Error('rejected'));
      },
    },
  );
  const https = await import('node:https');
  for (const path of ['/throws', '/rejects']) {
    const status = await new Promise((resolve, reject) => {
      https
        .get({ port: PORT + 2, path, rejectUnauthorized: false, agent: false }, (r) => {
          r.resume();
          resolve(r.statusCode);
        })
        .on('error', reject);
    });
    expect([path, status]).toEqual([path, 500]);
  }
  await listener.close(1000);
});

test('certificate files that do not exist are told in a sentence', async () => {
  const second = listen(
    { host: '127.0.0.1', port: 0, certFile: '/nope.crt', keyFile: '/nope.key', clientCaFile: undefined },
    { serve: () => Promise.reject(new Error('not reached')) },
  );
  await expect(second).rejects.toThrow(FatalError);
});

/** Sends bytes over TLS and resolves with what comes back until the server closes. */
async function rawTls(text: string): Promise<string> {
  const tls = await import('node:tls');
  return new Promise((resolve) => {
    const socket = tls.connect({ port: PORT, host: '127.0.0.1', rejectUnauthorized: false }, () => socket.write(text));
    let got = '';
    socket.on('data', (chunk: Buffer) => {
      got += chunk.toString();
    });
    socket.on('error', () => resolve(got));
    socket.on('close', () => resolve(got));
  });
}
