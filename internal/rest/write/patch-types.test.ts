import { expect, test } from 'vitest';
import { StatusError } from '../../machinery/status.js';
import type { ApiRequest } from '../types.js';
import { patchTypeOf } from './patch-types.js';

const of = (contentType: string): ApiRequest => ({ header: () => contentType }) as unknown as ApiRequest;
const refusal = (contentType: string, typed: boolean): string => {
  try {
    return patchTypeOf(of(contentType), typed);
  } catch (error) {
    if (error instanceof StatusError) return `${error.code} ${error.message}`;
    throw error;
  }
};

test('a patch is what its content type says', () => {
  expect(patchTypeOf(of('application/merge-patch+json; charset=utf-8'), true)).toBe('merge');
  expect(patchTypeOf(of('application/strategic-merge-patch+json'), true)).toBe('strategic');
  expect(patchTypeOf(of('application/apply-patch+yaml'), false)).toBe('apply');
});

test('what cannot be is refused as the router does for types, and as their handler does for custom resources', () => {
  expect(refusal('text/plain', true)).toBe('415 415: Unsupported Media Type');
  expect(refusal('application/strategic-merge-patch+json', false)).toBe(
    '415 the body of the request was in an unknown format - accepted media types include: ' +
      'application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml',
  );
});
