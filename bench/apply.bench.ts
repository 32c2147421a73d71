import { performance } from 'node:perf_hooks';
import type { JsonObject } from '../internal/machinery/json.js';
import { applyPatch, trackUpdate } from '../internal/schema/apply/index.js';

/**
 * What field ownership costs per write, in microseconds (median of batches): `npx tsx bench/apply.bench.ts`.
 * Bounds we hold ourselves to: create of a small ConfigMap under 30, create of a Pod under 300.
 */
const NOW = '2026-01-01T00:00:00Z';

const configMap = (): JsonObject => ({
  kind: 'ConfigMap',
  apiVersion: 'v1',
  metadata: { name: 'c', namespace: 'd', labels: { app: 'x' } },
  data: { a: '1', b: '2' },
});
const container = (name: string): JsonObject => ({
  name,
  image: 'registry.example/team/app:1.2.3',
  args: ['--v=2'],
  ports: [
    { name: 'http', containerPort: 8080, protocol: 'TCP' },
    { name: 'metrics', containerPort: 9090, protocol: 'TCP' },
  ],
  env: ['A', 'B', 'C', 'D', 'E', 'F'].map((n) => ({ name: n, value: n })),
  resources: { requests: { cpu: '100m', memory: '64Mi' }, limits: { memory: '128Mi' } },
  volumeMounts: [{ name: 'data', mountPath: '/data' }],
  livenessProbe: { httpGet: { path: '/', port: 8080, scheme: 'HTTP' }, timeoutSeconds: 1, periodSeconds: 10 },
  terminationMessagePath: '/dev/termination-log',
  terminationMessagePolicy: 'File',
  imagePullPolicy: 'IfNotPresent',
});
const pod = (): JsonObject => ({
  kind: 'Pod',
  apiVersion: 'v1',
  metadata: { name: 'p', namespace: 'd', labels: { app: 'x', tier: 'y' }, annotations: { a: 'b' } },
  spec: {
    volumes: [{ name: 'data', emptyDir: {} }],
    containers: [container('one'), container('two')],
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    dnsPolicy: 'ClusterFirst',
    securityContext: {},
    schedulerName: 'default-scheduler',
    enableServiceLinks: true,
  },
  status: {},
});

function measure(name: string, prepare: () => () => void): void {
  const batches: number[] = [];
  for (let b = 0; b < 40; b++) {
    const runs = Array.from({ length: 200 }, prepare);
    const start = performance.now();
    for (const run of runs) run();
    batches.push(((performance.now() - start) * 1000) / runs.length);
  }
  batches.sort((a, b) => a - b);
  process.stdout.write(`${name.padEnd(34)} ${(batches[20] ?? 0).toFixed(1).padStart(8)} us\n`);
}

const create = (typeName: string, make: () => JsonObject) => () => {
  const obj = make();
  return () => trackUpdate({ typeName, apiVersion: 'v1', obj, manager: 'bench', subresource: '', now: NOW });
};
const CONFIG_MAP = 'io.k8s.api.core.v1.ConfigMap';
const POD = 'io.k8s.api.core.v1.Pod';
measure('create ConfigMap', create(CONFIG_MAP, configMap));
measure('create Pod', create(POD, pod));

const stored = pod();
trackUpdate({ typeName: POD, apiVersion: 'v1', obj: stored, manager: 'bench', subresource: '', now: NOW });
const bytes = JSON.stringify(stored);
measure('patch a Pod label', () => {
  const old = JSON.parse(bytes) as JsonObject;
  const obj = JSON.parse(bytes) as JsonObject;
  (obj['metadata'] as JsonObject)['labels'] = { app: 'x', tier: 'z' };
  return () =>
    trackUpdate({ typeName: POD, apiVersion: 'v1', old, obj, manager: 'patcher', subresource: '', now: NOW });
});
measure('patch Pod status', () => {
  const old = JSON.parse(bytes) as JsonObject;
  const obj = JSON.parse(bytes) as JsonObject;
  obj['status'] = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };
  const options = { typeName: POD, apiVersion: 'v1', manager: 'kubelet', subresource: 'status', now: NOW };
  return () => trackUpdate({ ...options, old, obj });
});
measure('apply a Pod again', () => {
  const live = JSON.parse(bytes) as JsonObject;
  const patch = pod();
  const options = { typeName: POD, apiVersion: 'v1', manager: 'applier', subresource: '', now: NOW, force: true };
  return () => void applyPatch({ ...options, live, patch });
});
