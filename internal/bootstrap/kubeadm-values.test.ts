import { expect, test } from 'vitest';
import { readKubeadmConfig } from './kubeadm-config.js';
import { refuseWrongValues } from './kubeadm-values.js';

const MACHINE = {
  nodeName: 'm1',
  advertiseAddress: '10.0.0.1',
  kubernetesVersion: 'v1.36.2',
  token: 'abcdef.0123456789abcdef',
};
const look = (kind: string, fields: string): void => {
  refuseWrongValues(readKubeadmConfig(`apiVersion: kubeadm.k8s.io/v1beta4\nkind: ${kind}\n${fields}\n`, MACHINE));
};
const cluster = (fields: string): void => look('ClusterConfiguration', fields);
const init = (fields: string): void => look('InitConfiguration', fields);
const join = (fields: string): void => look('JoinConfiguration', fields);

test('what a cluster can be made of is taken', () => {
  for (const endpoint of ['lb.example', 'lb.example:8443', '10.0.0.10:8443', '"[fd00::1]:6443"'])
    cluster(`controlPlaneEndpoint: ${endpoint}`);
  cluster(
    'networking: {serviceSubnet: "10.96.0.0/12,fd00:10:96::/112", podSubnet: 10.244.0.0/16, dnsDomain: c.example}',
  );
  cluster('apiServer: {certSANs: [api.example, "*.api.example", 10.0.0.9, "::1"]}');
  init('localAPIEndpoint: {advertiseAddress: "fd00::1"}');
  init(`certificateKey: ${'a'.repeat(64)}`);
  init('bootstrapTokens: [{token: abcdef.0123456789abcdef, ttl: 0s}]');
  join('controlPlane: {localAPIEndpoint: {advertiseAddress: 10.0.0.2}}');
  // A worker has no API server.
  join('discovery: {}');
});

test('a value with which init or join would break off half way is refused by its path', () => {
  for (const endpoint of ['lb.example:http', 'https://lb.example:8443', 'lb.example:0', '"fd00::1"', '"[10.0.0.1]:1"'])
    expect(() => cluster(`controlPlaneEndpoint: ${endpoint}`), endpoint).toThrow(/controlPlaneEndpoint: Invalid value/);
  expect(() => cluster('networking: {serviceSubnet: 10.0.0.0/33, podSubnet: x}')).toThrow(
    /networking.serviceSubnet: Invalid value: "10.0.0.0\/33": .*; networking.podSubnet: Invalid value: "x"/,
  );
  expect(() => cluster('networking: {dnsDomain: x_y}')).toThrow(/networking.dnsDomain: Invalid value: "x_y"/);
  expect(() => cluster('apiServer: {certSANs: ["no name"]}')).toThrow(/apiServer.certSANs: Invalid value: "no name"/);
  expect(() => init('localAPIEndpoint: {advertiseAddress: host, bindPort: 70000}')).toThrow(
    /localAPIEndpoint.advertiseAddress: .*"host".*; localAPIEndpoint.bindPort: .*"70000"/,
  );
  expect(() => init('certificateKey: abc')).toThrow(/certificateKey: the certificate key must be 64 hex digits/);
  expect(() => init('bootstrapTokens: [{token: abc}]')).toThrow(
    /bootstrapTokens\[0\]: the bootstrap token "abc" was not/,
  );
  expect(() => join('controlPlane: {certificateKey: abc, localAPIEndpoint: {advertiseAddress: x}}')).toThrow(
    /controlPlane.localAPIEndpoint.advertiseAddress: .*; controlPlane.certificateKey: /,
  );
});
