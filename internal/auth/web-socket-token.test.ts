import { expect, test } from 'vitest';
import { bearerToken } from './authenticator.js';
import { credentials } from './testing.js';
import { withoutWebSocketToken } from './web-socket-token.js';

const PREFIX = 'base64url.bearer.authorization.k8s.io.';
const encoded = (token: string): string => `${PREFIX}${Buffer.from(token).toString('base64url')}`;
const of = (protocols: string | readonly string[], more: Readonly<Record<string, string>> = {}): string =>
  bearerToken(credentials({ headers: { upgrade: 'WebSocket', 'sec-websocket-protocol': protocols, ...more } }));

test('a WebSocket may bring its token as a subprotocol, beside the one that is meant', () => {
  expect(of(`v5.channel.k8s.io, ${encoded('a.b.c')}`)).toBe('a.b.c');
  expect(of([encoded('secret'), 'v4.channel.k8s.io'])).toBe('secret');
  expect(of('v5.channel.k8s.io')).toBe('');
});

test('an Authorization header comes first, and other requests have no subprotocols', () => {
  expect(of(`v5.channel.k8s.io, ${encoded('b')}`, { authorization: 'Bearer a' })).toBe('a');
  expect(of(`v5.channel.k8s.io, ${encoded('b')}`, { upgrade: 'SPDY/3.1' })).toBe('');
});

test('one that cannot be used is refused, not left out', () => {
  for (const protocols of [
    encoded('alone'),
    `v5.channel.k8s.io, ${encoded('a')}, ${encoded('a')}`,
    `v5.channel.k8s.io, ${PREFIX}`,
    `v5.channel.k8s.io, ${PREFIX}a+/=`,
    `v5.channel.k8s.io, ${PREFIX}=a`,
    `v5.channel.k8s.io, ${PREFIX}a.b`,
  ]) {
    expect(of(protocols)).toBe('\0');
  }
});

test('nobody behind the authentication sees it', () => {
  const headers = ['host', 'a', 'sec-websocket-protocol', `v5.channel.k8s.io,${encoded('t')}, v4.channel.k8s.io`];
  expect(withoutWebSocketToken(headers)).toEqual([
    'host',
    'a',
    'sec-websocket-protocol',
    'v5.channel.k8s.io, v4.channel.k8s.io',
  ]);
});

test('headers that only look so are left as they are', () => {
  const headers = ['x-protocol', `a, ${encoded('t')}`, 'sec-websocket-protocol', 'v5.channel.k8s.io,v4.channel.k8s.io'];
  expect(withoutWebSocketToken(headers)).toEqual(headers);
});
