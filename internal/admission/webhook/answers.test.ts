import { Registry } from 'prom-client';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { Callout, clusterIpResolver } from '../../callout/index.js';
import type { JsonObject } from '../../machinery/json.js';
import { type Rest, startRest } from '../../rest/write/testing/harness.js';
import { startWebhookServer, type WebhookAnswer, type WebhookServer } from '../../testing/webhook-server.js';
import { storeReader } from '../lookup.js';
import { admissionChain } from '../plugins.js';

const CONFIGURATIONS = '/apis/admissionregistration.k8s.io/v1';
const CONFIGMAPS = '/api/v1/namespaces/default/configmaps';
const RULE = { operations: ['*'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] };
type Type = 'mutating' | 'validating';

let hooks: WebhookServer;
let rest: Rest;
const callout = new Callout();
const registry = new Registry();
let created: string[] = [];

beforeAll(async () => {
  hooks = await startWebhookServer();
  rest = await startRest(1, (backend) => ({
    admission: admissionChain({ registry, calls: { callout, resolve: clusterIpResolver(storeReader(backend)) } }),
  }));
});
afterAll(async () => {
  await rest.close();
  callout.close();
  await hooks.close();
});
beforeEach(async () => {
  for (const path of created) await rest.ok(200, 'DELETE', path);
  created = [];
  hooks.reviews.clear();
});

async function configure(type: Type, name: string, more: JsonObject = {}, ...others: JsonObject[]): Promise<void> {
  const webhook = (own: JsonObject): JsonObject => ({
    name: `${name}.example.com`,
    clientConfig: { url: `${hooks.url}/${name}`, caBundle: hooks.caBundle },
    rules: [RULE],
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
    ...own,
  });
  const of = `${CONFIGURATIONS}/${type}webhookconfigurations`;
  await rest.ok(201, 'POST', of, { metadata: { name }, webhooks: [more, ...others].map(webhook) });
  created.push(`${of}/${name}`);
}
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const patch = (operations: unknown, patchType = 'JSONPatch'): JsonObject => ({
  allowed: true,
  patchType,
  patch: base64(typeof operations === 'string' ? operations : JSON.stringify(operations)),
});

let made = 0;
/** Makes a ConfigMap: the answer, and what its event is told. */
async function create(more: JsonObject = {}, query = '') {
  const notes: Record<string, string> = {};
  const annotate = (key: string, value: string): void => void (notes[key] = value);
  const body = { metadata: { name: `o${++made}`, ...more }, data: { k: 'v' } };
  const answer = await rest.call('POST', `${CONFIGMAPS}${query}`, body, { annotate });
  return { ...answer, notes };
}
const counted = async (part: string): Promise<string[]> =>
  (await registry.metrics()).split('\n').filter((line) => line.startsWith(part));

const FAILED = 'Internal error occurred: failed calling webhook "bad.example.com": ';
const UNDECODABLE = 'received undecodable patch in webhook response: ';
/** What is wrong with an answer: its words, and which webhooks notice. */
const BAD: readonly [string, WebhookAnswer, string, readonly Type[]][] = [
  [
    'another uid',
    { uid: 'x', allowed: true },
    'received invalid webhook response: expected response.uid=',
    ['mutating', 'validating'],
  ],
  ['no review', { raw: 'oops' }, 'failed to call webhook: ', ['mutating', 'validating']],
  [
    'an error of its server',
    { raw: 'oops', status: 503 },
    'failed to call webhook: the server is currently unable to handle the request',
    ['mutating', 'validating'],
  ],
  [
    'a patch from who may not change',
    patch([]),
    'received invalid webhook response: validating webhook may not return response.patch',
    ['validating'],
  ],
  ['a patch that is no JSON', patch('[{'), UNDECODABLE, ['mutating']],
  [
    'a patch that is an object',
    patch({}),
    `${UNDECODABLE}json: cannot unmarshal object into Go value of type jsonpatch.Patch`,
    ['mutating'],
  ],
  [
    'a patch that is a text',
    patch('"a"'),
    `${UNDECODABLE}json: cannot unmarshal string into Go value of type jsonpatch.Patch`,
    ['mutating'],
  ],
  [
    'a patch of texts',
    patch(['a']),
    `${UNDECODABLE}json: cannot unmarshal value into Go value of type jsonpatch.Patch`,
    ['mutating'],
  ],
  [
    'a patch of another type',
    patch([{ op: 'remove', path: '/data' }], 'Other'),
    'unsupported patch type "Other"',
    ['mutating'],
  ],
];
test.each(BAD.flatMap(([what, answer, words, types]) => types.map((type) => [what, type, answer, words] as const)))(
  'an answer with %s fails the request of a %s webhook, or is passed over, which its event tells',
  async (_what, type, answer, words) => {
    hooks.on('/bad', () => answer);
    await configure(type, 'bad');
    const failed = await create();
    expect(failed.status).toBe(500);
    expect(failed.body['message']).toContain(`${FAILED}${words}`);
    expect(Object.keys(failed.notes)).toEqual([]);

    await rest.ok(200, 'DELETE', created.pop() ?? '');
    await configure(type, 'bad', { failurePolicy: 'Ignore' });
    const { status, body, notes } = await create();
    expect([status, body['data']]).toEqual([201, { k: 'v' }]);
    const phase = type === 'mutating' ? 'mutation' : 'validation';
    expect(notes).toEqual({
      [`failed-open.${phase}.webhook.admission.k8s.io/round_0_index_0`]: 'bad.example.com',
      ...(type === 'validating'
        ? {}
        : {
            'mutation.webhook.admission.k8s.io/round_0_index_0':
              '{"configuration":"bad","webhook":"bad.example.com","mutated":false}',
          }),
    });
  },
);

test.each<[string, unknown, string, string]>([
  [
    'misses its place',
    [{ op: 'remove', path: '/data/none' }],
    "Internal error occurred: error in remove for path: '/data/none'",
    '',
  ],
  [
    'makes no object of the kind',
    [{ op: 'add', path: '/data/n', value: 5 }],
    'Internal error occurred: ',
    'json: cannot unmarshal number',
  ],
])('a patch that %s is an error of the server, whatever the failurePolicy', async (_what, operations, words, more) => {
  hooks.on('/misfit', () => patch(operations));
  await configure('mutating', 'misfit', { failurePolicy: 'Ignore' });
  const { status, body } = await create();
  expect(status).toBe(500);
  expect(body['message']).toContain(words);
  expect(body['message']).toContain(more);
});

test('a patch of nothing changes nothing; one of a delete cannot be applied', async () => {
  hooks.on('/patch', () => patch([]));
  await configure('mutating', 'patch');
  const { status, notes } = await create();
  expect([status, notes]).toEqual([
    201,
    {
      'mutation.webhook.admission.k8s.io/round_0_index_0':
        '{"configuration":"patch","webhook":"patch.example.com","mutated":false}',
    },
  ]);
  await rest.ok(200, 'DELETE', `${CONFIGMAPS}/o${made}?dryRun=All`);
  hooks.on('/patch', () => patch([{ op: 'remove', path: '/data' }]));
  const refused = await rest.call('DELETE', `${CONFIGMAPS}/o${made}`);
  expect([refused.status, refused.body['message']]).toEqual([
    500,
    'Internal error occurred: admission webhook "patch.example.com" attempted to modify the object, which is not supported for this operation',
  ]);
});

test('a refusal reaches the client as it is, also where failures are ignored, and its event is told what it says', async () => {
  hooks.on('/no', () => ({
    allowed: false,
    status: { code: 409, reason: 'Conflict', message: 'not now' },
    auditAnnotations: { 'seen-by': 'me' },
    warnings: ['careful', '', 'a\nb', 'x\u0085', '~'],
  }));
  for (const type of ['mutating', 'validating'] as const) {
    await configure(type, 'no', { failurePolicy: 'Ignore' });
    const { status, body, notes, warnings } = await create();
    expect([status, body['reason'], body['message']]).toEqual([
      409,
      'Conflict',
      'admission webhook "no.example.com" denied the request: not now',
    ]);
    expect(notes).toEqual({ 'no.example.com/seen-by': 'me' });
    expect(warnings).toEqual(['careful', '~']);
    await rest.ok(200, 'DELETE', created.pop() ?? '');
  }
});

test('a review has the objects and the user of the request, in the first version that is known', async () => {
  hooks.on('/seen', () => ({ allowed: true }));
  await configure('validating', 'seen', {
    admissionReviewVersions: ['v2', 'v1beta1', 'v1'],
    rules: [{ ...RULE, operations: ['UPDATE', 'DELETE'] }],
  });
  const { body } = await create();
  expect(hooks.reviews.get('/seen')).toBeUndefined();
  const at = `${CONFIGMAPS}/o${made}`;
  const changed = { ...body, data: { k: 'w' } };
  await rest.ok(200, 'PUT', `${at}?dryRun=All&fieldManager=m`, changed, {
    user: 'ann',
    groups: ['system:masters', 'g'],
  });
  await rest.ok(200, 'DELETE', at);
  const [update, remove] = hooks.reviews.get('/seen') ?? [];
  const configMap = { group: '', version: 'v1', kind: 'ConfigMap' };
  const resource = { group: '', version: 'v1', resource: 'configmaps' };
  const { object, oldObject, uid, ...rest_ } = (update?.['request'] ?? {}) as JsonObject;
  expect(update).toMatchObject({ apiVersion: 'admission.k8s.io/v1beta1', kind: 'AdmissionReview' });
  expect(uid).toMatch(/^[0-9a-f-]{36}$/);
  expect(rest_).toEqual({
    kind: configMap,
    resource,
    requestKind: configMap,
    requestResource: resource,
    name: `o${made}`,
    namespace: 'default',
    operation: 'UPDATE',
    userInfo: { username: 'ann', groups: ['system:masters', 'g'] },
    dryRun: true,
    options: { kind: 'UpdateOptions', apiVersion: 'meta.k8s.io/v1', dryRun: ['All'], fieldManager: 'm' },
  });
  expect([object, oldObject]).toMatchObject([{ data: { k: 'w' } }, { data: { k: 'v' } }]);
  expect(remove?.['request']).toMatchObject({
    operation: 'DELETE',
    object: null,
    oldObject: { data: { k: 'v' } },
    dryRun: false,
  });
});

test('is asked only where namespace, labels, scope and conditions are those that it wants', async () => {
  hooks.on('/some', () => ({ allowed: false }));
  const asked = async (more: JsonObject, labels: JsonObject = { a: 'b' }): Promise<boolean> => {
    await configure('validating', 'some', more);
    const { status } = await create({ labels });
    await rest.ok(200, 'DELETE', created.pop() ?? '');
    return status !== 201;
  };
  const namespace = (name: string) => ({ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } } });
  expect(await asked({})).toBe(true);
  expect(await asked(namespace('default'))).toBe(true);
  expect(await asked(namespace('other'))).toBe(false);
  expect(await asked({ objectSelector: { matchLabels: { a: 'b' } } })).toBe(true);
  expect(await asked({ objectSelector: { matchLabels: { a: 'b' } } }, {})).toBe(false);
  expect(await asked({ rules: [{ ...RULE, scope: 'Cluster' }] })).toBe(false);
  expect(await asked({ rules: [{ ...RULE, scope: 'Namespaced' }] })).toBe(true);
  expect(await asked({ rules: [{ ...RULE, operations: ['UPDATE'] }] })).toBe(false);
  const condition = (expression: string) => ({ matchConditions: [{ name: 'c', expression }] });
  expect(await asked(condition("request.operation == 'CREATE'"))).toBe(true);
  expect(await asked(condition("object.data.k == 'w'"))).toBe(false);
  expect(await asked({ ...condition('object.none == 1'), failurePolicy: 'Ignore' })).toBe(false);
  expect(await asked({ ...condition('object.none == 1'), failurePolicy: 'Fail' })).toBe(true);
  const of = 'name="some.example.com",kind="webhook",type="validating",operation="CREATE"';
  expect(await counted('apiserver_admission_match_condition')).toEqual([
    `apiserver_admission_match_condition_exclusions_total{${of}} 2`,
    `apiserver_admission_match_condition_evaluation_errors_total{${of}} 1`,
  ]);
});

test('a rule for another version of the resource counts, unless the match is to be exact; an own version goes before', async () => {
  hooks.on('/version', () => ({ allowed: true }));
  const rule = (...apiVersions: string[]) => ({
    rules: [
      { operations: ['CREATE'], apiGroups: ['autoscaling'], apiVersions, resources: ['horizontalpodautoscalers'] },
    ],
  });
  const seen = async (more: JsonObject): Promise<unknown> => {
    hooks.reviews.clear();
    await configure('mutating', 'version', more);
    await rest.ok(201, 'POST', '/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers?dryRun=All', {
      metadata: { name: 'h' },
      spec: { maxReplicas: 3, scaleTargetRef: { kind: 'Deployment', name: 'd', apiVersion: 'apps/v1' } },
    });
    await rest.ok(200, 'DELETE', created.pop() ?? '');
    const request = hooks.reviews.get('/version')?.[0]?.['request'] as JsonObject | undefined;
    return request && [(request['kind'] as JsonObject)['version'], (request['object'] as JsonObject)['apiVersion']];
  };
  expect(await seen(rule('v1'))).toEqual(['v1', 'autoscaling/v1']);
  expect(await seen(rule('v1', 'v2'))).toEqual(['v2', 'autoscaling/v2']);
  expect(await seen({ ...rule('v1'), matchPolicy: 'Exact' })).toBeUndefined();
});

test('every webhook of a configuration is asked, in order, and counted by what came of it', async () => {
  hooks.on('/counted', () => ({ allowed: true }));
  await configure('mutating', 'counted', {}, { name: 'other.example.com' });
  expect(Object.values((await create()).notes)).toEqual([
    '{"configuration":"counted","webhook":"counted.example.com","mutated":false}',
    '{"configuration":"counted","webhook":"other.example.com","mutated":false}',
  ]);
  hooks.on('/counted', () => ({ allowed: false, status: { code: 409 } }));
  expect((await create()).status).toBe(409);
  hooks.on('/counted', () => ({ raw: '' }));
  expect((await create()).status).toBe(500);
  await rest.ok(200, 'DELETE', created.pop() ?? '');
  await configure('mutating', 'counted', { failurePolicy: 'Ignore' });
  expect((await create()).status).toBe(201);

  const of = 'name="counted.example.com",type="admit"';
  const counts = async (name: string): Promise<string[]> =>
    (await counted(`apiserver_admission_webhook_${name}{${of}`)).map((line) =>
      line.slice(line.indexOf(of) + of.length),
    );
  expect(await counts('request_total')).toEqual([
    ',operation="CREATE",rejected="false",code="200"} 1',
    ',operation="CREATE",rejected="true",code="409"} 1',
    ',operation="CREATE",rejected="true",code="500"} 1',
    ',operation="CREATE",rejected="false",code="500"} 1',
  ]);
  expect(await counts('rejection_count')).toEqual([
    ',operation="CREATE",error_type="no_error",rejection_code="409"} 1',
    ',operation="CREATE",error_type="calling_webhook_error",rejection_code="0"} 1',
  ]);
  expect(await counts('fail_open_count')).toEqual(['} 1']);
});
