import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { UserInfo } from '../auth/types.js';
import type { JsonObject } from '../machinery/json.js';
import { FLOW_SCHEMAS, PRIORITY_LEVELS } from '../registry/default-objects/flow-control.js';
import { TestStore } from '../rest/testing.js';
import { encodeForStorage } from '../schema/codec/index.js';
import { nonResourceInfo, requestInfo } from '../server/request-info.js';
import { objectKey } from '../store/keys.js';
import { PriorityAndFairness } from './index.js';
import type { PriorityLevel } from './priority-level.js';
import { Ticket } from './queue.js';
import { ONE_SEAT } from './work-estimate.js';
import { nobody } from './requests.testkit.js';

const GROUP = 'flowcontrol.apiserver.k8s.io';
const SEATS = 600;

let store: TestStore;
let fairness: PriorityAndFairness;

async function put(resource: string, kind: string, name: string, spec: JsonObject): Promise<void> {
  const { value, revisionAt } = encodeForStorage({ apiVersion: `${GROUP}/v1`, kind, metadata: { name }, spec });
  const key = objectKey(GROUP, resource, '', name);
  await store.deps.backend.txn({ compares: [], ops: [{ type: 'put', key, value, revisionAt }] });
}
const remove = (resource: string, name: string) =>
  store.deps.backend.txn({ compares: [], ops: [{ type: 'delete', key: objectKey(GROUP, resource, '', name) }] });
const putLevel = (name: string, spec: JsonObject) =>
  put('prioritylevelconfigurations', 'PriorityLevelConfiguration', name, spec);
const putSchema = (name: string, spec: JsonObject) => put('flowschemas', 'FlowSchema', name, spec);

const user = (username: string, ...groups: string[]): UserInfo => ({ username, uid: '', groups, extra: {} });
const jane = user('jane', 'system:authenticated');
const place = (who: UserInfo, method: string, path: string): string => {
  const info = path.startsWith('/api') ? requestInfo(method, path, '') : nonResourceInfo(method, path);
  const { schema, level } = fairness.classify(info, who);
  return `${schema.name} ${level.config.name}`;
};
const level = (name: string): PriorityLevel | undefined => fairness.levels.find((l) => l.config.name === name);
/** So many requests of jane's at a time; answers what ends them. */
function take(count: number): () => void {
  const flow = fairness.classify(requestInfo('GET', '/api/v1/pods/p', ''), jane);
  const tickets = Array.from({ length: count }, () => new Ticket(flow, ONE_SEAT, false, () => nobody));
  for (const ticket of tickets) void flow.level.set.enter(ticket, 60_000);
  return () => {
    for (const ticket of tickets) {
      flow.level.set.cancel(ticket);
      flow.level.set.finish(ticket);
    }
  };
}

beforeAll(async () => {
  store = await TestStore.open();
});
afterAll(() => store.close());
beforeEach(() => {
  fairness?.stop();
  fairness = new PriorityAndFairness(store.deps.backend, SEATS);
});

test('without any object every request has its place', () => {
  expect(place(user('admin', 'system:masters'), 'GET', '/api/v1/pods')).toBe('exempt exempt');
  expect(place(jane, 'GET', '/api/v1/pods')).toBe('catch-all catch-all');
  // Somebody in no group at all, too.
  expect(place(user('odd'), 'GET', '/api/v1/pods')).toBe('catch-all catch-all');
});

test('what was decided for a user does not hold for one of the same name in other groups', () => {
  for (let i = 0; i < 2; i++) {
    expect(place(user('jane', 'system:masters'), 'GET', '/api/v1/pods')).toBe('exempt exempt');
    expect(place(jane, 'GET', '/api/v1/pods')).toBe('catch-all catch-all');
  }
});

test("Kubernetes' own objects put requests where kube-apiserver has them", async () => {
  for (const row of PRIORITY_LEVELS) await putLevel(row.name, row.spec);
  for (const row of FLOW_SCHEMAS) await putSchema(row.name, row.spec);
  const lease = '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/l';
  const node = user('system:node:n', 'system:nodes', 'system:authenticated');
  const scheduler = user('system:kube-scheduler', 'system:authenticated');
  expect(place(scheduler, 'PUT', lease)).toBe('system-leader-election leader-election');
  expect(place(scheduler, 'GET', '/api/v1/pods')).toBe('kube-scheduler workload-high');
  expect(place(node, 'PUT', lease)).toBe('system-node-high node-high');
  expect(place(node, 'PATCH', '/api/v1/nodes/n/status')).toBe('system-node-high node-high');
  expect(place(node, 'GET', '/api/v1/pods')).toBe('system-nodes system');
  expect(place(jane, 'GET', '/readyz')).toBe('probes exempt');
  expect(place(jane, 'GET', '/metrics')).toBe('global-default global-default');
  const account = user('system:serviceaccount:a:b', 'system:serviceaccounts', 'system:authenticated');
  expect(place(account, 'GET', '/api/v1/pods')).toBe('service-accounts workload-low');
  // The same name in other groups is another user, whatever was asked before.
  expect(place(user('jane', 'system:masters'), 'GET', '/api/v1/pods')).toBe('exempt exempt');
  expect(place(jane, 'GET', '/api/v1/pods')).toBe('global-default global-default');
});

test('a change of a schema holds for the next request; one that leads nowhere is passed over', async () => {
  const spec = (precedence: number, to: string): JsonObject => ({
    matchingPrecedence: precedence,
    priorityLevelConfiguration: { name: to },
    rules: [
      {
        subjects: [{ kind: 'User', user: { name: 'jane' } }],
        resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], clusterScope: true, namespaces: ['*'] }],
      },
    ],
  });
  expect(place(jane, 'GET', '/api/v1/pods')).toBe('global-default global-default');
  await putSchema('b', spec(100, 'system'));
  expect(place(jane, 'GET', '/api/v1/pods')).toBe('b system');
  await putSchema('a', spec(100, 'node-high'));
  expect(place(jane, 'GET', '/api/v1/pods')).toBe('a node-high');
  await putSchema('a', spec(100, 'nowhere'));
  expect(place(jane, 'GET', '/api/v1/pods')).toBe('b system');
  await remove('flowschemas', 'a');
  await remove('flowschemas', 'b');
  expect(place(jane, 'GET', '/api/v1/pods')).toBe('global-default global-default');
});

test('a level that is asked for more gets what others do not use, and gives it back', () => {
  const own = level('global-default');
  const lender = level('workload-low');
  const nominal = own?.limits.nominal ?? 0;
  const end = take(250);
  fairness.adjust();
  fairness.adjust();
  expect(own?.seats).toBeGreaterThan(2 * nominal);
  expect(lender?.seats).toBeLessThan(lender?.limits.nominal ?? 0);
  expect(lender?.seats).toBeGreaterThanOrEqual(lender?.limits.min ?? 0);
  const all = fairness.levels.reduce((sum, l) => sum + l.seats, 0);
  const divided = fairness.levels.reduce((sum, l) => sum + l.limits.nominal, 0);
  expect(Math.abs(all - divided)).toBeLessThanOrEqual(fairness.levels.length);
  const before = own?.seats ?? 0;
  end();
  for (let i = 0; i < 100; i++) fairness.adjust();
  expect(own?.seats).toBeLessThan(before);
});

test('a level that is gone ends with its last request', async () => {
  await putLevel('short', { type: 'Limited', limited: { limitResponse: { type: 'Reject' } } });
  await putSchema('to-short', {
    matchingPrecedence: 50,
    priorityLevelConfiguration: { name: 'short' },
    rules: [
      {
        subjects: [{ kind: 'User', user: { name: 'jane' } }],
        resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], clusterScope: true, namespaces: ['*'] }],
      },
    ],
  });
  const end = take(2);
  await remove('prioritylevelconfigurations', 'short');
  expect(level('short')?.quiescing).toBe(true);
  expect(place(jane, 'GET', '/api/v1/pods')).toBe('global-default global-default');
  end();
  expect(level('short')).toBeUndefined();
  await remove('flowschemas', 'to-short');
});
