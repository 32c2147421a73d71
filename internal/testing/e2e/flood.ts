import fs from 'node:fs';
import https from 'node:https';
import { performance } from 'node:perf_hooks';
import { call, TOKEN } from './cluster.js';

/** Users of a flood: one who lists, one who reads, and the scheduler, whose leases matter. */
export const TOKENS = `${TOKEN},e2e-admin,e2e-admin,"system:masters"
flood-token,flood,flood,"people"
reader-token,reader,reader,"people"
scheduler-token,system:kube-scheduler,scheduler,""
`;
const OBJECTS = 1000;
const OBJECT_BYTES = 700;
const AT_ONCE = 50;

/** Resident memory of a process, MiB. */
export function rssMiB(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Math.round(Number(kib) / 1024);
}

/** The smallest of the values that `p` percent do not pass. */
export function percentile(values: readonly number[], p: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * p) / 100))] ?? Number.NaN;
}

async function made(url: string, body: unknown): Promise<void> {
  const { status, body: text } = await call(url, { method: 'POST', body });
  if (status !== 201) throw new Error(`${url}: ${status} ${text}`);
}

/** A namespace `flood` with about 1 MB of ConfigMaps, which the group `people` may read, and make more of. */
export async function seedForFlood(url: string): Promise<void> {
  await made(`${url}/api/v1/namespaces`, { metadata: { name: 'flood' } });
  await made(`${url}/apis/rbac.authorization.k8s.io/v1/clusterroles`, {
    metadata: { name: 'people' },
    rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list', 'watch', 'create'] }],
  });
  await made(`${url}/apis/rbac.authorization.k8s.io/v1/clusterrolebindings`, {
    metadata: { name: 'people' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'people' },
    subjects: [{ kind: 'Group', name: 'people', apiGroup: 'rbac.authorization.k8s.io' }],
  });
  let next = 0;
  const maker = async (): Promise<void> => {
    while (next < OBJECTS) {
      const name = `cm-${next++}`;
      const data = { text: 'x'.repeat(OBJECT_BYTES) };
      await made(`${url}/api/v1/namespaces/flood/configmaps`, { metadata: { name }, data });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, maker));
}

/** GETs one after the other over one connection for so long; how long each took, milliseconds. */
export async function timedGets(url: string, token: string, forMs: number): Promise<number[]> {
  const agent = new https.Agent({ keepAlive: true, maxSockets: 1 });
  const took: number[] = [];
  try {
    for (const end = performance.now() + forMs; performance.now() < end; ) {
      const begun = performance.now();
      const { status, body } = await call(url, { token, agent, timeoutMs: 60_000 });
      if (status !== 200) throw new Error(`${url}: ${status} ${body}`);
      took.push(performance.now() - begun);
    }
  } finally {
    agent.destroy();
  }
  return took;
}
