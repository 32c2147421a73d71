import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../machinery/json.js';
import { fieldErrorsOf } from '../generic/field-errors.testkit.js';

const of = fieldErrorsOf('discovery.k8s.io', 'endpointslices');
const slice = (addressType: string, address: string, more: JsonObject = {}): JsonObject => ({
  addressType,
  endpoints: [{ addresses: [address], ...more }],
});

describe('endpoint slices', () => {
  it('have addresses of one family, that pods can be reached at', () => {
    expect(of(slice('IPv4', '10.0.0.1'))).toEqual([]);
    expect(of(slice('IPv4', 'fd00::1'))[0]).toContain('must be an IPv4 address');
    expect(of(slice('IPv4', '127.0.0.1'))[0]).toContain('may not be in the loopback range');
    expect(of(slice('FQDN', 'example'))).toMatchInlineSnapshot(`
      [
        "endpoints[0].addresses[0]: Invalid value: "example": should be a domain with at least two segments separated by dots",
      ]
    `);
  });
  it('keep an address that an older release let in', () => {
    const old = slice('IPv4', '010.0.0.1');
    expect(of(old)[0]).toContain('must not have leading 0s');
    expect(of(old, old)).toEqual([]);
  });
  it('never change their address type', () => {
    expect(of(slice('IPv6', 'fd00::1'), slice('IPv4', '10.0.0.1'))).toEqual([
      'addressType: Invalid value: "IPv6": field is immutable',
    ]);
  });
  it('hint for a zone once', () => {
    const hints = { forZones: [{ name: 'a' }, { name: 'a' }] };
    expect(of(slice('IPv4', '10.0.0.1', { hints }))).toEqual([
      'endpoints[0].hints.forZones[1].name: Duplicate value: "a"',
    ]);
  });
});
