import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Callout, clusterIpResolver } from '../../callout/index.js';
import type { JsonObject } from '../../machinery/json.js';
import { meta, type Rest, startRest } from '../../rest/write/testing/harness.js';
import { startWebhookServer, type WebhookServer } from '../../testing/webhook-server.js';
import { storeReader } from '../lookup.js';
import { admissionChain } from '../plugins.js';

const CONFIGURATIONS = '/apis/admissionregistration.k8s.io/v1';
const CONFIGMAPS = '/api/v1/namespaces/default/configmaps';
const RULE = { operations: ['*'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] };

let hooks: WebhookServer;
let rest: Rest;
const callout = new Callout();
let created: string[] = [];

beforeAll(async () => {
  hooks = await startWebhookServer();
  rest = await startRest(3, (backend) => ({
    admission: admissionChain({ calls: { callout, resolve: clusterIpResolver(storeReader(backend)) } }),
  }));
}, 60_000);
afterAll(async () => {
  await rest.close();
  callout.close();
  await hooks.close();
});
beforeEach(async () => {
  for (const path of created) await rest.call('DELETE', path);
  created = [];
  hooks.reviews.clear();
});

/** Configures one webhook, at a replica. */
async function configure(
  type: 'mutating' | 'validating',
  name: string,
  path: string,
  more: JsonObject = {},
  replica = 0,
): Promise<string> {
  const of = `${CONFIGURATIONS}/${type}webhookconfigurations`;
  const webhook = {
    name: `${name}.example.com`,
    clientConfig: { url: `${hooks.url}${path}`, caBundle: hooks.caBundle },
    rules: [RULE],
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
    timeoutSeconds: 2,
    ...more,
  };
  await rest.on(replica).ok(201, 'POST', of, { metadata: { name }, webhooks: [webhook] });
  created.push(`${of}/${name}`);
  return `${of}/${name}`;
}

const patch = (...operations: JsonObject[]): JsonObject => ({
  allowed: true,
  patchType: 'JSONPatch',
  patch: Buffer.from(JSON.stringify(operations)).toString('base64'),
});
const mark = (value: string): JsonObject => patch({ op: 'add', path: '/data/by', value });
const configMap = (name: string, more: JsonObject = {}): JsonObject => ({
  metadata: { name, ...more },
  data: { k: 'v' },
});

describe('on three replicas', () => {
  test('a configuration that is written on one holds for the next request on each, and so does its removal', async () => {
    hooks.on('/deny', () => ({ allowed: false, status: { message: 'not now', code: 403 } }));
    hooks.on('/mark', () => mark('webhook'));
    for (let round = 0; round < 5; round++) {
      for (const at of [0, 1, 2]) {
        const others = [0, 1, 2].filter((replica) => replica !== at);
        const deny = await configure('validating', `deny-${round}-${at}`, '/deny', {}, at);
        for (const replica of others) {
          const denied = await rest.on(replica).call('POST', CONFIGMAPS, configMap(`denied-${round}-${at}-${replica}`));
          expect(denied).toMatchObject({ status: 403 });
        }
        await rest.on(at).ok(200, 'DELETE', deny);
        const marking = await configure('mutating', `mark-${round}-${at}`, '/mark', {}, at);
        for (const replica of others) {
          const made = await rest
            .on(replica)
            .ok(201, 'POST', CONFIGMAPS, configMap(`marked-${round}-${at}-${replica}`));
          expect(made['data']).toMatchObject({ by: 'webhook' });
        }
        await rest.on(at).ok(200, 'DELETE', marking);
      }
    }
  }, 60_000);

  test('a dry run and an update that changes nothing see it as well', async () => {
    await rest.ok(201, 'POST', CONFIGMAPS, configMap('stays'));
    hooks.on('/deny', () => ({ allowed: false }));
    await configure('validating', 'deny', '/deny', {}, 1);
    expect(await rest.on(2).call('POST', `${CONFIGMAPS}?dryRun=All`, configMap('dry'))).toMatchObject({ status: 400 });
    const same = await rest
      .on(0)
      .call('PATCH', `${CONFIGMAPS}/stays`, {}, { contentType: 'application/merge-patch+json' });
    expect(same).toMatchObject({ status: 400 });
  });
});

describe('a webhook', () => {
  test('that hangs or dies costs its own requests and no others', async () => {
    hooks.on('/hang', () => 'hang');
    hooks.on('/drop', () => 'drop');
    await configure('validating', 'hang', '/hang', { rules: [{ ...RULE, resources: ['secrets'] }], timeoutSeconds: 1 });
    await configure('validating', 'drop', '/drop', { rules: [{ ...RULE, resources: ['endpoints'] }] });
    const hanging = Array.from({ length: 40 }, (_, i) =>
      rest.call('POST', '/api/v1/namespaces/default/secrets', { metadata: { name: `hangs-${i}` } }),
    );
    await Promise.race([
      rest.ok(201, 'POST', CONFIGMAPS, configMap('meanwhile')),
      ...hanging.map((h) => h.then(() => expect.fail())),
    ]);
    for (const { status, body } of await Promise.all(hanging)) {
      expect(status).toBe(500);
      expect(body['message']).toMatch(
        /failed calling webhook "hang.example.com": .*\/hang\?timeout=1s": context deadline exceeded$/,
      );
    }
    const dropped = await rest.call('POST', '/api/v1/namespaces/default/endpoints', { metadata: { name: 'dropped' } });
    expect(dropped.body['message']).toMatch(/failed to call webhook: Post ".*\/drop\?timeout=2s": EOF$/);
  });

  test('that fails is passed over with Ignore, but not its refusal nor a patch that does not apply', async () => {
    hooks.on('/answer', () => ({ raw: 'oops', status: 500 }));
    await configure('mutating', 'ignored', '/answer', { failurePolicy: 'Ignore' });
    await rest.ok(201, 'POST', CONFIGMAPS, configMap('passed-over'));
    hooks.on('/answer', () => patch({ op: 'replace', path: '/none/at/all', value: 1 }));
    const misfit = await rest.call('POST', CONFIGMAPS, configMap('misfit'));
    expect(misfit).toMatchObject({
      status: 500,
      body: {
        message:
          'Internal error occurred: replace operation does not apply: doc is missing path: /none/at/all: missing value',
      },
    });
    hooks.on('/answer', () => ({ allowed: false, status: { reason: 'Policy', message: 'no' } }));
    expect(await rest.call('POST', CONFIGMAPS, configMap('refused'))).toMatchObject({
      status: 400,
      body: { reason: 'Policy', message: 'admission webhook "ignored.example.com" denied the request: no' },
    });
  });

  test('that changes an object leaves its patch in an event that records bodies, as it was before defaults', async () => {
    hooks.on('/note', () => patch({ value: { a: '<b>' }, path: '/data', op: 'add' }));
    await configure('mutating', 'note', '/note');
    const notes = new Map<string, string>();
    const annotate = (key: string, value: string): void => void notes.set(key, value);
    await rest.call('POST', CONFIGMAPS, configMap('noted'), { annotate });
    expect(Object.fromEntries(notes)).toMatchObject({
      'mutation.webhook.admission.k8s.io/round_0_index_0':
        '{"configuration":"note","webhook":"note.example.com","mutated":true}',
      'patch.webhook.admission.k8s.io/round_0_index_0':
        '{"configuration":"note","webhook":"note.example.com","patch":[{"op":"add","path":"/data","value":{"a":"\\u003cb\\u003e"}}],"patchType":"JSONPatch"}',
    });
  });

  test('is not asked about a dry run when it has side effects', async () => {
    hooks.on('/some', () => ({ allowed: true }));
    // Only a configuration of an older release may still say so; admission judges the stored one.
    await configure('validating', 'some', '/some', { sideEffects: 'NoneOnDryRun' });
    await rest.ok(201, 'POST', `${CONFIGMAPS}?dryRun=All`, configMap('dry-run'));
    expect(hooks.reviews.get('/some')?.[0]).toMatchObject({ request: { dryRun: true, options: { dryRun: ['All'] } } });
  });

  test('gets the object in the version of its rule, and the request as it was', async () => {
    hooks.on('/review', () => ({ allowed: true, warnings: ['careful', '', 'a\nb'] }));
    await configure('validating', 'review', '/review', {
      rules: [
        {
          operations: ['CREATE'],
          apiGroups: ['autoscaling'],
          apiVersions: ['v1'],
          resources: ['horizontalpodautoscalers'],
        },
      ],
    });
    const target = { kind: 'Deployment', name: 'd', apiVersion: 'apps/v1' };
    const answer = await rest.call('POST', '/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers', {
      metadata: { name: 'hpa' },
      spec: { maxReplicas: 3, scaleTargetRef: target },
    });
    expect(answer).toMatchObject({ status: 201, warnings: ['careful'] });
    expect(hooks.reviews.get('/review')?.[0]).toMatchObject({
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      request: {
        kind: { group: 'autoscaling', version: 'v1', kind: 'HorizontalPodAutoscaler' },
        requestKind: { group: 'autoscaling', version: 'v2', kind: 'HorizontalPodAutoscaler' },
        resource: { group: 'autoscaling', version: 'v1', resource: 'horizontalpodautoscalers' },
        name: 'hpa',
        namespace: 'default',
        operation: 'CREATE',
        userInfo: { username: 'admin', groups: ['system:masters'] },
        object: { apiVersion: 'autoscaling/v1', spec: { maxReplicas: 3 } },
        oldObject: null,
        dryRun: false,
      },
    });
  });

  test('is asked again with IfNeeded when a later one changed the object', async () => {
    const append = (value: string) => (request: JsonObject) => {
      const data = (request['object'] as JsonObject)['data'] as JsonObject;
      return patch({
        op: 'add',
        path: '/data/seen',
        value: `${typeof data['seen'] === 'string' ? data['seen'] : ''}${value}`,
      });
    };
    hooks.on('/a', append('a'));
    hooks.on('/b', append('b'));
    await configure('mutating', 'a', '/a', { reinvocationPolicy: 'IfNeeded' });
    await configure('mutating', 'b', '/b');
    const made = await rest.ok(201, 'POST', CONFIGMAPS, configMap('again'));
    expect(made['data']).toMatchObject({ seen: 'aba' });
  });

  test('may give another name, but no managedFields that cannot be read', async () => {
    hooks.on('/name', () =>
      patch(
        { op: 'replace', path: '/metadata/name', value: 'chosen' },
        {
          op: 'replace',
          path: '/metadata/managedFields',
          value: [{ manager: 'm', operation: 'Update', fieldsType: 'FieldsV9', apiVersion: 'v1' }],
        },
      ),
    );
    await configure('mutating', 'name', '/name');
    const { status, body, warnings } = await rest.call('POST', CONFIGMAPS, configMap('', { generateName: 'g-' }));
    expect(status).toBe(201);
    expect(meta(body)).toMatchObject({ name: 'chosen', managedFields: [{ manager: 'test', fieldsType: 'FieldsV1' }] });
    expect(warnings[0]).toMatch(
      /^.metadata.managedFields was in an invalid state after admission; .* invalid fieldsType "FieldsV9"/,
    );
  });

  test('does not see requests that its match conditions leave out; conditions in error refuse', async () => {
    hooks.on('/deny', () => ({ allowed: false }));
    const condition = (expression: string) => ({ matchConditions: [{ name: 'c', expression }] });
    const path = await configure('validating', 'cond', '/deny', condition("object.data['k'] == 'other'"));
    await rest.ok(201, 'POST', CONFIGMAPS, configMap('left-out'));
    await rest.ok(200, 'DELETE', path);
    await configure('validating', 'wrong', '/deny', condition("object.data['none'] == 'x'"));
    expect(await rest.call('POST', CONFIGMAPS, configMap('in-error'))).toMatchObject({
      status: 403,
      body: {
        message: `configmaps "in-error" is forbidden: expression 'object.data['none'] == 'x'' resulted in error: no such key: none`,
      },
    });
  });

  test('is never asked about webhook configurations', async () => {
    hooks.on('/deny', () => ({ allowed: false }));
    await configure('validating', 'all', '/deny', {
      rules: [{ operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*/*'] }],
    });
    expect(await rest.call('POST', CONFIGMAPS, configMap('all'))).toMatchObject({ status: 400 });
    await rest.ok(200, 'DELETE', created.pop() ?? '');
  });
});
