// What pods cost a server that come and go: time, CPU and bytes written until all run, and until all are gone. With PEERS (a
// folder with kube-controller-manager, kube-scheduler, kubemark and kubectl of v1.36) real controllers and hollow kubelets
// make them (../shared/rig/churn.sh); without, this program writes what those write: each pod is created, bound, reported on
// three times, marked, reported on and deleted, with five Events, and a ReplicaSet is counted on. Beside another build, in
// turn. Not part of scripts/bench.
//
//   [PEERS=DIR] npx tsx bench/pods.ts [--other CHECKOUT] [--pods 300] [--rounds 3] [--replicas 1]
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import https from 'node:https';
import path from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { call, repoRoot } from '../internal/testing/e2e/cluster.js';
import { type Build, endBuilds, inTurn, startBuilds, sumOf } from './builds.js';
import { cpuSeconds, writtenBytes } from './process-figures.js';
import { median } from './report.js';

const { values } = parseArgs({
  options: {
    other: { type: 'string', default: '' },
    pods: { type: 'string', default: '300' },
    rounds: { type: 'string', default: '3' },
    replicas: { type: 'string', default: '1' },
  },
});
const pods = Number(values.pods);
const MIB = 1024 * 1024;
/** Pods that are worked on at once: about what the workers of controllers and kubelets do. */
const AT_ONCE = 16;
const MERGE = 'application/strategic-merge-patch+json';

/** One client of one namespace. */
class Namespace {
  readonly #agent = new https.Agent({ keepAlive: true, maxSockets: AT_ONCE });
  constructor(
    readonly address: string,
    readonly name: string,
  ) {}

  async send(method: string, where: string, body?: unknown, contentType?: string): Promise<void> {
    const url = where.startsWith('/')
      ? `${this.address}${where}`
      : `${this.address}/api/v1/namespaces/${this.name}/${where}`;
    const options = { method, agent: this.#agent, body, timeoutMs: 30_000 };
    const answer = await call(url, contentType === undefined ? options : { ...options, contentType });
    if (answer.status >= 300) throw new Error(`${method} ${where} was answered with ${answer.status}: ${answer.body}`);
  }

  event(pod: string, reason: string, message: string): Promise<void> {
    const at = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
    return this.send('POST', 'events', {
      metadata: { name: `${pod}.${reason.toLowerCase()}` },
      involvedObject: { kind: 'Pod', namespace: this.name, name: pod, apiVersion: 'v1' },
      reason,
      message,
      source: { component: 'kubelet', host: 'hollow-1' },
      firstTimestamp: at,
      lastTimestamp: at,
      count: 1,
      type: 'Normal',
    });
  }

  status(pod: string, phase: string, ready: boolean): Promise<void> {
    const at = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
    const types = ['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady', 'PodScheduled'];
    const conditions = types.map((type) => ({ type, status: ready ? 'True' : 'False', lastTransitionTime: at }));
    const state = ready ? { running: { startedAt: at } } : { waiting: { reason: 'ContainerCreating' } };
    const containerStatuses = [
      { name: 'i', ready, started: ready, restartCount: 0, image: 'i', imageID: ready ? 'docker://i' : '', state },
    ];
    const addresses = { hostIP: '10.0.0.1', podIP: '10.1.0.7', podIPs: [{ ip: '10.1.0.7' }], startTime: at };
    const body = { status: { phase, conditions, containerStatuses, ...addresses } };
    return this.send('PATCH', `pods/${pod}/status`, body, MERGE);
  }

  close(): void {
    this.#agent.destroy();
  }
}

const replicaSet = {
  metadata: { name: 'd-5d8f7b9c6' },
  spec: {
    replicas: pods,
    selector: { matchLabels: { app: 'd' } },
    template: { metadata: { labels: { app: 'd' } }, spec: { containers: [{ name: 'i', image: 'i' }] } },
  },
};

async function begin(ns: Namespace, pod: string, place: number): Promise<void> {
  await ns.send('POST', 'pods', {
    metadata: { name: pod, labels: { app: 'd', 'pod-template-hash': '5d8f7b9c6' } },
    spec: { containers: [{ name: 'i', image: 'i' }], terminationGracePeriodSeconds: 30 },
  });
  const target = { apiVersion: 'v1', kind: 'Node', name: `hollow-${(place % 3) + 1}` };
  await ns.send('POST', `pods/${pod}/binding`, { apiVersion: 'v1', kind: 'Binding', metadata: { name: pod }, target });
  await ns.event(pod, 'Scheduled', `Successfully assigned ${ns.name}/${pod} to ${target.name}`);
  await ns.status(pod, 'Pending', false);
  await ns.event(pod, 'Pulled', 'Container image "i" already present on machine');
  await ns.event(pod, 'Created', 'Created container: i');
  await ns.event(pod, 'Started', 'Started container i');
  await ns.status(pod, 'Running', true);
  if (place % 5 === 0) {
    const status = { replicas: pods, fullyLabeledReplicas: pods, readyReplicas: place, availableReplicas: place };
    await ns.send('PATCH', `/apis/apps/v1/namespaces/${ns.name}/replicasets/d-5d8f7b9c6/status`, { status }, MERGE);
  }
}

async function end(ns: Namespace, pod: string): Promise<void> {
  await ns.send('DELETE', `pods/${pod}`);
  await ns.event(pod, 'Killing', 'Stopping container i');
  await ns.status(pod, 'Running', false);
  await ns.send('DELETE', `pods/${pod}`, { gracePeriodSeconds: 0 });
}

async function forAll(work: (place: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < pods) await work(next++);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

interface Cost {
  readonly beginMs: number;
  readonly endMs: number;
  readonly cpu: number;
  readonly mib: number;
}

/** What this program's own writes cost. */
async function imitated(build: Build, name: string): Promise<Cost> {
  const ns = new Namespace(build.cluster.address, name);
  try {
    await ns.send('POST', '/api/v1/namespaces', { metadata: { name } });
    await ns.send('POST', 'serviceaccounts', { metadata: { name: 'default' } });
    await ns.send('POST', `/apis/apps/v1/namespaces/${name}/replicasets`, replicaSet);
    // Names as controllers make them: in no order.
    const names = Array.from({ length: pods }, () => `d-5d8f7b9c6-${Math.random().toString(36).slice(2, 7)}`);
    const [cpu, written, began] = [sumOf(build, cpuSeconds), sumOf(build, writtenBytes), performance.now()];
    await forAll((place) => begin(ns, names[place] ?? '', place));
    const ready = performance.now();
    await forAll((place) => end(ns, names[place] ?? ''));
    const gone = performance.now();
    return {
      beginMs: ready - began,
      endMs: gone - ready,
      cpu: sumOf(build, cpuSeconds) - cpu,
      mib: (sumOf(build, writtenBytes) - written) / MIB / build.cluster.replicas,
    };
  } finally {
    ns.close();
  }
}

const { PEERS } = process.env;
const script = path.join(repoRoot, '../shared/rig/churn.sh');
const builds = await startBuilds(values.other, Number(values.replicas));
try {
  const costs = new Map<Build, Cost[]>(builds.map((build) => [build, []]));
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const build of inTurn(builds, round)) {
      if (PEERS === undefined || !fs.existsSync(script)) {
        costs.get(build)?.push(await imitated(build, `pods-${round}`));
        continue;
      }
      const { kubeconfig, dir, replicas } = build.cluster;
      const pids = Array.from({ length: replicas }, (_, i) => build.cluster.pid(i + 1)).join(' ');
      const args = [kubeconfig, path.join(dir, 'pki'), build.name, pids, String(pods)];
      const { stdout } = await promisify(execFile)(script, args, { timeout: 600_000 });
      console.log(stdout.trim());
    }
  }
  for (const [{ name }, all] of costs) {
    if (all.length === 0) continue;
    const of = (figure: (cost: Cost) => number): number => median(all.map(figure));
    console.log(
      `${name}: ${pods} pods ready in ${(of((c) => c.beginMs) / 1000).toFixed(1)} s, gone in ` +
        `${(of((c) => c.endMs) / 1000).toFixed(1)} s; server CPU ${of((c) => c.cpu).toFixed(2)} s; written ` +
        `${of((c) => c.mib).toFixed(1)} MiB a replica (each: ${all.map((c) => c.mib.toFixed(1)).join(', ')})`,
    );
  }
} finally {
  await endBuilds(builds);
}
