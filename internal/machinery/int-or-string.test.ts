import { describe, expect, it } from 'vitest';
import { isIntOrString, scaledIntOrPercent } from './int-or-string.js';

describe('IntOrString', () => {
  it('is an int32 or a string', () => {
    expect([80, -1, 'http', '30%'].map((v) => isIntOrString(v))).toEqual([true, true, true, true]);
    expect([1.5, 2 ** 31, null, true, undefined].map((v) => isIntOrString(v))).toEqual([
      false,
      false,
      false,
      false,
      false,
    ]);
  });
  it('takes a share of a total, rounded as asked', () => {
    expect(scaledIntOrPercent(3, 10, true)).toBe(3);
    expect(scaledIntOrPercent('25%', 10, true)).toBe(3);
    expect(scaledIntOrPercent('25%', 10, false)).toBe(2);
    expect(scaledIntOrPercent('25', 10, false)).toBeUndefined();
  });
});
