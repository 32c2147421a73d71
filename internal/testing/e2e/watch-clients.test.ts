import { execFile, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type E2eCluster, repoRoot, startCluster } from './cluster.js';

// Clients that are not written in Go read a watch in ways of their own: Python's chunk by chunk, others line by line.
// Each must be told of a change when it happens, and of nothing that is no event.

const exec = promisify(execFile);
/** Longest time between the answer of a write and its event, in milliseconds. */
const LATEST_MS = 200;
/** How long a watch is quiet before the first write, in seconds. */
const QUIET_SECONDS = 1;

const PYTHON = '/usr/bin/python3';
const hasPython = spawnSync(PYTHON, ['-c', 'import kubernetes']).status === 0;
/** Folder in which `npm install kubernetes-fluent-client` was run (CI does so); it is too large for a development dependency. */
const fluentDir = process.env['QUORATE_FLUENT_CLIENT'] ?? '';
const fluentEntry = path.join(fluentDir, 'node_modules/kubernetes-fluent-client/dist/index.js');
const hasFluent = fluentDir !== '' && fs.existsSync(fluentEntry);

interface Seen {
  /** Type and name of each event, in order; whatever else the client was handed stands among them as text. */
  events: string[];
  /** Milliseconds from the answer of each write to its event. */
  lateMs: number[];
}

const PYTHON_WATCH = `
import json, threading, time
from kubernetes import client, config, watch
config.load_kube_config()
api = client.CoreV1Api()
answered, events, late = {}, [], []
def write():
    time.sleep(${QUIET_SECONDS})
    for i in range(5):
        name = 'python-%d' % i
        api.create_namespaced_config_map('default', {'metadata': {'name': name, 'labels': {'by': 'python'}}})
        answered[name] = time.time()
        time.sleep(0.5)
revision = api.list_namespaced_config_map('default').metadata.resource_version
writer = threading.Thread(target=write)
writer.start()
seen = {}
for event in watch.Watch().stream(api.list_namespaced_config_map, 'default', resource_version=revision,
                                  label_selector='by=python', timeout_seconds=6):
    if not event:
        events.append(repr(event))
        continue
    name = event['object'].metadata.name
    seen[name] = time.time()
    events.append(event['type'] + ' ' + name)
writer.join()
print(json.dumps({'events': events, 'lateMs': [1000 * (seen[n] - answered[n]) for n in answered if n in seen]}))
`;

const FLUENT_WATCH = `
const { K8s, kind, WatchEvent } = await import(process.argv[1]);
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const answered = {}, seen = {}, events = [];
const watcher = K8s(kind.ConfigMap).InNamespace('default').WithLabel('by', 'fluent').Watch((object, type) => {
  seen[object.metadata.name] = Date.now();
  events.push(type + ' ' + object.metadata.name);
});
for (const name of ['DATA_ERROR', 'NETWORK_ERROR', 'RECONNECT', 'ABORT', 'GIVE_UP', 'OLD_RESOURCE_VERSION', 'LIST_ERROR'])
  if (WatchEvent[name] !== undefined) watcher.events.on(WatchEvent[name], (e) => events.push(name + ': ' + String(e?.message ?? e)));
await watcher.start();
await sleep(${QUIET_SECONDS * 1000});
for (let i = 0; i < 5; i++) {
  const name = 'fluent-' + i;
  await K8s(kind.ConfigMap).Apply({ metadata: { name, namespace: 'default', labels: { by: 'fluent' } } });
  answered[name] = Date.now();
  await sleep(500);
}
console.log(JSON.stringify({ events, lateMs: Object.keys(answered).filter((n) => n in seen).map((n) => seen[n] - answered[n]) }));
process.exit(0);
`;

async function seenBy(cluster: E2eCluster, program: string, args: string[]): Promise<Seen> {
  const { stdout } = await exec(program, args, {
    cwd: repoRoot,
    timeout: 60_000,
    env: { ...process.env, KUBECONFIG: cluster.replicaKubeconfig(1) },
  });
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Seen;
}

function expectAllAtOnce(seen: Seen, prefix: string): void {
  expect(seen.events).toEqual(Array.from({ length: 5 }, (_, i) => `ADDED ${prefix}-${i}`));
  expect(Math.max(...seen.lateMs)).toBeLessThan(LATEST_MS);
}

describe.skipIf(!hasPython && !hasFluent)('clients in other languages that watch', () => {
  let cluster: E2eCluster;
  beforeAll(async () => {
    cluster = await startCluster({ replicas: 1 });
  }, 180_000);
  afterAll(async () => {
    await cluster?.down();
  });

  it.skipIf(!hasPython)(
    'python3-kubernetes is told of each change within 200 ms, and of nothing else',
    async () => {
      expectAllAtOnce(await seenBy(cluster, PYTHON, ['-c', PYTHON_WATCH]), 'python');
    },
    90_000,
  );

  it.skipIf(!hasFluent)(
    'kubernetes-fluent-client is told of each change within 200 ms, and of nothing else',
    async () => {
      const args = ['--input-type=module', '-e', FLUENT_WATCH, pathToFileURL(fluentEntry).href];
      expectAllAtOnce(await seenBy(cluster, process.execPath, args), 'fluent');
    },
    90_000,
  );
});
