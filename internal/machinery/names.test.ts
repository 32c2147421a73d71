import { describe, expect, it } from 'vitest';
import {
  dns1035Label,
  dns1123Label,
  dns1123Subdomain,
  generateName,
  labelValue,
  objectName,
  qualifiedName,
} from './names.js';

describe('names', () => {
  it('accepts what Kubernetes accepts', () => {
    expect(dns1123Label('a-1')).toEqual([]);
    expect(dns1123Subdomain('a.b-c.1')).toEqual([]);
    expect(dns1035Label('a1')).toEqual([]);
    expect(qualifiedName('example.com/My_Name.x')).toEqual([]);
    expect(labelValue('')).toEqual([]);
  });
  it('says what is wrong in the words of Kubernetes', () => {
    expect(dns1123Subdomain('A!')).toEqual([
      "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
    ]);
    expect(dns1123Label('x'.repeat(64))).toEqual(['must be no more than 63 characters']);
    expect(dns1123Label('a.b')).toEqual(['must not contain dots']);
    expect(dns1123Label('a..b')).toEqual([expect.stringMatching(/^a lowercase RFC 1123 label must consist of/)]);
    expect(labelValue('x'.repeat(64))).toEqual(['must be no more than 63 bytes']);
    expect(labelValue('\u65e5'.repeat(22))[0]).toBe('must be no more than 63 bytes');
    expect(qualifiedName('')[0]).toBe('name part must be non-empty');
    expect(qualifiedName('a/b/c')).toEqual([
      expect.stringMatching(/^a valid label key must consist of .* with an optional DNS subdomain prefix and '\/'/),
    ]);
    expect(qualifiedName('A_/b')[0]).toMatch(/^prefix part a lowercase RFC 1123 subdomain/);
  });
  it('judges long texts by the same rules as short ones', () => {
    const ends = ['a', 'A', '-', '.', '_', '1', '!', 'é', '\n'];
    const cores = ['b', 'b.c', 'b-.c', 'b..c', 'b.-c', 'b_c', 'b c', 'B'];
    const shapes = (messages: readonly string[]): string[] =>
      messages.filter((m) => !m.includes('must be no more than'));
    for (const first of ends) {
      for (const last of ends) {
        for (const core of cores) {
          const short = first + core + last;
          const long = first + core + 'x'.repeat(1_100) + core + last;
          const twice = first + core + 'x' + core + last;
          for (const rule of [dns1123Label, dns1123Subdomain, dns1035Label, labelValue, qualifiedName]) {
            expect([short, rule.name, shapes(rule(long))]).toEqual([short, rule.name, shapes(rule(twice))]);
          }
        }
      }
    }
  });
  it('lets a generateName end in a dash', () => {
    expect(objectName('dns1123Label', 'web-', true)).toEqual([]);
    expect(objectName('dns1123Label', 'web-', false)).toEqual([
      expect.stringMatching(/^a lowercase RFC 1123 label must/),
    ]);
    expect(objectName('pathSegment', 'a/b', false)).toEqual(["may not contain '/'"]);
    expect(objectName('pathSegment', '..', false)).toEqual(["may not be '..'"]);
  });
  it('generates names that fit a label, of five letters without vowels', () => {
    expect(generateName('web-')).toMatch(/^web-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
    expect(generateName('x'.repeat(80))).toHaveLength(63);
    const names = new Set(Array.from({ length: 200 }, () => generateName('')));
    expect(names.size).toBeGreaterThan(195);
  });
});
