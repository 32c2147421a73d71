import { expect, test } from 'vitest';
import { badRequest } from '../machinery/status.js';
import { CorruptRecordError } from '../store/rows.js';
import { CompactedError, OverloadedError, UnavailableError } from '../store/types.js';
import { isBug, statusOf } from './status-of.js';

test.each<[string, Error, number, string, string]>([
  ['an answer', badRequest('no'), 400, 'BadRequest', 'no'],
  ['a store without a leader', new UnavailableError('no leader', false), 503, 'ServiceUnavailable', 'no leader'],
  ['a write that may have been done', new UnavailableError('who knows', true), 504, 'Timeout', 'who knows'],
  ['a store with too much to do', new OverloadedError('too much'), 429, 'TooManyRequests', 'too much'],
  [
    'a history that is gone',
    new CompactedError(5, 9),
    410,
    'Expired',
    'The resourceVersion for the provided watch or list is too old.',
  ],
  [
    'a damaged record',
    new CorruptRecordError('objects', 'a', 'bad'),
    500,
    'InternalError',
    'on this replica; ask another one, and see the log of this one for what to do',
  ],
])('What a client is told of %s', (_what, error, code, reason, message) => {
  const status = statusOf(error, 'GET', '/x');
  expect(status).toMatchObject({ code, status: { reason } });
  expect(status.message).toContain(message);
  expect(isBug(error)).toBe(false);
});

test('Of a bug of ours a client is told that there is one, and no more', () => {
  const error = new TypeError('secret');
  expect(isBug(error)).toBe(true);
  const status = statusOf(error, 'GET', '/x');
  expect(status).toMatchObject({ code: 500, status: { reason: 'InternalError' } });
  expect(status.message).toMatch(/because of a bug; the log of this replica says which$/);
  expect(JSON.stringify(status.status)).not.toContain('secret');
});
