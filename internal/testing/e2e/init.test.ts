import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import fs from 'node:fs';
import https from 'node:https';
import os from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import tls from 'node:tls';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiClient } from '../../bootstrap/api-client.js';
import { child, children, str } from '../../machinery/access.js';
import { runningPid, startDetached, stopProcess } from '../../bootstrap/processes.js';
import { freeBase } from '../ports.js';
import { serverAccess } from '../../../cmd/quorate/kubeconfig-file.js';
import { eventually, repoRoot } from './cluster.js';

const exec = promisify(execFile);

/** Two machines on the loopback, told apart by their files and ports: what `init` and `join` do needs no root then. */
describe('init, join, token, certs, reset', () => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'quorate-init-'));
  const rootfs = (name: string): string => path.join(dir, name);
  const kubernetes = (name: string, file: string): string => path.join(rootfs(name), 'etc/kubernetes', file);
  let base = 0;
  let key = '';
  let output = '';
  /** How a person is told to join. */
  let join: string[] = [];

  const quorate = async (...args: string[]): Promise<string> =>
    (await exec('node', [path.join(repoRoot, 'dist/quorate.js'), ...args], { timeout: 120_000 })).stdout;
  const admin = (...args: string[]): Promise<string> =>
    quorate(...args, '--kubeconfig', kubernetes('m1', 'admin.conf'));
  const machine = (name: string, at: number): string[] => [
    `--rootfs=${rootfs(name)}`,
    `--node-name=${name}`,
    '--start-with=process',
    '--apiserver-advertise-address=127.0.0.1',
    `--apiserver-bind-port=${base + at}`,
    `--peer-port=${base + at + 1}`,
  ];

  beforeAll(async () => {
    base = await freeBase([0, 1, 2, 3, 4, 5, 3000, 3002, 3004]);
    await exec('scripts/prepare', { cwd: repoRoot, timeout: 120_000 });
    key = (await quorate('certs', 'certificate-key')).trim();
    output = await quorate('init', ...machine('m1', 0), '--upload-certs', '--certificate-key', key);
    join = (await admin('token', 'create', '--print-join-command')).trim().split(' ').slice(1);
  }, 180_000);

  afterAll(async () => {
    for (const name of ['m1', 'm2']) {
      const file = path.join(rootfs(name), 'run/quorate.pid');
      const pid = runningPid(file, rootfs(name));
      if (pid !== undefined) await stopProcess(pid, file);
    }
    fs.rmSync(dir, { recursive: true, force: true });
  });

  it('init leaves what kubeadm leaves: files, and objects that kubeadm and kubelets look for', async () => {
    expect(output).toContain('Your Kubernetes control-plane has initialized successfully!');
    for (const file of [
      'admin.conf',
      'super-admin.conf',
      'kubelet.conf',
      'pki/ca.key',
      'pki/peer/ca.crt',
      'pki/sa.pub',
    ]) {
      expect(fs.existsSync(kubernetes('m1', file)), file).toBe(true);
    }
    expect(fs.readFileSync(kubernetes('m1', 'manifests/kube-controller-manager.yaml'), 'utf8')).toContain(
      'bootstrapsigner,tokencleaner',
    );
    // Kubernetes' own, for scripts that ask kubeadm.
    expect(await quorate('version', '-o', 'short')).toMatch(/^v1\.36\.\d+\n$/);
    expect(JSON.parse(await quorate('version', '-o', 'json'))).toMatchObject({ clientVersion: { minor: '36' } });
    const tokens = (await admin('token', 'list', '-o', 'json')).match(/"kind": "BootstrapToken"/g);
    expect(tokens?.length).toBe(3);
    // Its disk lost, it must not begin an empty cluster under the old name.
    expect(fs.readFileSync(kubernetes('m1', 'quorate.flags'), 'utf8')).not.toContain('initial-cluster');
    await quorate('init', 'phase', 'control-plane', 'apiserver', ...machine('m1', 0));
    expect(fs.readFileSync(kubernetes('m1', 'quorate.flags'), 'utf8')).not.toContain('initial-cluster');
  });

  it('what keeps a replica running is told of the port for clients that speak SPDY', async () => {
    expect(fs.readFileSync(kubernetes('m1', 'quorate.flags'), 'utf8')).toContain(`--spdy-bind-port=${base + 3000}\n`);
    const config = path.join(dir, 'init.yaml');
    const extra = 'apiServer: {extraArgs: [{name: spdy-bind-port, value: "7777"}]}';
    fs.writeFileSync(config, `apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\n${extra}\n`);
    const files: Record<string, string> = {
      systemd: 'etc/systemd/system/quorate.service',
      kubelet: 'etc/kubernetes/manifests/kube-apiserver.yaml',
    };
    for (const [what, file] of Object.entries(files)) {
      const written = async (...more: string[]): Promise<string | undefined> => {
        const flags = [`--rootfs=${rootfs('files')}`, `--start-with=${what}`, ...more];
        await quorate('init', 'phase', 'control-plane', 'apiserver', ...flags);
        const text = fs.readFileSync(path.join(rootfs('files'), file), 'utf8');
        return /--spdy-bind-port=(\d+)/.exec(text)?.[1];
      };
      expect(await written()).toBe('9443');
      expect(await written('--spdy-port=0')).toBe('0');
      expect(await written(`--config=${config}`)).toBe('7777');
    }
    expect(await quorate('config', 'haproxy', '--server', 'r1=10.0.0.1:6443')).toContain(
      'server r1 10.0.0.1:9443 track replicas/r1',
    );
  });

  it('a second init tells all that is in its way, and changes nothing', async () => {
    const before = fs.readFileSync(kubernetes('m1', 'admin.conf'));
    await expect(quorate('init', ...machine('m1', 0))).rejects.toThrow(
      /ERROR Port-\d+[\s\S]*ERROR FileAvailable[\s\S]*ERROR DirAvailable/,
    );
    expect(fs.readFileSync(kubernetes('m1', 'admin.conf')).equals(before)).toBe(true);
  });

  it('init with a value that is wrong says so before anything is made', async () => {
    for (const wrong of ['--token=x', '--token-ttl=x', '--certificate-key=x', '--control-plane-endpoint=x:y']) {
      await expect(quorate('init', ...machine('m9', 2), wrong), wrong).rejects.toThrow(/the configuration is wrong: /);
    }
    expect(fs.existsSync(rootfs('m9'))).toBe(false);
  });

  it('a phase that is run alone asks the replica of its machine, whatever port that has', async () => {
    const args = ['--node-name=m1', '--rootfs', rootfs('m1'), '--upload-certs', '--certificate-key', key];
    expect(await quorate('init', 'phase', 'upload-certs', ...args)).toContain(key);
  });

  it('init that starts nothing ends with files, and makes the rest when it is told that somebody serves', async () => {
    const args = ['init', ...machine('m3', 4), '--start-with=nothing'];
    const told = await quorate(...args);
    const skip = /run this command again with (--skip-phases \S+)/.exec(told)?.[1] ?? '';
    expect(told).not.toContain('[upload-config]');
    const flags = fs.readFileSync(kubernetes('m3', 'quorate.flags'), 'utf8').trimEnd().split('\n');
    const files = ['m3.log', 'm3.pid'].map((name) => path.join(dir, name)) as [string, string];
    const pid = startDetached('node', [path.join(repoRoot, 'dist/quorate.js'), 'serve', ...flags], ...files);
    try {
      // It waits for nobody by itself, so the replica must serve.
      const url = `https://127.0.0.1:${base + 4}`;
      const client = new ApiClient({ ...serverAccess(kubernetes('m3', 'super-admin.conf'), url) }, 30_000);
      await eventually('it serves', async () => (await client.get('/api/v1/namespaces/kube-system')) !== undefined);
      expect(await quorate(...args, ...skip.split(' '))).toContain('has initialized successfully!');
      // Its disk lost, it must not begin an empty cluster under the old name.
      expect(fs.readFileSync(kubernetes('m3', 'quorate.flags'), 'utf8')).not.toContain('initial-cluster');
    } finally {
      await stopProcess(pid, files[1]);
    }
  });

  it('a machine joins nobody whose authority or whose signature is not the right one', async () => {
    const changed = (from: RegExp, to: string): string[] => join.map((word) => word.replace(from, to));
    const worker = ['--rootfs', rootfs('w0'), '--node-name', 'w0'];
    await expect(quorate(...changed(/^sha256:.{8}/, 'sha256:00000000'), ...worker)).rejects.toThrow(
      /none of the public keys .* are pinned/,
    );
    await expect(quorate(...changed(/^(\w{6})\.\w{8}/, '$1.00000000'), ...worker)).rejects.toThrow(
      /failed to verify JWS signature/,
    );
    expect(fs.existsSync(rootfs('w0'))).toBe(false);
  });

  it('a worker gets what its kubelet bootstraps with', async () => {
    await quorate(...join, '--rootfs', rootfs('w1'), '--node-name', 'w1');
    expect(
      fs.readFileSync(kubernetes('w1', 'pki/ca.crt')).equals(fs.readFileSync(kubernetes('m1', 'pki/ca.crt'))),
    ).toBe(true);
    expect(fs.readFileSync(kubernetes('w1', 'bootstrap-kubelet.conf'), 'utf8')).toContain(
      `token: ${join[join.indexOf('--token') + 1]}`,
    );
    expect(fs.readFileSync(path.join(rootfs('w1'), 'var/lib/kubelet/config.yaml'), 'utf8')).toContain(
      'kind: KubeletConfiguration',
    );
  });

  it('a member joins the control plane with the uploaded certificates, and votes', async () => {
    const wrong = '0'.repeat(64);
    const member = (used: string): Promise<string> =>
      quorate(...join, '--control-plane', '--certificate-key', used, ...machine('m2', 2));
    await expect(member(wrong)).rejects.toThrow(/cannot be decrypted/);
    expect(fs.existsSync(kubernetes('m2', 'pki/ca.key'))).toBe(false);
    expect(await member(key)).toContain('m2 votes and serves');
    expect(await admin('member', 'list')).toMatch(/m2 .* voter .* connected/);
    expect(fs.statSync(kubernetes('m2', 'pki/ca.key')).mode & 0o777).toBe(0o600);
  }, 120_000);

  it('every authority and certificate is changed under load, and the old ones are not believed any more', async () => {
    const api = (): ApiClient => new ApiClient(serverAccess(kubernetes('m1', 'admin.conf'), undefined), 20_000);
    const taken: string[] = [];
    let writing = true;
    const writer = (async () => {
      for (let n = 0; writing; n++) {
        const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `w${n}` } };
        const { code } = await api().ask('POST', '/api/v1/namespaces/default/configmaps', body);
        if (code === 201 || code === 409) taken.push(`w${n}`);
        // Load, and no more than the commands leave room for.
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    })();
    const old = ['ca.crt', 'apiserver-kubelet-client.crt', 'apiserver-kubelet-client.key'].map((name) =>
      fs.readFileSync(kubernetes('m1', `pki/${name}`)),
    );
    const stage = (name: string, at: string, machine: string): Promise<string> =>
      quorate('certs', 'rotate', name, '--stage', at, '--certificate-key', key, '--rootfs', rootfs(machine));
    const told = async (): Promise<string> => {
      const path = '/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication';
      return str(child(await api().get(path), 'data'), 'requestheader-client-ca-file');
    };
    const before = await told();
    for (const name of ['peer-ca', 'front-proxy-ca', 'ca']) {
      for (const at of ['trust', 'issue', 'finish']) {
        for (const machine of ['m1', 'm2']) {
          if (name === 'peer-ca' && at === 'issue' && machine === 'm1') {
            await expect(stage(name, 'finish', machine)).rejects.toThrow(/the next stage on this machine is issue/);
          }
          // The other machine reads its files again within a second or two.
          await eventually(
            `${machine}: ${at} of ${name}`,
            async () => (await stage(name, at, machine)).includes('is done'),
            30_000,
          );
          if (name === 'peer-ca' && at === 'trust' && machine === 'm1') {
            await expect(stage(name, 'issue', machine)).rejects.toThrow(/do not believe the new authority yet/);
          }
        }
      }
    }
    // Aggregated servers are told of the new authority of front proxies without a restart of anybody.
    const frontProxies = fs.readFileSync(kubernetes('m1', 'pki/front-proxy-ca.crt'), 'utf8');
    expect(frontProxies).not.toBe(before);
    await eventually('front-proxy-ca is told', async () => (await told()) === frontProxies);
    for (const machine of ['m1', 'm2']) await quorate('certs', 'renew', 'all', '--rootfs', rootfs(machine));
    const size = taken.length;
    await eventually('writes go on', () => Promise.resolve(taken.length > size + 5));
    writing = false;
    await writer;
    const list = await api().get('/api/v1/namespaces/default/configmaps');
    const stored = new Set(children(list, 'items').map((item) => str(child(item, 'metadata'), 'name')));
    expect(taken.length).toBeGreaterThan(10);
    expect(taken.filter((name) => !stored.has(name))).toEqual([]);
    expect(await admin('member', 'list')).toMatch(/m2 .* voter .* connected/);
    const [ca, cert, certKey] = old;
    const formerly = new ApiClient({ server: `https://127.0.0.1:${base}`, ...(ca === undefined ? {} : { ca }) }, 0);
    await expect(formerly.ask('GET', '/version')).rejects.toThrow(/does not answer/);
    const now = fs.readFileSync(kubernetes('m1', 'pki/ca.crt'));
    const asBefore = new ApiClient(
      { server: `https://127.0.0.1:${base}`, ca: now, ...(cert && certKey ? { cert, key: certKey } : {}) },
      0,
    );
    await eventually('the old certificate is nobody', () =>
      asBefore.ask('GET', '/api/v1/nodes').then(
        ({ code }) => code === 401 || code === 403,
        () => true,
      ),
    );
    // New nodes find the new authority.
    join = (await admin('token', 'create', '--print-join-command')).trim().split(' ').slice(1);
    await quorate(...join, '--rootfs', rootfs('w3'), '--node-name', 'w3');
  }, 480_000);

  it('reset takes a member out of the cluster, and its files away', async () => {
    await quorate('reset', '--force', '--rootfs', rootfs('m2'));
    expect(await admin('member', 'list')).not.toContain('m2');
    expect(fs.readdirSync(path.join(rootfs('m2'), 'etc/kubernetes/pki'))).toEqual([]);
    expect(fs.readdirSync(path.join(rootfs('m2'), 'var/lib/quorate'))).toEqual([]);
  }, 120_000);

  it('a renewed certificate is shown to other replicas without a restart; metrics tell when it expires', async () => {
    const pki = kubernetes('m1', 'pki');
    const read = (name: string): Buffer => fs.readFileSync(path.join(pki, name));
    const shown = (): Promise<string> =>
      new Promise((resolve, reject) => {
        const options = {
          port: base + 1,
          ca: read('peer/ca.crt'),
          cert: read('peer/peer.crt'),
          key: read('peer/peer.key'),
        };
        const socket = tls.connect({ ...options, host: '127.0.0.1', ALPNProtocols: ['h2'] }, () => {
          resolve(socket.getPeerCertificate().serialNumber);
          socket.destroy();
        });
        socket.on('error', reject);
      });
    const before = await shown();
    await quorate('certs', 'renew', 'peer', '--rootfs', rootfs('m1'));
    await eventually('the new certificate is shown', async () => (await shown()) !== before);
    const { server, ...access } = serverAccess(kubernetes('m1', 'admin.conf'), undefined);
    const metrics = await new Promise<string>((resolve, reject) => {
      https.get(`${server}/metrics`, access, (answer) => resolve(text(answer))).on('error', reject);
    });
    const expires = /^quorate_certificate_expiration_timestamp_seconds\{name="apiserver"\} (\d+)/m.exec(metrics)?.[1];
    expect(Number(expires) * 1000).toBe(Date.parse(new X509Certificate(read('apiserver.crt')).validTo));
  });

  it('a deleted token lets nobody in any more', async () => {
    const token = (await admin('token', 'create')).trim();
    await admin('token', 'delete', token);
    await expect(admin('token', 'delete', token)).rejects.toThrow(/there is none/);
    const config = `apiVersion: kubeadm.k8s.io/v1beta4\nkind: JoinConfiguration\ndiscovery: {bootstrapToken: {token: ${token}, apiServerEndpoint: "127.0.0.1:${base}", unsafeSkipCAVerification: true}}\nnodeRegistration: {name: w2}\ntimeouts: {discovery: 1s}\n`;
    fs.writeFileSync(path.join(dir, 'join.yaml'), config);
    await expect(quorate('join', '--config', path.join(dir, 'join.yaml'), '--rootfs', rootfs('w2'))).rejects.toThrow(
      /could not find a JWS signature/,
    );
  });
});
