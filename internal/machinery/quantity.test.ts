import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  QuantityError,
  addQuantity,
  canonicalQuantity,
  compareQuantity,
  formatQuantity,
  parseQuantity,
  scaledValue,
  signOfQuantity,
  subQuantity,
} from './quantity.js';

describe('canonicalQuantity', () => {
  it.each([
    ['0', '0'],
    ['0.5', '500m'],
    ['0.5Gi', '512Mi'],
    ['100m', '100m'],
    ['1000m', '1'],
    ['1500m', '1500m'],
    ['1.5', '1500m'],
    ['10', '10'],
    ['1000', '1k'],
    ['1024', '1024'],
    ['1024Ki', '1Mi'],
    ['1536Mi', '1536Mi'],
    ['1Gi', '1Gi'],
    ['1000Ki', '1000Ki'],
    ['1.5Ki', '1536'],
    ['0.1Ki', '102400m'],
    ['512', '512'],
    ['123456789', '123456789'],
    ['1e3', '1e3'],
    ['1E3', '1e3'],
    ['12e5', '1200e3'],
    ['1E', '1E'],
    ['1Ei', '1Ei'],
    ['9Ei', '9223372036854775807'],
    ['-1.5', '-1500m'],
    ['+5', '5'],
    ['  5 ', '5'],
    ['.5', '500m'],
    ['5.', '5'],
    ['0.0000000001', '1n'],
    ['1n', '1n'],
    ['1000000u', '1'],
    ['00.100', '100m'],
    ['0Mi', '0'],
  ])('%s is %s', (text, canonical) => {
    expect(canonicalQuantity(text)).toBe(canonical);
  });

  it.each(['', 'x', '5x5', '1 Gi', '1..5', '1,5'])('refuses %j for its form', (text) => {
    expect(() => canonicalQuantity(text)).toThrow(
      new QuantityError("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"),
    );
  });
  it.each(['--1', '1Kii', '1mm', '1e', '1K', '1e5e5'])('refuses the suffix of %j', (text) => {
    expect(() => canonicalQuantity(text)).toThrow(QuantityError);
  });
  it('refuses exponents that would take forever', () => {
    expect(() => canonicalQuantity('1e999999999')).toThrow(QuantityError);
  });

  it('is stable: the canonical text is its own canonical text, with the same value', () => {
    const suffix = fc.constantFrom('', 'm', 'u', 'n', 'k', 'M', 'G', 'T', 'Ki', 'Mi', 'Gi', 'Ti', 'e3', 'e-3');
    fc.assert(
      fc.property(fc.integer({ min: -1e9, max: 1e9 }), fc.nat({ max: 999 }), suffix, (n, fraction, s) => {
        const q = parseQuantity(`${n}.${fraction}${s}`);
        const text = formatQuantity(q);
        expect(compareQuantity(parseQuantity(text), q)).toBe(0);
        expect(canonicalQuantity(text)).toBe(text);
      }),
    );
  });
});

describe('arithmetic', () => {
  const q = parseQuantity;
  it('compares across suffixes', () => {
    expect(compareQuantity(q('1Gi'), q('1G'))).toBe(1);
    expect(compareQuantity(q('1000m'), q('1'))).toBe(0);
    expect(compareQuantity(q('-1'), q('1m'))).toBe(-1);
    expect(signOfQuantity(q('-1m'))).toBe(-1);
  });
  it('adds and subtracts exactly, in the format of the first', () => {
    expect(formatQuantity(addQuantity(q('1Gi'), q('512Mi')))).toBe('1536Mi');
    expect(formatQuantity(subQuantity(q('1'), q('1m')))).toBe('999m');
    expect(formatQuantity(addQuantity(q('0'), q('1Ki')))).toBe('1Ki');
  });
  it('rounds away from zero to whole and milli units', () => {
    expect(scaledValue(q('1500m'), 0)).toBe(2n);
    expect(scaledValue(q('-1500m'), 0)).toBe(-2n);
    expect(scaledValue(q('0.5'), 3)).toBe(500n);
    expect(scaledValue(q('2Ki'), 3)).toBe(2048000n);
  });
});
