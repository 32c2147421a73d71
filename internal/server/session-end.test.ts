import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { RequestContext } from './request-context.js';
import { endingAt, tokenEnd } from './session-end.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const token = (claims: object): string =>
  ['{}', JSON.stringify(claims), 'signature'].map((part) => Buffer.from(part).toString('base64url')).join('.');
const context = (authorization: string, peerCertificate = ''): RequestContext =>
  ({ peerCertificate, header: (name: string) => (name === 'authorization' ? authorization : '') }) as RequestContext;

test('A session ends with the token by which it was let in', () => {
  expect(tokenEnd(context(`Bearer ${token({ exp: 1234 })}`))).toBe(1_234_000);
  expect(tokenEnd(context(`Bearer ${token({})}`))).toBe(Number.POSITIVE_INFINITY);
  expect(tokenEnd(context('Bearer opaque'))).toBe(Number.POSITIVE_INFINITY);
  expect(tokenEnd(context(`Bearer ${token({ exp: 1234 })}`, 'a certificate'))).toBe(Number.POSITIVE_INFINITY);
});

/** A WebSocket, or a connection that is handed over, and what became of it. */
function opened(kind: 'accept' | 'handOver', end: number): { closed: string[]; close: () => void } {
  const closed: string[] = [];
  if (kind === 'accept') {
    let onClose = (): void => undefined;
    const socket = {
      close: (code: number, why: string) => closed.push(`${code} ${why}`),
      onClose: (listener: () => void) => (onClose = listener),
    };
    let accepted = false;
    const reply = endingAt({ accept: () => (accepted = true) } as never, end, () => Date.now()) as {
      accept(s: unknown): void;
    };
    reply.accept(socket);
    expect(accepted).toBe(true);
    return { closed, close: () => onClose() };
  }
  const connection = Object.assign(new EventEmitter(), { destroy: () => closed.push('destroyed') });
  const handed: unknown[] = [];
  const reply = endingAt({ handOver: (...given: unknown[]) => handed.push(...given) } as never, end, () =>
    Date.now(),
  ) as {
    handOver(c: unknown, head: unknown): void;
  };
  reply.handOver(connection, 'head');
  expect(handed).toEqual([connection, 'head']);
  return { closed, close: () => void connection.emit('close') };
}

const DAY = 86_400_000;
test.each<['accept' | 'handOver', string[]]>([
  ['accept', ['1008 the token has expired']],
  ['handOver', ['destroyed']],
])('A connection (%s) is closed when the token ends, and not before, however long that is', (kind, told) => {
  for (const ms of [0, 1000, 60 * DAY]) {
    const { closed } = opened(kind, Date.now() + ms);
    if (ms > 0) vi.advanceTimersByTime(ms - 1);
    if (ms > 0) expect(closed).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(closed).toEqual(told);
  }
  // One that is over already is closed at once.
  const { closed } = opened(kind, Date.now() - 5);
  vi.advanceTimersByTime(1);
  expect(closed).toEqual(told);
});

test.each(['accept', 'handOver'] as const)('A connection (%s) that closed before is left alone', (kind) => {
  const { closed, close } = opened(kind, Date.now() + 1000);
  close();
  vi.advanceTimersByTime(2000);
  expect([closed, vi.getTimerCount()]).toEqual([[], 0]);
});

test('One that does not end is as it was', () => {
  const reply = { accept: () => undefined } as never;
  expect(endingAt(reply, Number.POSITIVE_INFINITY, Date.now)).toBe(reply);
});
