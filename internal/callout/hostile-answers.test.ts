import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createAuthority, issue, type KeyPair } from '../pki/x509.js';
import { Callout } from './index.js';

const callout = new Callout();
let ca: KeyPair;
let server: Server;
/** What is done with the next connection on which a request came. */
let answer: (socket: TLSSocket) => void;

beforeAll(async () => {
  ca = await createAuthority('hostile');
  const pair = await issue(ca, { commonName: 'h', usages: ['server'], ips: ['127.0.0.1'] });
  server = createServer({ key: pair.key, cert: pair.cert, ALPNProtocols: ['http/1.1'] }, (socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => answer(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(() => {
  callout.close();
  server.close();
});

const target = () => ({
  url: `https://127.0.0.1:${(server.address() as AddressInfo).port}/`,
  tls: { ca: ca.cert },
});
const CHUNKED = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n';

/** The most that `done` grew by in one turn of the event loop, until `stop` is called. */
function mostInOneTurn(done: () => number): () => number {
  let [most, before, stopped] = [0, done(), false];
  const turn = (): void => {
    most = Math.max(most, done() - before);
    before = done();
    if (!stopped) setImmediate(turn);
  };
  setImmediate(turn);
  return () => {
    stopped = true;
    return most;
  };
}

test('an answer of 400,000 chunks is read in turns', async () => {
  const count = 400_000;
  answer = (socket) => {
    socket.write(CHUNKED);
    socket.end(`${'1\r\nx\r\n'.repeat(count)}0\r\n\r\n`);
  };
  const { body } = await callout.open(target(), { method: 'GET' });
  let chunks = 0;
  const stop = mostInOneTurn(() => chunks);
  body.on('data', () => chunks++);
  await once(body, 'end');
  expect(chunks).toBe(count);
  expect(stop()).toBeLessThan(25_000);
});

test('what a redirect says without end is not read', async () => {
  const closed: Promise<void>[] = [];
  answer = (socket) => {
    closed.push(new Promise((resolve) => socket.on('close', () => resolve())));
    socket.write('HTTP/1.1 307 T\r\nlocation: /again\r\n\r\n');
    const more = (): void => {
      while (!socket.destroyed && socket.write(Buffer.alloc(65_536)));
    };
    socket.on('drain', more);
    more();
  };
  const failed = await callout.call(target(), { method: 'GET', redirects: 3 }).catch((error: unknown) => error);
  expect(String(failed)).toContain('stopped after 3 redirects');
  expect(closed).toHaveLength(4);
  await Promise.all(closed);
});

test.each([
  ['file:///etc/passwd', 'unsupported protocol scheme "file"'],
  ['http://[::::', 'failed to parse Location header "http://[::::": invalid URL'],
])('a redirect to %s leads nowhere', async (location, reason) => {
  answer = (socket) => socket.end(`HTTP/1.1 307 T\r\nlocation: ${location}\r\ncontent-length: 0\r\n\r\n`);
  await expect(callout.call(target(), { method: 'GET', redirects: 3 })).rejects.toMatchObject({ reason });
});

test('an answer that is read slowly comes whole, though its server has closed the connection', async () => {
  const whole = Buffer.from(Array.from({ length: 50_000 }, (_, i) => i % 251));
  answer = (socket) => {
    socket.write('HTTP/1.1 200 OK\r\n\r\n');
    socket.end(whole);
  };
  const { body } = await callout.open(target(), { method: 'GET' });
  const pieces: Buffer[] = [];
  for (;;) {
    const piece = body.read(1000) as Buffer | null;
    if (piece !== null) pieces.push(piece);
    else if (body.readableEnded) break;
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(Buffer.concat(pieces).equals(whole)).toBe(true);
});

test('an answer that breaks off while others have their turn fails, and is not waited for', async () => {
  let isBusy = true;
  answer = (socket) => {
    socket.write(CHUNKED);
    const more = (): void => {
      while (isBusy && !socket.destroyed && socket.write('1\r\nx\r\n'.repeat(10_000)));
    };
    socket.on('drain', more);
    more();
  };
  const { body } = await callout.open(target(), { method: 'GET' });
  body.resume();
  body.on('error', () => undefined);
  answer = (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{"kind"');
  const call = async (): Promise<string> => {
    const request = { method: 'POST', body: '{}', timeoutMs: 5_000 };
    const failed = await callout.call(target(), request).then(
      () => 'answered',
      (error: unknown) => String(error),
    );
    return failed;
  };
  const failed = await Promise.all(Array.from({ length: 64 }, call));
  isBusy = false;
  body.destroy();
  expect(new Set(failed)).toEqual(new Set(['CallError: unexpected EOF']));
});
