import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Callout } from '../../callout/index.js';
import type { JsonObject } from '../../machinery/json.js';
import { type Rest, startRest } from '../../rest/write/testing/harness.js';
import { startWebhookServer, type WebhookServer } from '../../testing/webhook-server.js';
import { admissionChain } from '../plugins.js';
import { type ImagePolicyConfig, imagePolicyConfig } from './configuration.js';
import { podOf } from '../testing/with-plugin.js';

const callout = new Callout();
const PODS = '/api/v1/namespaces/default/pods';
let server: WebhookServer;
let strict: Rest;
let open: Rest;

const chain = (imagePolicy: JsonObject) => {
  const object = { imagePolicy: { kubeConfigFile: '/webhook.conf', retryBackoff: 1, ...imagePolicy } };
  return admissionChain({
    enable: ['ImagePolicyWebhook'],
    configurations: new Map([['ImagePolicyWebhook', { path: 'test.yaml', object }]]),
    kubeconfigServer: (_file, timeoutMs) => ({
      callout,
      target: { url: `${server.url}/images`, tls: { ca: Buffer.from(server.caBundle, 'base64').toString() } },
      token: '',
      timeoutMs,
    }),
  });
};
beforeAll(async () => {
  server = await startWebhookServer();
  [strict, open] = await Promise.all([
    startRest(1, { admission: chain({ denyTTL: -1 }) }),
    startRest(1, { admission: chain({ defaultAllow: true }) }),
  ]);
});
afterAll(async () => {
  await Promise.all([strict.close(), open.close()]);
  callout.close();
  await server.close();
});
beforeEach(() => server.reviews.clear());

const asked = (): JsonObject[] => (server.reviews.get('/images') ?? []).map((review) => review['spec'] as JsonObject);
const says = (status: JsonObject): void =>
  server.on('/images', () => ({
    raw: JSON.stringify({ kind: 'ImageReview', apiVersion: 'imagepolicy.k8s.io/v1alpha1', status }),
  }));

test('the webhook is told the images, and the annotations that are for it; it is asked once', async () => {
  says({ allowed: true });
  const pod = podOf('a', { initContainers: [{ name: 'i', image: 'init:1' }] });
  const annotations = { 'mine.image-policy.k8s.io/ticket': '1', other: 'x' };
  const annotated = { ...pod, metadata: { name: 'a', annotations } };
  await strict.ok(201, 'POST', PODS, annotated);
  await strict.ok(201, 'POST', PODS, { ...annotated, metadata: { name: 'b', annotations } });
  expect(asked()).toEqual([
    {
      containers: [{ image: 'i:1' }, { image: 'init:1' }],
      annotations: { 'mine.image-policy.k8s.io/ticket': '1' },
      namespace: 'default',
    },
  ]);
});

test('what it denies is forbidden, with its reason', async () => {
  says({ allowed: false, reason: 'not signed' });
  expect(await strict.ok(403, 'POST', PODS, podOf('c', { containers: [{ name: 'c', image: 'bad:1' }] }))).toMatchObject(
    {
      message: 'pods "c" is forbidden: image policy webhook backend denied one or more images: not signed',
    },
  );
  says({ allowed: false });
  expect(await strict.ok(403, 'POST', PODS, podOf('c', { containers: [{ name: 'c', image: 'bad:1' }] }))).toMatchObject(
    {
      message: 'pods "c" is forbidden: one or more images rejected by webhook backend',
    },
  );
});

test('what it notes for the audit log is kept there, whatever it says, and that it was not asked', async () => {
  const noted = async (rest: Rest, code: number, image: string): Promise<Record<string, string>> => {
    const notes: Record<string, string> = {};
    const annotate = (key: string, value: string): void => void (notes[key] = value);
    const pod = podOf('noted', { containers: [{ name: 'c', image }] });
    await rest.ok(code, 'POST', `${PODS}?dryRun=All`, pod, { annotate });
    return Object.fromEntries(Object.entries(notes).filter(([key]) => key.includes('image-policy')));
  };
  const prefix = 'imagepolicywebhook.image-policy.k8s.io';
  says({ allowed: true, auditAnnotations: { scan: 'passed', by: 'scanner' } });
  expect(await noted(strict, 201, 'noted:1')).toEqual({ [`${prefix}/scan`]: 'passed', [`${prefix}/by`]: 'scanner' });
  says({ allowed: false, auditAnnotations: { scan: 'failed' } });
  expect(await noted(strict, 403, 'noted:2')).toEqual({ [`${prefix}/scan`]: 'failed' });
  // What is remembered is noted again.
  expect(await noted(strict, 201, 'noted:1')).toEqual({ [`${prefix}/scan`]: 'passed', [`${prefix}/by`]: 'scanner' });
  server.on('/images', () => ({ raw: 'no', status: 500 }));
  expect(await noted(open, 201, 'noted:3')).toEqual({ [`${prefix}/failed-open`]: 'true' });
});

describe('when it cannot be asked', () => {
  test('defaultAllow decides', async () => {
    server.on('/images', () => ({ raw: 'no', status: 500 }));
    const pod = podOf('d', { containers: [{ name: 'c', image: 'some:1' }] });
    expect(await strict.ok(403, 'POST', PODS, pod)).toMatchObject({
      message: expect.stringContaining('pods "d" is forbidden: an error on the server ("no")'),
    });
    await open.ok(201, 'POST', PODS, pod);
    // An answer of another kind is none.
    server.on('/images', () => ({ raw: '{"kind":"Status","status":{"allowed":true}}' }));
    await strict.ok(403, 'POST', PODS, pod);
  });
});

test('other resources and subresources are not its matter', async () => {
  says({ allowed: false });
  await strict.ok(201, 'POST', '/api/v1/namespaces/default/configmaps', { metadata: { name: 'c' } });
  await strict.ok(
    200,
    'PATCH',
    `${PODS}/a/status`,
    { status: { message: 'x' } },
    {
      contentType: 'application/merge-patch+json',
    },
  );
  expect(asked()).toEqual([]);
});

test('a configuration that is wrong ends the start', () => {
  expect(() => admissionChain({ enable: ['ImagePolicyWebhook'] })).toThrow('has no configuration');
  expect(() => chain({ kubeConfigFile: '' })).toThrow('imagePolicy.kubeConfigFile: Required value');
  expect(() => chain({ allowTTL: 1801 })).toThrow(
    'imagePolicy.allowTTL: valid range is between 1000 ms and 1800000 ms',
  );
  expect(() => chain({ retryBackoff: -1 })).toThrow('imagePolicy.retryBackoff');
  expect(() => chain({ defaultallow: true })).toThrow('unknown field "imagePolicy.defaultallow"');
});

test.each<[JsonObject, Partial<ImagePolicyConfig>]>([
  [
    {},
    { allowMs: 300_000, denyMs: 30_000, firstWaitMs: 500, defaultAllow: false, kubeConfigFile: '/etc/webhook.conf' },
  ],
  [
    { allowTTL: -1, denyTTL: -1 },
    { allowMs: 0, denyMs: 0 },
  ],
  [
    { allowTTL: 1, denyTTL: 1800, retryBackoff: 1 },
    { allowMs: 1000, denyMs: 1_800_000, firstWaitMs: 1 },
  ],
  [{ retryBackoff: 300_000 }, { firstWaitMs: 300_000 }],
  [
    { defaultAllow: true, kubeConfigFile: '/abs/w.conf' },
    { defaultAllow: true, kubeConfigFile: '/abs/w.conf' },
  ],
])('the configuration %j is read with its defaults and bounds', (imagePolicy, expected) => {
  const object = { imagePolicy: { kubeConfigFile: 'webhook.conf', ...imagePolicy } };
  expect(imagePolicyConfig({ path: '/etc/admission.yaml', object })).toMatchObject(expected);
});

test.each<[JsonObject, string]>([
  [{ denyTTL: 1801 }, 'imagePolicy.denyTTL: valid range is between 1000 ms and 1800000 ms, got 1801000 ms'],
  [{ allowTTL: -2 }, 'imagePolicy.allowTTL: valid range is between 1000 ms and 1800000 ms, got -2000 ms'],
  [{ retryBackoff: 300_001 }, 'imagePolicy.retryBackoff: valid range is between 1 ms and 300000 ms, got 300001 ms'],
  [{ defaultAllow: 'yes' }, 'imagePolicy.defaultAllow'],
])('the configuration %j is refused', (imagePolicy, message) => {
  const object = { imagePolicy: { kubeConfigFile: 'webhook.conf', ...imagePolicy } };
  expect(() => imagePolicyConfig({ path: '/etc/admission.yaml', object })).toThrow(message);
});

test('an answer is remembered for questions of up to 64 KiB; a longer one is asked each time', async () => {
  says({ allowed: true });
  const of = (length: number) => ({
    ...podOf('long'),
    metadata: { name: 'long', annotations: { 'long.image-policy.k8s.io/x': 'x'.repeat(length) } },
  });
  const around = JSON.stringify({
    containers: [{ image: 'i:1' }],
    annotations: { 'long.image-policy.k8s.io/x': '' },
    namespace: 'default',
  }).length;
  for (const length of [64 * 1024 - around, 64 * 1024 - around + 1]) {
    for (let i = 0; i < 2; i++) await strict.ok(201, 'POST', `${PODS}?dryRun=All`, of(length));
  }
  expect(asked().map((spec) => JSON.stringify(spec).length)).toEqual([65_536, 65_537, 65_537]);
});

test('a long answer is not remembered', async () => {
  says({ allowed: true, auditAnnotations: { note: 'x'.repeat(64 * 1024) } });
  for (let i = 0; i < 2; i++) await strict.ok(201, 'POST', `${PODS}?dryRun=All`, podOf('noted'));
  expect(asked()).toHaveLength(2);
});

test('containers that are added to debug a pod are asked about, alone', async () => {
  says({ allowed: true });
  await strict.ok(201, 'POST', PODS, podOf('debugged', { containers: [{ name: 'c', image: 'main:1' }] }));
  server.reviews.clear();
  const ephemeralContainers = [{ name: 'e', image: 'debug:1' }];
  const patch = { contentType: 'application/strategic-merge-patch+json' };
  await strict.ok(200, 'PATCH', `${PODS}/debugged/ephemeralcontainers`, { spec: { ephemeralContainers } }, patch);
  expect(asked()).toEqual([{ containers: [{ image: 'debug:1' }], namespace: 'default' }]);
});
