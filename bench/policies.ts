import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JsonObject } from '../internal/machinery/json.js';
import { strategyFor } from '../internal/registry/index.js';
import { openReplica } from '../internal/replica/index.js';
import { createRest } from '../internal/rest/index.js';
import type { ApiRequest, Handler } from '../internal/rest/types.js';

/*
 * What policies cost a create: npx tsx bench/policies.ts. Time of the processor for each create of a ConfigMap through
 * the verbs and the store of one replica each, without HTTP (which would make the ratios look better): without policies, with
 * 10 that are about another resource, with 10 about ConfigMaps of which none selects the object, with 10 that match. The
 * rounds are interleaved and the median counts, for a machine is never quiet.
 */

const CREATES = 500;
const ROUNDS = 5;
const AT_ONCE = 20;
const ADMISSION = 'admissionregistration.k8s.io';

interface Server {
  readonly handle: Handler;
  close(): Promise<void>;
}

async function open(): Promise<Server> {
  const dir = mkdtempSync(join(tmpdir(), 'quorate-bench-'));
  const replica = await openReplica({ name: 'r1', dataDir: dir, compactionIntervalMs: 0 });
  await replica.ready();
  return {
    handle: createRest({ backend: replica.backend, strategyFor, now: Date.now }),
    async close() {
      await replica.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

async function post(
  server: Server,
  group: string,
  namespace: string,
  resource: string,
  body: JsonObject,
): Promise<void> {
  const request: ApiRequest = {
    method: 'POST',
    path: '',
    query: new URLSearchParams(),
    header: (name) => (name === 'content-type' || name === 'accept' ? 'application/json' : ''),
    body: Buffer.from(JSON.stringify(body)),
    user: { username: 'bench', uid: '', groups: ['system:masters'], extra: {} },
    info: {
      isResourceRequest: true,
      path: '',
      verb: 'create',
      apiPrefix: group === '' ? 'api' : 'apis',
      group,
      version: 'v1',
      namespace,
      resource,
      subresource: '',
      name: '',
      parts: [resource],
      route: undefined,
    },
  };
  const reply = await server.handle(request);
  if (!('status' in reply) || reply.status !== 201) throw new Error(`${resource}: no 201`);
}

const EXPRESSIONS = [
  'size(object.metadata.name) < 64',
  "has(object.metadata.labels) && 'app' in object.metadata.labels",
  "!has(object.metadata.annotations) || object.metadata.annotations.all(k, !k.startsWith('secret'))",
  'object.data.all(k, v, size(v) < 1000)',
  "request.operation == 'CREATE'",
];
const policies: string[] = [];

async function addPolicies(server: Server, resource: string, app: string): Promise<void> {
  for (let i = 0; i < 10; i++) {
    const name = `p${policies.length}`;
    policies.push(name);
    await post(server, ADMISSION, '', 'validatingadmissionpolicies', {
      metadata: { name },
      spec: {
        matchConstraints: {
          objectSelector: { matchLabels: { app } },
          resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], resources: [resource], operations: ['CREATE'] }],
        },
        validations: [{ expression: EXPRESSIONS[i % EXPRESSIONS.length] ?? 'true' }],
      },
    });
    await post(server, ADMISSION, '', 'validatingadmissionpolicybindings', {
      metadata: { name },
      spec: { policyName: name, validationActions: ['Deny'] },
    });
  }
}

let made = 0;
/** Microseconds of the processor for one create. */
async function measure(server: Server, app: string): Promise<number> {
  const create = (): Promise<void> =>
    post(server, '', 'default', 'configmaps', {
      metadata: { name: `c${++made}`, labels: { app } },
      data: { one: 'a value', two: 'another value' },
    });
  const started = process.cpuUsage();
  for (let i = 0; i < CREATES; i += AT_ONCE) await Promise.all(Array.from({ length: AT_ONCE }, create));
  const { user, system } = process.cpuUsage(started);
  return (user + system) / CREATES;
}

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

const [none, elsewhere, here] = [await open(), await open(), await open()];
for (const server of [none, elsewhere, here]) {
  await post(server, '', '', 'namespaces', { metadata: { name: 'default' } });
}
await addPolicies(elsewhere, 'secrets', 'matched');
await addPolicies(here, 'configmaps', 'matched');
const cases: readonly [string, Server, string][] = [
  ['without', none, 'plain'],
  ['elsewhere', elsewhere, 'plain'],
  ['unselected', here, 'plain'],
  ['matching', here, 'matched'],
];
const costs = new Map<string, number[]>();
for (let round = -1; round < ROUNDS; round++) {
  for (const [name, server, app] of cases) {
    const cost = await measure(server, app);
    // The first round warms the code up.
    if (round >= 0) costs.set(name, [...(costs.get(name) ?? []), cost]);
  }
}
const base = median(costs.get('without') ?? []);
for (const [name, values] of costs) {
  const cost = median(values);
  console.log(
    `${name.padEnd(12)} ${cost.toFixed(0).padStart(5)} µs for each create, ${(cost / base).toFixed(2)} times`,
  );
}
for (const server of [none, elsewhere, here]) await server.close();
