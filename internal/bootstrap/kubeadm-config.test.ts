import { load } from 'js-yaml';
import { expect, test } from 'vitest';
import { child, children, str, strings } from '../machinery/access.js';
import { FatalError } from '../machinery/assert.js';
import type { JsonObject } from '../machinery/json.js';
import { extraArgs, nodeFacts, readKubeadmConfig, servingNames, timeoutOf, yamlOf } from './kubeadm-config.js';

const MACHINE = {
  nodeName: 'm1',
  advertiseAddress: '10.0.0.1',
  kubernetesVersion: 'v1.36.2',
  token: 'abcdef.0123456789abcdef',
};
const read = (text: string): ReturnType<typeof readKubeadmConfig> => readKubeadmConfig(text, MACHINE);

test('an empty file is a cluster with the defaults of kubeadm', () => {
  const { cluster, init, join, warnings } = read('');
  expect(str(child(cluster, 'networking'), 'serviceSubnet')).toBe('10.96.0.0/12');
  expect(str(cluster, 'certificatesDir')).toBe('/etc/kubernetes/pki');
  expect(child(init, 'localAPIEndpoint')).toEqual({ advertiseAddress: '10.0.0.1', bindPort: 6443 });
  expect(children(init, 'bootstrapTokens').map((token) => str(token, 'ttl'))).toEqual(['24h0m0s']);
  expect([join, warnings]).toEqual([undefined, []]);
});

test('the forms of v1beta3 become those of v1beta4', () => {
  const { cluster, init, join } = read(`
apiVersion: kubeadm.k8s.io/v1beta3
kind: ClusterConfiguration
controlPlaneEndpoint: lb.example
apiServer: {extraArgs: {v: "4", profiling: "false"}, certSANs: [api.example]}
---
apiVersion: kubeadm.k8s.io/v1beta3
kind: InitConfiguration
nodeRegistration: {name: M2, kubeletExtraArgs: {node-ip: 10.0.0.2}}
---
apiVersion: kubeadm.k8s.io/v1beta3
kind: JoinConfiguration
discovery: {bootstrapToken: {token: abcdef.0123456789abcdef, apiServerEndpoint: "x:6443"}, timeout: 7m0s}
`);
  expect(extraArgs(child(cluster, 'apiServer'))).toEqual([
    ['v', '4'],
    ['profiling', 'false'],
  ]);
  expect(extraArgs({ extraArgs: child(init, 'nodeRegistration')?.['kubeletExtraArgs'] })).toEqual([
    ['node-ip', '10.0.0.2'],
  ]);
  expect(timeoutOf(join ?? {}, 'discovery')).toBe(420_000);
  const node = nodeFacts(cluster, child(init, 'nodeRegistration'), child(init, 'localAPIEndpoint'));
  expect(node).toEqual({ name: 'm2', advertiseAddress: '10.0.0.1', port: 6443, endpoint: 'lb.example:6443' });
  expect(servingNames(cluster, node)).toEqual(['m2', '10.0.0.1', 'lb.example', 'api.example']);
});

test('what is wrong is told with its place, all at once; what is not known is a warning', () => {
  const wrong =
    'apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\napiServer: {certSANs: 5}\nclusterName: [a]\n';
  expect(() => read(wrong)).toThrow(/apiServer.certSANs: must be a list of strings; clusterName: must be a string/);
  expect(() => read('apiVersion: kubeadm.k8s.io/v1alpha1\nkind: InitConfiguration\n')).toThrow(FatalError);
  expect(() =>
    read('apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nencryptionAlgorithm: DSA\n'),
  ).toThrow('Invalid encryption algorithm "DSA". Must be one of [ECDSA-P256 ECDSA-P384 RSA-2048 RSA-3072 RSA-4096]');
  expect(() => read('a: [')).toThrow(/no YAML/);
  expect(
    read('apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nnewField: 1\nconstructor: 1\n').warnings,
  ).toEqual(['unknown field "newField" has no effect', 'unknown field "constructor" has no effect']);
});

test('what is printed is read back the same', () => {
  const { init, cluster } = read('');
  const again = read(yamlOf(init, cluster));
  expect([again.init, again.cluster]).toEqual([init, cluster]);
  expect(strings(load(yamlOf(init)) as JsonObject, 'skipPhases')).toEqual([]);
});
