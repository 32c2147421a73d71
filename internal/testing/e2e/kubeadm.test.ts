import { execFile, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serverAccess } from '../../../cmd/quorate/kubeconfig-file.js';
import { ApiClient } from '../../bootstrap/api-client.js';
import { runningPid, stopProcess } from '../../bootstrap/processes.js';
import type { JsonObject } from '../../machinery/json.js';
import { freeBase } from '../ports.js';
import { repoRoot } from './cluster.js';

const exec = promisify(execFile);
/** A kubeadm of 1.36, where somebody has one: it is no package of npm or Debian. */
const KUBEADM = process.env['QUORATE_KUBEADM'] ?? 'kubeadm';
const has = /GitVersion:"v1\.36\./.test(spawnSync(KUBEADM, ['version'], { encoding: 'utf8' }).stdout ?? '');

/** What kubeadm asks of an API server, it asks of one that `quorate init` has made. */
describe.skipIf(!has)(`a real kubeadm${has ? '' : ' (skipped: there is none of 1.36)'}`, () => {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'quorate-kubeadm-'));
  const below = (file: string): string => path.join(root, 'etc/kubernetes', file);
  const config = path.join(root, 'kubeadm.yaml');
  const client = (): ApiClient => new ApiClient(serverAccess(below('admin.conf'), undefined), 20_000);
  const kubeadm = async (...args: string[]): Promise<string> =>
    (await exec(KUBEADM, args, { timeout: 120_000, maxBuffer: 16 * 1024 * 1024 })).stdout;
  const admin = (...args: string[]): Promise<string> => kubeadm(...args, '--kubeconfig', below('admin.conf'));
  const quorate = async (...args: string[]): Promise<string> =>
    (await exec('node', [path.join(repoRoot, 'dist/quorate.js'), ...args], { timeout: 120_000 })).stdout;

  beforeAll(async () => {
    const base = await freeBase([0, 1, 3000]);
    const endpoint = `127.0.0.1:${base}`;
    const documents = [
      {
        kind: 'ClusterConfiguration',
        kubernetesVersion: 'v1.36.2',
        controlPlaneEndpoint: endpoint,
        certificatesDir: below('pki'),
      },
      {
        kind: 'InitConfiguration',
        // kubeadm takes no loopback; it asks the endpoint of the kubeconfig.
        localAPIEndpoint: { advertiseAddress: '10.9.9.9', bindPort: base },
        nodeRegistration: { name: 'm1', criSocket: 'unix:///nowhere' },
      },
    ];
    const texts = documents.map((d) => JSON.stringify({ apiVersion: 'kubeadm.k8s.io/v1beta4', ...d }));
    fs.writeFileSync(config, texts.join('\n---\n'));
    await exec('scripts/prepare', { cwd: repoRoot, timeout: 120_000 });
    const own = ['--rootfs', root, '--node-name', 'm1', '--start-with', 'process', '--peer-port', String(base + 1)];
    const address = ['--apiserver-advertise-address', '127.0.0.1', '--apiserver-bind-port', String(base)];
    await quorate('init', ...own, ...address, '--control-plane-endpoint', endpoint, '--skip-phases', 'addon');
  }, 180_000);
  afterAll(async () => {
    const file = path.join(root, 'run/quorate.pid');
    const pid = runningPid(file, root);
    if (pid !== undefined) await stopProcess(pid, file);
    fs.rmSync(root, { recursive: true, force: true });
  });

  it('makes, lists and deletes tokens', async () => {
    const token = '111111.aaaaaaaaaaaaaaaa';
    expect(await admin('token', 'create', token, '--ttl', '1h', '--description', 'd')).toContain(token);
    expect(await admin('token', 'list')).toMatch(new RegExp(`${token} .*authentication,signing +d `));
    expect(await quorate('token', 'list', '--kubeconfig', below('admin.conf'))).toContain(token);
    await admin('token', 'delete', '111111');
    expect(await admin('token', 'list')).not.toContain(token);
  });

  it('reads when the certificates expire that quorate has made, and renews one', async () => {
    const listed = await kubeadm('certs', 'check-expiration', '--cert-dir', below('pki'), '--config', config);
    for (const name of ['apiserver', 'apiserver-kubelet-client', 'front-proxy-client'])
      expect(listed).toMatch(new RegExp(`^${name} .*364d`, 'm'));
    await kubeadm('certs', 'renew', 'apiserver', '--cert-dir', below('pki'), '--config', config);
  });

  it('runs its phases that only talk to the API, again over what quorate left there', async () => {
    // mark-control-plane is not among them: it reads /etc/kubernetes/admin.conf and nothing else.
    for (const phase of [
      ['upload-config', 'all'],
      ['bootstrap-token', '--skip-token-print'],
      ['addon', 'all'],
    ])
      await admin('init', 'phase', ...phase, '--config', config);
    const api = client();
    const system = (rest: string): Promise<JsonObject | undefined> =>
      api.get(rest.replace('KS', 'namespaces/kube-system'));
    for (const object of [
      '/api/v1/KS/configmaps/kubeadm-config',
      '/api/v1/KS/configmaps/kubelet-config',
      '/api/v1/KS/services/kube-dns',
      '/apis/apps/v1/KS/deployments/coredns',
      '/apis/apps/v1/KS/daemonsets/kube-proxy',
    ])
      expect(await system(object), object).toBeDefined();
  }, 240_000);

  it('would join: discovery by token and hash, and a new node’s rights', async () => {
    // Who signs cluster-info is kube-controller-manager; without one it is quorate.
    const line = await quorate('token', 'create', '--print-join-command', '--kubeconfig', below('admin.conf'));
    const words = line.trim().split(' ').slice(1);
    const flags = ['--node-name', 'w1', '--dry-run', '--ignore-preflight-errors=all'];
    expect(await kubeadm(...words, ...flags)).toContain('This node has joined the cluster');
    const wrong = words.map((word) => word.replace(/^sha256:.{8}/, 'sha256:00000000'));
    const failing = exec(KUBEADM, [...wrong, ...flags], { timeout: 20_000 });
    await expect(failing).rejects.toThrow();
  }, 240_000);
});
