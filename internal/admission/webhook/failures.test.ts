import { expect, test } from 'vitest';
import { CallingError, denied, failedCalling, noDryRun } from './failures.js';

test.each<[string, object | undefined, number, string, string]>([
  ['nothing', undefined, 400, '', 'without explanation'],
  ['a message', { message: 'no' }, 400, '', ': no'],
  ['a reason', { reason: 'Policy' }, 400, 'Policy', ': Policy'],
  ['both', { message: 'no', reason: 'Policy', code: 403 }, 403, 'Policy', ': no'],
  ['the least code of a refusal', { code: 400 }, 400, '', 'without explanation'],
  ['a code that is none of a refusal', { code: 399 }, 400, '', 'without explanation'],
  ['what is no text', { message: 5, reason: {} }, 400, '', 'without explanation'],
])('A refusal that says %s', (_what, result, code, reason, text) => {
  const { status, message } = denied('w.example.com', result as never);
  expect(status).toMatchObject({ code, ...(reason === '' ? {} : { reason }), status: 'Failure' });
  expect(message).toBe(`admission webhook "w.example.com" denied the request${text.startsWith(':') ? '' : ' '}${text}`);
});

test('What else it says goes to the client, but not that it succeeded', () => {
  const details = { name: 'p', causes: [{ message: 'because' }] };
  const { status } = denied('w', { details, metadata: { resourceVersion: '1' }, status: 'Other' });
  expect(status).toMatchObject({ details, metadata: { resourceVersion: '1' }, status: 'Other' });
  expect(denied('w', { status: 'Success', metadata: 5, details: 5 }).status).toMatchObject({
    status: 'Failure',
  });
  expect(denied('w', { status: '' }).status.status).toBe('Failure');
});

test('One that cannot be asked is named', () => {
  const error = new CallingError('w', 'it is away');
  expect(error).toMatchObject({ name: 'CallingError', message: 'failed calling webhook "w": it is away' });
  expect(failedCalling(error)).toMatchObject({
    code: 500,
    message: 'Internal error occurred: failed calling webhook "w": it is away',
  });
  expect(noDryRun('w')).toMatchObject({ code: 400, message: 'admission webhook "w" does not support dry run' });
});
