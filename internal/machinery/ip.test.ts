import { describe, expect, it } from 'vitest';
import { cidrContains, formatCidr, formatIP, parseCidr, parseIP } from './ip.js';

describe('IP addresses', () => {
  it.each([
    ['10.96.0.1', '10.96.0.1'],
    ['::1', '::1'],
    ['fd00:1:0:0:0:0:0:1', 'fd00:1::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['::ffff:1.2.3.4', '::ffff:102:304'],
    ['1:0:2:0:3:0:4:0', '1:0:2:0:3:0:4:0'],
  ])('%s is written %s (RFC 5952)', (text, canonical) => {
    const ip = parseIP(text);
    expect(ip).toBeDefined();
    if (ip !== undefined) expect(formatIP(ip.family, ip.value)).toBe(canonical);
  });

  it.each(['', '1.2.3', '256.1.1.1', '01.2.3.4', 'fe80::1%eth0', ':::', 'x'])('%j is none', (text) => {
    expect(parseIP(text)).toBeUndefined();
  });

  it('reads networks and says what is in them', () => {
    const cidr = parseCidr('10.111.3.4/12');
    expect(cidr).toBeDefined();
    if (cidr === undefined) return;
    expect(formatCidr(cidr)).toBe('10.96.0.0/12');
    const inside = parseIP('10.111.255.255');
    const outside = parseIP('10.112.0.0');
    expect(inside && cidrContains(cidr, inside)).toBe(true);
    expect(outside && cidrContains(cidr, outside)).toBe(false);
    for (const bad of ['10.0.0.0', '10.0.0.0/33', 'fd00::/129', '10.0.0.0/x', '/8'])
      expect(parseCidr(bad)).toBeUndefined();
  });
});
