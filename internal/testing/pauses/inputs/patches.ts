import { type Input, KEYS, members, must, NAMESPACED, OTHER_ITEMS, OWNED, PATCH, times } from '../input.js';
import type { MeasuredReplica } from '../measured-replica.js';

const MAP = `${NAMESPACED}/configmaps/patched`;
const DEPLOYMENT = '/apis/apps/v1/namespaces/default/deployments/patched';
const CUSTOM = '/apis/pauses.example.com/v1/namespaces/default/things/patched';
export const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

/** Creates a definition and waits until it is served. */
export async function define(
  replica: MeasuredReplica,
  plural: string,
  schema: unknown,
  more: object = {},
): Promise<void> {
  const kind = plural.slice(0, 1).toUpperCase() + plural.slice(1, -1);
  await must(replica, 'POST', DEFINITIONS, {
    metadata: { name: `${plural}.pauses.example.com` },
    spec: {
      group: 'pauses.example.com',
      scope: 'Namespaced',
      names: { plural, singular: plural.slice(0, -1), kind, listKind: `${kind}List` },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema }, ...more }],
    },
  });
  for (let i = 0; i < 200; i++) {
    const sent = await replica.send('GET', `/apis/pauses.example.com/v1/namespaces/default/${plural}`);
    if (sent.status === 200) return;
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error(`${plural} are not served`);
}

/** A custom resource of any content. */
async function thing(replica: MeasuredReplica, spec: unknown): Promise<void> {
  await define(replica, 'things', { type: 'object', 'x-kubernetes-preserve-unknown-fields': true });
  await replica.send('DELETE', CUSTOM);
  const body = { apiVersion: 'pauses.example.com/v1', kind: 'Thing', metadata: { name: 'patched' }, spec };
  await must(replica, 'POST', CUSTOM.slice(0, CUSTOM.lastIndexOf('/')), body);
}

async function map(replica: MeasuredReplica, more: object): Promise<void> {
  await replica.send('DELETE', MAP);
  await must(replica, 'POST', `${NAMESPACED}/configmaps`, { metadata: { name: 'patched' }, ...more });
}

async function deployment(replica: MeasuredReplica, env: readonly unknown[]): Promise<void> {
  await replica.send('DELETE', DEPLOYMENT);
  await must(replica, 'POST', DEPLOYMENT.slice(0, DEPLOYMENT.lastIndexOf('/')), {
    metadata: { name: 'patched' },
    spec: {
      selector: { matchLabels: { a: 'b' } },
      template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i', env }] } },
    },
  });
}
const variables = (n: number, from = 0): unknown[] => times(n, (i) => ({ name: `E${from + i}`, value: 'v' }));
const ofContainer = (more: object): unknown => ({
  spec: { template: { spec: { containers: [{ name: 'c', ...more }] } } },
});

export const patches: readonly Input[] = [
  PATCH(
    '760 inserts at the head of a long list',
    'json',
    CUSTOM,
    () => times(760, () => ({ op: 'add', path: '/spec/list/0', value: 1 })),
    {
      prepare: (r) => thing(r, { list: times(OTHER_ITEMS, () => 0) }),
    },
  ),
  PATCH(
    '10,000 removals at the head of a long list',
    'json',
    CUSTOM,
    () => times(10_000, () => ({ op: 'remove', path: '/spec/list/0' })),
    {
      prepare: (r) => thing(r, { list: times(OTHER_ITEMS, () => 0) }),
    },
  ),
  PATCH(
    '10,000 moves from the end of a list to its head',
    'json',
    CUSTOM,
    () => times(10_000, () => ({ op: 'move', from: '/spec/list/31999', path: '/spec/list/0' })),
    {
      prepare: (r) => thing(r, { list: times(OTHER_ITEMS, () => 0) }),
    },
  ),
  PATCH(
    'copies that double',
    'json',
    CUSTOM,
    () => times(40, () => ({ op: 'copy', from: '/spec', path: '/spec/x/-' })),
    {
      refused: [413],
      prepare: (r) => thing(r, { x: [1, 2, 3] }),
    },
  ),
  PATCH(
    '10,000 copies of a large value over another',
    'json',
    CUSTOM,
    () => times(10_000, () => ({ op: 'copy', from: '/spec/a', path: '/spec/b' })),
    {
      refused: [422],
      prepare: (r) => thing(r, { a: 'x'.repeat(1_000_000), b: '' }),
    },
  ),
  PATCH(
    '10,000 tests in a large value',
    'json',
    CUSTOM,
    () => times(10_000, () => ({ op: 'test', path: '/spec/a/k15999', value: 1 })),
    {
      prepare: (r) => thing(r, { a: members(KEYS, (i) => [`k${i}`, 1]) }),
    },
  ),
  PATCH('a path of many tokens', 'json', CUSTOM, () => [{ op: 'add', path: '/a'.repeat(32_000), value: 1 }], {
    refused: [422],
    prepare: (r) => thing(r, {}),
  }),
  PATCH(
    'a JSON patch of many operations',
    'json',
    CUSTOM,
    () => times(10_000, () => ({ op: 'replace', path: '/spec/list/7', value: 1 })),
    {
      prepare: (r) => thing(r, { list: times(10, () => 0) }),
    },
  ),
  PATCH('a merge patch of many keys', 'merge', MAP, () => ({ data: members(KEYS, (i) => [`key${i}`, 'w']) }), {
    prepare: (r) => map(r, { data: members(KEYS, (i) => [`key${i}`, 'v']) }),
  }),
  PATCH(
    'a merge patch of a custom resource of many keys',
    'merge',
    CUSTOM,
    () => ({ spec: members(KEYS, (i) => [`key${i}`, 'w']) }),
    {
      prepare: (r) =>
        thing(
          r,
          members(KEYS, (i) => [`key${i}`, 'v']),
        ),
    },
  ),
  PATCH('a small merge patch of a custom resource of many keys', 'merge', CUSTOM, () => ({ spec: { a: 1 } }), {
    prepare: (r) =>
      thing(
        r,
        members(KEYS, (i) => [`key${i}`, 'v']),
      ),
  }),
  PATCH(
    'a strategic merge of many variables by name',
    'strategic',
    DEPLOYMENT,
    () => ofContainer({ env: variables(4_000, 1_000) }),
    {
      prepare: (r) => deployment(r, variables(4_000)),
    },
  ),
  PATCH(
    'a strategic merge of many variables with their order',
    'strategic',
    DEPLOYMENT,
    () =>
      ofContainer({
        env: variables(4_500).toReversed(),
        '$setElementOrder/env': times(4_500, (i) => ({ name: `E${4_499 - i}` })),
      }),
    {
      prepare: (r) => deployment(r, variables(4_000)),
    },
  ),
  PATCH(
    'a strategic merge that only orders variables',
    'strategic',
    DEPLOYMENT,
    () => ofContainer({ '$setElementOrder/env': times(4_000, (i) => ({ name: `E${3_999 - i}` })) }),
    {
      prepare: (r) => deployment(r, variables(4_000)),
    },
  ),
  PATCH(
    'a strategic merge that deletes variables',
    'strategic',
    DEPLOYMENT,
    () => ofContainer({ env: times(4_000, (i) => ({ name: `E${i}`, $patch: 'delete' })) }),
    {
      prepare: (r) => deployment(r, variables(4_000)),
    },
  ),
  PATCH(
    'a strategic merge that deletes many finalizers',
    'strategic',
    MAP,
    () => ({ metadata: { '$deleteFromPrimitiveList/finalizers': times(OTHER_ITEMS, (i) => `e.com/f${i}`) } }),
    {
      prepare: (r) => map(r, { metadata: { name: 'patched', finalizers: times(OWNED, (i) => `e.com/f${i}`) } }),
    },
  ),
  PATCH(
    'a strategic merge of many finalizers',
    'strategic',
    MAP,
    () => ({ metadata: { finalizers: times(OWNED, (i) => `e.com/f${i}`) } }),
    {
      prepare: (r) => map(r, {}),
    },
  ),
  PATCH(
    'a strategic merge that retains many keys',
    'strategic',
    DEPLOYMENT,
    () => ({
      spec: { strategy: { $retainKeys: times(OTHER_ITEMS, (i) => `k${i}`), ...members(KEYS, (i) => [`k${i}`, 'v']) } },
    }),
    {
      prepare: (r) => deployment(r, []),
    },
  ),
  PATCH(
    'a strategic merge of deep maps',
    'strategic',
    MAP,
    () => JSON.parse(`${'{"a":'.repeat(900)}1${'}'.repeat(900)}`) as unknown,
    {
      prepare: (r) => map(r, {}),
    },
  ),
  PATCH(
    'a strategic merge of what is no list',
    'strategic',
    DEPLOYMENT,
    () => ofContainer({ env: times(OTHER_ITEMS, () => 1) }),
    {
      refused: [400, 422, 500],
      prepare: (r) => deployment(r, variables(10)),
    },
  ),
];
