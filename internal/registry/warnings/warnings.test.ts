import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../machinery/json.js';
import { createAuthority } from '../../pki/x509.js';
import { strategyFor } from '../index.js';
import { cidrWarnings, ipWarnings } from './addresses.js';
import { finalizerWarnings } from './objects.js';

const of = (group: string, resource: string, obj: JsonObject, old?: JsonObject): string[] =>
  strategyFor(group, resource).warnings?.(obj, old) ?? [];

describe('addresses', () => {
  it('are told how they should be written', () => {
    for (const ip of ['10.0.0.9', 'fd00::1', 'no address', '']) expect(ipWarnings('at', ip)).toEqual([]);
    expect(ipWarnings('at', '010.0.0.9')).toEqual([
      'at: non-standard IP address "010.0.0.9" is invalid: use "10.0.0.9"',
    ]);
    expect(ipWarnings('at', '::ffff:1.2.3.4')).toEqual([
      'at: non-standard IP address "::ffff:1.2.3.4" is invalid: use "1.2.3.4"',
    ]);
    expect(ipWarnings('at', 'FD00:0::1')).toEqual([
      'at: IPv6 address "FD00:0::1" should be in RFC 5952 canonical format ("fd00::1")',
    ]);
  });
  it('and networks too', () => {
    for (const cidr of ['10.0.0.0/8', 'fd00::/64', 'nothing']) expect(cidrWarnings('at', cidr)).toEqual([]);
    expect(cidrWarnings('at', '10.1.2.3/8')).toEqual([
      'at: CIDR value "10.1.2.3/8" is ambiguous in this context (should be "10.0.0.0/8" or "10.1.2.3/32"?)',
    ]);
    expect(cidrWarnings('at', '010.0.0.0/8')).toEqual([
      'at: non-standard CIDR value "010.0.0.0/8" is invalid: use "10.0.0.0/8"',
    ]);
    expect(cidrWarnings('at', 'FD00::/64')).toEqual([
      'at: IPv6 CIDR value "FD00::/64" should be in RFC 5952 canonical format ("fd00::/64")',
    ]);
  });
  it('of a status are looked at in status updates', () => {
    const status = { loadBalancer: { ingress: [{ ip: 'FD00::1' }, { hostname: 'h' }] } };
    const canonical = 'IPv6 address "FD00::1" should be in RFC 5952 canonical format ("fd00::1")';
    for (const [group, resource] of [
      ['', 'services'],
      ['networking.k8s.io', 'ingresses'],
    ] as const) {
      expect(strategyFor(group, resource).statusWarnings?.({ status })).toEqual([
        `status.loadBalancer.ingress[0]: ${canonical}`,
      ]);
    }
    const pod = { status: { podIPs: [{ ip: 'FD00::1' }], hostIPs: [{ ip: '10.0.0.1' }] } };
    expect(strategyFor('', 'pods').statusWarnings?.(pod)).toEqual([`status.podIPs[0].ip: ${canonical}`]);
  });
});

describe('services', () => {
  const service = (spec: JsonObject): string[] => of('', 'services', { spec: { sessionAffinity: 'None', ...spec } });
  it('are told what is ignored or on its way out', () => {
    expect(service({ type: 'ClusterIP', clusterIP: '10.0.0.1', clusterIPs: ['10.0.0.1'] })).toEqual([]);
    expect(service({ type: 'ClusterIP', clusterIP: 'None', externalIPs: ['1.2.3.4'] })).toEqual([
      'spec.externalIPs is ignored for headless services',
    ]);
    expect(service({ type: 'LoadBalancer', externalIPs: ['1.2.3.4'], externalName: 'x' })).toEqual([
      'spec.externalIPs is deprecated and may no longer be implemented in some clusters',
      'spec.externalName is ignored when spec.type is not "ExternalName"',
    ]);
    expect(service({ type: 'ClusterIP', trafficDistribution: 'PreferClose' })).toEqual([
      'spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"',
    ]);
  });
});

describe('a Secret of type kubernetes.io/tls', () => {
  const secret = (crt: string, key: string): string[] => {
    const data = { 'tls.crt': Buffer.from(crt).toString('base64'), 'tls.key': Buffer.from(key).toString('base64') };
    return of('', 'secrets', { type: 'kubernetes.io/tls', data });
  };
  it('holds a certificate and its key', async () => {
    const { cert: certPem, key: keyPem } = await createAuthority('test');
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    const pem = (key: typeof other): string => String(key.export({ type: 'pkcs8', format: 'pem' }));
    expect(secret(certPem, keyPem)).toEqual([]);
    expect(secret(certPem, pem(other))).toEqual(['tls: private key does not match public key']);
    expect(secret(certPem, pem(rsa))).toEqual(['tls: private key type does not match public key type']);
    expect(secret('x', keyPem)).toEqual(['tls: failed to find any PEM data in certificate input']);
    expect(secret(certPem, certPem)).toEqual([
      'tls: found a certificate rather than a key in the PEM for the private key',
    ]);
    const broken = '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n';
    expect(secret(certPem, broken)).toEqual(['tls: failed to parse private key']);
  });
});

describe('other kinds', () => {
  it('name what has another name now', () => {
    const label = { key: 'failure-domain.beta.kubernetes.io/zone', values: ['a'] };
    expect(of('storage.k8s.io', 'storageclasses', { allowedTopologies: [{ matchLabelExpressions: [label] }] })).toEqual(
      [
        'allowedTopologies[0].matchLabelExpressions[0].key: deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
      ],
    );
    const nodeSelector = { 'node-role.kubernetes.io/master': '' };
    expect(of('node.k8s.io', 'runtimeclasses', { scheduling: { nodeSelector } })).toEqual([
      'scheduling.nodeSelector: use "node-role.kubernetes.io/control-plane" instead',
    ]);
    expect(of('discovery.k8s.io', 'endpointslices', { addressType: 'FQDN' })).toEqual([
      'spec.addressType: FQDN endpoints are deprecated',
    ]);
  });
  it('that make pods are warned of again when something else of them is wanted, but no DaemonSet', () => {
    const template = { spec: { terminationGracePeriodSeconds: -1, containers: [] } };
    const workload = (generation: number, spec: JsonObject = {}): JsonObject => ({
      metadata: { name: 'w', generation },
      spec: { template, ...spec },
    });
    const negative =
      'spec.template.spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1';
    expect(of('apps', 'deployments', workload(2), workload(1))).toEqual([negative]);
    expect(of('apps', 'deployments', workload(1), workload(1))).toEqual([]);
    expect(of('apps', 'daemonsets', workload(2), workload(1))).toEqual([]);
    const claims = [{ spec: { resources: { requests: { storage: '1500m' } } } }];
    expect(of('apps', 'statefulsets', workload(1, { volumeClaimTemplates: claims }), workload(1))).toEqual([
      'spec.volumeClaimTemplates[0].Spec.resources.requests[storage]: fractional byte value "1500m" is invalid, must be an integer',
    ]);
    const wide = { completionMode: 'Indexed', completions: 200_000, parallelism: 20_000, template: {} };
    expect(of('batch', 'jobs', workload(1, wide))[0]).toMatch(/^spec: In Indexed Jobs with a number of completions/);
    expect(of('batch', 'cronjobs', workload(1, { schedule: 'TZ=UTC * * * * *' }), workload(1))[0]).toContain(
      'cannot use TZ or CRON_TZ in spec.spec.schedule',
    );
  });
  it('are warned of quotas whose requests are above their limits, at creation only', () => {
    const quota = { spec: { hard: { cpu: '2', 'limits.cpu': '1500m' } } };
    expect(of('', 'resourcequotas', quota)).toEqual(['ResourceQuota cpu (2) should be less than limits.cpu (1500m)']);
    expect(of('', 'resourcequotas', quota, quota)).toEqual([]);
  });
  it('of custom resources are warned of finalizers that could be anybody’s, when they are new', () => {
    const obj = { metadata: { finalizers: ['mine', 'a.b', 'x/y', 'orphan'] } };
    expect(finalizerWarnings(obj, undefined)).toEqual([
      'metadata.finalizers: "a.b": prefer a domain-qualified finalizer name including a path (/) to avoid accidental conflicts with other finalizer writers',
      'metadata.finalizers: "mine": prefer a domain-qualified finalizer name to avoid accidental conflicts with other finalizer writers',
    ]);
    expect(finalizerWarnings(obj, obj)).toEqual([]);
  });
});
