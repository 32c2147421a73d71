import { type Input, KEYS, members, must, NAMESPACED, OTHER_ITEMS, OWNED, PATCH, POST, times } from '../input.js';
import type { MeasuredReplica } from '../measured-replica.js';
import { define, DEFINITIONS } from './patches.js';

const ADMISSION = '/apis/admissionregistration.k8s.io/v1';
/** Only what bears this label is looked at by the policies and webhooks below. */
const HEAVY = { heavy: 'yes' };
const match = {
  objectSelector: { matchLabels: HEAVY },
  resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] }],
};

async function policies(replica: MeasuredReplica, count: number, expression: string): Promise<void> {
  for (let i = 0; i < count; i++) {
    const name = `heavy${i}`;
    await must(replica, 'POST', `${ADMISSION}/validatingadmissionpolicies`, {
      metadata: { name },
      spec: { failurePolicy: 'Ignore', matchConstraints: match, validations: [{ expression }] },
    });
    await must(replica, 'POST', `${ADMISSION}/validatingadmissionpolicybindings`, {
      metadata: { name },
      spec: { policyName: name, validationActions: ['Audit'] },
    });
  }
}

async function mutations(replica: MeasuredReplica): Promise<void> {
  for (let i = 0; i < 10; i++) {
    const name = `changing${i}`;
    await must(replica, 'POST', `${ADMISSION}/mutatingadmissionpolicies`, {
      metadata: { name },
      spec: {
        failurePolicy: 'Ignore',
        reinvocationPolicy: 'Never',
        matchConstraints: { ...match, objectSelector: { matchLabels: { changing: 'yes' } } },
        mutations: [
          {
            patchType: 'ApplyConfiguration',
            applyConfiguration: {
              expression: `Object{metadata: Object.metadata{annotations: {"a${i}": "b"}}}`,
            },
          },
        ],
      },
    });
    await must(replica, 'POST', `${ADMISSION}/mutatingadmissionpolicybindings`, {
      metadata: { name },
      spec: { policyName: name },
    });
  }
}

/** Several large requests at once: together they hold the loop no longer than one. */
const together = (name: string, count: number, method: string, path: string, body: (i: number) => unknown): Input => ({
  ...POST(name, path, () => body(0)),
  method,
  beside: times(count - 1, (i) => ({ method, path, options: () => ({ body: body(i + 1) }) })),
});

const columns = times(200, (i) => ({ name: `c${i}`, type: 'string', jsonPath: `.spec.list[?(@.a=="v${i}")].b` }));
const certificate = (san: string): string =>
  Buffer.from(
    `-----BEGIN CERTIFICATE REQUEST-----\n${Buffer.from(san.repeat(20_000)).toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`,
  ).toString('base64');

/** Policies, what many do at once, and readers with patterns and paths. */
export const togethers: readonly Input[] = [
  POST(
    '20 policies with triple loops',
    `${NAMESPACED}/configmaps`,
    () => ({ metadata: { generateName: 'h-', labels: HEAVY }, data: members(200, (i) => [`k${i}`, 'v']) }),
    {
      prepare: (r) => policies(r, 20, 'object.data.all(x, object.data.all(y, object.data.all(z, x + y + z != "")))'),
    },
  ),
  POST(
    '10 policies that change a large object',
    `${NAMESPACED}/configmaps`,
    () => ({
      metadata: { generateName: 'h-', labels: { changing: 'yes' } },
      data: members(KEYS, (i) => [`k${i}`, 'v']),
    }),
    { prepare: mutations },
  ),
  together('8 config maps of many keys at once', 8, 'POST', `${NAMESPACED}/configmaps`, (i) => ({
    metadata: { generateName: `t${i}-` },
    data: members(KEYS, (k) => [`k${k}`, 'v']),
  })),
  together('8 pods of many variables at once', 8, 'POST', `${NAMESPACED}/pods`, (i) => ({
    metadata: { generateName: `t${i}-` },
    spec: { containers: [{ name: 'c', image: 'i', env: times(OWNED, (n) => ({ name: `E${n}`, value: 'v' })) }] },
  })),
  together('8 definitions of many properties at once', 8, 'POST', DEFINITIONS, (i) => ({
    metadata: { name: `atonce${i}s.pauses.example.com` },
    spec: {
      group: 'pauses.example.com',
      scope: 'Namespaced',
      names: { plural: `atonce${i}s`, singular: `atonce${i}`, kind: `Atonce${i}`, listKind: `Atonce${i}List` },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: {
              type: 'object',
              properties: {
                spec: { type: 'object', properties: members(8_000, (p) => [`p${p}`, { type: 'string' }]) },
              },
            },
          },
        },
      ],
    },
  })),
  {
    name: 'columns with filters over many items',
    method: 'GET',
    path: '/apis/pauses.example.com/v1/namespaces/default/columnars',
    options: { headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' } },
    prepare: async (r) => {
      const schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
      await define(r, 'columnars', schema, { additionalPrinterColumns: columns });
      await must(r, 'POST', '/apis/pauses.example.com/v1/namespaces/default/columnars', {
        apiVersion: 'pauses.example.com/v1',
        kind: 'Columnar',
        metadata: { name: 'a' },
        spec: { list: times(OTHER_ITEMS, (i) => ({ a: `v${i % 1_000}`, b: 'x' })) },
      });
    },
  },
  POST(
    'a signing request of thousands of names',
    '/apis/certificates.k8s.io/v1/certificatesigningrequests',
    () => ({
      metadata: { generateName: 'csr-' },
      spec: { signerName: 'e.com/s', usages: ['client auth'], request: certificate('DNS:name.example.com,') },
    }),
    { refused: [422] },
  ),
  POST(
    'a bundle of many certificates',
    '/apis/certificates.k8s.io/v1beta1/clustertrustbundles',
    () => ({
      metadata: { generateName: 'b-' },
      spec: { trustBundle: `-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n`.repeat(15_000) },
    }),
    { refused: [404, 422] },
  ),
  PATCH(
    'a strategic merge of a large annotation',
    'strategic',
    `${NAMESPACED}/configmaps/noted`,
    () => ({
      metadata: { annotations: { a: 'y'.repeat(250_000) } },
    }),
    { prepare: (r) => must(r, 'POST', `${NAMESPACED}/configmaps`, { metadata: { name: 'noted' } }) },
  ),
  {
    name: 'a watch of a selector with many terms from the beginning',
    method: 'GET',
    path: `${NAMESPACED}/configmaps?watch=1&timeoutSeconds=1&resourceVersion=0&fieldSelector=${times(1_500, (i) => `metadata.name!=a${i}`).join(',')}`,
  },
  {
    name: 'a list of all config maps as a table',
    method: 'GET',
    path: '/api/v1/configmaps?limit=500',
    options: { headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' } },
  },
];
