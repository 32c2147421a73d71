import { describe, expect, it } from 'vitest';
import { duplicate, forbiddenField, invalid, invalidValue, notSupported, required, tooLong, tooMany } from './field.js';

describe('invalid', () => {
  it('answers 422 with a cause per error and one sentence', () => {
    const e = invalid({ group: 'apps', kind: 'Deployment' }, 'web', [
      required('spec.selector'),
      invalidValue('spec.replicas', -1, 'must be greater than or equal to 0'),
    ]);
    expect(e.status).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message:
        'Deployment.apps "web" is invalid: [spec.selector: Required value, spec.replicas: Invalid value: -1: must be greater than or equal to 0]',
      reason: 'Invalid',
      details: {
        name: 'web',
        group: 'apps',
        kind: 'Deployment',
        causes: [
          { reason: 'FieldValueRequired', message: 'Required value', field: 'spec.selector' },
          {
            reason: 'FieldValueInvalid',
            message: 'Invalid value: -1: must be greater than or equal to 0',
            field: 'spec.replicas',
          },
        ],
      },
      code: 422,
    });
  });
  it('prints every kind of value', () => {
    const message = (e: Parameters<typeof invalid>[2][number]): string | undefined =>
      invalid({ group: '', kind: 'Pod' }, '', [e]).status.details?.causes?.[0]?.message;
    expect(message(invalidValue('a', 'x"y', 'no'))).toBe('Invalid value: "x\\"y": no');
    expect(message(invalidValue('a', null, 'no'))).toBe('Invalid value: null: no');
    expect(message(invalidValue('a', { app: 'web' }, 'no'))).toBe('Invalid value: {"app":"web"}: no');
    expect(message(duplicate('a', 30080))).toBe('Duplicate value: 30080');
    expect(message(notSupported('a', '', ['Role', 'ClusterRole']))).toBe(
      'Unsupported value: "": supported values: "Role", "ClusterRole"',
    );
    expect(message(forbiddenField('a', 'not allowed'))).toBe('Forbidden: not allowed');
    expect(message(tooLong('a', 250))).toBe('Too long: may not be more than 250 bytes');
    expect(message(tooMany('a', 4, 3))).toBe('Too many: 4: must have at most 3 items');
  });
  it('says one field error once, however often it was made', () => {
    const e = invalid({ group: '', kind: 'Pod' }, 'a', [required('spec.x'), required('spec.x')]);
    expect(e.message).toBe('Pod "a" is invalid: spec.x: Required value');
    expect(e.status.details?.causes).toHaveLength(2);
  });
});
