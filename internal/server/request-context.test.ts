import { expect, test } from 'vitest';
import type { HandlerReply } from '../rest/types.js';
import type { IncomingRequest } from './http-listener.js';
import { RequestContext } from './request-context.js';

const context = (headers: readonly string[] = [], more: Partial<IncomingRequest> = {}): RequestContext =>
  new RequestContext({
    method: 'GET',
    rawPath: '/x',
    rawQuery: '',
    headers,
    peerCertificate: '',
    remoteAddress: () => '10.0.0.1',
    onAborted: () => undefined,
    ...more,
  } as IncomingRequest);

test('Headers are found by name: the first, all of them, and those that begin alike', () => {
  const of = context(['a', '1', 'b', '2', 'a', '3', 'x-remote-extra-k', 'v', 'x-remote-extra-l', 'w']);
  expect([of.header('a'), of.header('b'), of.header('c'), of.header('1')]).toEqual(['1', '2', '', '']);
  expect([of.headerValues('a'), of.headerValues('c'), of.headerValues('1')]).toEqual([['1', '3'], [], []]);
  expect(of.headersWithPrefix('x-remote-extra-')).toEqual([
    ['x-remote-extra-k', 'v'],
    ['x-remote-extra-l', 'w'],
  ]);
  expect(of.headersWithPrefix('v')).toEqual([]);
});

test('A warning is told once; of an annotation the first stays, and what was there once is kept', () => {
  const of = context();
  expect([of.warnings, [...of.annotations], [...of.notedSoFar()]]).toEqual([[], [], []]);
  for (const text of ['w', 'v', 'w']) of.warn(text);
  expect(of.warnings).toEqual(['w', 'v']);
  of.annotate('k', '1');
  const before = of.notedSoFar();
  of.annotate('k', '2');
  of.annotate('l', '3');
  expect([...of.annotations]).toEqual([
    ['k', '1'],
    ['l', '3'],
  ]);
  expect([...before]).toEqual([['k', '1']]);
});

test('The audit id is the client’s own, or a new one that stays', () => {
  expect(context(['audit-id', 'mine']).auditId).toBe('mine');
  for (const of of [context(), context(['audit-id', ''])]) {
    expect(of.auditId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(of.auditId).toBe(of.auditId);
  }
  expect(context().auditId).not.toBe(context().auditId);
});

test('The query is what was asked, and the same each time', () => {
  const of = context([], { rawQuery: 'a=1&b=%20x' });
  expect([of.query.get('a'), of.query.get('b'), of.query.get('c')]).toEqual(['1', ' x', null]);
  expect(of.query).toBe(of.query);
  expect([...context().query]).toEqual([]);
});

test('Who asks to be told of the answer is told once', () => {
  const of = context();
  const told: unknown[] = [];
  for (const name of ['a', 'b']) of.onAnswered((reply) => told.push([name, reply]));
  const reply = { status: 200 } as HandlerReply;
  of.answered(reply);
  of.answered(reply);
  expect(told).toEqual([
    ['a', reply],
    ['b', reply],
  ]);
});

test('Headers of an answer add up', () => {
  const of = context();
  expect(of.answerHeaders).toBeUndefined();
  of.addAnswerHeaders([['a', '1']]);
  of.addAnswerHeaders([
    ['b', '2'],
    ['a', '3'],
  ]);
  expect(of.answerHeaders).toEqual([
    ['a', '1'],
    ['b', '2'],
    ['a', '3'],
  ]);
});

test('Whether its connection may be handed over is said by where it came in', () => {
  expect([context().handsOver, context([], { handsOver: true } as never).handsOver]).toEqual([false, true]);
});

test('Of a request nothing is known when it comes', () => {
  const before = performance.now();
  const of = context();
  expect(of).toMatchObject({
    impersonationConstraint: '',
    impersonationMs: 0,
    deadline: Number.POSITIVE_INFINITY,
    sessionEnd: Number.POSITIVE_INFINITY,
    queuedMs: 0,
    isTerminated: false,
    body: Buffer.alloc(0),
    user: { username: 'system:anonymous' },
    authenticatedUser: { username: 'system:anonymous' },
    path: '/x',
    info: { isResourceRequest: false, path: '/x', verb: 'get' },
    at: of.received,
  });
  expect(of.received).toBeGreaterThanOrEqual(before);
  of.watchBegun();
  let begun = 0;
  of.onWatchBegun = () => begun++;
  of.watchBegun();
  expect(begun).toBe(1);
});
