import { describe, expect, it } from 'vitest';
import { matchesLabels, parseLabelSelector, SelectorError } from './labels.js';

const says = (selector: string): string => {
  try {
    parseLabelSelector(selector);
  } catch (e) {
    if (e instanceof SelectorError) return e.message;
    throw e;
  }
  return '';
};

describe('label selectors', () => {
  it.each([
    ['app=web', { app: 'web' }, true],
    ['app==web', { app: 'db' }, false],
    ['app!=web', {}, true],
    ['app!=web', { app: 'web' }, false],
    ['tier in (a, b)', { tier: 'b' }, true],
    ['tier in (a,b)', {}, false],
    ['tier notin (a,b)', {}, true],
    ['tier notin (a,b)', { tier: 'a' }, false],
    ['tier in (,a)', { tier: '' }, true],
    ['tier in ()', { tier: '' }, true],
    ['canary', { canary: '' }, true],
    ['!canary', { canary: 'x' }, false],
    ['n>4', { n: '5' }, true],
    ['n>4', { n: '4' }, false],
    ['n<4', { n: 'x' }, false],
    ['app=', { app: '' }, true],
    ['in in (in)', { in: 'in' }, true],
    ['a,b=1, !c', { a: '', b: '1' }, true],
    ['', { anything: 'x' }, true],
  ])('%s of %j is %s', (selector, labels, expected) => {
    expect(matchesLabels(parseLabelSelector(selector), labels)).toBe(expected);
  });

  it('finds a label among thousands of values, at a cost that does not grow with them', () => {
    const values = Array.from({ length: 9_999 }, (_, i) => `v${i}`);
    const [among, notAmong] = ['in', 'notin'].map((is) => parseLabelSelector(`n ${is} (${values.join(',')})`));
    if (among === undefined || notAmong === undefined) throw new Error('no selectors');
    for (const n of ['v0', 'v1', 'v10', 'v5555', 'v9998']) {
      expect([matchesLabels(among, { n }), matchesLabels(notAmong, { n })]).toEqual([true, false]);
    }
    for (const n of ['', 'u', 'v', 'v9999', 'z']) {
      expect([matchesLabels(among, { n }), matchesLabels(notAmong, { n })]).toEqual([false, true]);
    }
    const before = process.cpuUsage().user;
    for (let i = 0; i < 100_000; i++) matchesLabels(among, { n: 'zzz' });
    // One after the other they are a billion comparisons: seconds.
    expect(process.cpuUsage().user - before).toBeLessThan(1_000_000);
  });

  it('does not take a member of every object for a label', () => {
    expect(matchesLabels(parseLabelSelector('constructor'), {})).toBe(false);
  });

  it.each([
    ['a b c', "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"],
    ['a in b', "unable to parse requirement: found 'b' expected: '('"],
    ['a,', "found '', expected: identifier after ','"],
    ['a=b c', "found 'c', expected: ',' or 'end of string'"],
    [',a', "found ',', expected: !, identifier, or 'end of string'"],
    ['a in (b', "unable to parse requirement: found '', expected: ',' or ')'"],
    ['!', "unable to parse requirement: found '', expected: identifier"],
    [
      'n>x',
      "unable to parse requirement: values[0]: Invalid value: \"x\": for 'Gt', 'Lt' operators, the value must be an integer",
    ],
  ])('%s is refused in the words of apimachinery', (selector, text) => {
    expect(says(selector)).toBe(text);
  });

  it('says what is wrong with a key and a value', () => {
    expect(says('-a=b')).toMatch(/^unable to parse requirement: <nil>: Invalid value: "-a": name part must consist of/);
    expect(says('a=-b')).toMatch(/^unable to parse requirement: values\[0\]\[a\]: Invalid value: "-b": a valid label/);
  });
});
