import { once } from 'node:events';
import type { ClientRequest, IncomingMessage } from 'node:http';
import https from 'node:https';
import { join } from 'node:path';
import type { ConnectionOptions } from 'node:tls';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { HandlerReply, Sink } from '../../rest/types.js';
import type { Answer, HttpListener, IncomingRequest, TlsFiles } from '../http-listener.js';
import { startTestServer, type TestServer } from '../testing.js';
import { listenWithNode } from './listener.js';

/** Longer than any of these tests may take: whoever waits for it in vain fails. */
const LONG_MS = 300_000;
let pki: TestServer;
let files: TlsFiles;
let listener: HttpListener;
let serve: (request: IncomingRequest) => HandlerReply | Promise<HandlerReply>;
/** How many answers were written to their end, or will not be. */
let finished = 0;

const handler = {
  async serve(request: IncomingRequest): Promise<Answer> {
    return { reply: await serve(request), auditId: 'an-id', finished: () => void finished++ };
  },
};
const listen = (): Promise<HttpListener> => listenWithNode({ host: '127.0.0.1', port: 0, ...files }, handler);

beforeAll(async () => {
  pki = await startTestServer(0, () => ({ status: 200, contentType: '', body: '' }));
  const file = (name: string): string => join(pki.dir, name);
  files = { certFile: file('apiserver.crt'), keyFile: file('apiserver.key'), clientCaFile: file('ca.crt') };
});
beforeEach(async () => {
  finished = 0;
  listener = await listen();
});
afterAll(() => pki.close());

const ok: HandlerReply = { status: 200, contentType: 'text/plain', body: 'ok' };

type Options = https.RequestOptions & Pick<ConnectionOptions, 'ALPNProtocols'>;

function begin(options: Options = {}): ClientRequest {
  const request = https.request({
    host: '127.0.0.1',
    port: listener.port,
    path: '/',
    rejectUnauthorized: false,
    agent: false,
    ...options,
  });
  request.on('error', () => undefined);
  request.end();
  return request;
}
async function answered(request: ClientRequest): Promise<{ response: IncomingMessage; text: string }> {
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return { response, text };
}
/** A request that has come to its handler, whose answer is what `give` is called with. */
async function pending(options: Options = {}) {
  let give: (reply: HandlerReply) => void = () => undefined;
  let gone: Promise<void> = Promise.resolve();
  let request: ClientRequest | undefined;
  await new Promise<void>((came) => {
    serve = (incoming) => {
      gone = new Promise((resolve) => incoming.onAborted(resolve));
      came();
      return new Promise((resolve) => (give = resolve));
    };
    request = begin(options);
  });
  if (request === undefined) throw new Error('nothing was asked');
  return { request, give, gone };
}

describe('a port that closes', () => {
  test('ends the streams that are written, and begins no more', async () => {
    let sink: Sink | undefined;
    serve = () => ({ status: 200, contentType: '', stream: (to) => void (sink = to) });
    const watching = answered(begin());
    await expect.poll(() => sink).toBeDefined();
    sink?.write('event');
    const late = await pending();
    const answer = answered(late.request);
    const closed = listener.close(LONG_MS);
    expect((await watching).text).toBe('event');
    let abandoned = 0;
    const stream = (): void => expect.unreachable();
    late.give({ status: 200, contentType: '', stream, abandoned: () => abandoned++ });
    expect((await answer).text).toBe('');
    await closed;
    expect([abandoned, finished]).toEqual([1, 2]);
  });

  test('hands no connection over any more', async () => {
    const { request, give } = await pending({ headers: { connection: 'Upgrade', upgrade: 'x' } });
    const answer = answered(request);
    const closed = listener.close(LONG_MS);
    let abandoned = 0;
    const handOver = (): void => expect.unreachable();
    give({ status: 101, contentType: '', rawHeaders: [], handOver, abandoned: () => abandoned++ });
    expect((await answer).response.statusCode).toBe(400);
    await closed;
    expect([abandoned, finished]).toEqual([1, 1]);
  });
});

describe('a client that goes away', () => {
  test.each<[string, (abandoned: () => void) => HandlerReply]>([
    ['a stream', (abandoned) => ({ status: 200, contentType: '', stream: () => expect.unreachable(), abandoned })],
    ['an answer', () => ok],
  ])('is told to its handler, and nobody waits for it: %s', async (what, replyOf) => {
    const { request, give, gone } = await pending();
    request.destroy();
    await gone;
    let abandoned = 0;
    give(replyOf(() => abandoned++));
    await listener.close(LONG_MS);
    expect([finished, abandoned]).toEqual([1, what === 'a stream' ? 1 : 0]);
  });

  test('is not told of one that got its answer', async () => {
    const { request, give, gone } = await pending();
    let isGone = false;
    void gone.then(() => (isGone = true));
    const answer = answered(request);
    give(ok);
    await answer;
    await listener.close(LONG_MS);
    expect([finished, isGone]).toEqual([1, false]);
  });
});

test('an answer has a date, and 100 headers may be asked with, not 101', async () => {
  serve = () => ok;
  const asking = async (count: number): Promise<IncomingMessage> => {
    // Host and Connection come as well.
    const headers = Object.fromEntries(Array.from({ length: count - 2 }, (_, i) => [`h${i}`, 'x']));
    return (await answered(begin({ headers }))).response;
  };
  const good = await asking(100);
  expect(good.statusCode).toBe(200);
  expect(Math.abs(Date.parse(good.headers.date ?? '') - Date.now())).toBeLessThan(60_000);
  const refused = await asking(101);
  expect([refused.statusCode, refused.headers.connection]).toEqual([431, 'close']);
  await listener.close(LONG_MS);
});

test('connections are counted while they last, and HTTP/1.1 is what is spoken on them', async () => {
  const { request, give } = await pending({ ALPNProtocols: ['h2', 'http/1.1'] });
  expect(listener.connections()).toBe(1);
  expect(request.socket).toMatchObject({ alpnProtocol: 'http/1.1' });
  give(ok);
  await answered(request);
  await expect.poll(() => listener.connections()).toBe(0);
  await listener.close(LONG_MS);
});
