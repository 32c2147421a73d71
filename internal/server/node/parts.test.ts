import type { IncomingMessage, ServerResponse } from 'node:http';
import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { BodyBudget } from '../body-budget.js';
import { MAX_BODY_BYTES } from '../http-listener.js';
import { NodeBody } from './body.js';
import { NodeExchange } from './exchange.js';
import { NodeSink } from './sink.js';

const MIB = 1024 * 1024;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A request whose body the test writes. */
function asked(more: object = {}) {
  const cut: string[] = [];
  const socket = {
    remoteAddress: '::ffff:203.0.113.7',
    getPeerX509Certificate: () => undefined,
    destroy: () => cut.push('connection'),
    ...more,
  };
  const body = new PassThrough({ highWaterMark: 256 * MIB });
  const message = Object.assign(body, {
    method: 'POST',
    url: '/a%20b?c=d?e',
    rawHeaders: ['Accept', 'A', 'X-Two', 'b', 'ACCEPT', 'c'],
    complete: false,
    socket,
    ...more,
  }) as unknown as IncomingMessage;
  return { message, body, cut };
}

describe('a body', () => {
  const TOO_LARGE = { code: 413, message: expect.stringMatching(/limit is 3145728$/) };
  const read = (budget = new BodyBudget()) => {
    const { message, body, cut } = asked();
    return { message, body, cut, budget, reader: new NodeBody(message, budget) };
  };

  test('is read whole on the account of its user, and given back', async () => {
    const { body, budget, reader } = read();
    const whole = reader.read('ann');
    body.write('ab');
    body.write('cd');
    await turn();
    expect([reader.owner, reader.heldBytes, budget.total, reader.incomplete]).toEqual(['ann', 4, 4, true]);
    body.end();
    expect(String(await whole)).toBe('abcd');
    expect([reader.incomplete, budget.total]).toEqual([false, 4]);
    reader.refuse();
    reader.release();
    expect([reader.heldBytes, budget.total]).toEqual([0, 0]);
  });

  test('may have 3 MiB, is refused beyond when all has come, and at once beyond 64 MiB', async () => {
    const exact = read();
    const good = exact.reader.read('ann');
    exact.body.end(Buffer.alloc(MAX_BODY_BYTES));
    expect(await good).toHaveLength(MAX_BODY_BYTES);
    const { body, budget, reader } = read();
    const refused = reader.read('ann');
    let isSettled = false;
    refused.catch(() => (isSettled = true));
    body.write(Buffer.alloc(MAX_BODY_BYTES));
    body.write('x');
    await turn();
    await turn();
    expect([isSettled, budget.total, reader.heldBytes]).toEqual([false, 0, 0]);
    body.end();
    await expect(refused).rejects.toMatchObject(TOO_LARGE);
    const endless = read();
    const given = endless.reader.read('ann');
    endless.body.write(Buffer.alloc(64 * MIB));
    await turn();
    expect(endless.reader.incomplete).toBe(true);
    endless.body.write('x');
    await expect(given).rejects.toMatchObject(TOO_LARGE);
  });

  test('breaks off with its client, also before it is read', async () => {
    const { body, budget, reader } = read();
    const broken = reader.read('ann');
    body.write('ab');
    await turn();
    body.destroy();
    await expect(broken).rejects.toMatchObject({ code: 400, message: 'unexpected EOF' });
    expect(budget.total).toBe(0);
    const gone = read();
    gone.body.destroy();
    await expect(gone.reader.read('ann')).rejects.toMatchObject({ code: 400, message: 'unexpected EOF' });
  });

  test('that takes too much memory is refused with what is held, and what comes then is not held', async () => {
    const { body, budget, reader } = read(new BodyBudget(100, 5, 5));
    const refused = reader.read('ann');
    body.write('123456');
    await expect(refused).rejects.toMatchObject({
      code: 429,
      message: 'Too many request bodies are being received, please try again later.',
      status: { details: { retryAfterSeconds: 1 } },
    });
    body.write('1');
    await turn();
    expect([budget.total, reader.heldBytes]).toEqual([0, 0]);
  });

  test('that nobody wants is thrown away to its end, and cut off beyond 64 MiB', async () => {
    const { message, body, budget, reader, cut } = read();
    void reader.read('ann');
    body.write(Buffer.alloc(MIB));
    await turn();
    reader.discard();
    expect([budget.total, reader.incomplete, message.listenerCount('data')]).toEqual([0, false, 1]);
    body.write(Buffer.alloc(63 * MIB));
    await turn();
    expect([cut, body.readableLength]).toEqual([[], 0]);
    body.write('x');
    await turn();
    expect(cut).toEqual(['connection']);
    body.destroy();
    for (const over of [asked({ complete: true }), asked()]) {
      if (!over.message.complete) over.body.destroy();
      new NodeBody(over.message, budget).discard();
      expect(over.message.listenerCount('data')).toBe(0);
    }
  });

  test('may be taken as it comes, by who pays for it', () => {
    const { message, reader } = read();
    expect(reader.open('ann')).toBe(message);
    expect(reader.owner).toBe('ann');
  });
});

describe('a request', () => {
  const exchangeOf = (more: object = {}, handsOver = false) =>
    new NodeExchange(asked(more).message, handsOver, new BodyBudget());

  test('is told in lower-case names, with the first value of a header and the first question mark', () => {
    const exchange = exchangeOf();
    expect(exchange).toMatchObject({
      method: 'POST',
      rawPath: '/a%20b',
      rawQuery: 'c=d?e',
      headers: ['accept', 'A', 'x-two', 'b', 'accept', 'c'],
      peerCertificate: '',
      handsOver: false,
    });
    expect(['accept', 'x-two', 'A', 'none'].map((name) => exchange.header(name))).toEqual(['A', 'b', '', '']);
    expect(exchangeOf({ url: '/a' })).toMatchObject({ rawPath: '/a', rawQuery: '' });
    const certificate = { getPeerX509Certificate: () => 'PEM' };
    expect(exchangeOf(certificate).peerCertificate).toBe('PEM');
  });

  test.each([
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['203.0.113.7', '203.0.113.7'],
    ['::ffff:c0a8:1', '::ffff:c0a8:1'],
    ['1::ffff:203.0.113.7', '1::ffff:203.0.113.7'],
    [undefined, ''],
  ])('of the client at %s comes from %s', (remoteAddress, told) => {
    expect(exchangeOf({ remoteAddress }).remoteAddress()).toBe(told);
  });

  test.each([
    ['POST', false, true],
    ['GET', false, false],
    ['HEAD', false, false],
    ['POST', true, false],
  ])('%s (asks for another protocol: %s) has a body: %s', (method, handsOver, has) => {
    const exchange = exchangeOf({ method }, handsOver);
    expect([exchange.body !== undefined, exchange.openBody('ann') !== undefined]).toEqual([has, has]);
    if (!has) expect(exchange.readBody('ann')).toEqual(Buffer.alloc(0));
  });

  test('is broken off once, and all are told, also those who ask then', () => {
    const exchange = exchangeOf();
    const told: string[] = [];
    exchange.onAborted(() => told.push('a'));
    exchange.onAborted(() => told.push('b'));
    expect([exchange.isAborted, told]).toEqual([false, []]);
    exchange.abort();
    exchange.abort();
    exchange.onAborted(() => told.push('late'));
    expect([exchange.isAborted, told]).toEqual([true, ['a', 'b', 'late']]);
  });
});

describe('an answer that is written piece by piece', () => {
  const sink = () => {
    const response = new PassThrough({ highWaterMark: 4 });
    return { response, to: new NodeSink(response as unknown as ServerResponse) };
  };

  test('says whether it flows, and when it does again', async () => {
    const { response, to } = sink();
    let writable = 0;
    expect([to.write('ab'), to.write(''), to.write(Buffer.from('cdef')), to.write('')]).toEqual([
      true,
      true,
      false,
      true,
    ]);
    to.onWritable(() => writable++);
    response.resume();
    await turn();
    expect(writable).toBe(1);
  });

  test.each([[undefined], [''], ['z']])('ends once, with what is last: %j', async (last) => {
    const { response, to } = sink();
    const told: string[] = [];
    to.onClose(() => told.push('closed'));
    to.write('ab');
    to.end(last);
    to.end('again');
    to.break();
    expect([to.closed, to.write('more'), told]).toEqual([true, false, ['closed']]);
    to.onClose(() => told.push('late'));
    expect(told).toEqual(['closed', 'late']);
    let got = '';
    for await (const chunk of response) got += String(chunk);
    expect(got).toBe(last === 'z' ? 'abz' : 'ab');
  });

  test('is over when its client goes, or is left', async () => {
    const { response, to } = sink();
    let told = 0;
    to.onClose(() => told++);
    expect(to.closed).toBe(false);
    to.break();
    await turn();
    expect([response.destroyed, to.closed, told]).toEqual([true, true, 1]);
  });
});
