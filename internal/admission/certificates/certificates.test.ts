import { webcrypto } from 'node:crypto';
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RbacAuthorizer } from '../../auth/rbac.js';
import type { JsonObject } from '../../machinery/json.js';
import { findResource } from '../../schema/index.js';
import { type Call, type Rest, startRest } from '../../rest/write/testing/harness.js';
import { attributesOf, contextOf } from '../testing/attributes.js';
import { certificateSubjectRestriction } from './index.js';

const API = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const GROUP = 'rbac.authorization.k8s.io';
const EC = { name: 'ECDSA', namedCurve: 'P-256' };

let rest: Rest;
beforeAll(async () => {
  rest = await startRest(1, (backend) => ({ authorizer: new RbacAuthorizer(backend) }));
  for (const [name, verb, signer] of [
    ['approver', 'approve', 'example.com/*'],
    ['signer', 'sign', 'example.com/mine'],
  ] as const) {
    const rule = { verbs: [verb], apiGroups: ['certificates.k8s.io'], resources: ['signers'], resourceNames: [signer] };
    await rest.ok(201, 'POST', `${RBAC}/clusterroles`, { metadata: { name }, rules: [rule] });
    const roleRef = { apiGroup: GROUP, kind: 'ClusterRole', name };
    const subjects = [{ kind: 'User', apiGroup: GROUP, name }];
    await rest.ok(201, 'POST', `${RBAC}/clusterrolebindings`, { metadata: { name }, roleRef, subjects });
  }
});
afterAll(async () => {
  await rest.close();
});

async function csr(name: string, subject: string, signerName: string): Promise<JsonObject> {
  const keys = await webcrypto.subtle.generateKey(EC, true, ['sign', 'verify']);
  const signingAlgorithm = { ...EC, hash: 'SHA-256' };
  const made = await x509.Pkcs10CertificateRequestGenerator.create({ name: subject, keys, signingAlgorithm });
  const request = Buffer.from(made.toString('pem')).toString('base64');
  return { metadata: { name }, spec: { request, signerName, usages: ['client auth'] } };
}
const as = (user: string): Call => ({
  user,
  groups: ['system:authenticated'],
  contentType: 'application/merge-patch+json',
});
const condition = (...types: string[]): JsonObject => ({
  status: { conditions: types.map((type) => ({ type, status: 'True', reason: 'R' })) },
});

describe('certificate signing requests', () => {
  test('are approved by who may approve for the signer, and signed by who may sign', async () => {
    await rest.ok(201, 'POST', API, await csr('one', 'CN=jane', 'example.com/mine'));
    const refused = await rest.call('PATCH', `${API}/one/approval`, condition('Approved'), as('signer'));
    expect(refused).toMatchObject({ status: 403, body: { reason: 'Forbidden' } });
    expect(refused.body['message']).toContain(
      'user not permitted to approve requests with signerName "example.com/mine"',
    );
    expect(await rest.call('PATCH', `${API}/one/approval`, condition('Approved'), as('approver'))).toMatchObject({
      status: 200,
    });

    // A condition that is there may not be left out.
    const failed = condition('Approved', 'Failed');
    expect(await rest.call('PATCH', `${API}/one/status`, failed, as('approver'))).toMatchObject({ status: 403 });
    expect(await rest.call('PATCH', `${API}/one/status`, failed, as('signer'))).toMatchObject({ status: 200 });
  });

  test("say what is missing to who signs, and a status without a decision is nobody's business", async () => {
    await rest.ok(201, 'POST', API, await csr('two', 'CN=jane', 'example.com/other'));
    const failed = await rest.call('PATCH', `${API}/two/status`, condition('Failed'), as('signer'));
    expect(failed).toMatchObject({
      status: 403,
      body: {
        message: expect.stringContaining('user not permitted to sign requests with signerName "example.com/other"'),
      },
    });
    // The right for the whole domain counts, and only for signers of that domain.
    await rest.ok(201, 'POST', API, await csr('three', 'CN=jane', 'example.org/mine'));
    expect((await rest.call('PATCH', `${API}/three/approval`, condition('Approved'), as('approver'))).status).toBe(403);
    expect((await rest.call('PATCH', `${API}/two/approval`, condition('Approved'), as('approver'))).status).toBe(200);
    const label = { metadata: { labels: { a: 'b' } } };
    expect((await rest.call('PATCH', `${API}/three/status`, label, as('nobody'))).status).toBe(200);
    expect((await rest.call('PATCH', `${API}/three`, label, as('nobody'))).status).toBe(200);
  });

  test('need the right to sign for the certificate as for the conditions', async () => {
    await rest.ok(201, 'POST', API, await csr('four', 'CN=jane', 'example.com/mine'));
    const keys = await webcrypto.subtle.generateKey(EC, true, ['sign', 'verify']);
    const made = await x509.X509CertificateGenerator.createSelfSigned({ name: 'CN=jane', keys });
    const certificate = Buffer.from(made.toString('pem')).toString('base64');
    const patch = { status: { certificate } };
    expect((await rest.call('PATCH', `${API}/four/status`, patch, as('approver'))).status).toBe(403);
    expect((await rest.call('PATCH', `${API}/four/status`, patch, as('signer'))).status).toBe(200);
  });

  test('that cannot be read are field errors, whatever they ask for', async () => {
    for (const text of [
      'no request',
      '-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n',
    ]) {
      const body = await csr('five', 'CN=jane', 'kubernetes.io/kube-apiserver-client');
      const spec = { ...(body['spec'] as JsonObject), request: Buffer.from(text).toString('base64') };
      expect(await rest.call('POST', API, { ...body, spec })).toMatchObject({ status: 422 });
    }
  });

  test('make nobody system:masters', async () => {
    const masters = await csr('masters', 'CN=jane, O=system:masters', 'kubernetes.io/kube-apiserver-client');
    expect(await rest.call('POST', API, masters)).toMatchObject({
      status: 403,
      body: {
        message:
          'certificatesigningrequests.certificates.k8s.io "masters" is forbidden: use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed',
      },
    });
    const other = await csr('other', 'CN=jane, O=system:masters', 'example.com/mine');
    expect(await rest.call('POST', API, other)).toMatchObject({ status: 201 });
  });
});

test('a request that cannot be read is no matter of admission, one for another signer neither', () => {
  const def = findResource('certificates.k8s.io', 'v1', 'certificatesigningrequests');
  if (def === undefined) throw new Error('certificatesigningrequests are not served');
  for (const text of [
    '',
    'no request',
    '-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n',
  ]) {
    const request = Buffer.from(text).toString('base64');
    const object = { spec: { request, signerName: 'kubernetes.io/kube-apiserver-client' } };
    expect(
      certificateSubjectRestriction.validate?.(contextOf(), attributesOf('pods', { def, object })),
    ).toBeUndefined();
  }
});
