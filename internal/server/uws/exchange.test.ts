import { describe, expect, test } from 'vitest';
import { BodyBudget } from '../body-budget.js';
import { Crumbs } from './crumbs.js';
import { Exchange } from './exchange.js';
import type { Response, UWS } from './native.js';
import { UwsSink } from './sink.js';
import { Sources } from './sources.js';
import { Turn } from './turn.js';

interface Asked {
  readonly method?: string;
  readonly query?: string;
  readonly headers?: readonly (readonly [string, string])[];
}

const turnOfTheLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A request as uWebSockets.js hands it on. */
function asked({ method = 'POST', query, headers = [] }: Asked, turn = new Turn()) {
  let onData: (chunk: ArrayBuffer, isLast: boolean) => void = () => undefined;
  const res = {
    onData: (handler: typeof onData) => (onData = handler),
    onWritable: () => undefined,
    pause: () => undefined,
    getX509Certificate: () => 'PEM',
    getRemoteAddress: () => new Uint8Array([203, 0, 113, 7]).buffer,
  } as unknown as Response;
  const req = {
    getCaseSensitiveMethod: () => method,
    getUrl: () => '/a%20b',
    getQuery: () => query,
    forEach: (each: (name: string, value: string) => void) => {
      for (const [name, value] of headers) each(name, value);
    },
  } as unknown as UWS.HttpRequest;
  const exchange = new Exchange(res, req, turn, new Sources());
  return { exchange, res, turn, part: (isLast = false) => onData(new ArrayBuffer(1), isLast) };
}

test('The client is told by its address until it is gone', () => {
  for (const way of ['aborted', 'done', 'upgraded'] as const) {
    const { exchange } = asked({});
    expect(exchange.remoteAddress()).toBe('203.0.113.7');
    exchange[way] = true;
    expect(exchange.remoteAddress()).toBe('');
  }
});

test('A request is copied as it came', () => {
  const headers = [
    ['accept', 'a'],
    ['x', ''],
    ['accept', 'b'],
  ] as const;
  const { exchange } = asked({ headers, query: 'q=1' });
  expect(exchange).toMatchObject({
    method: 'POST',
    rawPath: '/a%20b',
    rawQuery: 'q=1',
    headers: ['accept', 'a', 'x', '', 'accept', 'b'],
    peerCertificate: 'PEM',
    framing: 'length',
  });
  expect(['accept', 'x', 'none', 'a'].map((name) => exchange.header(name))).toEqual(['a', '', '', '']);
  expect(asked({}).exchange.rawQuery).toBe('');
});

test('Everybody who asks for it is told once that the client is gone', () => {
  const { exchange, res } = asked({});
  const told: string[] = [];
  asked({}).exchange.abort();
  exchange.onAborted(() => told.push('one'));
  exchange.onAborted(() => told.push('two'));
  exchange.expectBody(new BodyBudget(), new Crumbs());
  exchange.sink = new UwsSink(res, undefined, () => told.push('sink'));
  const body = exchange.readBody('ann');
  exchange.abort();
  exchange.abort();
  expect(told).toEqual(['sink', 'one', 'two']);
  exchange.onAborted(() => told.push('late'));
  expect(told.at(-1)).toBe('late');
  return expect(body).rejects.toMatchObject({ code: 400 });
});

describe('a body', () => {
  test('is there only where one is expected', () => {
    const { exchange } = asked({ method: 'GET' });
    expect([exchange.readBody('ann'), exchange.openBody('ann')]).toEqual([Buffer.alloc(0), undefined]);
    exchange.expectBody(new BodyBudget(), new Crumbs());
    expect(exchange.openBody('ann')?.readable).toBe(true);
    expect(exchange.body?.owner).toBe('ann');
  });

  test('has the length that was declared', () => {
    const length = asked({ headers: [['content-length', String(65 * 1024 * 1024)]] }).exchange;
    length.expectBody(new BodyBudget(), new Crumbs());
    expect(length.body?.isEndless).toBe(true);
    const none = asked({}).exchange;
    none.expectBody(new BodyBudget(), new Crumbs());
    expect(none.body?.isEndless).toBe(false);
  });

  test('of whose parts each is read before anybody is answered', async () => {
    const { exchange, turn, part } = asked({ headers: [['content-length', '2']] });
    exchange.expectBody(new BodyBudget(), new Crumbs());
    await turnOfTheLoop();
    const done: string[] = [];
    turn.after(() => done.push('nothing is being read'));
    part();
    turn.after(() => done.push('a part was read'));
    expect(done).toEqual(['nothing is being read']);
    await turnOfTheLoop();
    expect(done).toEqual(['nothing is being read', 'a part was read']);
  });
});

test('What is to be done in a turn in which something was read is done at its end, in order', async () => {
  const turn = new Turn();
  const done: string[] = [];
  turn.after(() => done.push('nothing is being read'));
  turn.reading();
  turn.reading();
  turn.after(() => {
    done.push('a');
    turn.after(() => done.push('at once, for it is the end'));
  });
  turn.after(() => done.push('b'));
  expect(done).toEqual(['nothing is being read']);
  await turnOfTheLoop();
  expect(done.slice(1)).toEqual(['a', 'at once, for it is the end', 'b']);
  turn.after(() => done.push('over'));
  expect(done.at(-1)).toBe('over');
  turn.reading();
  turn.after(() => done.push('another turn'));
  expect(done.at(-1)).toBe('over');
  await turnOfTheLoop();
  expect(done.slice(4)).toEqual(['over', 'another turn']);
});
