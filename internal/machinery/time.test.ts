import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalMicroTime, canonicalTime, formatDuration, parseDuration } from './time.js';

describe('canonicalTime', () => {
  it.each([
    ['2026-01-02T03:04:05Z', '2026-01-02T03:04:05Z'],
    ['2026-01-02T03:04:05.999Z', '2026-01-02T03:04:05Z'],
    ['2026-01-02T03:04:05+02:00', '2026-01-02T01:04:05Z'],
    ['2026-01-01T00:00:00+00:30', '2025-12-31T23:30:00Z'],
    ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00Z'],
    ['0001-01-01T00:00:00Z', undefined],
  ])('%s is %s', (text, canonical) => {
    expect(canonicalTime(text)).toBe(canonical);
  });
  const layout = '"2006-01-02T15:04:05Z07:00"';
  it.each([
    ['', `parsing time "" as ${layout}: cannot parse "" as "2006"`],
    ['x', `parsing time "x" as ${layout}: cannot parse "x" as "2006"`],
    ['2026-01-02', `parsing time "2026-01-02" as ${layout}: cannot parse "" as "T"`],
    ['2026-01-02T03:04:05Zx', 'parsing time "2026-01-02T03:04:05Zx": extra text: "x"'],
    ['2026-13-02T03:04:05Z', 'parsing time "2026-13-02T03:04:05Z": month out of range'],
    ['2026-02-29T03:04:05Z', 'parsing time "2026-02-29T03:04:05Z": day out of range'],
    ['2026-01-02T24:04:05Z', 'parsing time "2026-01-02T24:04:05Z": hour out of range'],
    ['2026-01-02T03:04:05', `parsing time "2026-01-02T03:04:05" as ${layout}: cannot parse "" as "Z07:00"`],
  ])('%j is refused in the words of Go', (text, message) => {
    expect(() => canonicalTime(text)).toThrow(message);
  });
});

describe('canonicalMicroTime', () => {
  it('keeps six digits and asks for them', () => {
    expect(canonicalMicroTime('2026-01-02T03:04:05.000001Z')).toBe('2026-01-02T03:04:05.000001Z');
    expect(canonicalMicroTime('2026-01-02T03:04:05.100000-01:00')).toBe('2026-01-02T04:04:05.100000Z');
    expect(() => canonicalMicroTime('2026-01-02T03:04:05Z')).toThrow('cannot parse "Z" as ".000000"');
  });
});

describe('durations', () => {
  it.each([
    ['0', '0s'],
    ['1.5h', '1h30m0s'],
    ['90s', '1m30s'],
    ['-1.5s', '-1.5s'],
    ['100ms', '100ms'],
    ['1us', '1µs'],
    ['1500us', '1.5ms'],
    ['2ns', '2ns'],
    ['1h1ms', '1h0m0.001s'],
  ])('%s prints as %s', (text, printed) => {
    expect(formatDuration(parseDuration(text))).toBe(printed);
  });
  it.each([
    ['', 'time: invalid duration ""'],
    ['10', 'time: missing unit in duration "10"'],
    ['1y', 'time: unknown unit "y" in duration "1y"'],
    ['.s', 'time: invalid duration ".s"'],
    ['9999999999h', 'time: invalid duration "9999999999h"'],
  ])('%j is refused', (text, message) => {
    expect(() => parseDuration(text)).toThrow(message);
  });
  it('reads back what it prints', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n }), (n) => {
        expect(parseDuration(formatDuration(n))).toBe(n);
      }),
    );
  });
});
