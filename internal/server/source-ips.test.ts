import { expect, test } from 'vitest';
import type { RequestContext } from './request-context.js';
import { sourceIPs } from './source-ips.js';

const of = (remote: string, headers: Readonly<Record<string, string>> = {}): readonly string[] =>
  sourceIPs({
    header: (name: string) => headers[name] ?? '',
    incoming: { remoteAddress: () => remote },
  } as unknown as RequestContext);

test.each<[string, string, Record<string, string>, string[]]>([
  ['the other end of the connection', '10.0.0.1', {}, ['10.0.0.1']],
  ['the same again', '10.0.0.1', {}, ['10.0.0.1']],
  ['an IPv4 address as IPv6', '::ffff:a00:1', {}, ['::ffff:a00:1']],
  ['an IPv4 address as IPv6, in long', '0000:0000:0000:0000:0000:ffff:0a01:02ff', {}, ['10.1.2.255']],
  ['an IPv6 address in its usual form', '2001:0db8:0000:0000:0000:0000:0000:0001', {}, ['2001:db8::1']],
  [
    'every proxy, and the last one',
    '10.0.0.1',
    { 'x-forwarded-for': '1.1.1.1, 2.2.2.2' },
    ['1.1.1.1', '2.2.2.2', '10.0.0.1'],
  ],
  ['no text that is no address', '10.0.0.1', { 'x-forwarded-for': 'unknown, 2.2.2.2,' }, ['2.2.2.2', '10.0.0.1']],
  [
    'nothing that only looks like an address',
    '10.0.0.1',
    { 'x-forwarded-for': '0000:0000:0000:0000:0000:ffff:0a01:02ff:1, x0:0:0:0:0:ffff:a01:2ff, 0:0:0:0:0:FFFF:a01:2ff' },
    ['10.1.2.255', '10.0.0.1'],
  ],
  ['a last proxy once', '10.0.0.1', { 'x-forwarded-for': '10.0.0.1' }, ['10.0.0.1']],
  [
    'a client that comes through itself',
    '10.0.0.1',
    { 'x-forwarded-for': '10.0.0.1, 2.2.2.2' },
    ['10.0.0.1', '2.2.2.2', '10.0.0.1'],
  ],
  ['what a proxy calls the real one', '10.0.0.1', { 'x-real-ip': '3.3.3.3' }, ['3.3.3.3', '10.0.0.1']],
  ['that only once', '10.0.0.1', { 'x-forwarded-for': '3.3.3.3', 'x-real-ip': '3.3.3.3' }, ['3.3.3.3', '10.0.0.1']],
  ['no real one that is none', '10.0.0.1', { 'x-real-ip': 'no' }, ['10.0.0.1']],
  ['nothing of a socket', '', {}, []],
  ['the proxies of a client that is gone', '', { 'x-forwarded-for': '1.1.1.1' }, ['1.1.1.1']],
])('Where a request comes from: %s', (_what, remote, headers, ips) => {
  expect(of(remote, headers)).toEqual(ips);
});
