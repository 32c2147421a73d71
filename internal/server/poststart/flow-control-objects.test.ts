import { afterAll, beforeAll, expect, test } from 'vitest';
import { child, str } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import { createRest } from '../../rest/index.js';
import { type Rest, startRest } from '../../rest/write/testing/harness.js';
import { createInternalClient, type InternalClient } from '../internal-client.js';
import { keepFlowControlObjects } from './flow-control-objects.js';

const BASE = '/apis/flowcontrol.apiserver.k8s.io/v1';
const AUTO = 'apf.kubernetes.io/autoupdate-spec';

let rest: Rest;
let client: InternalClient;
beforeAll(async () => {
  rest = await startRest();
  client = createInternalClient(createRest(rest.deps));
});
afterAll(() => rest.close());

/** One round of a replica that leads, or does not. */
async function round(leads = true): Promise<void> {
  const kept = await keepFlowControlObjects(rest.deps.backend, client, () => leads);
  kept.stop();
}
const precedence = async (name: string): Promise<unknown> =>
  child(await client.get(`${BASE}/flowschemas/${name}`), 'spec')?.['matchingPrecedence'];
const annotation = async (path: string): Promise<string> =>
  str(child(child(await client.get(`${BASE}/${path}`), 'metadata'), 'annotations'), AUTO);

async function change(path: string, edit: (object: JsonObject) => void): Promise<void> {
  const object = await client.get(`${BASE}/${path}`);
  if (object === undefined) throw new Error(`${path} is not there`);
  edit(object);
  await client.update(`${BASE}/${path}`, object, 'somebody');
}
const annotate = (object: JsonObject, value: string | undefined): void => {
  const metadata = child(object, 'metadata') ?? {};
  metadata['annotations'] = value === undefined ? {} : { [AUTO]: value };
};
const setPrecedence = (object: JsonObject, value: number): void => {
  (child(object, 'spec') ?? {})['matchingPrecedence'] = value;
};

test('only the leader makes the objects', async () => {
  await round(false);
  expect(await client.get(`${BASE}/flowschemas/catch-all`)).toBeUndefined();
  await round();
  expect(await precedence('catch-all')).toBe(10_000);
});

test('what was deleted comes back, what was changed is set back unless its annotation says otherwise', async () => {
  await client.remove(`${BASE}/flowschemas/catch-all`);
  await client.remove(`${BASE}/prioritylevelconfigurations/workload-low`);
  await change('flowschemas/system-nodes', (o) => setPrecedence(o, 501));
  await change('flowschemas/kube-scheduler', (o) => {
    annotate(o, 'false');
    setPrecedence(o, 801);
  });
  // Without an annotation, a schema that somebody has changed is his.
  await change('flowschemas/probes', (o) => {
    annotate(o, undefined);
    setPrecedence(o, 3);
  });
  await round();
  expect(await precedence('catch-all')).toBe(10_000);
  expect(await client.get(`${BASE}/prioritylevelconfigurations/workload-low`)).toBeDefined();
  expect(await precedence('system-nodes')).toBe(500);
  expect(await precedence('kube-scheduler')).toBe(801);
  expect(await precedence('probes')).toBe(3);
  expect(await annotation('flowschemas/probes')).toBe('false');
});

test('mandatory objects cannot be let go of, but the exempt level may lend its seats', async () => {
  await change('flowschemas/exempt', (o) => annotate(o, 'false'));
  await change('prioritylevelconfigurations/exempt', (o) => {
    annotate(o, 'false');
    const spec = child(o, 'spec') ?? {};
    spec['exempt'] = { nominalConcurrencyShares: 7, lendablePercent: 50 };
  });
  await round();
  expect(await annotation('flowschemas/exempt')).toBe('true');
  expect(await annotation('prioritylevelconfigurations/exempt')).toBe('true');
  const level = await client.get(`${BASE}/prioritylevelconfigurations/exempt`);
  expect(child(child(level, 'spec'), 'exempt')).toEqual({ nominalConcurrencyShares: 7, lendablePercent: 50 });
});

test("what claims to be one of Kubernetes' objects and is not goes, others stay", async () => {
  const level = (name: string, value: string): JsonObject => ({
    apiVersion: 'flowcontrol.apiserver.k8s.io/v1',
    kind: 'PriorityLevelConfiguration',
    metadata: { name, annotations: { [AUTO]: value } },
    spec: { type: 'Limited', limited: { limitResponse: { type: 'Reject' } } },
  });
  const levels = `${BASE}/prioritylevelconfigurations`;
  await client.create(levels, level('claims', 'true'), 'somebody');
  await client.create(levels, level('own', 'false'), 'somebody');
  const schemas = `${BASE}/flowschemas`;
  const schema = (name: string, value: string): JsonObject => ({
    apiVersion: 'flowcontrol.apiserver.k8s.io/v1',
    kind: 'FlowSchema',
    metadata: { name, annotations: { [AUTO]: value } },
    spec: { priorityLevelConfiguration: { name: 'own' } },
  });
  await client.create(schemas, schema('claims', 'true'), 'somebody');
  await client.create(schemas, schema('own', 'false'), 'somebody');
  await round();
  expect(await client.get(`${schemas}/claims`)).toBeUndefined();
  expect(await client.get(`${schemas}/own`)).toBeDefined();
  expect(await client.get(`${levels}/claims`)).toBeUndefined();
  expect(await client.get(`${levels}/own`)).toBeDefined();
});
