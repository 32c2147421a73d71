import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import * as k8s from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type E2eCluster, eventually, has, startCluster } from './cluster.js';

const GROUP = 'example.com';
const widget = (name: string, spec: object): object => ({
  apiVersion: `${GROUP}/v1`,
  kind: 'Widget',
  metadata: { name },
  spec,
});

const spec = {
  type: 'object',
  required: ['size'],
  description: 'What is wanted',
  'x-kubernetes-validations': [{ rule: 'self.size <= self.max', message: 'size above max' }],
  properties: {
    size: { type: 'integer', minimum: 1, description: 'How large it is' },
    max: { type: 'integer', default: 50 },
    color: { type: 'string', default: 'red' },
    replicas: { type: 'integer' },
  },
};
const definition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `widgets.${GROUP}` },
  spec: {
    group: GROUP,
    scope: 'Namespaced',
    names: { plural: 'widgets', singular: 'widget', kind: 'Widget', shortNames: ['wd'], categories: ['all'] },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: {
          status: {},
          scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' },
        },
        additionalPrinterColumns: [
          { name: 'Size', type: 'integer', jsonPath: '.spec.size' },
          { name: 'Color', type: 'string', jsonPath: '.spec.color', priority: 1 },
        ],
        selectableFields: [{ jsonPath: '.spec.color' }],
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: { spec, status: { type: 'object', properties: { replicas: { type: 'integer' } } } },
          },
        },
      },
      {
        name: 'v1beta1',
        served: true,
        storage: false,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
};

describe('custom resources', () => {
  let cluster: E2eCluster;
  const configOf = (i: number): k8s.KubeConfig => {
    const config = new k8s.KubeConfig();
    config.loadFromFile(cluster.replicaKubeconfig(i));
    return config;
  };
  const custom = (i: number): k8s.CustomObjectsApi => configOf(i).makeApiClient(k8s.CustomObjectsApi);
  // As it is written: the typed client has other names for some fields of schemas.
  const define = (): Promise<unknown> =>
    custom(1).createClusterCustomObject({
      group: 'apiextensions.k8s.io',
      version: 'v1',
      plural: 'customresourcedefinitions',
      body: definition,
    });
  const at = { group: GROUP, version: 'v1', namespace: 'default', plural: 'widgets' };
  const refusal = async (answer: Promise<unknown>): Promise<string> => {
    const error = await answer.then(
      () => new Error('accepted'),
      (e: unknown) => e,
    );
    return error instanceof k8s.ApiException ? `${error.code} ${JSON.stringify(error.body)}` : String(error);
  };

  beforeAll(async () => {
    cluster = await startCluster({ replicas: 3 });
    const api = configOf(1).makeApiClient(k8s.ApiextensionsV1Api);
    await define();
    await eventually('established', async () => {
      const { status } = await api.readCustomResourceDefinition({ name: definition.metadata.name });
      return status?.conditions?.some((c) => c.type === 'Established' && c.status === 'True') === true;
    });
  }, 180_000);
  afterAll(async () => {
    await cluster?.down();
  });

  it('are served by every replica once defined on one: defaults, pruning, rules, versions', async () => {
    const made = await custom(3).createNamespacedCustomObject({ ...at, body: widget('a', { size: 3, unknown: 1 }) });
    expect(made).toMatchObject({ metadata: { generation: 1 }, spec: { size: 3, max: 50, color: 'red' } });
    expect(made.spec).not.toHaveProperty('unknown');
    expect(await refusal(custom(2).createNamespacedCustomObject({ ...at, body: widget('b', { size: 0 }) }))).toMatch(
      /^422 .*spec.size in body should be greater than or equal to 1/,
    );
    expect(await refusal(custom(2).createNamespacedCustomObject({ ...at, body: widget('b', { size: 60 }) }))).toMatch(
      /^422 .*spec: Invalid value: size above max/,
    );
    const other = await custom(2).getNamespacedCustomObject({ ...at, version: 'v1beta1', name: 'a' });
    expect(other).toMatchObject({ apiVersion: `${GROUP}/v1beta1`, spec: { size: 3 } });
  });

  it('have status and scale beside their spec', async () => {
    const sent = { ...widget('a', { size: 9 }), status: { replicas: 2 } };
    // An update of a custom resource names the version that it changes.
    await expect(custom(1).replaceNamespacedCustomObjectStatus({ ...at, name: 'a', body: sent })).rejects.toThrow(
      'metadata.resourceVersion: Invalid value: 0: must be specified for an update',
    );
    const stored = (await custom(1).getNamespacedCustomObject({ ...at, name: 'a' })) as {
      metadata: { resourceVersion: string };
    };
    const { resourceVersion } = stored.metadata;
    const body = { ...sent, metadata: { name: 'a', resourceVersion } };
    const changed = await custom(1).replaceNamespacedCustomObjectStatus({ ...at, name: 'a', body });
    expect(changed).toMatchObject({ metadata: { generation: 1 }, spec: { size: 3 }, status: { replicas: 2 } });
    const scaled = { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name: 'a' }, spec: { replicas: 4 } };
    await custom(2).replaceNamespacedCustomObjectScale({ ...at, name: 'a', body: scaled });
    expect(await custom(3).getNamespacedCustomObjectScale({ ...at, name: 'a' })).toMatchObject({
      spec: { replicas: 4 },
      status: { replicas: 2 },
    });
    expect(await custom(3).getNamespacedCustomObject({ ...at, name: 'a' })).toMatchObject({
      metadata: { generation: 2 },
      spec: { replicas: 4 },
    });
  });

  it('can be selected by the fields that their definition names', async () => {
    await custom(1).createNamespacedCustomObject({ ...at, body: widget('blue', { size: 1, color: 'blue' }) });
    const found = await custom(2).listNamespacedCustomObject({ ...at, fieldSelector: 'spec.color=blue' });
    expect((found.items as { metadata: { name: string } }[]).map((i) => i.metadata.name)).toEqual(['blue']);
  });

  it.skipIf(!has('kubectl'))('work with kubectl: columns, short names, explain, apply, scale', () => {
    const file = path.join(cluster.dir, 'widget.yaml');
    fs.writeFileSync(file, JSON.stringify(widget('k', { size: 7, replicas: 1 })));
    const kubectl = (i: number, ...args: string[]): string =>
      execFileSync('kubectl', ['--kubeconfig', cluster.replicaKubeconfig(i), ...args], {
        encoding: 'utf8',
        env: { ...process.env, HOME: cluster.dir },
      });
    expect(kubectl(1, 'apply', '-f', file)).toBe('widget.example.com/k created\n');
    expect(kubectl(2, 'apply', '-f', file)).toBe('widget.example.com/k unchanged\n');
    expect(kubectl(3, 'apply', '--server-side', '--field-manager=other', '-f', file)).toContain('serverside-applied');
    expect(kubectl(2, 'get', 'wd', 'k')).toMatch(/NAME +SIZE\nk +7/);
    expect(kubectl(3, 'get', 'wd', 'k', '-o', 'wide')).toMatch(/NAME +SIZE +COLOR\nk +7 +red/);
    expect(kubectl(3, 'scale', 'widget/k', '--replicas=5')).toContain('scaled');
    expect(kubectl(1, 'explain', 'widget.spec.size')).toContain('How large it is');
    expect(kubectl(1, 'get', 'all')).toContain('widget.example.com/k');
  });

  it('are served by each replica as soon as one of them says that they are established', async () => {
    for (let n = 0; n < 6; n++) {
      const [first = 1, second = 2, third = 3] = [0, 1, 2].map((i) => ((n + i) % 3) + 1);
      const plural = `notes${n}`;
      const [version] = definition.spec.versions;
      const body = {
        ...definition,
        metadata: { name: `${plural}.${GROUP}` },
        spec: { group: GROUP, scope: 'Namespaced', names: { plural, kind: `Note${n}` }, versions: [version] },
      };
      const definitions = { group: 'apiextensions.k8s.io', version: 'v1', plural: 'customresourcedefinitions' };
      const api = configOf(first).makeApiClient(k8s.ApiextensionsV1Api);
      await custom(first).createClusterCustomObject({ ...definitions, body });
      await eventually('established', async () => {
        const { status } = await api.readCustomResourceDefinition({ name: body.metadata.name });
        return status?.conditions?.some((c) => c.type === 'Established' && c.status === 'True') === true;
      });
      const note = { ...widget('n', { size: 3 }), kind: `Note${n}` };
      await custom(second).createNamespacedCustomObject({ ...at, plural, body: note });
      expect(await custom(third).getNamespacedCustomObject({ ...at, plural, name: 'n' })).toMatchObject({
        spec: { size: 3 },
      });
    }
  });

  it('outlive the death of every replica', async () => {
    for (const i of [1, 2, 3]) await cluster.kill(i, 'SIGKILL');
    await cluster.up();
    expect(await custom(2).getNamespacedCustomObject({ ...at, name: 'a' })).toMatchObject({ spec: { size: 3 } });
    const apis = configOf(3).makeApiClient(k8s.ApisApi);
    await eventually('the group in discovery', async () =>
      (await apis.getAPIVersions()).groups.some((g) => g.name === GROUP),
    );
  }, 120_000);

  it('go with their definition', async () => {
    const api = configOf(1).makeApiClient(k8s.ApiextensionsV1Api);
    await api.deleteCustomResourceDefinition({ name: definition.metadata.name });
    await eventually('the definition to go', async () =>
      (await refusal(api.readCustomResourceDefinition({ name: definition.metadata.name }))).startsWith('404'),
    );
    expect(await refusal(custom(3).listNamespacedCustomObject(at))).toMatch(/^404/);
    // Defined anew, there is nothing left of the old objects.
    await define();
    await eventually('the resource again', async () => {
      const { items } = await custom(2).listNamespacedCustomObject(at);
      return (items as unknown[]).length === 0;
    });
  });
});
