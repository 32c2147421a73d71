/**
 * How many objects per second one core decodes and encodes, and what the first use of a type costs:
 *
 *   npx tsx bench/codec.bench.ts [seconds per case]
 */
import { performance } from 'node:perf_hooks';
import type { JsonObject } from '../internal/machinery/json.js';
import {
  decodeJson,
  decodeProtobuf,
  decodeYaml,
  encodeForStorage,
  encodeJson,
  encodeProtobuf,
  encodeYaml,
  transcodeStored,
} from '../internal/schema/codec/index.js';
import { resources } from '../internal/schema/index.js';

const seconds = Number(process.argv[2] ?? '0.5');

const POD: JsonObject = {
  kind: 'Pod',
  apiVersion: 'v1',
  metadata: {
    name: 'web-0',
    namespace: 'default',
    uid: '0265df28-7dcf-4cab-884c-67fd91d43fcd',
    creationTimestamp: '2026-11-22T00:58:48Z',
    labels: { app: 'web', tier: 'front', 'pod-template-hash': '6d4cf56db6' },
    annotations: { 'example.com/owner': 'team-a' },
    ownerReferences: [
      {
        apiVersion: 'apps/v1',
        kind: 'ReplicaSet',
        name: 'web',
        uid: '0265df28-7dcf-4cab-884c-67fd91d43fce',
        controller: true,
        blockOwnerDeletion: true,
      },
    ],
  },
  spec: {
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    dnsPolicy: 'ClusterFirst',
    serviceAccountName: 'default',
    nodeSelector: { disk: 'ssd' },
    tolerations: [
      { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 },
      { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 },
    ],
    securityContext: { runAsUser: 1000, runAsNonRoot: true },
    containers: [
      {
        name: 'nginx',
        image: 'nginx:1.27',
        imagePullPolicy: 'IfNotPresent',
        args: ['-g', 'daemon off;'],
        ports: [{ name: 'http', containerPort: 80, protocol: 'TCP' }],
        env: [
          { name: 'A', value: '1' },
          { name: 'POD_IP', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'status.podIP' } } },
        ],
        resources: { requests: { cpu: '100m', memory: '64Mi' }, limits: { cpu: '500m', memory: '512Mi' } },
        volumeMounts: [{ name: 'data', mountPath: '/data' }],
        livenessProbe: {
          httpGet: { path: '/healthz', port: 'http', scheme: 'HTTP' },
          periodSeconds: 5,
          timeoutSeconds: 1,
          successThreshold: 1,
          failureThreshold: 3,
        },
        readinessProbe: {
          tcpSocket: { port: 80 },
          periodSeconds: 10,
          timeoutSeconds: 1,
          successThreshold: 1,
          failureThreshold: 3,
        },
        terminationMessagePath: '/dev/termination-log',
        terminationMessagePolicy: 'File',
      },
    ],
    volumes: [{ name: 'data', emptyDir: { sizeLimit: '1Gi' } }],
  },
  status: { phase: 'Pending', qosClass: 'Burstable' },
};
const CONFIG_MAP: JsonObject = {
  kind: 'ConfigMap',
  apiVersion: 'v1',
  metadata: { name: 'settings', namespace: 'default', labels: { app: 'web' } },
  data: Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`key-${i}.txt`, 'x'.repeat(100)])),
};

function rate(what: string, bytes: number, f: () => unknown): void {
  for (let i = 0; i < 2000; i++) f();
  let n = 0;
  const start = performance.now();
  const end = start + seconds * 1000;
  while (performance.now() < end) {
    for (let i = 0; i < 200; i++) f();
    n += 200;
  }
  const perSecond = n / ((performance.now() - start) / 1000);
  console.log(`${what.padEnd(44)} ${Math.round(perSecond).toString().padStart(8)}/s ${String(bytes).padStart(6)} B`);
}

const POD_TYPE = 'io.k8s.api.core.v1.Pod';
const CONFIG_MAP_TYPE = 'io.k8s.api.core.v1.ConfigMap';

console.log('first use of a type (compile and decode one small object, then encode it as protobuf):');
let worst = { kind: '', ms: 0 };
let total = 0;
for (const { kind, type, group, version } of resources) {
  const body = Buffer.from(
    JSON.stringify({ kind, apiVersion: group === '' ? version : `${group}/${version}`, metadata: { name: 'x' } }),
  );
  const start = performance.now();
  const { object } = decodeJson(body, type, 'Strict');
  encodeProtobuf(object, type);
  const ms = performance.now() - start;
  total += ms;
  if (ms > worst.ms) worst = { kind, ms };
}
console.log(
  `  ${resources.length} resources, ${total.toFixed(1)} ms in all, the worst ${worst.kind} ${worst.ms.toFixed(2)} ms`,
);
const firstPod = performance.now();
decodeJson(Buffer.from(JSON.stringify(POD)), POD_TYPE, 'Strict');
console.log(`  a whole Pod for the first time: ${(performance.now() - firstPod).toFixed(2)} ms\n`);

for (const [name, object, type] of [
  ['Pod', POD, POD_TYPE],
  ['ConfigMap', CONFIG_MAP, CONFIG_MAP_TYPE],
] as const) {
  const json = encodeJson(object);
  const stored = encodeForStorage(object).value;
  const protobuf = encodeProtobuf(object, type);
  const yaml = encodeYaml(object);
  rate(`${name}: JSON.parse alone`, json.length, () => JSON.parse(json.toString()) as unknown);
  rate(`${name}: decode JSON (Strict)`, json.length, () => decodeJson(json, type, 'Strict'));
  rate(`${name}: encode JSON for storage`, stored.length, () => encodeForStorage(object));
  rate(`${name}: decode protobuf`, protobuf.length, () => decodeProtobuf(protobuf, type));
  rate(`${name}: encode protobuf`, protobuf.length, () => encodeProtobuf(object, type));
  rate(`${name}: stored JSON to protobuf`, protobuf.length, () =>
    transcodeStored(stored, 'application/vnd.kubernetes.protobuf', type),
  );
  rate(`${name}: decode YAML (Strict)`, yaml.length, () => decodeYaml(yaml, type, 'Strict'));
  rate(`${name}: encode YAML`, yaml.length, () => encodeYaml(object));
}
