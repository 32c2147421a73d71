import 'reflect-metadata';
import { generateKeyPairSync, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { issue, type KeyPair } from '../../../pki/x509.js';
import { type Input, ITEMS, must, NAMESPACED, POST, times } from '../input.js';
import type { MeasuredReplica } from '../measured-replica.js';
import type { Others } from '../others.js';

const REVIEWS = '/apis/authentication.k8s.io/v1/tokenreviews';
const SIGNING = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
/** What the inputs below send: made in their `prepare`. */
const made = { token: '', identity: { cert: '', key: '' } satisfies KeyPair as KeyPair, request: '' };

const groups = (n: number): string[] => times(n, (i) => `team-${i}`);
const review = (name: string, prepare: NonNullable<Input['prepare']>): Input =>
  POST(name, REVIEWS, () => ({ spec: { token: made.token } }), { withOthers: true, prepare });

async function claims(others: Others, more: Record<string, unknown>): Promise<void> {
  const exp = Math.floor(Date.now() / 1000) + 600;
  made.token = await others.issuer.token({ sub: 'jane', aud: 'pauses', exp, ...more });
}

/** Resolves when the replica has fetched the issuer's keys. */
async function believed(replica: MeasuredReplica, others: Others): Promise<void> {
  for (let i = 0; i < 200; i++) {
    await claims(others, {});
    const { body } = await replica.send('POST', REVIEWS, { body: { spec: { token: made.token } } });
    if (body.includes('"authenticated":true')) return;
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error('the issuer is not believed');
}

const certificate = (name: string, organizations: number, names: number): Input => ({
  name,
  withOthers: true,
  method: 'GET',
  path: `${NAMESPACED}/configmaps?limit=1`,
  options: () => ({ identity: made.identity }),
  prepare: async (_replica, others) => {
    made.identity = await issue(others.authority, {
      commonName: 'jane',
      organizations: groups(organizations),
      usages: ['client'],
      dnsNames: times(names, (i) => `n${i}.example.com`),
    });
  },
  refused: [403],
});

async function requestOf(names: number): Promise<void> {
  const signingAlgorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await webcrypto.subtle.generateKey(signingAlgorithm, true, ['sign', 'verify']);
  const csr = await x509.Pkcs10CertificateRequestGenerator.create({
    name: 'CN=jane',
    keys,
    signingAlgorithm,
    extensions: [
      new x509.SubjectAlternativeNameExtension(times(names, (i) => ({ type: 'dns', value: `n${i}.example.com` }))),
    ],
  });
  made.request = Buffer.from(csr.toString('pem')).toString('base64');
}

/** DER: a tag, and what it holds. */
function der(tag: number, ...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  if (body.length < 128) return Buffer.concat([Buffer.from([tag, body.length]), body]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  return Buffer.concat([Buffer.from([tag, 0x84]), length, body]);
}

/** A request whose RSA key has so long a modulus; its signature is nobody's. */
function hugeKey(bytes: number): void {
  const rsa = der(0x30, Buffer.from('06092a864886f70d0101010500', 'hex'));
  const modulus = Buffer.alloc(bytes, 0x7f);
  const key = der(0x30, der(0x02, modulus), der(0x02, Buffer.from([1, 0, 1])));
  const info = der(
    0x30,
    der(0x02, Buffer.from([0])),
    der(0x30),
    der(0x30, rsa, der(0x03, Buffer.from([0]), key)),
    der(0xa0),
  );
  const signedBy = der(0x30, Buffer.from('06092a864886f70d01010b0500', 'hex'));
  const request = der(0x30, info, signedBy, der(0x03, Buffer.from([0]), modulus));
  const pem = `-----BEGIN CERTIFICATE REQUEST-----\n${request.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
  made.request = Buffer.from(pem).toString('base64');
}

const signing = (name: string, prepare: () => void | Promise<void>, refused?: readonly number[]): Input =>
  POST(
    name,
    SIGNING,
    () => ({
      metadata: { generateName: 'csr-' },
      spec: { signerName: 'e.com/s', usages: ['client auth'], request: made.request },
    }),
    { prepare: async () => prepare(), ...(refused === undefined ? {} : { refused }) },
  );

/** A token with so many audiences, as the replica itself signs them. */
async function tokenOf(replica: MeasuredReplica, audiences: number): Promise<void> {
  await must(replica, 'POST', `${NAMESPACED}/serviceaccounts`, { metadata: { name: 'wide' } });
  const { body } = await replica.send('POST', `${NAMESPACED}/serviceaccounts/wide/token`, {
    body: { spec: { audiences: times(audiences, (i) => `audience${i}`) } },
  });
  made.token = (JSON.parse(body) as { status: { token: string } }).status.token;
}

const requirements = (n: number): object[] => times(n, (i) => ({ key: `k${i}`, operator: 'In', values: [`v${i}`] }));
const access = (name: string, spec: object): Input =>
  POST(name, '/apis/authorization.k8s.io/v1/subjectaccessreviews', () => ({ spec: { user: 'jane', ...spec } }));

/** Who somebody is, told at length: tokens, certificates, and what is asked of them. */
export const identities: readonly Input[] = [
  {
    name: 'a bearer token of thousands of groups',
    withOthers: true,
    method: 'GET',
    path: `${NAMESPACED}/configmaps?limit=1`,
    options: () => ({ headers: { authorization: `Bearer ${made.token}` } }),
    prepare: async (replica, others) => {
      await believed(replica, others);
      await claims(others, { groups: groups(3_000) });
    },
    refused: [403],
  },
  review('a token review of a token of 30,000 groups', (_replica, others) =>
    claims(others, { groups: groups(30_000) }),
  ),
  review('a token review of a token with deep claims', (_replica, others) =>
    claims(others, { deep: JSON.parse(`${'['.repeat(900)}${']'.repeat(900)}`) as unknown }),
  ),
  review('a token review of a token with many claims', (_replica, others) =>
    claims(others, Object.fromEntries(times(30_000, (i) => [`claim${i}`, i]))),
  ),
  review('a token review of 1.4 MB that is no token', async () => {
    made.token = `${Buffer.from('{"alg":"RS256"}').toString('base64url')}.${'a'.repeat(1_400_000)}.b`;
    await Promise.resolve();
  }),
  review('a token review of 1.4 MB of dots', async () => {
    made.token = '.'.repeat(1_400_000);
    await Promise.resolve();
  }),
  POST(
    'a token review of many audiences of a token of many',
    REVIEWS,
    () => ({ spec: { token: made.token, audiences: times(ITEMS, (i) => `audience${ITEMS - i}`) } }),
    { prepare: (replica) => tokenOf(replica, ITEMS) },
  ),
  access('an access review of many requirements of labels', {
    resourceAttributes: { verb: 'list', resource: 'pods', labelSelector: { requirements: requirements(7_000) } },
  }),
  access('an access review of many requirements of fields', {
    resourceAttributes: { verb: 'list', resource: 'pods', fieldSelector: { requirements: requirements(7_000) } },
  }),
  access('an access review of selectors of 1 MB', {
    resourceAttributes: {
      verb: 'list',
      resource: 'pods',
      labelSelector: { rawSelector: times(40_000, (i) => `k${i}!=v`).join(',') },
      fieldSelector: { rawSelector: times(40_000, (i) => `metadata.name!=v${i}`).join(',') },
    },
  }),
  certificate('a client certificate of thousands of organizations', 1_500, 0),
  certificate('a client certificate of thousands of names', 1, 3_500),
  signing('a signing request of 20,000 names', () => requestOf(20_000)),
  signing('a signing request with an RSA key of 16,384 bits', () => {
    hugeKey(2_048);
  }, [422]),
  signing('a signing request with an RSA key of 350 KB', () => {
    hugeKey(350_000);
  }, [422]),
  POST('a TLS secret of many certificates', `${NAMESPACED}/secrets`, () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const cert = publicKey.export({ format: 'pem', type: 'spki' }).toString().replaceAll('PUBLIC KEY', 'CERTIFICATE');
    return {
      metadata: { generateName: 'tls-' },
      type: 'kubernetes.io/tls',
      data: {
        'tls.crt': Buffer.from(cert.repeat(1_500)).toString('base64'),
        'tls.key': Buffer.from(privateKey.export({ format: 'pem', type: 'pkcs8' })).toString('base64'),
      },
    };
  }),
];
