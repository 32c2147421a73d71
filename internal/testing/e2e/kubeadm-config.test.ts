import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { load } from 'js-yaml';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { serverAccess } from '../../../cmd/quorate/kubeconfig-file.js';
import { ApiClient } from '../../bootstrap/api-client.js';
import { runningPid, stopProcess } from '../../bootstrap/processes.js';
import { child, children, str } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import { freeBase } from '../ports.js';
import { repoRoot } from './cluster.js';

const exec = promisify(execFile);

/** A machine that is set up from a file of kubeadm's, with what not everybody writes into it. */
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'quorate-kubeadm-'));
const root = path.join(dir, 'm1');
const kubernetes = (file: string): string => path.join(root, 'etc/kubernetes', file);
const config = path.join(dir, 'init.yaml');
const quorate = async (...args: string[]): Promise<string> =>
  (await exec('node', [path.join(repoRoot, 'dist/quorate.js'), ...args], { timeout: 120_000 })).stdout;
const phase = (...args: string[]): Promise<string> =>
  quorate('init', 'phase', ...args, '--config', config, '--rootfs', root, '--peer-port', String(base + 1));
const client = (): ApiClient => new ApiClient(serverAccess(kubernetes('admin.conf'), undefined), 20_000);
let base = 0;
let output = '';

beforeAll(async () => {
  base = await freeBase([0, 1, 3000]);
  const patches = path.join(dir, 'patches');
  fs.mkdirSync(patches);
  fs.writeFileSync(
    path.join(patches, 'kube-scheduler0+strategic.yaml'),
    'spec: {containers: [{name: kube-scheduler, resources: {requests: {cpu: 50m}}}]}\n',
  );
  fs.writeFileSync(
    path.join(patches, 'kube-controller-manager+json.json'),
    '[{"op": "add", "path": "/metadata/labels/team", "value": "infra"}]',
  );
  fs.writeFileSync(path.join(patches, 'corednsdeployment+merge.yaml'), 'metadata: {labels: {team: infra}}\n');
  fs.writeFileSync(
    config,
    `apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
nodeRegistration: {name: m1}
localAPIEndpoint: {advertiseAddress: 127.0.0.1, bindPort: ${base}}
patches: {directory: ${patches}}
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
encryptionAlgorithm: RSA-2048
networking: {podSubnet: 10.244.0.0/16}
---
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: nftables
`,
  );
  await exec('scripts/prepare', { cwd: repoRoot, timeout: 120_000 });
  output = await quorate(
    'init',
    '--config',
    config,
    `--rootfs=${root}`,
    `--peer-port=${base + 1}`,
    '--start-with=process',
  );
}, 180_000);

afterAll(async () => {
  const file = path.join(root, 'run/quorate.pid');
  const pid = runningPid(file, root);
  if (pid !== undefined) await stopProcess(pid, file);
  fs.rmSync(dir, { recursive: true, force: true });
});

it('keys are of the kind that the file wants, also after they were renewed', async () => {
  const kind = (name: string): unknown => {
    const { publicKey } = new X509Certificate(fs.readFileSync(kubernetes(`pki/${name}.crt`)));
    return [publicKey.asymmetricKeyType, publicKey.asymmetricKeyDetails?.modulusLength];
  };
  for (const name of ['ca', 'apiserver', 'peer/peer']) expect(kind(name), name).toEqual(['rsa', 2048]);
  await quorate('certs', 'renew', 'apiserver', '--rootfs', root);
  expect(kind('apiserver')).toEqual(['rsa', 2048]);
});

it('patches change the manifests that they name', () => {
  const pod = (name: string): JsonObject =>
    load(fs.readFileSync(kubernetes(`manifests/kube-${name}.yaml`), 'utf8')) as JsonObject;
  const [scheduler] = children(child(pod('scheduler'), 'spec'), 'containers');
  expect(child(child(scheduler, 'resources'), 'requests')).toEqual({ cpu: '50m' });
  expect(str(scheduler, 'image')).toContain('kube-scheduler');
  expect(str(child(child(pod('controller-manager'), 'metadata'), 'labels'), 'team')).toBe('infra');
  expect(output).toContain(
    '[patches] Applied patch of type "application/json-patch+json" to target "kube-controller-manager"',
  );
});

it('CoreDNS and kube-proxy are there as kubeadm makes them, and what was changed of them stays', async () => {
  expect(output).toMatch(/Applied essential addon: CoreDNS\n.*Applied essential addon: kube-proxy/);
  const deployment = '/apis/apps/v1/namespaces/kube-system/deployments/coredns';
  const corefile = '/api/v1/namespaces/kube-system/configmaps/coredns';
  expect(await client().get(deployment)).toMatchObject({
    metadata: { labels: { 'k8s-app': 'kube-dns', team: 'infra' } },
    spec: { replicas: 2, template: { spec: { containers: [{ image: 'registry.k8s.io/coredns/coredns:v1.14.2' }] } } },
  });
  const service = await client().get('/api/v1/namespaces/kube-system/services/kube-dns');
  expect(str(child(service, 'spec'), 'clusterIP')).toBe('10.96.0.10');
  const proxy = await client().get('/api/v1/namespaces/kube-system/configmaps/kube-proxy');
  expect(load(str(child(proxy, 'data'), 'config.conf'))).toMatchObject({
    clusterCIDR: '10.244.0.0/16',
    mode: 'nftables',
  });
  expect(load(str(child(proxy, 'data'), 'kubeconfig.conf'))).toMatchObject({
    clusters: [{ cluster: { server: `https://127.0.0.1:${base}` } }],
  });
  await client().patch(deployment, { spec: { replicas: 5 } });
  await client().patch(corefile, { data: { Corefile: '.:53 { whoami }' } });
  await phase('addon', 'all');
  expect(child(await client().get(deployment), 'spec')?.['replicas']).toBe(5);
  expect(child(await client().get(corefile), 'data')).toEqual({ Corefile: '.:53 { whoami }' });
  expect(await phase('addon', 'coredns', '--print-manifest')).toMatch(/^---\n.*kind: ConfigMap.*kind: Service$/ms);
});

it('an authority whose key was taken away still serves, and what it signs is left to who has the key', async () => {
  fs.renameSync(kubernetes('pki/ca.key'), path.join(dir, 'ca.key'));
  const renewed = await quorate('certs', 'renew', 'all', '--rootfs', root);
  expect(renewed).toContain("Detected external ca, certificate for serving the Kubernetes API can't be renewed");
  expect(renewed).toContain('certificate front-proxy-client renewed');
  expect(await quorate('certs', 'check-expiration', '--rootfs', root)).toMatch(/^apiserver .* ca +yes$/m);
  expect(await phase('certs', 'all')).toContain('[certs] Using existing ca keyless certificate authority');
  await expect(phase('upload-certs', '--upload-certs')).rejects.toThrow(/can't use upload-certs with an external CA/);
  await phase('control-plane', 'controller-manager');
  expect(fs.readFileSync(kubernetes('manifests/kube-controller-manager.yaml'), 'utf8')).toMatch(
    /--cluster-signing-key-file=\n/,
  );
});
