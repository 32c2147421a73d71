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

const controller = `
apiVersion: v1
kind: ReplicationController
metadata: {name: frontend}
spec:
  selector: {app: frontend}
  template:
    metadata: {labels: {app: frontend}}
    spec: {containers: [{name: c, image: nginx}]}
`;

/** A custom resource of which the schema says nothing. */
const openDefinition = (group: string): string => `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: opens.${group}}
spec:
  group: ${group}
  scope: Namespaced
  names: {plural: opens, singular: open, kind: Open, listKind: OpenList}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
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

    it('autoscales a replication controller, applies a list with an open custom resource, patches with JSON', async () => {
      const fns = `${ns}-flows`;
      await k(['create', 'ns', fns]);
      await k(['-n', fns, 'create', '-f', '-'], { input: controller });
      expect(await k(['-n', fns, 'autoscale', 'rc', 'frontend', '--min=1', '--max=2', '--cpu-percent=70'])).toBe(
        'horizontalpodautoscaler.autoscaling/frontend autoscaled\n',
      );
      expect(await k(['-n', fns, 'get', 'hpa', 'frontend', '-o', 'jsonpath={.spec.scaleTargetRef}'])).toContain(
        '"apiVersion":"v1"',
      );

      const group = `v${version.replace('.', '-')}.example.com`;
      await k(['apply', '-f', '-'], { input: openDefinition(group) });
      await k(['wait', '--for=condition=Established', `crd/opens.${group}`, '--timeout=30s']);
      const list = {
        apiVersion: 'v1',
        kind: 'List',
        items: [
          { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'one' }, data: { a: 'b' } },
          { apiVersion: `${group}/v1`, kind: 'Open', metadata: { name: 'two' }, whatever: { deep: [{ x: 1 }] } },
        ],
      };
      const apply = (): Promise<string> => k(['-n', fns, 'apply', '-f', '-'], { input: JSON.stringify(list) });
      expect(await apply()).toBe(`configmap/one created\nopen.${group}/two created\n`);
      expect(await apply()).toBe(`configmap/one unchanged\nopen.${group}/two unchanged\n`);
      expect(await k(['-n', fns, 'get', `opens.v1.${group}`, 'two', '-o', 'jsonpath={.whatever.deep[0].x}'])).toBe('1');

      const replace = (path: string): string => JSON.stringify([{ op: 'replace', path, value: 'new' }]);
      // A member that is not there yet is replaced all the same, as kube-apiserver's patch library does it.
      for (const member of ['a', 'absent']) {
        await k(['-n', fns, 'patch', 'cm', 'one', '--type=json', '-p', replace(`/data/${member}`)]);
        expect(await k(['-n', fns, 'get', 'cm', 'one', '-o', `jsonpath={.data.${member}}`])).toBe('new');
      }
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
