import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { PriorityAndFairness } from '../../flowcontrol/index.js';
import { fairnessMetrics } from '../../flowcontrol/metrics.js';
import type { JsonObject } from '../../machinery/json.js';
import { TestStore } from '../../rest/testing.js';
import type { ApiRequest, HandlerReply } from '../../rest/types.js';
import { encodeForStorage } from '../../schema/codec/index.js';
import { objectKey } from '../../store/keys.js';
import { createPaths } from '../paths.js';
import { RequestMetrics } from '../metrics.js';
import { type CallAnswer, JANE_TOKEN, startTestServer, type TestServer } from '../testing.js';

const GROUP = 'flowcontrol.apiserver.k8s.io';
const PODS = '/api/v1/namespaces/ns/pods';

let store: TestStore;
let fairness: PriorityAndFairness;
let server: TestServer;
/** What the handler answers each request with. */
let answer: (request: ApiRequest) => HandlerReply | Promise<HandlerReply>;
const ok: HandlerReply = { status: 200, contentType: 'application/json', body: '{}' };

async function put(resource: string, kind: string, name: string, spec: JsonObject): Promise<void> {
  const object = { apiVersion: `${GROUP}/v1`, kind, metadata: { name, uid: `uid-of-${name}` }, spec };
  const { value, revisionAt } = encodeForStorage(object);
  const key = objectKey(GROUP, resource, '', name);
  await store.deps.backend.txn({ compares: [], ops: [{ type: 'put', key, value, revisionAt }] });
}
const putLevel = (name: string, limited: JsonObject) =>
  put('prioritylevelconfigurations', 'PriorityLevelConfiguration', name, { type: 'Limited', limited });
const putSchema = (name: string, level: string, user: string) =>
  put('flowschemas', 'FlowSchema', name, {
    matchingPrecedence: 500,
    priorityLevelConfiguration: { name: level },
    distinguisherMethod: { type: 'ByUser' },
    rules: [
      {
        subjects: [{ kind: 'User', user: { name: user } }],
        resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], namespaces: ['*'], clusterScope: true }],
        nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/metrics'] }],
      },
    ],
  });
const QUEUE = { type: 'Queue', queuing: { queues: 1, handSize: 1, queueLengthLimit: 2 } };
const jane = (path = PODS): Promise<CallAnswer> => server.call(path, { token: JANE_TOKEN });

async function eventually(condition: () => boolean): Promise<void> {
  for (const end = performance.now() + 20_000; performance.now() < end; ) {
    if (condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  throw new Error(`in vain: ${condition.toString()}`);
}
/** Resolves when the level of jane's schema has so many requests that wait and that have seats. */
async function until(waiting: number, executing: number): Promise<void> {
  const level = fairness.levels.find((l) => l.config.name === 'narrow');
  await eventually(() => level?.set.waiting === waiting && level.set.executing === executing);
}

beforeAll(async () => {
  store = await TestStore.open();
  // The level has all seats but those of catch-all: 15 of 16 by shares.
  fairness = new PriorityAndFairness(store.deps.backend, 1);
  const metrics = new RequestMetrics(() => undefined);
  const never = (): Promise<void> => Promise.reject(new Error('not here'));
  const paths = createPaths({
    health: {
      ready: () => true,
      started: { checks: [], failure: () => undefined },
      storeFailure: () => undefined,
      shuttingDown: () => false,
    },
    metrics,
    openId: { issuer: '', jwksUri: '', keys: [] },
    raft: {
      status: () => ({ id: 1, term: 1, role: 'leader', leader: 1, commit: 1, applied: 1, members: [] }),
      addMember: never,
      promoteMember: never,
      removeMember: never,
      transferLeader: () => undefined,
      backup: () => Promise.reject(new Error('not here')),
    },
    discovery: () => undefined,
    openApi: () => undefined,
    fairness,
    flags: new Map(),
    groupPaths: () => [],
  });
  server = await startTestServer(
    0,
    (request) => answer(request),
    () => true,
    {
      fairness,
      paths,
      authorizer: { authorize: () => ({ decision: 'allow', reason: '' }) },
    },
  );
}, 60_000);
afterAll(async () => {
  await server.close();
  fairness.stop();
  await store.close();
});
beforeEach(async () => {
  answer = () => ok;
  await putLevel('narrow', { nominalConcurrencyShares: 75, limitResponse: QUEUE });
  await putSchema('of-jane', 'narrow', 'jane');
});
afterEach(() => until(0, 0));

test('a request is told by uid where it was put, and a change of a schema holds for the next one', async () => {
  const first = await jane();
  expect(first.headers['x-kubernetes-pf-flowschema-uid']).toBe('uid-of-of-jane');
  expect(first.headers['x-kubernetes-pf-prioritylevel-uid']).toBe('uid-of-narrow');
  await putSchema('of-jane', 'gone', 'jane');
  const second = await jane();
  expect(second.headers['x-kubernetes-pf-flowschema-uid']).toBeUndefined();
  await putSchema('of-jane', 'narrow', 'jane');
  expect((await jane()).headers['x-kubernetes-pf-flowschema-uid']).toBe('uid-of-of-jane');
});

test('what finds no seat waits for one, and what finds no place in the queue is told to come back', async () => {
  const held: (() => void)[] = [];
  answer = () => new Promise((resolve) => held.push(() => resolve(ok)));
  const running = jane();
  await until(0, 1);
  const waiting = [jane(), jane()];
  await until(2, 1);
  const refused = await jane();
  expect(refused.status).toBe(429);
  expect(refused.headers).toMatchObject({
    'retry-after': '1',
    'content-type': 'text/plain; charset=utf-8',
    'x-kubernetes-pf-prioritylevel-uid': 'uid-of-narrow',
  });
  expect(refused.body).toBe('Too many requests, please try again later.\n');
  // Others are not held up: neither the administrator nor who asks for nothing of his level.
  answer = () => ok;
  expect((await server.call(PODS)).status).toBe(200);
  expect((await server.call('/readyz', { token: '' })).status).toBe(200);

  const shown = await server.call('/debug/api_priority_and_fairness/dump_requests?includeRequestDetails=1');
  expect(shown.body.split('\n').filter((line) => line.startsWith('narrow')).length).toBe(3);
  expect(shown.body).toMatch(/^PriorityLevelName, +FlowSchemaName, +QueueIndex, .*UserName, +Verb, /);
  expect(shown.body).toMatch(/narrow, +of-jane, +0, +1, +jane, .* jane, +list, +\/api\/v1\/namespaces\/ns\/pods, +ns,/);
  const levels = await server.call('/debug/api_priority_and_fairness/dump_priority_levels');
  expect(levels.body).toMatch(/\nnarrow, +1, +false, +false, +2, +1, +\d+, +1, +0, +0\n/);
  const queues = await server.call('/debug/api_priority_and_fairness/dump_queues');
  expect(queues.body).toMatch(/\nnarrow, +0, +2, +1, +1, .*ss, +2, +2, +0\.00600000ss\n/);
  expect((await server.call('/debug/api_priority_and_fairness/dump_more')).status).toBe(404);

  answer = () => ok;
  for (const release of held) release();
  expect((await Promise.all([running, ...waiting])).map((a) => a.status)).toEqual([200, 200, 200]);
});

test('a refusal is recorded at once, and told a moment later; nothing is kept of its body', async () => {
  await putLevel('narrow', { nominalConcurrencyShares: 0, limitResponse: { type: 'Reject' } });
  const counted = async (): Promise<number> => {
    const text = (await server.metrics.render()).toString();
    return Number(/request_terminations_total\{[^}]*"POST"[^}]*\} (\d+)/.exec(text)?.[1] ?? 0);
  };
  const before = await counted();
  let isTold = false;
  const begun = performance.now();
  const body = Buffer.alloc(1024 * 1024, 'x');
  const refused = server.call(PODS, { token: JANE_TOKEN, method: 'POST', body }).then((a) => {
    isTold = true;
    return a;
  });
  while ((await counted()) === before) await new Promise((resolve) => setImmediate(resolve));
  expect(isTold).toBe(false);
  expect(await refused).toMatchObject({ status: 429, body: 'Too many requests, please try again later.\n' });
  expect(performance.now() - begun).toBeGreaterThan(200);
});

test('who waits and goes away makes room', async () => {
  let release = (): void => undefined;
  answer = () => new Promise((resolve) => (release = () => resolve(ok)));
  const running = jane();
  await until(0, 1);
  const controller = new AbortController();
  const leaving = server.call(PODS, { token: JANE_TOKEN, signal: controller.signal }).catch(() => 'gone');
  await until(1, 1);
  controller.abort();
  expect(await leaving).toBe('gone');
  await until(0, 1);
  release();
  expect((await running).status).toBe(200);
});

test('a watch has its seat until it has begun, one that begins with a state until that is sent', async () => {
  const ends: (() => void)[] = [];
  let begun = (): void => undefined;
  answer = (request) => {
    begun = () => request.watchBegun?.();
    return {
      status: 200,
      contentType: 'application/json',
      ahead: 'blank',
      stream: (sink) => {
        sink.write('{}\n');
        ends.push(() => sink.end());
      },
    };
  };
  const watches = [jane(`${PODS}?watch=1&resourceVersion=7`)];
  await eventually(() => ends.length === 1);
  await until(0, 0);
  const withState = ['&sendInitialEvents=true&resourceVersionMatch=NotOlderThan', '', '&resourceVersion=0'];
  for (const query of withState) {
    watches.push(jane(`${PODS}?watch=1${query}`));
    await eventually(() => ends.length === watches.length);
    await until(0, 1);
    begun();
    await until(0, 0);
  }
  watches.push(jane(`${PODS}?watch=1&resourceVersion=0&sendInitialEvents=false`));
  await eventually(() => ends.length === watches.length);
  await until(0, 0);
  expect(fairness.watches.interestedIn({ ...LIST, verb: 'create', name: 'p' })).toBe(watches.length);
  for (const end of ends) end();
  await Promise.all(watches);
  expect(fairness.watches.interestedIn({ ...LIST, verb: 'create', name: 'p' })).toBe(0);
});

const LIST = {
  isResourceRequest: true,
  path: PODS,
  verb: 'list',
  apiPrefix: 'api',
  group: '',
  version: 'v1',
  namespace: 'ns',
  resource: 'pods',
  subresource: '',
  name: '',
  parts: ['pods'],
  route: undefined,
};

test('a level without seats rejects everybody', async () => {
  await putLevel('narrow', { nominalConcurrencyShares: 0, limitResponse: { type: 'Reject' } });
  expect((await jane()).status).toBe(429);
  expect((await jane('/metrics')).status).toBe(429);
  expect((await jane('/readyz')).status).toBe(200);
  // What stays open by nature asks for no seat.
  const exec = await server.call(`${PODS}/p/exec`, { method: 'POST', token: JANE_TOKEN });
  expect([exec.status, exec.headers['x-kubernetes-pf-prioritylevel-uid']]).toEqual([200, undefined]);
});

test('what it does is told under the names of kube-apiserver', async () => {
  await jane();
  const text = [...fairnessMetrics(fairness)].join('');
  expect(text).toMatch(
    /\napiserver_flowcontrol_dispatched_requests_total\{flow_schema="of-jane",priority_level="narrow"\} [1-9]/,
  );
  expect(text).toMatch(/\napiserver_flowcontrol_nominal_limit_seats\{priority_level="narrow"\} 1\n/);
  expect(text).toMatch(
    /\napiserver_flowcontrol_priority_level_seat_utilization_count\{phase="executing",priority_level="narrow"\} [1-9]/,
  );
  // Prometheus takes each name once, and a line for each set of labels.
  const names = text.match(/^# TYPE \S+/gm) ?? [];
  expect(new Set(names).size).toBe(names.length);
  const lines = text.match(/^[a-z][^ ]*/gm) ?? [];
  expect(new Set(lines).size).toBe(lines.length);
});
