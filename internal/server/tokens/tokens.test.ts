import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AuthenticationResult, authenticatorUnion, forAudiences } from '../../auth/authenticator.js';
import { bootstrapTokenAuthenticator } from '../../auth/bootstrap-token.js';
import { readClaims, signToken, tokenKey } from '../../auth/jwt.js';
import { serviceAccountAuthenticator } from '../../auth/service-account.js';
import type { Awaitable } from '../../machinery/awaitable.js';
import { child, str } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import { meta, type Rest, startRest } from '../../rest/write/testing/harness.js';
import { tokenRequest } from './token-request.js';

const ISSUER = 'https://issuer.example';
const SELF = 'https://this.example';
const HOUR_MS = 3_600_000;
const SPACE = '/api/v1/namespaces/default';

const ec = (namedCurve: string): KeyObject => generateKeyPairSync('ec', { namedCurve }).privateKey;
const signer = tokenKey(ec('prime256v1'));
const stranger = tokenKey(ec('prime256v1'));
const issuer = { issuer: ISSUER, audiences: [SELF], key: signer, maxSeconds: 2 * 3600, extend: true };

let now = Date.now();
let rest: Rest;
let authenticate: (token: string, audience?: string) => Awaitable<AuthenticationResult>;
beforeAll(async () => {
  // One clock for who issues and who believes: the machine's goes on between the two.
  rest = await startRest(1, { creators: { '/serviceaccounts/token': tokenRequest(issuer) }, now: () => now });
  const { backend } = rest.deps;
  const clock = (): number => now;
  const union = authenticatorUnion(
    [
      serviceAccountAuthenticator({
        backend,
        issuers: [ISSUER],
        audiences: [SELF],
        keys: [tokenKey(createPublicKey(signer.key))],
        lookup: true,
        now: clock,
      }),
      forAudiences([SELF], bootstrapTokenAuthenticator(backend, clock)),
    ],
    () => true,
  );
  authenticate = (token, audience) =>
    union.authenticate({
      peerCertificate: '',
      header: (name) => (name === 'authorization' ? `Bearer ${token}` : ''),
      headerValues: () => [],
      headersWithPrefix: () => [],
      ...(audience === undefined ? {} : { audiences: [audience] }),
    });
});
afterAll(async () => {
  await rest.close();
});

async function account(name: string): Promise<string> {
  const made = await rest.ok(201, 'POST', `${SPACE}/serviceaccounts`, { metadata: { name } });
  return str(child(made, 'metadata'), 'uid');
}
async function requested(name: string, spec: JsonObject = {}): Promise<JsonObject> {
  return rest.ok(201, 'POST', `${SPACE}/serviceaccounts/${name}/token`, { spec });
}
const tokenOf = (answer: JsonObject): string => str(child(answer, 'status'), 'token');
const claimsOf = (answer: JsonObject): JsonObject => readClaims(tokenOf(answer)) ?? {};

async function pod(name: string, serviceAccountName: string): Promise<string> {
  const spec = { serviceAccountName, nodeName: 'n1', containers: [{ name: 'c', image: 'i' }] };
  return String(meta(await rest.ok(201, 'POST', `${SPACE}/pods`, { metadata: { name }, spec }))['uid']);
}

describe('tokens of service accounts', () => {
  test('name their account, for the audiences and the time asked', async () => {
    const uid = await account('builder');
    const answer = await requested('builder', { audiences: ['https://other.example'], expirationSeconds: 1200 });
    expect(answer).toMatchObject({
      kind: 'TokenRequest',
      apiVersion: 'authentication.k8s.io/v1',
      metadata: {
        name: 'builder',
        namespace: 'default',
        uid,
        managedFields: [expect.objectContaining({ operation: 'Update', subresource: 'token' })] as unknown[],
      },
      spec: { audiences: ['https://other.example'], expirationSeconds: 1200, boundObjectRef: null },
    });
    const claims = claimsOf(answer);
    expect(claims).toMatchObject({ iss: ISSUER, sub: 'system:serviceaccount:default:builder' });
    expect(Number(claims['exp']) - Number(claims['iat'])).toBe(1200);
    expect(Date.parse(str(child(answer, 'status'), 'expirationTimestamp')) / 1000).toBe(claims['exp']);
    // Not for this server, which is not among its audiences.
    expect(authenticate(tokenOf(answer))).toBe('invalid');
    expect(authenticate(tokenOf(answer), 'https://other.example')).toEqual({
      username: 'system:serviceaccount:default:builder',
      uid,
      groups: ['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated'],
      extra: { 'authentication.kubernetes.io/credential-id': [`JTI=${str(claims, 'jti')}`] },
    });
  });

  test('are for this server and an hour when nothing is asked, and end with the account', async () => {
    await account('short');
    const token = tokenOf(await requested('short'));
    expect(authenticate(token)).toMatchObject({ username: 'system:serviceaccount:default:short' });
    const start = now;
    now += HOUR_MS + 61_000;
    expect(authenticate(token)).toBe('invalid');
    now = start;
    await rest.ok(200, 'DELETE', `${SPACE}/serviceaccounts/short`);
    expect(authenticate(token)).toBe('missing');
    await account('short');
    expect(authenticate(token), 'an account of the same name is another one').toBe('missing');
  });

  test('are refused from another issuer, with another key, and changed', async () => {
    await account('forged');
    const answer = await requested('forged');
    expect(authenticate(signToken(claimsOf(answer), stranger))).toBe('invalid');
    expect(authenticate(signToken({ ...claimsOf(answer), iss: 'https://evil.example' }, signer))).toBe('invalid');
    const [head, , signature] = tokenOf(answer).split('.');
    const body = Buffer.from(JSON.stringify({ ...claimsOf(answer), exp: 9e9 })).toString('base64url');
    expect(authenticate(`${head}.${body}.${signature}`)).toBe('invalid');
    const none = Buffer.from('{"alg":"none"}').toString('base64url');
    expect(authenticate(`${none}.${tokenOf(answer).split('.')[1]}.`)).toBe('invalid');
  });

  test('bound to a pod tell pod and node, and end with the pod', async () => {
    await account('runner');
    const uid = await pod('p1', 'runner');
    const ref = { apiVersion: 'v1', kind: 'Pod', name: 'p1', uid };
    const answer = await requested('runner', { boundObjectRef: ref, expirationSeconds: 3607 });
    // Told 3607 seconds, good for a year: the pod may not know that it has to read its token anew.
    const claims = claimsOf(answer);
    expect(Number(claims['exp']) - Number(claims['iat'])).toBe(365 * 24 * 3600);
    expect(claims['kubernetes.io']).toMatchObject({ pod: { name: 'p1', uid }, node: { name: 'n1' } });
    expect(child(claims, 'kubernetes.io')?.['warnafter']).toBe(Number(claims['iat']) + 3607);
    expect(authenticate(tokenOf(answer))).toMatchObject({
      extra: {
        'authentication.kubernetes.io/pod-name': ['p1'],
        'authentication.kubernetes.io/pod-uid': [uid],
        'authentication.kubernetes.io/node-name': ['n1'],
      },
    });
    await rest.ok(200, 'DELETE', `${SPACE}/pods/p1?gracePeriodSeconds=0`);
    expect(authenticate(tokenOf(answer))).toBe('missing');
  });

  test('are not issued for what is not there, not meant, or too long', async () => {
    await account('asker');
    await pod('p2', 'asker');
    await account('other');
    const ask = (name: string, spec: JsonObject) =>
      rest.call('POST', `${SPACE}/serviceaccounts/${name}/token`, { spec });
    expect(await ask('nobody', {})).toMatchObject({ status: 404 });
    expect(await ask('asker', { expirationSeconds: 599 })).toMatchObject({ status: 422, body: { reason: 'Invalid' } });
    const bind = (ref: JsonObject, name = 'asker') => ask(name, { boundObjectRef: { apiVersion: 'v1', ...ref } });
    expect(await bind({ kind: 'Pod', name: 'none' })).toMatchObject({ status: 404 });
    expect(await bind({ kind: 'Pod', name: 'p2', uid: 'another' })).toMatchObject({
      status: 409,
      body: {
        message:
          'Operation cannot be fulfilled on Pod "p2": the UID in the bound object reference (another) does not match the UID in record. The object might have been deleted and then recreated',
      },
    });
    expect(await bind({ kind: 'Pod', name: 'p2' }, 'other')).toMatchObject({
      status: 400,
      body: {
        message: 'cannot bind token for serviceaccount "other" to pod running with different serviceaccount name.',
      },
    });
    expect(await bind({ kind: 'ConfigMap', name: 'p2' })).toMatchObject({
      status: 400,
      body: { message: 'cannot bind token to object of type /v1, Kind=ConfigMap' },
    });
    const long = await ask('asker', { expirationSeconds: 7201 });
    expect(long.warnings).toEqual(['requested expiration of 7201 seconds shortened to 7200 seconds']);
    expect(long.body).toMatchObject({ spec: { expirationSeconds: 7200 } });
  });

  test('are about the account of the path, for as long as may be asked', async () => {
    const uid = await account('placed');
    const ask = (body: JsonObject, annotate?: (key: string, value: string) => void) =>
      rest.call('POST', `${SPACE}/serviceaccounts/placed/token`, body, annotate === undefined ? {} : { annotate });
    const wrong = await ask({ metadata: { name: 'other', namespace: 'kube-system' }, spec: {} });
    expect(wrong).toMatchObject({ status: 422, body: { reason: 'Invalid' } });
    expect(wrong.body['message']).toBe(
      'TokenRequest.authentication.k8s.io "placed" is invalid: metadata.name: Invalid value: "other": must match the service account name if specified',
    );
    expect((await ask({ metadata: { namespace: 'kube-system' }, spec: {} })).body['message']).toBe(
      'TokenRequest.authentication.k8s.io "placed" is invalid: metadata.namespace: Invalid value: "kube-system": must match the service account namespace if specified',
    );
    // The account may have been deleted and made again.
    expect(await ask({ metadata: { uid: 'former' }, spec: {} })).toMatchObject({
      status: 409,
      body: {
        message: `Operation cannot be fulfilled on TokenRequest.authentication.k8s.io "placed": the UID in the token request (former) does not match the UID of the service account (${uid})`,
      },
    });
    expect((await ask({ spec: { expirationSeconds: 2 ** 32 + 1 } })).body['message']).toBe(
      'TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: 4294967297: may not specify a duration larger than 2^32 seconds',
    );
    expect((await ask({ spec: { expirationSeconds: 599 } })).body['message']).toBe(
      'TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 10 minutes',
    );
    for (const [expirationSeconds, told] of [
      [600, 600],
      [2 ** 32, 7200],
    ] as const) {
      expect(await ask({ spec: { expirationSeconds } })).toMatchObject({
        status: 201,
        body: { spec: { expirationSeconds: told } },
      });
    }
    const notes: string[] = [];
    const own = { name: 'placed', namespace: 'default', uid, labels: { a: 'b' } };
    const good = await ask({ metadata: own, spec: {} }, (key, value) => notes.push(`${key}: ${value}`));
    expect(good.status).toBe(201);
    // Which token it was can be found again in the audit log.
    expect(notes).toEqual([
      `authentication.kubernetes.io/issued-credential-id: JTI=${str(claimsOf(good.body), 'jti')}`,
    ]);
    expect(good.body).toMatchObject({
      metadata: own,
      spec: { expirationSeconds: 3600 },
    });
  });

  test('for a pod name its node by uid, where the node is there', async () => {
    const uid = String(meta(await rest.ok(201, 'POST', '/api/v1/nodes', { metadata: { name: 'known' } }))['uid']);
    await account('noded');
    const spec = { serviceAccountName: 'noded', nodeName: 'known', containers: [{ name: 'c', image: 'i' }] };
    await rest.ok(201, 'POST', `${SPACE}/pods`, { metadata: { name: 'noded' }, spec });
    const answer = await requested('noded', { boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'noded' } });
    expect(claimsOf(answer)['kubernetes.io']).toMatchObject({ node: { name: 'known', uid } });
  });

  test('are bound to nodes and secrets too, and to nothing of another group', async () => {
    await account('bound');
    const secret = String(meta(await rest.ok(201, 'POST', `${SPACE}/secrets`, { metadata: { name: 'held' } }))['uid']);
    const bind = (ref: JsonObject) => requested('bound', { boundObjectRef: { apiVersion: 'v1', ...ref } });
    expect(claimsOf(await bind({ kind: 'Secret', name: 'held', uid: secret }))['kubernetes.io']).toMatchObject({
      secret: { name: 'held', uid: secret },
    });
    expect(claimsOf(await bind({ kind: 'Node', name: 'known' }))['kubernetes.io']).toMatchObject({
      node: { name: 'known' },
    });
    const other = await rest.call('POST', `${SPACE}/serviceaccounts/bound/token`, {
      spec: { boundObjectRef: { apiVersion: 'apps/v1', kind: 'Pod', name: 'noded' } },
    });
    expect(other).toMatchObject({
      status: 400,
      body: { message: 'cannot bind token to object of type apps/v1, Kind=Pod' },
    });
  });

  test('in a Secret are good while the Secret holds them', async () => {
    const uid = await account('old');
    const claim = 'kubernetes.io/serviceaccount/';
    const token = signToken(
      {
        iss: 'kubernetes/serviceaccount',
        sub: 'system:serviceaccount:default:old',
        [`${claim}namespace`]: 'default',
        [`${claim}secret.name`]: 'old-token',
        [`${claim}service-account.name`]: 'old',
        [`${claim}service-account.uid`]: uid,
      },
      signer,
    );
    expect(authenticate(token)).toBe('missing');
    const data = { token: Buffer.from(token).toString('base64') };
    await rest.ok(201, 'POST', `${SPACE}/secrets`, { metadata: { name: 'old-token' }, data });
    expect(authenticate(token)).toMatchObject({ username: 'system:serviceaccount:default:old', uid });
    const mark = { metadata: { labels: { 'kubernetes.io/legacy-token-invalid-since': '2026-01-01' } } };
    const merge = { contentType: 'application/merge-patch+json' };
    await rest.ok(200, 'PATCH', `${SPACE}/secrets/old-token`, mark, merge);
    expect(authenticate(token)).toBe('missing');
  });
});

describe('bootstrap tokens', () => {
  const base64 = (o: Record<string, string>): JsonObject =>
    Object.fromEntries(Object.entries(o).map(([k, v]) => [k, Buffer.from(v).toString('base64')]));
  const secret = (id: string, more: Record<string, string>): Promise<JsonObject> =>
    rest.ok(201, 'POST', '/api/v1/namespaces/kube-system/secrets', {
      metadata: { name: `bootstrap-token-${id}` },
      type: 'bootstrap.kubernetes.io/token',
      data: base64({
        'token-id': id,
        'token-secret': '0123456789abcdef',
        'usage-bootstrap-authentication': 'true',
        ...more,
      }),
    });

  test('let a node in, until they expire', async () => {
    const expiration = new Date(now + HOUR_MS).toISOString();
    await secret('abcdef', { expiration, 'auth-extra-groups': 'system:bootstrappers:kubeadm:default-node-token' });
    expect(authenticate('abcdef.0123456789abcdef')).toEqual({
      username: 'system:bootstrap:abcdef',
      uid: '',
      groups: ['system:bootstrappers', 'system:bootstrappers:kubeadm:default-node-token', 'system:authenticated'],
      extra: {},
    });
    expect(authenticate('abcdef.0123456789abcdee')).toBe('invalid');
    now += HOUR_MS + 1;
    expect(authenticate('abcdef.0123456789abcdef')).toBe('invalid');
  });

  test('whose expiration cannot be read let nobody in', async () => {
    await secret('cccccc', { expiration: 'never' });
    await secret('dddddd', { expiration: '2099-01-01' });
    await secret('eeeeee', { expiration: '2099-01-01T00:00:00Z' });
    expect(authenticate('cccccc.0123456789abcdef')).toBe('invalid');
    expect(authenticate('dddddd.0123456789abcdef')).toBe('invalid');
    expect(authenticate('eeeeee.0123456789abcdef')).toMatchObject({ username: 'system:bootstrap:eeeeee' });
  });

  test('that may only sign, or would give other groups, let nobody in', async () => {
    await secret('aaaaaa', { 'usage-bootstrap-authentication': 'false' });
    await secret('bbbbbb', { 'auth-extra-groups': 'system:masters' });
    expect(authenticate('aaaaaa.0123456789abcdef')).toBe('invalid');
    expect(authenticate('bbbbbb.0123456789abcdef')).toBe('invalid');
  });
});

test('a token that nobody knows is not taken for none', () => {
  expect(authenticate('nonsense')).toBe('invalid');
});

describe('tokens that only look good are refused', () => {
  const parts = async (name: string): Promise<[string, string, string, JsonObject]> => {
    await account(name);
    const answer = await requested(name);
    const [head = '', body = '', signature = ''] = tokenOf(answer).split('.');
    expect(authenticate(`${head}.${body}.${signature}`)).toMatchObject({
      username: `system:serviceaccount:default:${name}`,
    });
    return [head, body, signature, claimsOf(answer)];
  };

  test('with padding or junk around the signature', async () => {
    const [head, body, signature] = await parts('padded');
    for (const bad of [`${signature}=`, `${signature}==`, `${signature}!`, `!${signature}`, `${signature}\t`]) {
      expect(authenticate(`${head}.${body}.${bad}`), JSON.stringify(bad)).toBe('invalid');
    }
  });

  test('with extensions that must be understood', async () => {
    const [, body] = await parts('critical');
    const head = Buffer.from(JSON.stringify({ alg: 'ES256', crit: ['exp'], exp: 1 })).toString('base64url');
    const signature = sign('sha256', Buffer.from(`${head}.${body}`), { key: signer.key, dsaEncoding: 'ieee-p1363' });
    expect(authenticate(`${head}.${body}.${signature.toString('base64url')}`)).toBe('invalid');
  });

  test('issued in the future, not yet good, or with times that are no numbers', async () => {
    const [, , , claims] = await parts('early');
    const seconds = Math.floor(now / 1000);
    expect(authenticate(signToken({ ...claims, iat: seconds + 30 }, signer))).toHaveProperty('username');
    for (const wrong of [
      { iat: seconds + 3600 },
      { nbf: seconds + 3600 },
      { nbf: 'soon' },
      { iat: '0' },
      { exp: 'never' },
      { exp: null },
    ]) {
      expect(authenticate(signToken({ ...claims, ...wrong }, signer)), JSON.stringify(wrong)).toBe('invalid');
    }
    const endless = { ...claims };
    delete endless['exp'];
    expect(authenticate(signToken(endless, signer))).toBe('invalid');
  });
});
