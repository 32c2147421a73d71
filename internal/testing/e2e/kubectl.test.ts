import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type E2eCluster, has, startCluster } from './cluster.js';

const exec = promisify(execFile);

/** kubectl versions beside the one on the PATH; each is skipped, and says so, where it is not installed. */
const VERSIONS = ['1.27', '1.30', '1.33'];
const folder = has('kubectl')
  ? path.dirname(fs.realpathSync(spawnSync('sh', ['-c', 'command -v kubectl'], { encoding: 'utf8' }).stdout.trim()))
  : '';
const binary = (version: string): string => path.join(folder, `kubectl.${version}`);
const present = VERSIONS.filter((v) => folder !== '' && fs.existsSync(binary(v)));
for (const v of VERSIONS.filter((v) => !present.includes(v)))
  console.log(`kubectl ${v} is not here: its tests are skipped`);

const manifest = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: nginx, image: "nginx:1.27", ports: [{containerPort: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, labels: {app: web}}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, labels: {app: web}}
data: {colour: blue}
---
apiVersion: v1
kind: Secret
metadata: {name: key, labels: {app: web}}
stringData: {password: hunter2}
`;

describe.skipIf(present.length === 0)('kubectl', () => {
  let cluster: E2eCluster;
  beforeAll(async () => {
    cluster = await startCluster({ replicas: 3 });
  }, 180_000);
  afterAll(async () => {
    await cluster?.down();
  });

  describe.each(present)('%s', (version) => {
    const ns = `kubectl-${version.replace('.', '-')}`;
    const k = async (
      args: string[],
      options: { input?: string; env?: Record<string, string> } = {},
    ): Promise<string> => {
      const child = exec(binary(version), ['--kubeconfig', cluster.kubeconfig, ...args], {
        timeout: 60_000,
        env: { ...process.env, HOME: cluster.dir, ...options.env },
      });
      child.child.stdin?.end(options.input ?? '');
      return (await child).stdout;
    };
    const kn = (...args: string[]): Promise<string> => k(['-n', ns, ...args]);

    it('says what it talks to: version, api-resources, api-versions, cluster-info', async () => {
      expect(await k(['version'])).toMatch(/Server Version: .*1\.36/);
      const resources = await k(['api-resources', '-o', 'wide']);
      expect(resources).toMatch(/deployments +deploy +apps\/v1 +true +Deployment +create,delete,deletecollection,get/);
      expect(resources).toMatch(/pods +po +v1 +true +Pod/);
      expect(await k(['api-versions'])).toContain('rbac.authorization.k8s.io/v1\n');
      expect(await k(['cluster-info'])).toContain(`control plane`);
    });

    it('creates, applies, reads, changes and deletes', async () => {
      expect(await k(['create', 'ns', ns])).toBe(`namespace/${ns} created\n`);
      // A kube-apiserver without controllers makes no service account; pods are not created here, so none is needed.
      expect(await k(['-n', ns, 'apply', '-f', '-'], { input: manifest })).toBe(
        'deployment.apps/web created\nservice/web created\nconfigmap/settings created\nsecret/key created\n',
      );
      expect(await k(['-n', ns, 'apply', '-f', '-'], { input: manifest })).toBe(
        'deployment.apps/web unchanged\nservice/web unchanged\nconfigmap/settings unchanged\nsecret/key unchanged\n'.replace(
          'secret/key unchanged',
          'secret/key configured', // stringData is write-only, so kubectl always sees a difference
        ),
      );
      expect(await kn('get', 'deploy,svc,cm,secret')).toMatch(/deployment\.apps\/web +0\/2/);
      expect(await kn('get', 'deploy', 'web', '-o', 'wide')).toMatch(/nginx +nginx:1\.27 +app=web/);
      expect(await kn('get', 'cm', 'settings', '-o', 'yaml')).toMatch(/data:\n {2}colour: blue\n/);
      expect(await kn('get', 'cm', '-l', 'app=web', '-o', 'name')).toBe('configmap/settings\n');
      expect(await k(['get', 'cm', '-A', '--no-headers'])).toMatch(new RegExp(`${ns} +settings +1`));
      expect(await kn('get', 'secret', 'key', '-o', 'jsonpath={.data.password}')).toBe('aHVudGVyMg==');

      await kn('label', 'cm', 'settings', 'tier=front');
      await kn('annotate', 'cm', 'settings', 'note=seen');
      await kn('patch', 'cm', 'settings', '--type', 'merge', '-p', '{"data":{"merge":"1"}}');
      await kn('patch', 'cm', 'settings', '--type', 'json', '-p', '[{"op":"add","path":"/data/json","value":"1"}]');
      await kn(
        'patch',
        'deploy',
        'web',
        '--type',
        'strategic',
        '-p',
        '{"spec":{"template":{"spec":{"containers":[{"name":"side","image":"busybox"}]}}}}',
      );
      const cm = JSON.parse(await kn('get', 'cm', 'settings', '-o', 'json')) as {
        data: object;
        metadata: { labels: object; annotations: Record<string, string> };
      };
      expect(cm.data).toEqual({ colour: 'blue', merge: '1', json: '1' });
      expect(cm.metadata.labels).toMatchObject({ tier: 'front' });
      expect(cm.metadata.annotations['note']).toBe('seen');
      expect(await kn('get', 'deploy', 'web', '-o', 'jsonpath={.spec.template.spec.containers[*].name}')).toMatch(
        /^(side nginx|nginx side)$/,
      );

      expect(await k(['-n', ns, 'edit', 'cm', 'settings'], { env: { KUBE_EDITOR: 'sed -i s/blue/green/' } })).toBe(
        'configmap/settings edited\n',
      );
      expect(await kn('get', 'cm', 'settings', '-o', 'jsonpath={.data.colour}')).toBe('green');

      expect(await kn('scale', 'deploy', 'web', '--replicas', '5')).toBe('deployment.apps/web scaled\n');
      expect(await kn('get', 'deploy', 'web', '-o', 'jsonpath={.spec.replicas}')).toBe('5');

      const diff = await k(['-n', ns, 'diff', '-f', '-'], { input: manifest }).then(
        () => ({ code: 0, stdout: '' }),
        (e: { code: number; stdout: string }) => e,
      );
      expect(diff.code).toBe(1);
      expect(diff.stdout).toMatch(/-\s+replicas: 5\n\+\s+replicas: 2/);

      expect(await kn('describe', 'deploy', 'web')).toContain('Name:                   web');
      expect(await kn('delete', 'deploy,svc,cm,secret', '-l', 'app=web')).toContain('configmap "settings" deleted');
      await expect(kn('get', 'cm', 'settings')).rejects.toMatchObject({
        stderr: expect.stringContaining('Error from server (NotFound): configmaps "settings" not found') as string,
      });
    });

    it('watches with -w, across replicas', async () => {
      const wns = `${ns}-w`;
      await k(['create', 'ns', wns]);
      await k(['-n', wns, 'create', 'cm', 'first']);
      const watch: ChildProcess = spawn(
        binary(version),
        `--kubeconfig ${cluster.replicaKubeconfig(2)} -n ${wns} get cm -w --output-watch-events`.split(' '),
      );
      let seen = '';
      const arrives = (what: RegExp): Promise<void> =>
        new Promise((resolve, reject) => {
          const look = (): void => {
            if (what.test(seen)) resolve();
          };
          watch.on('exit', (code) => reject(new Error(`kubectl get -w ended with ${code}: ${seen}`)));
          watch.stdout?.on('data', look);
          look();
        });
      watch.stdout?.on('data', (c: Buffer) => {
        seen += c.toString();
      });
      // Only once the first object is shown does the watch stand.
      await arrives(/^ADDED +first /m);
      const gone = arrives(/^DELETED +a /m);
      for (const args of [
        ['create', 'cm', 'a'],
        ['label', 'cm', 'a', 'x=y'],
        ['delete', 'cm', 'a'],
      ]) {
        await k(['-n', wns, ...args]);
      }
      await gone;
      watch.removeAllListeners('exit');
      watch.kill();
      const events = [...seen.matchAll(/^([A-Z]+) +a /gm)].map((m) => m[1]);
      expect(events).toEqual(['ADDED', 'MODIFIED', 'DELETED']);
    });
  });
});
