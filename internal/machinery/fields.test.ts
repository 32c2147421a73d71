import { describe, expect, it } from 'vitest';
import { matchesFields, parseFieldSelector, requiredValue } from './fields.js';

const matches = (selector: string, fields: Record<string, string>): boolean =>
  matchesFields(parseFieldSelector(selector), (f) => fields[f] ?? '');

describe('field selectors', () => {
  it.each([
    ['metadata.name=a', { 'metadata.name': 'a' }, true],
    ['metadata.name==b', { 'metadata.name': 'a' }, false],
    ['status.phase!=Running', {}, true],
    ['a=1,b=2', { a: '1', b: '2' }, true],
    ['a=1,b=2', { a: '1', b: '3' }, false],
    ['a=x\\,y', { a: 'x,y' }, true],
    ['a=', {}, true],
  ])('%s of %j is %s', (selector, fields, expected) => {
    expect(matches(selector, fields)).toBe(expected);
  });

  it('refuses what it cannot understand, in the words of apimachinery', () => {
    expect(() => parseFieldSelector('x')).toThrow("invalid selector: 'x'; can't understand 'x'");
    expect(() => parseFieldSelector('a=b\\x')).toThrow('invalid field selector: invalid escape sequence: \\x');
    expect(() => parseFieldSelector('a=b=c')).toThrow('invalid field selector: unescaped character in value: 61');
  });

  it('finds the one value that a field must have', () => {
    expect(requiredValue(parseFieldSelector('a!=1,b=2'), 'b')).toBe('2');
    expect(requiredValue(parseFieldSelector('a!=1,b=2'), 'a')).toBeUndefined();
  });
});
