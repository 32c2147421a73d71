import { describe, expect, it } from 'vitest';
import { compileRe2, MAX_PATTERN_LENGTH, MAX_PROGRAM_SIZE, Re2CostError, Re2SyntaxError } from './re2.js';
import { estimatedProgramSize } from './re2-size.js';

/** Milliseconds of this process' own processor time that the work takes. */
function cpuOf(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

describe('patterns of clients', () => {
  it.each([
    ['^(a+)+$', `${'a'.repeat(40)}!`, false],
    ['^(([a-z])+.)+[A-Z]([a-z])+$', 'a'.repeat(20_000), false],
    ['\\s+$', `${' '.repeat(50_000)}x`, false],
    ['(?i)^ABC$', 'abc', true],
    ['^.$', '\u{1F600}', true],
    ['\\pL\\z', 'é', true],
    ['(?P<n>a)b', 'xab', true],
  ])('%s', (pattern, text, expected) => {
    expect(cpuOf(() => expect(compileRe2(pattern).test(text)).toBe(expected))).toBeLessThan(500);
  });

  it.each([
    ['[a', 'error parsing regexp: missing closing ]: `[a`'],
    ['(?=a)', 'error parsing regexp: invalid or unsupported Perl syntax: `(?=`'],
    ['(a)\\1', 'error parsing regexp: invalid escape sequence: `\\1`'],
    ['a{1001}', 'error parsing regexp: invalid repeat count: `{1001}`'],
    ['a**', 'error parsing regexp: invalid nested repetition operator: `**`'],
    ['a\\', 'error parsing regexp: trailing backslash at end of expression: ``'],
    ['((a{1000}){1000})', 'error parsing regexp: expression too large: `((a{1000}){1000})`'],
  ])('refuses %s with the words of Go', (pattern, message) => {
    expect(() => compileRe2(pattern)).toThrow(new Re2SyntaxError(message));
    expect(() => compileRe2(pattern)).toThrow(new Re2SyntaxError(message)); // from the cache
  });

  it('compiles nothing that is long or grows large', () => {
    const large = [
      'a'.repeat(MAX_PATTERN_LENGTH + 1),
      '((a?b?){500})'.repeat(100),
      '((a|bb|cc|dd|ee|ff|gg){1000})'.repeat(50),
      Array.from({ length: 2000 }, () => '\\pL').join('|'),
      `(?i)${'[\\x{100}-\\x{10000}]'.repeat(80)}`,
      `(?i)${'[Ā-\u{10000}]'.repeat(500)}`,
    ];
    for (const pattern of large) {
      expect(cpuOf(() => expect(() => compileRe2(pattern)).toThrow('expression too large'))).toBeLessThan(50);
    }
  });

  it('refuses a text that is too long for the pattern, rather than matching it for seconds', () => {
    const pattern = compileRe2('(?:[ab]*a[ab]{900})$');
    const text = 'ab'.repeat(50_000);
    expect(() => pattern.test(text)).toThrow(Re2CostError);
    expect(pattern.test(text.slice(0, pattern.maxTextLength))).toBe(true);
    expect(compileRe2('^[a-z]*$').test('a'.repeat(200_000))).toBe(true);
  });

  it('keeps a bounded number of compiled patterns', () => {
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < 600; i++) compileRe2(`^x{${900 - (i % 30)}}y${i}$`);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(250 * 1024 * 1024);
  });

  it('estimates sizes that are not much below those of the programs', () => {
    const patterns = ['a{1000}b?', '((a?){10}){10}', '[a-z]([-a-z0-9]{0,61}[a-z0-9])?', '(?:(?:a{0,2}b){0,2}c)'];
    for (const pattern of patterns) {
      expect(estimatedProgramSize(pattern) * 2 + 20).toBeGreaterThan(compileRe2(pattern).size);
      expect(estimatedProgramSize(pattern)).toBeLessThan(MAX_PROGRAM_SIZE);
    }
  });
});
