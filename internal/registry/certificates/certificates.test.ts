import { webcrypto } from 'node:crypto';
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import { beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../machinery/json.js';
import { fieldErrorsOf } from '../generic/field-errors.testkit.js';

const of = fieldErrorsOf('certificates.k8s.io', 'certificatesigningrequests');
const EC = { name: 'ECDSA', namedCurve: 'P-256' };
let pem = '';

beforeAll(async () => {
  const keys = await webcrypto.subtle.generateKey(EC, true, ['sign', 'verify']);
  const signingAlgorithm = { ...EC, hash: 'SHA-256' };
  pem = (await x509.Pkcs10CertificateRequestGenerator.create({ name: 'CN=jane', keys, signingAlgorithm })).toString(
    'pem',
  );
});

const csr = (spec: JsonObject = {}, status: JsonObject = {}): JsonObject => ({
  spec: {
    request: Buffer.from(pem).toString('base64'),
    signerName: 'example.com/signer',
    usages: ['client auth'],
    ...spec,
  },
  status,
});
const said = (type: string, more: JsonObject = {}): JsonObject => ({ type, status: 'True', ...more });

describe('certificate signing requests', () => {
  it('carry a request that is signed', () => {
    expect(of(csr())).toEqual([]);
    expect(of(csr({ request: 'YWJj' }))).toEqual([
      'spec.request: Invalid value: "YWJj": PEM block type must be CERTIFICATE REQUEST',
    ]);
  });
  it('name a signer by domain and path, usages once, and a time that is worth it', () => {
    const fieldErrors = of(
      csr({ signerName: 'com/Signer', usages: ['client auth', 'client auth', 'x'], expirationSeconds: 599 }),
    );
    expect(fieldErrors.map((c) => c.split(':')[0])).toEqual([
      'spec.usages[2]',
      'spec.usages[1]',
      'spec.signerName',
      'spec.signerName',
      'spec.expirationSeconds',
    ]);
  });
  it('are decided by approval only, once, and not both ways', () => {
    const approved = csr({}, { conditions: [said('Approved')] });
    expect(of(approved, csr(), 'approval')).toEqual([]);
    expect(of(approved, csr(), 'status')).toEqual([
      'status.conditions: Forbidden: updates may not add a condition of type "Approved"',
    ]);
    expect(of(csr(), approved, 'approval')).toEqual([
      'status.conditions: Forbidden: updates may not remove a condition of type "Approved"',
    ]);
    const both = csr({}, { conditions: [said('Approved'), said('Denied')] });
    expect(of(both, approved, 'approval')).toEqual([
      'status.conditions[1].type: Invalid value: "Denied": Approved and Denied conditions are mutually exclusive',
    ]);
    const why = { reason: 'r', lastUpdateTime: '2026-01-01T00:00:00Z' };
    expect(of(csr({}, { conditions: [said('Approved', why)] }), approved, 'status')).toEqual([
      `status.conditions: Forbidden: updates may not modify a condition of type "Approved"
@@ -2,9 +2,9 @@
  {
   "Type": "Approved",
   "Status": "True",
-  "Reason": "",
+  "Reason": "r",
   "Message": "",
-  "LastUpdateTime": null,
+  "LastUpdateTime": "2026-01-01T00:00:00Z",
   "LastTransitionTime": null
  }
 ]
`,
    ]);
    expect(of(csr({}, { conditions: [said('Denied', { status: 'False' })] }), csr(), 'approval')).toEqual([
      'status.conditions[0].status: Unsupported value: "False": supported values: "True"',
    ]);
  });
  it('get a certificate by status only, once, and nothing else that calls itself one', () => {
    const given = (text: string): JsonObject => csr({}, { certificate: Buffer.from(text).toString('base64') });
    expect(of(given('abc'), csr(), 'status')).toEqual([
      'status.certificate: Invalid value: "<certificate data>": must contain at least one CERTIFICATE PEM block',
    ]);
    expect(of(given('abc'), csr(), 'approval').at(-1)).toContain('updates may not set certificate content');
    expect(of(given('abc'), given('def'), 'status')).toEqual([
      'status.certificate: Forbidden: updates may not modify existing certificate content',
    ]);
  });
});
