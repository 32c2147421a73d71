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

test('A volume of the name that tokens have, and what it holds, is used again; one of something else is not', async () => {
  const name = 'kube-api-access-mine';
  const used = await made({
    volumes: [{ name, projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } }],
  });
  expect(children(used, 'volumes').map((v) => v['name'])).toEqual([name]);
  expect(children(children(used, 'containers')[0], 'volumeMounts')).toEqual([
    { name, readOnly: true, mountPath: MOUNT },
  ]);
  const other = await made({ volumes: [{ name, emptyDir: {} }] });
  expect(children(other, 'volumes')).toHaveLength(2);
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
