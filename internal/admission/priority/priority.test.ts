import { afterAll, beforeAll, expect, test } from 'vitest';
import { child } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import { storeReader } from '../lookup.js';
import { attributesOf, contextOf } from '../testing/attributes.js';
import { priority } from './index.js';
import { type Rest, startRest } from '../../rest/write/testing/harness.js';
import { objectKey } from '../../store/keys.js';

const PODS = '/api/v1/namespaces/default/pods';
const CLASSES = '/apis/scheduling.k8s.io/v1/priorityclasses';

const SECOND = { metadata: { name: 'second' }, value: 11, globalDefault: true };

let rest: Rest;
beforeAll(async () => {
  rest = await startRest();
  await rest.ok(201, 'POST', CLASSES, { metadata: { name: 'high' }, value: 1000 });
  await rest.ok(201, 'POST', CLASSES, { metadata: { name: 'polite' }, value: 5, preemptionPolicy: 'Never' });
});
afterAll(() => rest.close());

const body = (name: string, spec: JsonObject): JsonObject => ({
  metadata: { name },
  spec: { containers: [{ name: 'c', image: 'i' }], ...spec },
});
const made = async (name: string, spec: JsonObject): Promise<JsonObject> =>
  child(await rest.ok(201, 'POST', PODS, body(name, spec)), 'spec') ?? {};

test('A pod has the priority and the policy of its class', async () => {
  expect(await made('a', { priorityClassName: 'high' })).toMatchObject({
    priority: 1000,
    preemptionPolicy: 'PreemptLowerPriority',
  });
  expect(await made('b', { priorityClassName: 'polite' })).toMatchObject({ priority: 5, preemptionPolicy: 'Never' });
});

test('A pod that names no class has 0 where there is no default', async () => {
  const spec = await made('c', {});
  expect(spec).toMatchObject({ priority: 0, preemptionPolicy: 'PreemptLowerPriority' });
  expect(spec['priorityClassName']).toBeUndefined();
});

test('A class that does not exist is refused', async () => {
  expect(await rest.ok(403, 'POST', PODS, body('d', { priorityClassName: 'none' }))).toMatchObject({
    message: 'pods "d" is forbidden: no PriorityClass with name none was found',
  });
});

test('Numbers and policies that a class does not give are refused, those that it gives are not', async () => {
  const refused = await rest.ok(403, 'POST', PODS, body('e', { priorityClassName: 'high', priority: 999 }));
  expect(refused['message']).toBe(
    'pods "e" is forbidden: the integer value of priority (999) must not be provided in pod spec; priority admission controller computed 1000 from the given PriorityClass name',
  );
  await rest.ok(403, 'POST', PODS, body('e', { priorityClassName: 'high', preemptionPolicy: 'Never' }));
  await rest.ok(403, 'POST', PODS, body('e', { priority: 1 }));
  expect(await made('e', { priorityClassName: 'polite', priority: 5, preemptionPolicy: 'Never' })).toMatchObject({
    priority: 5,
  });
});

test('An update that leaves them out keeps them', async () => {
  const pod = await rest.ok(200, 'GET', `${PODS}/b`);
  const spec = { ...child(pod, 'spec') };
  delete spec['priority'];
  delete spec['preemptionPolicy'];
  const metadata = { ...child(pod, 'metadata'), labels: { a: 'b' } };
  expect(await rest.ok(200, 'PUT', `${PODS}/b`, { ...pod, metadata, spec })).toMatchObject({
    spec: { priority: 5, preemptionPolicy: 'Never' },
  });
});

test('There is one global default, which pods without a class get by name', async () => {
  const usual = await rest.ok(201, 'POST', CLASSES, { metadata: { name: 'usual' }, value: 10, globalDefault: true });
  expect(await made('f', {})).toMatchObject({ priority: 10, priorityClassName: 'usual' });
  expect(await rest.ok(403, 'POST', CLASSES, SECOND)).toMatchObject({
    message:
      'priorityclasses.scheduling.k8s.io "second" is forbidden: PriorityClass usual is already marked as default. Only one default can exist',
  });
  await rest.ok(200, 'PUT', `${CLASSES}/usual`, { ...usual, description: 'still the default' });
  await rest.ok(201, 'POST', CLASSES, { ...SECOND, globalDefault: false });
});

test('Of several global defaults, which two replicas may make at the same moment, the lowest counts', async () => {
  const { backend } = rest.cluster.replica(0);
  const put = async (name: string, value: number): Promise<void> => {
    const key = objectKey('scheduling.k8s.io', 'priorityclasses', '', name);
    const text = Buffer.from(JSON.stringify({ ...SECOND, metadata: { name }, value }));
    await backend.txn({ compares: [], ops: [{ type: 'put', key, value: text, revisionAt: -1 }] });
  };
  // In the order of their names the lowest is neither the first nor the last.
  for (const [name, value] of [
    ['above', 12],
    ['lowest', 3],
    ['top', 13],
  ] as const) {
    await put(name, value);
  }
  expect(await made('g', {})).toMatchObject({ priority: 3, priorityClassName: 'lowest' });
});

test('Of several defaults the lowest counts, and of none of its own an update has what was there', async () => {
  // Two can be written at once on two replicas: each sees none.
  const twins = [
    { metadata: { name: 'a-high' }, value: 12, globalDefault: true },
    { metadata: { name: 'low' }, value: 3, globalDefault: true, preemptionPolicy: 'Never' },
    { metadata: { name: 'zero' }, globalDefault: true },
  ];
  const listed: JsonObject[] = twins.map((o) => ({ ...o }));
  const reader = { ...storeReader(rest.deps.backend), list: () => listed };
  const object: JsonObject = { metadata: { name: 'p' }, spec: {} };
  void priority.admit?.(contextOf(reader), attributesOf('pods', { object }));
  expect(object['spec']).toEqual({ priority: 0, priorityClassName: 'zero', preemptionPolicy: 'PreemptLowerPriority' });
  listed.pop();
  const next: JsonObject = { metadata: { name: 'p' }, spec: {} };
  void priority.admit?.(contextOf(reader), attributesOf('pods', { object: next }));
  expect(next['spec']).toEqual({ priority: 3, priorityClassName: 'low', preemptionPolicy: 'Never' });
});

test('Pods without a spec are for validation to refuse', () => {
  const object: JsonObject = { metadata: { name: 'p' } };
  void priority.admit?.(contextOf(), attributesOf('pods', { object }));
  void priority.admit?.(contextOf(), attributesOf('pods', { operation: 'UPDATE', object, oldObject: {} }));
  expect(object).toEqual({ metadata: { name: 'p' } });
});
