import { describe, expect, test } from 'vitest';
import { framingOf } from './framing.js';

describe('where the body of a request ends', () => {
  test.each([
    ['no body', [], 'length'],
    ['a length', ['host', 'x', 'content-length', '5'], 'length'],
    ['the same length twice', ['content-length', '5', 'content-length', '5'], 'length'],
    ['chunks', ['transfer-encoding', 'chunked'], 'chunked'],
    ['chunks in capitals', ['transfer-encoding', 'Chunked'], 'chunked'],
    ['two lengths', ['content-length', '5', 'content-length', '50'], 'invalid'],
    ['an empty length', ['content-length', ''], 'invalid'],
    ['a length with a sign', ['content-length', '+5'], 'invalid'],
    ['a hexadecimal length', ['content-length', '0x5'], 'invalid'],
    ['a list of lengths', ['content-length', '5, 5'], 'invalid'],
    ['a length beyond 64 bits', ['content-length', '99999999999999999999'], 'invalid'],
    ['both', ['content-length', '5', 'transfer-encoding', 'chunked'], 'invalid'],
    ['both, the other way round', ['transfer-encoding', 'chunked', 'content-length', '5'], 'invalid'],
    ['another coding', ['transfer-encoding', 'gzip'], 'invalid'],
    ['two codings', ['transfer-encoding', 'gzip, chunked'], 'invalid'],
    ['chunks twice', ['transfer-encoding', 'chunked', 'transfer-encoding', 'chunked'], 'invalid'],
    ['an empty coding', ['transfer-encoding', ''], 'invalid'],
    ['a coding that only looks like chunked', ['transfer-encoding', 'xchunked'], 'invalid'],
  ] as const)('%s', (_name, headers, expected) => {
    expect(framingOf(headers)).toBe(expected);
  });
});
