import { APPLY, type Input, KEYS, members, must, NAMESPACED, OTHER_ITEMS, OWNED, times } from '../input.js';
import type { MeasuredReplica } from '../measured-replica.js';

const MAP = `${NAMESPACED}/configmaps/applied`;
const DEPLOYMENT = '/apis/apps/v1/namespaces/default/deployments/applied';
const map = (n: number, value = 'v'): unknown => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'applied' },
  data: members(n, (i) => [`key${i}`, value]),
});
const deployment = (n: number, value = 'v'): unknown => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'applied' },
  spec: {
    selector: { matchLabels: { a: 'b' } },
    template: {
      metadata: { labels: { a: 'b' } },
      spec: { containers: [{ name: 'c', image: 'i', env: times(n, (i) => ({ name: `E${i}`, value })) }] },
    },
  },
});
const apply = async (replica: MeasuredReplica, path: string, manager: string, body: unknown): Promise<void> => {
  const sent = await replica.send('PATCH', `${path}?fieldManager=${manager}&force=true`, {
    body,
    headers: { 'content-type': 'application/apply-patch+yaml' },
  });
  if (sent.status >= 300) throw new Error(`apply ${path}: ${sent.status} ${sent.body.slice(0, 500)}`);
};

/** Objects with tens of thousands of owned fields. */
export const ownership: readonly Input[] = [
  APPLY('the first apply of many keys', MAP, 'a', () => map(KEYS)),
  APPLY('the same apply again', MAP, 'a', () => map(KEYS)),
  APPLY('an apply of many keys by another manager that conflicts', MAP, 'b', () => map(KEYS, 'w'), {
    refused: [409],
  }),
  APPLY('an apply of many keys by force', MAP, 'b', () => map(KEYS, 'w'), { force: true }),
  APPLY('an apply that gives up many keys', MAP, 'b', () => map(1, 'w'), {
    prepare: (r) => apply(r, MAP, 'b', map(KEYS, 'w')),
  }),
  {
    name: 'an update of many keys that others own',
    method: 'PUT',
    path: `${MAP}?fieldManager=u`,
    prepare: (r) => apply(r, MAP, 'a', map(KEYS)),
    options: () => ({ body: map(KEYS, 'u') }),
  },
  APPLY('an apply of many variables', DEPLOYMENT, 'a', () => deployment(OWNED)),
  APPLY('an apply of many variables that conflicts', DEPLOYMENT, 'b', () => deployment(OWNED, 'w'), {
    refused: [409],
    prepare: (r) => apply(r, DEPLOYMENT, 'a', deployment(OWNED)),
  }),
  APPLY('an apply of many variables by force', DEPLOYMENT, 'b', () => deployment(OWNED, 'w'), { force: true }),
  APPLY(
    'an apply with many variables of one name',
    DEPLOYMENT,
    'a',
    () => ({
      ...(deployment(0) as object),
      spec: {
        template: { spec: { containers: [{ name: 'c', env: times(OTHER_ITEMS, () => ({ name: 'E', value: 'v' })) }] } },
      },
    }),
    { refused: [500] },
  ),
  APPLY('an apply of many finalizers', MAP, 'f', () => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'applied', finalizers: times(OWNED, (i) => `e.com/f${i}`) },
  })),
  {
    name: 'managed fields that a client made up',
    method: 'PUT',
    path: `${NAMESPACED}/configmaps/made-up`,
    prepare: (r) => must(r, 'POST', `${NAMESPACED}/configmaps`, { metadata: { name: 'made-up' } }),
    options: () => ({
      body: {
        metadata: {
          name: 'made-up',
          managedFields: times(8, (m) => ({
            manager: `m${m}`,
            operation: 'Apply',
            apiVersion: 'v1',
            fieldsType: 'FieldsV1',
            fieldsV1: { 'f:data': members(5_000, (i) => [`f:key${i}`, {}]) },
          })),
        },
        data: members(5_000, (i) => [`key${i}`, 'v']),
      },
    }),
  },
  APPLY(
    'an apply over what many managers own',
    `${NAMESPACED}/configmaps/made-up`,
    'z',
    () => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'made-up' },
      data: members(KEYS, (i) => [`key${i}`, 'z']),
    }),
    { force: true },
  ),
  APPLY(
    'an apply of YAML of many keys',
    `${NAMESPACED}/configmaps/yaml`,
    'y',
    () =>
      `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: yaml\ndata:\n${times(KEYS, (i) => `  key${i}: "v"\n`).join('')}`,
  ),
];
