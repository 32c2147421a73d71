import { expect, test } from 'vitest';
import type { BytesReply } from '../rest/types.js';
import { writeHead } from './answer-head.js';

function headOf(reply: Partial<BytesReply>, more: readonly (readonly [string, string])[] = []): string[] {
  const lines: string[] = [];
  writeHead(
    { writeStatus: (line) => lines.push(line), writeHeader: (name, value) => lines.push(`${name}: ${value}`) },
    { status: 200, contentType: '', body: '', ...reply },
    'id',
    more,
  );
  return lines;
}

/** The reasons of RFC 9110, which Go writes: clients show them. */
test.each([
  [200, 'OK'],
  [201, 'Created'],
  [202, 'Accepted'],
  [204, 'No Content'],
  [301, 'Moved Permanently'],
  [302, 'Found'],
  [304, 'Not Modified'],
  [400, 'Bad Request'],
  [401, 'Unauthorized'],
  [403, 'Forbidden'],
  [404, 'Not Found'],
  [405, 'Method Not Allowed'],
  [406, 'Not Acceptable'],
  [409, 'Conflict'],
  [410, 'Gone'],
  [413, 'Request Entity Too Large'],
  [415, 'Unsupported Media Type'],
  [422, 'Unprocessable Entity'],
  [429, 'Too Many Requests'],
  [500, 'Internal Server Error'],
  [501, 'Not Implemented'],
  [502, 'Bad Gateway'],
  [503, 'Service Unavailable'],
  [504, 'Gateway Timeout'],
  [299, 'Status'],
])('%i %s', (status, reason) => {
  expect(headOf({ status })[0]).toBe(`${status} ${reason}`);
});

test('What every answer tells, and what only some do', () => {
  expect(headOf({})).toEqual(['200 OK', 'Audit-Id: id', 'Cache-Control: no-cache, private']);
  expect(headOf({ contentType: 'text/plain', headers: { A: 'b' }, warnings: ['w'] }, [['C', 'd']])).toEqual([
    '200 OK',
    'Audit-Id: id',
    'Cache-Control: no-cache, private',
    'Content-Type: text/plain',
    'A: b',
    'C: d',
    'Warning: 299 - "w"',
  ]);
});

test('What says how it is to be cached is not told otherwise', () => {
  const own = { 'Cache-Control': 'public' };
  expect(headOf({ headers: own })).toEqual(['200 OK', 'Audit-Id: id', 'Cache-Control: public']);
  expect(
    headOf({
      passedOn: [
        ['cache-Control', 'public'],
        ['X', 'y'],
      ],
    }),
  ).toEqual(['200 OK', 'Audit-Id: id', 'cache-Control: public', 'X: y']);
  expect(headOf({ passedOn: [['X', 'y']] })).toContain('Cache-Control: no-cache, private');
});
