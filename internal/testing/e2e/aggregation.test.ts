import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAuthority, issue } from '../../pki/x509.js';
import { call, type E2eCluster, eventually, has, startCluster } from './cluster.js';
import { says } from './says.js';

const exec = promisify(execFile);
const GROUP_VERSION = 'metrics.k8s.io/v1beta1';
const NAME = 'v1beta1.metrics.k8s.io';
let cluster: E2eCluster;
let metrics: https.Server;
/** The watch that is being answered. */
let watching: ServerResponse | undefined;

const usage = { cpu: '250m', memory: '512Mi' };
const measured = (kind: string, metadata: object, more: object): object => ({
  kind,
  apiVersion: GROUP_VERSION,
  metadata,
  timestamp: '2026-11-29T00:00:00Z',
  window: '30s',
  ...more,
});
const nodeMetrics = measured('NodeMetrics', { name: 'n' }, { usage });
const podMetrics = measured(
  'PodMetrics',
  { name: 'p', namespace: 'default' },
  { containers: [{ name: 'c', usage: { cpu: '7m', memory: '33Mi' } }] },
);
const list = (kind: string, items: object[]): object => ({ kind, apiVersion: GROUP_VERSION, metadata: {}, items });

/** A metrics-server, as far as kubectl asks it. */
function answer(req: IncomingMessage, res: ServerResponse): void {
  const url = new URL(req.url ?? '', 'https://metrics');
  const json = (value: object): void => {
    res.setHeader('content-type', 'application/json').end(JSON.stringify(value));
  };
  if (url.searchParams.get('watch') === 'true') {
    res.setHeader('content-type', 'application/json').flushHeaders();
    watching = res;
    return;
  }
  switch (url.pathname) {
    case `/apis/${GROUP_VERSION}`:
      json({
        kind: 'APIResourceList',
        apiVersion: 'v1',
        groupVersion: GROUP_VERSION,
        resources: [
          { name: 'nodes', singularName: '', namespaced: false, kind: 'NodeMetrics', verbs: ['get', 'list', 'watch'] },
          { name: 'pods', singularName: '', namespaced: true, kind: 'PodMetrics', verbs: ['get', 'list'] },
        ],
      });
      return;
    case `/apis/${GROUP_VERSION}/nodes`:
      json(list('NodeMetricsList', [nodeMetrics]));
      return;
    case `/apis/${GROUP_VERSION}/namespaces/default/pods`:
      json(list('PodMetricsList', [podMetrics]));
      return;
    default:
      res.writeHead(404).end();
  }
}

const kubectl = async (...words: string[]): Promise<string> =>
  (await exec('kubectl', ['--kubeconfig', cluster.kubeconfig, ...words])).stdout;

async function create(where: string, body: object): Promise<void> {
  const { status, body: text } = await call(`${cluster.url(1)}${where}`, { method: 'POST', body });
  if (status !== 201) throw new Error(text);
}

async function available(): Promise<string> {
  const { body } = await call(`${cluster.url(1)}/apis/apiregistration.k8s.io/v1/apiservices/${NAME}`);
  const { status } = JSON.parse(body) as { status?: { conditions?: { type: string; status: string }[] } };
  return status?.conditions?.find((c) => c.type === 'Available')?.status ?? '';
}

beforeAll(async () => {
  const pair = await issue(await createAuthority('metrics'), {
    commonName: 'metrics',
    usages: ['server'],
    dnsNames: ['metrics.kube-system.svc'],
  });
  metrics = https.createServer({ key: pair.key, cert: pair.cert }, answer).listen(0, '127.0.0.1');
  await once(metrics, 'listening');
  const { port } = metrics.address() as AddressInfo;
  cluster = await startCluster({ replicas: 1 });
  await create('/api/v1/nodes', {
    metadata: { name: 'n' },
    status: { capacity: { cpu: '1', memory: '1Gi' }, allocatable: { cpu: '1', memory: '1Gi' } },
  });
  await create('/api/v1/namespaces/kube-system/services', {
    metadata: { name: 'metrics' },
    spec: { type: 'ExternalName', externalName: '127.0.0.1', ports: [{ port }] },
  });
  await create('/apis/apiregistration.k8s.io/v1/apiservices', {
    metadata: { name: NAME },
    spec: {
      group: 'metrics.k8s.io',
      version: 'v1beta1',
      groupPriorityMinimum: 100,
      versionPriority: 100,
      insecureSkipTLSVerify: true,
      service: { namespace: 'kube-system', name: 'metrics', port },
    },
  });
  await eventually('the API is available', async () => (await available()) === 'True');
}, 120_000);
afterAll(async () => {
  metrics.closeAllConnections();
  metrics.close();
  await cluster.down();
});

describe.skipIf(!has('kubectl'))('an API that another server serves', () => {
  test('is among the resources, and kubectl top shows what it measures', async () => {
    await eventually('kubectl knows it', async () => {
      const resources = await kubectl('api-resources', '--api-group', 'metrics.k8s.io', '--no-headers');
      return /^nodes\s+metrics.k8s.io\/v1beta1\s+false\s+NodeMetrics$/m.test(resources);
    });
    expect(await kubectl('top', 'nodes', '--no-headers')).toMatch(/^n\s+250m\s+25%\s+512Mi\s+50%/);
    expect(await kubectl('top', 'pods', '--no-headers')).toMatch(/^p\s+7m\s+33Mi/);
  });

  test('is watched, and is told unavailable when its server dies, while everything else goes on', async () => {
    const path = `/apis/${GROUP_VERSION}/nodes?watch=true`;
    const child = spawn('kubectl', ['--kubeconfig', cluster.kubeconfig, 'get', '--raw', path]);
    const told = says(child, /"name":"n"/, ['stdout']);
    await eventually('the watch has begun', () => Promise.resolve(watching !== undefined));
    watching?.write(`${JSON.stringify({ type: 'ADDED', object: nodeMetrics })}\n`);
    await told;
    const ended = once(child, 'exit');
    metrics.closeAllConnections();
    metrics.close();
    await ended;
    // It is looked at every 30 s, and when its service is changed.
    await kubectl('label', 'services', 'metrics', '--namespace', 'kube-system', 'looked-at=now');
    await eventually('the API is unavailable', async () => (await available()) === 'False', 60_000);
    expect((await call(`${cluster.url(1)}/apis/${GROUP_VERSION}/nodes`)).status).toBe(503);
    expect(await kubectl('get', 'apiservices', NAME, '--no-headers')).toMatch(/False \(/);
    expect(await kubectl('get', 'nodes', '-o', 'name')).toBe('node/n\n');
    expect(await kubectl('create', 'namespace', 'next')).toBe('namespace/next created\n');
    expect((await call(`${cluster.url(1)}/readyz`)).status).toBe(200);
  }, 90_000);
});
