import { type Input, KEYS, members, must, NAMESPACED, POST, times } from '../input.js';
import type { MeasuredReplica } from '../measured-replica.js';
import type { Others } from '../others.js';

const ADMISSION = '/apis/admissionregistration.k8s.io/v1';
const MIB = 1024 * 1024;

/** A mutating webhook that answers so to config maps and pods with its label. */
async function webhook(replica: MeasuredReplica, others: Others, name: string, answer: () => object): Promise<void> {
  others.webhooks.on(`/${name}`, answer as () => never);
  await must(replica, 'POST', `${ADMISSION}/mutatingwebhookconfigurations`, {
    metadata: { name },
    webhooks: [
      {
        name: `${name}.e.com`,
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
        objectSelector: { matchLabels: { webhook: name } },
        clientConfig: { url: `${others.webhooks.url}/${name}`, caBundle: others.webhooks.caBundle },
        rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps', 'pods'] }],
      },
    ],
  });
}

const patchOf = (operations: readonly object[]): object => ({
  allowed: true,
  patchType: 'JSONPatch',
  patch: Buffer.from(JSON.stringify(operations)).toString('base64'),
});

/** A create of a config map (or what `body` says) to which a webhook answers. */
const answered = (
  title: string,
  name: string,
  answer: () => object,
  more: Partial<Input> & { body?: object } = {},
): Input =>
  POST(
    title,
    `${NAMESPACED}/${more.body === undefined ? 'configmaps' : 'pods'}`,
    () => ({ metadata: { generateName: 'w-', labels: { webhook: name } }, ...(more.body ?? { data: { a: 'b' } }) }),
    { withOthers: true, prepare: (replica, others) => webhook(replica, others, name, answer), ...more },
  );

type Converted = { spec?: object; apiVersion: string; metadata: { uid: string } };
const CONVERTED = '/apis/conversions.example.com/v2/namespaces/default';

/** A definition whose objects a webhook brings from v1 to v2, and so many of them. */
async function converted(
  { replica, others, plural, count }: { replica: MeasuredReplica; others: Others; plural: string; count: number },
  spec: unknown,
  change: (object: Converted) => unknown,
): Promise<void> {
  others.webhooks.on(
    `/${plural}`,
    ({ objects, desiredAPIVersion }) =>
      ({
        result: { status: 'Success' },
        convertedObjects: (objects as unknown as Converted[]).map((o) =>
          change({ ...o, apiVersion: desiredAPIVersion as string }),
        ),
      }) as never,
  );
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  const kind = plural.charAt(0).toUpperCase() + plural.slice(1, -1);
  await must(replica, 'POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
    metadata: { name: `${plural}.conversions.example.com` },
    spec: {
      group: 'conversions.example.com',
      scope: 'Namespaced',
      names: { plural, singular: plural.slice(0, -1), kind, listKind: `${kind}List` },
      versions: [
        { name: 'v1', served: true, storage: true, schema },
        { name: 'v2', served: true, storage: false, schema },
      ],
      conversion: {
        strategy: 'Webhook',
        webhook: {
          conversionReviewVersions: ['v1'],
          clientConfig: { url: `${others.webhooks.url}/${plural}`, caBundle: others.webhooks.caBundle },
        },
      },
    },
  });
  for (let i = 0; i < 200; i++) {
    const sent = await replica.send('GET', `${CONVERTED.replace('v2', 'v1')}/${plural}`);
    if (sent.status === 200) break;
    await new Promise((done) => setTimeout(done, 50));
  }
  for (let i = 0; i < count; i++) {
    await must(replica, 'POST', `${CONVERTED.replace('v2', 'v1')}/${plural}`, {
      apiVersion: 'conversions.example.com/v1',
      kind,
      metadata: { name: `o${i}` },
      spec,
    });
  }
}

const read = (
  title: string,
  plural: string,
  spec: unknown,
  change: (object: Converted) => unknown,
  more: { readonly count?: number; readonly one?: true; readonly refused?: readonly number[] } = {},
): Input => ({
  name: title,
  withOthers: true,
  method: 'GET',
  path: `${CONVERTED}/${plural}${more.one === true ? '/o0' : ''}`,
  prepare: (replica, others) => converted({ replica, others, plural, count: more.count ?? 1 }, spec, change),
  refused: more.refused,
});

const pod = { spec: { containers: [{ name: 'c', image: 'i', args: ['last'] }] } };
const manyKeys = members(KEYS, (i) => [`k${i}`, 'v']);

/** What webhooks answer at length, and requests and answers that are recorded. */
export const answers: readonly Input[] = [
  answered('10,000 operations of a webhook', 'operations', () =>
    patchOf(times(10_000, (i) => ({ op: 'add', path: `/data/k${i}`, value: 'v' }))),
  ),
  answered(
    '10,000 inserts of a webhook at the head of a list',
    'inserts',
    () => patchOf(times(10_000, (i) => ({ op: 'add', path: '/spec/containers/0/args/0', value: `v${i}` }))),
    { body: pod },
  ),
  answered(
    '10,000 moves of a webhook within a list',
    'moves',
    () =>
      patchOf([
        { op: 'add', path: '/spec/containers/0/args', value: times(10_000, (i) => `v${i}`) },
        ...times(9_999, () => ({
          op: 'move',
          from: '/spec/containers/0/args/9999',
          path: '/spec/containers/0/args/0',
        })),
      ]),
    { body: pod },
  ),
  answered('an object that a webhook makes of one', 'whole', () =>
    patchOf([{ op: 'replace', path: '/data', value: manyKeys }]),
  ),
  answered('10,000 warnings of a webhook', 'warnings', () => ({
    allowed: true,
    warnings: times(10_000, (i) => `warning ${i}`),
    auditAnnotations: members(10_000, (i) => [`key${i}`, 'value']),
  })),
  answered(
    'a refusal of a webhook of 4 MB',
    'refusal',
    () => ({ allowed: false, status: { code: 403, message: 'no '.repeat(1_400_000) } }),
    { refused: [403] },
  ),
  answered(
    'a patch of a webhook of 7 MB',
    'vast',
    () => patchOf([{ op: 'add', path: '/data/v', value: 'v'.repeat(5 * MIB) }]),
    {
      refused: [413, 422, 500],
    },
  ),
  answered('an answer of a webhook of 7 MB of brackets', 'brackets', () => ({ raw: `{${'['.repeat(7 * MIB)}` }), {
    refused: [500],
  }),
  answered(
    'an answer of a webhook of 7 MB of members',
    'members',
    () => ({ raw: JSON.stringify(members(400_000, (i) => [`key${i}`, i])) }),
    { refused: [500] },
  ),
  read('a conversion of many objects', 'manies', { a: 'b' }, (o) => o, { count: 300 }),
  read('a conversion into an object of many fields', 'wides', { a: 'b' }, (o) => ({ ...o, spec: manyKeys }), {
    one: true,
  }),
  read('a conversion into lists of many fields', 'heavies', { a: 'b' }, (o) => ({ ...o, spec: manyKeys }), {
    count: 20,
  }),
  read('a conversion of large objects', 'larges', manyKeys, (o) => o, { count: 10 }),
  read(
    'a conversion into other objects',
    'wrongs',
    { a: 'b' },
    (o) => ({ ...o, metadata: { ...o.metadata, uid: 'x'.repeat(100_000) } }),
    {
      count: 50,
      refused: [500],
    },
  ),
  read(
    'a conversion into a deep object',
    'deeps',
    { a: 'b' },
    (o) => ({ ...o, spec: JSON.parse('['.repeat(900) + ']'.repeat(900)) as unknown }),
    {
      one: true,
    },
  ),
  read('a conversion into 7 MB', 'vasts', { a: 'b' }, (o) => ({ ...o, spec: { text: times(700_000, (i) => i) } }), {
    one: true,
    refused: [500],
  }),
  POST(
    'a recorded body of many keys',
    `${NAMESPACED}/configmaps`,
    () => ({ metadata: { generateName: 'audited-' }, data: manyKeys }),
    { withOthers: true },
  ),
  POST(
    'a recorded body of many variables',
    `${NAMESPACED}/pods`,
    () => ({
      metadata: { generateName: 'audited-' },
      spec: { containers: [{ name: 'c', image: 'i', env: times(4_900, (i) => ({ name: `E${i}`, value: 'v' })) }] },
    }),
    { withOthers: true },
  ),
  {
    name: 'a recorded list of large objects',
    withOthers: true,
    method: 'GET',
    path: '/api/v1/configmaps',
    prepare: async (replica) => {
      for (let i = 0; i < 8; i++) {
        await must(replica, 'POST', `${NAMESPACED}/configmaps`, {
          metadata: { name: `r${i}` },
          data: { a: 'v'.repeat(300_000) },
        });
      }
    },
  },
  {
    name: 'a recorded refusal of a body of 3 MB',
    withOthers: true,
    method: 'POST',
    path: `${NAMESPACED}/configmaps`,
    options: () => ({
      body: `{"metadata":{"name":"x"},"data":{"a":${'['.repeat(900)}${'1,'.repeat(30_000)}1${']'.repeat(900)}}}`,
    }),
    refused: [413],
  },
];
