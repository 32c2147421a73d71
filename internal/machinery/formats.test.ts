import { describe, expect, it } from 'vitest';
import {
  canonicalCidr,
  canonicalIP,
  domainPrefixedPath,
  fullyQualifiedName,
  isSloppyIP,
  isStrictSubset,
  legacyCidr,
  legacyIP,
  percent,
  portName,
  portNumber,
  wildcardDns1123Subdomain,
} from './formats.js';
import { type Cidr, parseCidr } from './ip.js';

function network(text: string): Cidr {
  const parsed = parseCidr(text);
  if (parsed === undefined) throw new Error(`${text} is no network`);
  return parsed;
}

describe('ports', () => {
  it('takes 1 to 65535', () => {
    expect(portNumber(1)).toEqual([]);
    expect(portNumber(65_535)).toEqual([]);
    expect(portNumber(0)).toEqual(['must be between 1 and 65535, inclusive']);
    expect(portNumber(65_536)).toEqual(['must be between 1 and 65535, inclusive']);
  });
  it('says everything that is wrong with a name', () => {
    expect(portName('http')).toEqual([]);
    expect(portName('a-very-long-port-name')).toEqual(['must be no more than 15 characters']);
    expect(portName('80')).toEqual(['must contain at least one letter (a-z)']);
    expect(portName('-a--b')).toEqual(['must not contain consecutive hyphens', 'must not begin or end with a hyphen']);
  });
});

describe('addresses', () => {
  it.each([
    ['10.0.0.1', []],
    ['010.0.0.1', ['must not have leading 0s']],
    ['::ffff:10.0.0.1', ['must not be an IPv4-mapped IPv6 address']],
    ['10.0.0', ['must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)']],
    ['2001:DB8::1', []],
  ])('%s as a lenient field', (value, want) => {
    expect(legacyIP(value)).toEqual(want);
  });
  it('wants the canonical form of new fields', () => {
    expect(canonicalIP('2001:DB8::1')).toEqual(['must be in canonical form ("2001:db8::1")']);
    expect(canonicalCidr('2001:db8:0::/64')).toEqual(['must be in canonical form ("2001:db8::/64")']);
  });
  it('knows an address that a DNS name must not be', () => {
    expect(isSloppyIP('1.2.3.4')).toBe(true);
    expect(isSloppyIP('1.2.3.four')).toBe(false);
    expect(isSloppyIP('2001:db8::0001')).toBe(true);
  });
  it.each([
    ['10.0.0.0/8', []],
    ['10.0.0.1/8', ['must not have bits set beyond the prefix length']],
    ['10.0.0.0/08', ['must not have leading 0s in IP or prefix length']],
    ['10.0.0.0', ['must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)']],
    ['::ffff:10.0.0.0/104', ['must not have an IPv4-mapped IPv6 address']],
  ])('%s as a network', (value, want) => {
    expect(legacyCidr(value)).toEqual(want);
  });
  it('wants exceptions to be smaller than what they except from', () => {
    expect(isStrictSubset(network('10.0.0.0/8'), network('10.1.0.0/16'))).toBe(true);
    expect(isStrictSubset(network('10.0.0.0/8'), network('10.0.0.0/8'))).toBe(false);
    expect(isStrictSubset(network('10.0.0.0/8'), network('11.0.0.0/16'))).toBe(false);
  });
});

describe('names and paths', () => {
  it('takes percentages', () => {
    expect(percent('50%')).toEqual([]);
    expect(percent('50')).toEqual([expect.stringMatching(/^a valid percent string must/)]);
  });
  it('takes a star only as the first label', () => {
    expect(wildcardDns1123Subdomain('*.example.com')).toEqual([]);
    const mustBegin = [expect.stringMatching(/^a wildcard DNS-1123 subdomain must start with '\*\.'/)];
    expect(wildcardDns1123Subdomain('a.*.example.com')).toEqual(mustBegin);
    expect(wildcardDns1123Subdomain('*')).toEqual(mustBegin);
  });
  it('wants three segments in a fully qualified name', () => {
    expect(fullyQualifiedName('a.b.c')).toEqual([]);
    expect(fullyQualifiedName('a.b')).toEqual(['should be a domain with at least three segments separated by dots']);
  });
  it('names the part of a domain-prefixed path that is wrong', () => {
    expect(domainPrefixedPath('acme.io/foo')).toEqual([]);
    expect(domainPrefixedPath('acme.io/')).toMatchObject([{ part: 'acme.io/' }]);
    expect(domainPrefixedPath('ACME/foo')).toMatchObject([{ part: 'ACME' }]);
    expect(domainPrefixedPath('acme.io/a b')).toMatchObject([{ part: 'a b' }]);
  });
});
