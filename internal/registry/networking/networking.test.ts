import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../machinery/json.js';
import { fieldErrorsOf } from '../generic/field-errors.testkit.js';

const GROUP = 'networking.k8s.io';
const ofIngress = fieldErrorsOf(GROUP, 'ingresses');
const ofPolicy = fieldErrorsOf(GROUP, 'networkpolicies');
const ofCidr = fieldErrorsOf(GROUP, 'servicecidrs');
const ofAddress = fieldErrorsOf(GROUP, 'ipaddresses');

const service = { name: 'web', port: { number: 80 } };
const ingress = (path: JsonObject, host = 'a.example.com'): JsonObject => ({
  metadata: { name: 'i' },
  spec: { rules: [{ host, http: { paths: [{ backend: { service }, ...path }] } }] },
});

describe('ingresses', () => {
  it('want absolute, normalized paths where paths are compared', () => {
    expect(ofIngress(ingress({ pathType: 'Prefix', path: '/a' }))).toEqual([]);
    expect(ofIngress(ingress({ pathType: 'Exact', path: '/a/../b' }))).toEqual([
      `spec.rules[0].http.paths[0].path: Invalid value: "/a/../b": must not contain '/../'`,
    ]);
    expect(ofIngress(ingress({ pathType: 'ImplementationSpecific', path: '/a/../b' }))).toEqual([]);
  });
  it('take a wildcard host, no address, and one kind of backend', () => {
    expect(ofIngress(ingress({ pathType: 'Prefix', path: '/' }, '*.example.com'))).toEqual([]);
    expect(ofIngress(ingress({ pathType: 'Prefix', path: '/' }, '10.0.0.1'))[0]).toContain(
      'must be a DNS name, not an IP address',
    );
    const both = { service, resource: { kind: 'K', name: 'n' } };
    expect(ofIngress(ingress({ pathType: 'Prefix', path: '/', backend: both }))).toEqual([
      'spec.rules[0].http.paths[0].backend: Invalid value: "": cannot set both resource and service backends',
    ]);
  });
  it('keep secret names that an older release let in', () => {
    const old = { spec: { defaultBackend: { service }, tls: [{ secretName: 'Bad_Name' }] } };
    expect(ofIngress(old)).toEqual([
      expect.stringContaining(
        'spec.tls[0].secretName: Invalid value: "Bad_Name": a lowercase RFC 1123 subdomain must consist of',
      ),
    ]);
    expect(ofIngress(old, old)).toEqual([]);
  });
});

describe('network policies', () => {
  const policy = (rule: JsonObject): JsonObject => ({
    spec: { podSelector: {}, policyTypes: ['Ingress'], ingress: [rule] },
  });
  it('want one kind of peer, and exceptions inside the block', () => {
    const peers = policy({ from: [{}, { podSelector: {}, ipBlock: { cidr: '10.0.0.0/8', except: ['11.0.0.0/16'] } }] });
    expect(ofPolicy(peers)).toEqual([
      'spec.ingress[0].from[0]: Required value: must specify a peer',
      'spec.ingress[0].from[1].ipBlock.except[0]: Invalid value: "11.0.0.0/16": must be a strict subset of `cidr`',
      'spec.ingress[0].from[1]: Forbidden: may not specify both ipBlock and another peer',
    ]);
  });
  it('refuse host bits in a new block, keep them in an old one', () => {
    const bits = policy({ from: [{ ipBlock: { cidr: '10.0.0.1/8' } }] });
    expect(ofPolicy(bits)[0]).toContain('must not have bits set beyond the prefix length');
    expect(ofPolicy(bits, bits)).toEqual([]);
  });
});

describe('service networks', () => {
  it('may gain a second family and never change otherwise', () => {
    const of = (...cidrs: string[]): JsonObject => ({ spec: { cidrs } });
    const v4 = '10.0.0.0/16';
    expect(ofCidr(of(v4, 'fd00::/112'), of(v4))).toEqual([]);
    expect(ofCidr(of(v4, '10.1.0.0/16'), of(v4))[0]).toContain('no more than one IP for each IP family');
    expect(ofCidr(of('10.1.0.0/16'), of(v4))).toEqual([
      'spec.cidrs[0]: Invalid value: "10.1.0.0/16": field is immutable',
    ]);
  });
  it('and addresses name their parent', () => {
    expect(ofAddress({ metadata: { name: '010.0.0.1' }, spec: {} })).toEqual([
      'metadata.name: Invalid value: "010.0.0.1": must not have leading 0s',
      'spec.parentRef: Required value',
    ]);
  });
});
