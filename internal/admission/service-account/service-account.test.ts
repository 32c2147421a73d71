import { afterAll, beforeAll, expect, test } from 'vitest';
import { child, children, str } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import { type Rest, startRest } from '../../rest/write/testing/harness.js';
import { Spy } from '../testing/spy.js';

const PODS = '/api/v1/namespaces/default/pods';
const ACCOUNTS = '/api/v1/namespaces/default/serviceaccounts';
const MOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

const spy = new Spy();
let rest: Rest;
beforeAll(async () => {
  rest = await startRest(1, { admission: spy.chain });
  const imagePullSecrets = [{ name: 'registry' }];
  await rest.ok(201, 'POST', ACCOUNTS, { metadata: { name: 'puller' }, imagePullSecrets });
  const automountServiceAccountToken = false;
  await rest.ok(201, 'POST', ACCOUNTS, { metadata: { name: 'tokenless' }, automountServiceAccountToken });
});
afterAll(() => rest.close());

const container = (name: string, more: JsonObject = {}): JsonObject => ({ name, image: 'i', ...more });
let pods = 0;
async function made(spec: JsonObject, metadata: JsonObject = {}): Promise<JsonObject> {
  const body = { metadata: { name: `p${++pods}`, ...metadata }, spec: { containers: [container('c')], ...spec } };
  return child(await rest.ok(201, 'POST', PODS, body), 'spec') ?? {};
}
const mounts = (c: JsonObject | undefined): string[] => children(c, 'volumeMounts').map((m) => str(m, 'mountPath'));

test('A pod that names no account runs as `default`, with a token in every container', async () => {
  const spec = await made({ initContainers: [container('first')] });
  expect(spec).toMatchObject({ serviceAccountName: 'default', serviceAccount: 'default' });
  const [volume] = children(spec, 'volumes');
  expect(str(volume, 'name')).toMatch(/^kube-api-access-[a-z0-9]{5}$/);
  expect(volume).toMatchObject({
    projected: {
      defaultMode: 0o644,
      sources: [
        { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
        { configMap: { name: 'kube-root-ca.crt' } },
        { downwardAPI: { items: [{ path: 'namespace' }] } },
      ],
    },
  });
  for (const c of [...children(spec, 'containers'), ...children(spec, 'initContainers')]) {
    expect(children(c, 'volumeMounts')).toEqual([{ name: str(volume, 'name'), readOnly: true, mountPath: MOUNT }]);
  }
});

test('What comes behind sees the account under its old name too', async () => {
  spy.reset();
  await made({ serviceAccountName: 'puller' });
  await made({});
  const seen = spy.seen.filter(({ phase }) => phase === 'admit').map(({ object }) => child(object, 'spec'));
  expect(seen).toMatchObject([
    { serviceAccountName: 'puller', serviceAccount: 'puller' },
    { serviceAccountName: 'default', serviceAccount: 'default' },
  ]);
});

test('A pod whose account does not exist is refused', async () => {
  const body = { metadata: { name: 'x' }, spec: { containers: [container('c')], serviceAccountName: 'none' } };
  expect(await rest.ok(403, 'POST', PODS, body)).toMatchObject({
    message: 'pods "x" is forbidden: error looking up service account default/none: serviceaccount "none" not found',
  });
});

test('No token where the pod or its account declines it; the pod has the last word', async () => {
  expect(children(await made({ automountServiceAccountToken: false }), 'volumes')).toEqual([]);
  expect(children(await made({ serviceAccountName: 'tokenless' }), 'volumes')).toEqual([]);
  const wanted = { serviceAccountName: 'tokenless', automountServiceAccountToken: true };
  expect(children(await made(wanted), 'volumes')).toHaveLength(1);
});

test('A container that has something else at the place of the token keeps it', async () => {
  const own = container('own', { volumeMounts: [{ name: 'v', mountPath: MOUNT }] });
  const spec = await made({ containers: [own, container('c')], volumes: [{ name: 'v', emptyDir: {} }] });
  expect(children(spec, 'containers').map(mounts)).toEqual([[MOUNT], [MOUNT]]);
  expect(children(children(spec, 'containers')[0], 'volumeMounts')).toMatchObject([{ name: 'v' }]);
  const alone = await made({ containers: [own], volumes: [{ name: 'v', emptyDir: {} }] });
  expect(children(alone, 'volumes')).toHaveLength(1);
});

test('Secrets for images come from the account unless the pod has its own', async () => {
  const given = await made({ serviceAccountName: 'puller' });
  expect(given['imagePullSecrets']).toEqual([{ name: 'registry' }]);
  const own = await made({ serviceAccountName: 'puller', imagePullSecrets: [{ name: 'mine' }] });
  expect(own['imagePullSecrets']).toEqual([{ name: 'mine' }]);
});

test('A mirror pod gets no account', async () => {
  const spec = await made({ nodeName: 'n' }, { annotations: { 'kubernetes.io/config.mirror': 'x' } });
  expect(spec['serviceAccountName']).toBeUndefined();
  expect(children(spec, 'volumes')).toEqual([]);
});

test('A volume of the name that tokens have is used again, whatever it holds', async () => {
  const name = 'kube-api-access-mine';
  const used = await made({
    volumes: [{ name, projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } }],
  });
  expect(children(used, 'volumes').map((v) => v['name'])).toEqual([name]);
  expect(children(children(used, 'containers')[0], 'volumeMounts')).toEqual([
    { name, readOnly: true, mountPath: MOUNT },
  ]);
  const other = await made({ volumes: [{ name, emptyDir: {} }] });
  expect(children(other, 'volumes')).toHaveLength(1);
});

test('The token’s volume is what kubelets know: token, authority and namespace', async () => {
  const [volume] = children(await made({}), 'volumes');
  expect(child(volume, 'projected')?.['sources']).toEqual([
    { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
    { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
    {
      downwardAPI: { items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }] },
    },
  ]);
});

test('A pod that a kubelet runs from a file of its own refers to no account and no secrets', async () => {
  const refused = async (spec: JsonObject): Promise<unknown> => {
    const metadata = { name: 'mirror', annotations: { 'kubernetes.io/config.mirror': 'x' } };
    const whole = { nodeName: 'n1', containers: [container('c')], ...spec };
    return (await rest.ok(403, 'POST', PODS, { metadata, spec: whole }))['message'];
  };
  const why = 'pods "mirror" is forbidden: a mirror pod may not';
  expect(await refused({ serviceAccountName: 'puller' })).toBe(`${why} reference service accounts`);
  expect(await refused({ imagePullSecrets: [{ name: 's' }] })).toBe(`${why} reference secrets`);
  const sources = [{ serviceAccountToken: { path: 't' } }];
  expect(await refused({ volumes: [{ name: 'v', projected: { sources } }] })).toBe(
    `${why} use ServiceAccountToken volume projections`,
  );
});

test('An account that is strict about secrets names those of its pods', async () => {
  const annotations = { 'kubernetes.io/enforce-mountable-secrets': 'true' };
  await rest.ok(201, 'POST', ACCOUNTS, {
    metadata: { name: 'strict', annotations },
    secrets: [{ name: 'mine' }],
    imagePullSecrets: [{ name: 'registry' }],
  });
  const pod = (spec: JsonObject): JsonObject => ({
    metadata: { name: 'strict' },
    spec: { serviceAccountName: 'strict', containers: [container('c')], ...spec },
  });
  const from = (name: string): JsonObject => ({ envFrom: [{ secretRef: { name } }] });
  const env = (name: string): JsonObject => ({ env: [{ name: 'E', valueFrom: { secretKeyRef: { name, key: 'k' } } }] });
  const end = 'is not allowed because service account strict does not reference that';
  const refused: [JsonObject, string][] = [
    [
      { volumes: [{ name: 'v', secret: { secretName: 'other' } }] },
      `volume with secret.secretName="other" ${end} secret`,
    ],
    [
      { initContainers: [container('i', env('other'))] },
      `init container i with envVar E referencing secret.secretName="other" ${end} secret`,
    ],
    [
      { containers: [container('c', from('other'))] },
      `container c with envFrom referencing secret.secretName="other" ${end} secret`,
    ],
    [{ imagePullSecrets: [{ name: 'other' }] }, `imagePullSecrets[0].name="other" ${end} imagePullSecret`],
  ];
  for (const [spec, what] of refused) {
    expect(await rest.ok(403, 'POST', PODS, pod(spec))).toMatchObject({
      message: `pods "strict" is forbidden: ${what}`,
    });
  }
  await rest.ok(201, 'POST', PODS, pod({ containers: [container('c', from('mine'))] }));
  const later = (name: string): JsonObject => ({
    spec: { ephemeralContainers: [{ name: `e-${name}`, image: 'i', ...from(name) }] },
  });
  const merge = { contentType: 'application/strategic-merge-patch+json' };
  expect(await rest.ok(500, 'PATCH', `${PODS}/strict/ephemeralcontainers`, later('other'), merge)).toMatchObject({
    message: `ephemeral container e-other with envFrom referencing secret.secretName="other" ${end} secret`,
  });
  await rest.ok(200, 'PATCH', `${PODS}/strict/ephemeralcontainers`, later('mine'), merge);
});
