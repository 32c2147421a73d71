import tls from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { ADMIN_TOKEN, JANE_TOKEN, startTestServer, type TestServer } from '../testing.js';

const PODS = '/api/v1/namespaces/ns/pods';
const MIB = 1024 * 1024;
let server: TestServer;
let served = 0;
const sockets: tls.TLSSocket[] = [];

beforeAll(async () => {
  server = await startTestServer(0, (request) => {
    served++;
    return { status: 201, contentType: 'application/json', body: `{"length":${request.body.length}}` };
  });
});
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});
afterAll(() => server.close());

/** A connection on which a body is promised, and what has come back on it. */
interface Sender {
  readonly socket: tls.TLSSocket;
  readonly answer: Promise<string>;
}

/** Sends the head of a POST and `bytes` of its body, and then nothing more. */
async function send(token: string, declared: number, bytes: number, { port } = server): Promise<Sender> {
  const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
  sockets.push(socket);
  socket.on('error', () => undefined);
  const answer = new Promise<string>((resolve) => {
    let got = '';
    socket.on('data', (chunk: Buffer) => {
      got += chunk.toString();
      if (got.includes('\r\n\r\n')) resolve(got);
    });
    socket.on('close', () => resolve(got));
  });
  await new Promise<void>((resolve) => socket.once('secureConnect', resolve));
  const credentials = token === '' ? '' : `Authorization: Bearer ${token}\r\n`;
  socket.write(`POST ${PODS} HTTP/1.1\r\nHost: x\r\n${credentials}Content-Length: ${declared}\r\n\r\n`);
  await new Promise<void>((resolve) => {
    socket.write(Buffer.alloc(bytes, 'a'), () => resolve());
  });
  return { socket, answer };
}

describe('who may not do what they ask for is told before the body has come', () => {
  test.each([
    ['without credentials', '', 403],
    ['with bad credentials', 'nobody', 401],
    ['with credentials that do not suffice', JANE_TOKEN, 403],
  ])('%s', async (_name, token, status) => {
    const { answer } = await send(token, 3 * MIB, 100_000);
    expect(await answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  });

  test('and the connection serves the next request when the rest of the body has come', async () => {
    const { socket, answer } = await send('', 300_000, 100_000);
    expect(await answer).toMatch(/^HTTP\/1.1 403 /);
    const next = new Promise<string>((resolve) => {
      socket.once('data', (chunk: Buffer) => resolve(chunk.toString()));
    });
    socket.write(Buffer.alloc(200_000, 'a'));
    socket.write('GET /version HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(await next).toMatch(/^HTTP\/1.1 200 /);
  });

  test('also with a body in chunks', async () => {
    const headers = { 'transfer-encoding': 'chunked' };
    const a = await server.call(PODS, { method: 'POST', token: '', headers, body: Buffer.alloc(MIB, 'a') });
    expect(a.status).toBe(403);
  });
});

describe('clients that send most of a body and then pause', () => {
  test('without credentials stop nobody, however many they are', async () => {
    const strangers = await Promise.all(Array.from({ length: 100 }, () => send('', 3 * MIB, 300_000)));
    const a = await server.call(PODS, { method: 'POST', body: Buffer.alloc(3 * MIB, 'a') });
    expect(a).toMatchObject({ status: 201, body: `{"length":${3 * MIB}}` });
    for (const { answer } of strangers) expect(await answer).toMatch(/^HTTP\/1.1 403 /);
  });

  test('with credentials are refused when they hold too much, the largest first; a newcomer is served', async () => {
    const hoarders = await Promise.all(Array.from({ length: 26 }, () => send(ADMIN_TOKEN, 3 * MIB, 2.9 * MIB)));
    const first = await Promise.race(hoarders.map(({ answer }) => answer));
    expect(first).toMatch(/^HTTP\/1.1 429 /);
    expect(first).toMatch(/\r\nRetry-After: 1\r\n/i);
    served = 0;
    const a = await server.call(PODS, { method: 'POST', body: '{}' });
    expect([a.status, served]).toEqual([201, 1]);
  });

  test('lose nothing when another is refused while they are read, however much is read at once', async () => {
    // Its first connections are made before their receive buffers are bounded.
    const young = await startTestServer(0, () => ({ status: 201, contentType: 'text/plain', body: 'all of it' }));
    const all = await Promise.all(
      Array.from({ length: 26 }, () => send(ADMIN_TOKEN, 3 * MIB, Math.floor(2.9 * MIB), young)),
    );
    await Promise.race(all.map(({ answer }) => answer));
    for (const { socket } of all) socket.write(Buffer.alloc(3 * MIB - Math.floor(2.9 * MIB), 'a'));
    const answers = await Promise.all(all.map(({ answer }) => answer));
    expect(new Set(answers.map((answer) => answer.slice(0, 12)))).toEqual(new Set(['HTTP/1.1 201', 'HTTP/1.1 429']));
    await young.close();
  });

  test('are closed when nothing comes for some time', { timeout: 30_000 }, async () => {
    const { answer } = await send(ADMIN_TOKEN, MIB, 1000);
    const started = performance.now();
    expect(await answer).toBe('');
    expect(performance.now() - started).toBeLessThan(20_000);
  });
});

describe('bodies in chunks of one byte', () => {
  const crumbs = Buffer.concat([Buffer.from('1\r\na\r\n'.repeat(10_000)), Buffer.from('0\r\n\r\n')]);
  const head = `POST ${PODS} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${ADMIN_TOKEN}\r\nTransfer-Encoding: chunked\r\n\r\n`;
  /** A connection that has sent such a body, and what it is told. */
  const sendCrumbs = async (): Promise<Sender> => {
    const { socket, answer } = await send('', 0, 0);
    await answer;
    return {
      socket,
      answer: new Promise((resolve) => {
        socket.once('data', (chunk: Buffer) => resolve(chunk.toString().slice(0, 12)));
        socket.once('close', () => resolve('closed'));
      }),
    };
  };

  test('are served', async () => {
    const { socket, answer } = await sendCrumbs();
    socket.write(Buffer.concat([Buffer.from(head), crumbs]));
    expect(await answer).toBe('HTTP/1.1 201');
  });

  test('of several connections at once are not all read in one turn: some are closed, and others served', async () => {
    const all = await Promise.all(Array.from({ length: 6 }, sendCrumbs));
    const before = served;
    for (const { socket } of all) socket.write(Buffer.concat([Buffer.from(head), crumbs]));
    // The server is this process: all of it has come before it reads.
    for (const end = performance.now() + 200; performance.now() < end; );
    const answers = await Promise.all(all.map(({ answer }) => answer));
    expect(new Set(answers)).toEqual(new Set(['HTTP/1.1 201', 'closed']));
    expect(served - before).toBe(answers.filter((answer) => answer !== 'closed').length);
  });
});
