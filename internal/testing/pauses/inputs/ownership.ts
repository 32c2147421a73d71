import { APPLY, type Input, members, must, NAMESPACED, times } from '../input.js';
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
  APPLY('the first apply of 50,000 keys', MAP, 'a', () => map(50_000)),
  APPLY('the same apply again', MAP, 'a', () => map(50_000)),
  APPLY('an apply of 50,000 keys by another manager that conflicts', MAP, 'b', () => map(50_000, 'w')),
  APPLY('an apply of 50,000 keys by force', MAP, 'b', () => map(50_000, 'w'), { force: true }),
  APPLY('an apply that gives up 50,000 keys', MAP, 'b', () => map(1, 'w'), {
    prepare: (r) => apply(r, MAP, 'b', map(50_000, 'w')),
  }),
  {
    name: 'an update of 50,000 keys that others own',
    method: 'PUT',
    path: `${MAP}?fieldManager=u`,
    prepare: (r) => apply(r, MAP, 'a', map(50_000)),
    options: () => ({ body: map(50_000, 'u') }),
  },
  APPLY('an apply of 15,000 variables', DEPLOYMENT, 'a', () => deployment(15_000)),
  APPLY('an apply of 15,000 variables that conflicts', DEPLOYMENT, 'b', () => deployment(15_000, 'w'), {
    prepare: (r) => apply(r, DEPLOYMENT, 'a', deployment(15_000)),
  }),
  APPLY('an apply of 15,000 variables by force', DEPLOYMENT, 'b', () => deployment(15_000, 'w'), { force: true }),
  APPLY('an apply with 15,000 variables of one name', DEPLOYMENT, 'a', () => ({
    ...(deployment(0) as object),
    spec: {
      template: { spec: { containers: [{ name: 'c', env: times(60_000, () => ({ name: 'E', value: 'v' })) }] } },
    },
  })),
  APPLY('an apply of 100,000 finalizers', MAP, 'f', () => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'applied', finalizers: times(60_000, (i) => `e.com/f${i}`) },
  })),
  {
    name: 'managed fields that a client made up: 50,000 fields of 10 managers',
    method: 'PUT',
    path: `${NAMESPACED}/configmaps/made-up`,
    prepare: (r) => must(r, 'POST', `${NAMESPACED}/configmaps`, { metadata: { name: 'made-up' } }),
    options: () => ({
      body: {
        metadata: {
          name: 'made-up',
          managedFields: times(10, (m) => ({
            manager: `m${m}`,
            operation: 'Apply',
            apiVersion: 'v1',
            fieldsType: 'FieldsV1',
            fieldsV1: { 'f:data': members(10_000, (i) => [`f:key${i}`, {}]) },
          })),
        },
        data: members(10_000, (i) => [`key${i}`, 'v']),
      },
    }),
  },
  APPLY('an apply over what many managers own', `${NAMESPACED}/configmaps/made-up`, 'z', () => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'made-up' },
    data: members(50_000, (i) => [`key${i}`, 'z']),
  })),
  APPLY(
    'an apply of YAML of 3 MB',
    `${NAMESPACED}/configmaps/yaml`,
    'y',
    () =>
      `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: yaml\ndata:\n${times(100_000, (i) => `  key${i}: "v"\n`).join('')}`,
  ),
];
