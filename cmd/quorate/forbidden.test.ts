import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JsonObject, JsonValue } from '../../internal/machinery/json.js';
import { quote } from '../../internal/machinery/status.js';
import { openReplica, type Replica } from '../../internal/replica/index.js';
import type { IncomingRequest } from '../../internal/server/http-listener.js';
import { RequestMetrics } from '../../internal/server/metrics.js';
import { type ApiServer, createApiServer } from './api-server.js';
import { servingConfig } from './config.js';
import { OF_NODE_N1, PATHS, WITHOUT_A_ROLE } from './forbidden-attempts.testkit.js';
import { flagsOf } from './testing.js';

const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const dir = mkdtempSync(join(tmpdir(), 'quorate-forbidden-'));
let replica: Replica;
let server: ApiServer;

beforeAll(async () => {
  const people = ['jane', 'vic', 'ed', 'ada', 'imp', 'giver'].map((name) => `${name},${name},,"people"`);
  const robot = 'robot,system:serviceaccount:dev:robot,,"system:serviceaccounts,system:serviceaccounts:dev"';
  const nodes = ['n1,system:node:n1,,"system:nodes"', 'root,root,,"system:masters"', robot];
  writeFileSync(join(dir, 'tokens.csv'), [...people, ...nodes].join('\n'));
  const flags = flagsOf(
    `--data-dir=${dir}`,
    `--token-auth-file=${join(dir, 'tokens.csv')}`,
    '--enable-admission-plugins=NodeRestriction',
    '--endpoint-reconciler-type=none',
  );
  replica = await openReplica({ name: 'r1', dataDir: join(dir, 'data'), compactionIntervalMs: 0 });
  await replica.ready();
  server = createApiServer({
    flags,
    serving: await servingConfig(flags),
    replica,
    metrics: new RequestMetrics(() => undefined),
    audit: undefined,
    isEnding: () => false,
    warnings: () => [],
  });
  await server.start();
  for (const name of ['dev', 'prod', 'kube-node-lease']) await made('/api/v1/namespaces', { metadata: { name } });
  for (const [user, role] of [
    ['vic', 'view'],
    ['ed', 'edit'],
    ['ada', 'admin'],
  ] as const) {
    await bound(`${RBAC}/namespaces/dev/rolebindings`, user, role);
  }
  const rules = (name: string, ...list: JsonObject[]): Promise<void> =>
    made(`${RBAC}/clusterroles`, { metadata: { name }, rules: list });
  await rules('imp', {
    apiGroups: [''],
    resources: ['users', 'groups', 'serviceaccounts'],
    verbs: ['impersonate'],
    resourceNames: ['jane', 'people', 'robot'],
  });
  await bound(`${RBAC}/clusterrolebindings`, 'imp', 'imp');
  await rules(
    'giver',
    { apiGroups: ['rbac.authorization.k8s.io'], resources: ['*'], verbs: ['create', 'update', 'patch'] },
    { apiGroups: [''], resources: ['pods'], verbs: ['get'] },
    { apiGroups: ['certificates.k8s.io'], resources: ['*'], verbs: ['*'] },
  );
  await bound(`${RBAC}/clusterrolebindings`, 'giver', 'giver');
  for (const name of ['n1', 'n2']) await made('/api/v1/nodes', { metadata: { name } });
  await made('/api/v1/namespaces/dev/serviceaccounts', { metadata: { name: 'default' } });
  const container = { name: 'c', image: 'i' };
  for (const [name, nodeName] of [
    ['mine', 'n1'],
    ['theirs', 'n2'],
  ] as const) {
    const spec = { nodeName, containers: [container], automountServiceAccountToken: false };
    await made('/api/v1/namespaces/dev/pods', { metadata: { name }, spec });
  }
});
afterAll(async () => {
  server.close();
  await replica.close();
  rmSync(dir, { recursive: true });
});

type Headers = Readonly<Record<string, string>>;

/** Sends a request through the whole chain. */
async function call(who: string, method: string, target: string, body?: JsonObject, headers: Headers = {}) {
  const [rawPath = '', rawQuery = ''] = target.split('?');
  const patch = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
  const all = { 'content-type': patch, ...headers, ...(who === 'anonymous' ? {} : { authorization: `Bearer ${who}` }) };
  const incoming: IncomingRequest = {
    method,
    rawPath,
    rawQuery,
    headers: Object.entries(all).flat(),
    peerCertificate: '',
    remoteAddress: () => '127.0.0.1',
    onAborted: () => undefined,
    readBody: () => Buffer.from(body === undefined ? '' : JSON.stringify(body)),
    openBody: () => undefined,
  };
  const { reply, finished } = await server.chain.serve(incoming);
  finished?.();
  const text = 'body' in reply ? reply.body.toString() : '{}';
  return { status: reply.status, body: JSON.parse(text.startsWith('{') ? text : '{}') as JsonObject };
}

async function made(path: string, body: JsonObject): Promise<void> {
  const { status, body: answer } = await call('root', 'POST', path, body);
  expect([201, 409], JSON.stringify(answer)).toContain(status);
}

/** Binds a ClusterRole to a user. */
const bound = (path: string, user: string, role: string): Promise<void> =>
  made(path, {
    metadata: { name: user },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }],
  });

/** What is told of a refusal. */
const refusal = ({ status, body }: { status: number; body: JsonObject }): JsonValue[] => [
  status,
  body['reason'] ?? '',
  body['message'] ?? '',
];

/** `resource name @namespace` of a table, in the words of a refusal. */
function wordsOf(user: string, verb: string, what: readonly string[], reason: string): string {
  const [resource = '', name = '-'] = what;
  const namespace = what.find((word) => word.startsWith('@'))?.slice(1);
  const dot = resource.indexOf('.');
  const group = dot < 0 ? '' : resource.slice(dot + 1);
  const full = dot < 0 ? resource : resource.slice(0, dot);
  const plural = `${full.split('/')[0]}${group === '' ? '' : `.${group}`}`;
  const object = name === '-' || name.startsWith('@') ? plural : `${plural} ${quote(name)}`;
  const where = namespace === undefined ? 'at the cluster scope' : `in the namespace ${quote(namespace)}`;
  const tail = reason === '' ? '' : `: ${reason}`;
  return `${object} is forbidden: User ${quote(user)} cannot ${verb} resource ${quote(full)} in API group ${quote(group)} ${where}${tail}`;
}

const lines = (table: string): string[] => table.split('\n').filter((line) => line !== '');
const nameOf = (who: string): string =>
  who === 'anonymous' ? 'system:anonymous' : who === 'n1' ? 'system:node:n1' : who;

describe('no role gives the right', () => {
  test.each(lines(WITHOUT_A_ROLE))('%s', async (line) => {
    const [asked = '', wanted = ''] = line.split(' => ');
    const [who = '', method = '', path = ''] = asked.split(' ');
    const [verb = '', ...what] = wanted.split(' ');
    const message = wordsOf(nameOf(who), verb, what, '');
    expect(refusal(await call(who, method, path, {}))).toEqual([403, 'Forbidden', message]);
  });
});

describe('no role opens the path', () => {
  test.each(lines(PATHS))('%s', async (line) => {
    const [asked = '', verb = ''] = line.split(' => ');
    const [who = '', method = '', path = ''] = asked.split(' ');
    const message = `forbidden: User ${quote(nameOf(who))} cannot ${verb} path ${quote(path)}`;
    expect(refusal(await call(who, method, path))).toEqual([403, 'Forbidden', message]);
  });
});

describe('a node is kept to its own', () => {
  test.each(lines(OF_NODE_N1))('%s', async (line) => {
    const [asked = '', rest = ''] = line.split(' => ');
    const [wanted = '', reason = ''] = rest.split(' |');
    const [method = '', path = ''] = asked.split(' ');
    const [verb = '', ...what] = wanted.split(' ');
    const message = wordsOf(nameOf('n1'), verb, what, reason.trim());
    expect(refusal(await call('n1', method, path, {}))).toEqual([403, 'Forbidden', message]);
  });

  const node = (name: string, more: JsonObject = {}): JsonObject => ({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, ...more },
  });
  const pod = (spec: JsonObject, metadata: JsonObject = {}): JsonObject => ({
    metadata: { name: 'x', ...metadata },
    spec: { containers: [{ name: 'c', image: 'i' }], ...spec },
  });
  const mirror = { annotations: { 'kubernetes.io/config.mirror': 'h' } };
  test.each<[string, string, JsonObject | undefined, string]>([
    ['PATCH', '/api/v1/nodes/n2', {}, 'nodes "n2" is forbidden: node "n1" is not allowed to modify node "n2"'],
    ['PATCH', '/api/v1/nodes/n2/status', {}, 'nodes "n2" is forbidden: node "n1" is not allowed to modify node "n2"'],
    ['POST', '/api/v1/nodes', node('n3'), 'nodes "n3" is forbidden: node "n1" is not allowed to modify node "n3"'],
    [
      'PATCH',
      '/api/v1/nodes/n1',
      { spec: { taints: [{ key: 'a', effect: 'NoSchedule' }] } },
      'nodes "n1" is forbidden: node "n1" is not allowed to modify taints',
    ],
    [
      'PATCH',
      '/api/v1/nodes/n1',
      { metadata: { labels: { 'node-restriction.kubernetes.io/a': 'b' } } },
      'nodes "n1" is forbidden: is not allowed to modify labels: node-restriction.kubernetes.io/a',
    ],
    [
      'POST',
      '/api/v1/namespaces/dev/pods',
      pod({ nodeName: 'n1' }),
      'pods "x" is forbidden: pod does not have "kubernetes.io/config.mirror" annotation, node "n1" can only create mirror pods',
    ],
    [
      'POST',
      '/api/v1/namespaces/dev/pods',
      pod({ nodeName: 'n2' }, mirror),
      'pods "x" is forbidden: node "n1" can only create pods with spec.nodeName set to itself',
    ],
    [
      'POST',
      '/api/v1/namespaces/dev/serviceaccounts/default/token',
      { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { audiences: ['api'] } },
      'serviceaccounts "default" is forbidden: node requested token not bound to a pod',
    ],
    [
      'DELETE',
      '/api/v1/namespaces/dev/pods/theirs',
      undefined,
      'pods "theirs" is forbidden: node "n1" can only delete pods with spec.nodeName set to itself',
    ],
    [
      'PATCH',
      '/api/v1/namespaces/dev/pods/theirs/status',
      { status: { phase: 'Failed' } },
      'pods "theirs" is forbidden: node "n1" can only update pod status for pods with spec.nodeName set to itself',
    ],
    [
      'POST',
      '/api/v1/namespaces/dev/pods/theirs/eviction',
      { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'theirs' } },
      'pods "theirs" is forbidden: node n1 can only evict pods with spec.nodeName set to itself',
    ],
  ])('%s %s', async (method, path, body, message) => {
    expect(refusal(await call('n1', method, path, body))).toEqual([403, 'Forbidden', message]);
  });
});

describe('nobody impersonates whom they may not', () => {
  const cannot = (who: string, mode: string): string =>
    `pods is forbidden: User ${quote(who)} cannot impersonate-on:${mode}:list resource "pods" in API group "" at the cluster scope`;
  test.each<[string, Headers, string]>([
    ['jane', { 'impersonate-user': 'root' }, cannot('jane', 'user-info')],
    ['jane', { 'impersonate-user': 'jane' }, cannot('jane', 'user-info')],
    ['anonymous', { 'impersonate-user': 'jane' }, cannot('system:anonymous', 'user-info')],
    ['n1', { 'impersonate-user': 'system:node:n2' }, cannot('system:node:n1', 'arbitrary-node')],
    ['imp', { 'impersonate-user': 'root' }, cannot('imp', 'user-info')],
    ['imp', { 'impersonate-user': 'system:anonymous' }, cannot('imp', 'user-info')],
    ['imp', { 'impersonate-user': 'jane', 'impersonate-group': 'system:masters' }, cannot('imp', 'user-info')],
    ['imp', { 'impersonate-user': 'jane', 'impersonate-uid': 'u' }, cannot('imp', 'user-info')],
    ['imp', { 'impersonate-user': 'jane', 'impersonate-extra-a': 'b' }, cannot('imp', 'user-info')],
    ['imp', { 'impersonate-user': 'system:serviceaccount:dev:default' }, cannot('imp', 'serviceaccount')],
    ['ed', { 'impersonate-user': 'system:serviceaccount:prod:default' }, cannot('ed', 'serviceaccount')],
  ])('%s %j', async (who, headers, message) => {
    expect(refusal(await call(who, 'GET', '/api/v1/pods', undefined, headers))).toEqual([403, 'Forbidden', message]);
  });

  test('and who may has the rights of the other, not their own', async () => {
    const headers = { 'impersonate-user': 'jane', 'impersonate-group': 'people' };
    expect(refusal(await call('imp', 'GET', '/api/v1/pods', undefined, headers))).toEqual([
      403,
      'Forbidden',
      'pods is forbidden: User "jane" cannot list resource "pods" in API group "" at the cluster scope',
    ]);
    const lost = refusal(await call('root', 'GET', '/api/v1/pods', undefined, { 'impersonate-user': 'jane' }));
    expect(lost[0]).toBe(403);
  });
});

describe('nobody gives rights that they do not have', () => {
  const held = (groups: string): string =>
    `user "giver" (groups=${groups}) is attempting to grant RBAC permissions not currently held:\n`;
  const who = held('["people" "system:authenticated"]');
  const role = (...rules: JsonObject[]): JsonObject => ({ metadata: { name: 'r' }, rules });
  const binding = (kind: string, name: string): JsonObject => ({
    metadata: { name: 'b' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name },
    subjects: [],
  });
  const secrets = { apiGroups: [''], resources: ['secrets'], verbs: ['get'] };
  const missing = '{APIGroups:[""], Resources:["secrets"], Verbs:["get"]}';
  test.each<[string, JsonObject, string]>([
    [
      `${RBAC}/clusterroles`,
      role(secrets),
      `clusterroles.rbac.authorization.k8s.io "r" is forbidden: ${who}${missing}`,
    ],
    [
      `${RBAC}/namespaces/dev/roles`,
      role(secrets),
      `roles.rbac.authorization.k8s.io "r" is forbidden: ${who}${missing}`,
    ],
    [
      `${RBAC}/clusterroles`,
      role({ nonResourceURLs: ['/metrics'], verbs: ['get'] }),
      `clusterroles.rbac.authorization.k8s.io "r" is forbidden: ${who}{NonResourceURLs:["/metrics"], Verbs:["get"]}`,
    ],
    [
      `${RBAC}/clusterroles`,
      role({ apiGroups: [''], resources: ['pods'], verbs: ['get', 'delete'] }),
      `clusterroles.rbac.authorization.k8s.io "r" is forbidden: ${who}{APIGroups:[""], Resources:["pods"], Verbs:["delete"]}`,
    ],
    [
      `${RBAC}/clusterrolebindings`,
      binding('ClusterRole', 'cluster-admin'),
      `clusterrolebindings.rbac.authorization.k8s.io "b" is forbidden: ${who}{APIGroups:["*"], Resources:["*"], Verbs:["*"]}\n{NonResourceURLs:["*"], Verbs:["*"]}`,
    ],
    [
      `${RBAC}/namespaces/dev/rolebindings`,
      binding('ClusterRole', 'cluster-admin'),
      `rolebindings.rbac.authorization.k8s.io "b" is forbidden: ${who}{APIGroups:["*"], Resources:["*"], Verbs:["*"]}\n{NonResourceURLs:["*"], Verbs:["*"]}`,
    ],
  ])('POST %s %#', async (path, body, message) => {
    expect(refusal(await call('giver', 'POST', path, body))).toEqual([403, 'Forbidden', message]);
  });
  test('nor by changing a role that is there', async () => {
    const path = `${RBAC}/clusterroles/giver`;
    const rules = [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }];
    const [status, reason, message] = refusal(await call('giver', 'PATCH', path, { rules }));
    expect([status, reason]).toEqual([403, 'Forbidden']);
    expect(message).toContain(`${who}{APIGroups:["*"], Resources:["*"], Verbs:["*"]}`);
  });
});

describe('nobody is let in', () => {
  test.each(['unknown', 'a.b.c', 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJyb290In0.'])('with the token %s', async (token) => {
    for (const path of ['/api/v1/pods', '/livez', '/apis/authentication.k8s.io/v1/selfsubjectreviews']) {
      expect(refusal(await call(token, 'GET', path))).toEqual([401, 'Unauthorized', 'Unauthorized']);
    }
  });
});

test('there are at least 200 of them', () => {
  expect(lines(WITHOUT_A_ROLE).length + lines(PATHS).length + lines(OF_NODE_N1).length).toBeGreaterThan(200);
});
