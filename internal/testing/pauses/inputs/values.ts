import { type Input, KEYS, members, NAMESPACED, OWNED, POST, times } from '../input.js';

/** Just within the bound of one text. */
const LONG = 1_400_000;
const pod = (spec: unknown, metadata: unknown = {}): unknown => ({
  metadata: { generateName: 'p-', ...(metadata as object) },
  spec: { containers: [{ name: 'c', image: 'i' }], ...(spec as object) },
});
const container = (more: unknown): unknown => pod({ containers: [{ name: 'c', image: 'i', ...(more as object) }] });
const POD = `${NAMESPACED}/pods`;

/** One value of the object is long: what reads it must be linear. */
export const values: readonly Input[] = [
  POST('a quantity of 1.4 million digits', POD, () => container({ resources: { limits: { cpu: '9'.repeat(LONG) } } })),
  POST('a quantity with a fraction of 1.4 million digits', POD, () =>
    container({ resources: { limits: { cpu: `1.${'0'.repeat(LONG)}1` } } }),
  ),
  POST('a quantity with an exponent of many digits', POD, () =>
    container({ resources: { limits: { cpu: `1e${'9'.repeat(100_000)}` } } }),
  ),
  POST('a quantity 1e999999999', POD, () => container({ resources: { limits: { cpu: '1e999999999' } } })),
  POST('quantities', POD, () => container({ resources: { limits: members(KEYS, (i) => [`e.com/r${i}`, '1.5Gi']) } })),
  POST('quantities of 100 digits', POD, () =>
    container({ resources: { limits: members(5_000, (i) => [`e.com/r${i}`, `${'9'.repeat(100)}`]) } }),
  ),
  POST('a name of 1.4 MB', `${NAMESPACED}/configmaps`, () => ({ metadata: { name: 'a-'.repeat(LONG / 2) } })),
  POST('a name of dots', `${NAMESPACED}/configmaps`, () => ({ metadata: { name: 'a.'.repeat(LONG / 2) } })),
  POST('a label value of 1.4 MB', `${NAMESPACED}/configmaps`, () => ({
    metadata: { name: 'x', labels: { a: 'a-'.repeat(LONG / 2) } },
  })),
  POST('a label key of 1.4 MB', `${NAMESPACED}/configmaps`, () => ({
    metadata: { name: 'x', labels: { ['a.'.repeat(LONG / 2)]: '' } },
  })),
  POST('labels', `${NAMESPACED}/configmaps`, () => ({
    metadata: { generateName: 'x', labels: members(KEYS, (i) => [`label${i}`, 'v']) },
  })),
  POST('wrong labels', `${NAMESPACED}/configmaps`, () => ({
    metadata: { generateName: 'x', labels: members(KEYS, (i) => [`label ${i}`, 'v v']) },
  })),
  POST('owner references', `${NAMESPACED}/configmaps`, () => ({
    metadata: {
      generateName: 'x',
      ownerReferences: times(OWNED, (i) => ({ apiVersion: 'v1', kind: 'Pod', name: `p${i}`, uid: `u${i}` })),
    },
  })),
  POST('owner references that are one', `${NAMESPACED}/configmaps`, () => ({
    metadata: {
      generateName: 'x',
      ownerReferences: times(OWNED, () => ({ apiVersion: 'v1', kind: 'Pod', name: `p`, uid: `u` })),
    },
  })),
  POST('finalizers', `${NAMESPACED}/configmaps`, () => ({
    metadata: { generateName: 'x', finalizers: times(OWNED, (i) => `e.com/f${i}`) },
  })),
  POST('entries of managed fields', `${NAMESPACED}/configmaps`, () => ({
    metadata: {
      generateName: 'x',
      managedFields: times(9_000, (i) => ({
        manager: `m${i}`,
        operation: 'Update',
        apiVersion: 'v1',
        fieldsType: 'FieldsV1',
        fieldsV1: { 'f:data': {} },
      })),
    },
  })),
  POST('an image reference of 1.4 MB', POD, () => pod({ containers: [{ name: 'c', image: 'a/'.repeat(LONG / 2) }] })),
  POST('an image reference of dashes', POD, () =>
    pod({ containers: [{ name: 'c', image: `${'a-'.repeat(LONG / 2)}:` }] }),
  ),
  POST('an address of 1.4 MB', `${NAMESPACED}/services`, () => ({
    metadata: { generateName: 's-' },
    spec: { externalIPs: ['1.'.repeat(LONG / 2)], ports: [{ port: 1 }] },
  })),
  POST('an IPv6 address of colons', `${NAMESPACED}/services`, () => ({
    metadata: { generateName: 's-' },
    spec: { externalIPs: [':'.repeat(LONG)], ports: [{ port: 1 }] },
  })),
  POST('source ranges', `${NAMESPACED}/services`, () => ({
    metadata: { generateName: 's-' },
    spec: {
      type: 'LoadBalancer',
      loadBalancerSourceRanges: times(16_000, (i) => `10.${i % 250}.0.0/16`),
      ports: [{ port: 1 }],
    },
  })),
  POST('a schedule of 1.4 MB', '/apis/batch/v1/namespaces/default/cronjobs', () => ({
    metadata: { generateName: 'c-' },
    spec: {
      schedule: `${'1,'.repeat(LONG / 2)}1 * * * *`,
      jobTemplate: { spec: { template: pod({ restartPolicy: 'Never' }) } },
    },
  })),
  POST('a schedule of blanks', '/apis/batch/v1/namespaces/default/cronjobs', () => ({
    metadata: { generateName: 'c-' },
    spec: { schedule: `${' '.repeat(LONG)}x`, jobTemplate: { spec: { template: pod({ restartPolicy: 'Never' }) } } },
  })),
  POST('a time of 1.4 MB', '/apis/coordination.k8s.io/v1/namespaces/default/leases', () => ({
    metadata: { generateName: 'l-' },
    spec: { renewTime: `2020-01-01T00:00:00.${'0'.repeat(LONG)}Z` },
  })),
  POST('base64 of 1.4 MB', `${NAMESPACED}/secrets`, () => ({
    metadata: { generateName: 's-' },
    data: { a: 'AAAA'.repeat(LONG / 4) },
  })),
  POST('base64 of 1.4 MB that is none', `${NAMESPACED}/secrets`, () => ({
    metadata: { generateName: 's-' },
    data: { a: `${'AAAA'.repeat(LONG / 4)}%` },
  })),
  POST('an annotation of 1.4 MB', `${NAMESPACED}/configmaps`, () => ({
    metadata: { generateName: 's-', annotations: { a: 'x'.repeat(LONG) } },
  })),
  POST('a kind of 1.4 MB', `${NAMESPACED}/configmaps`, () => ({
    kind: 'X'.repeat(LONG),
    apiVersion: 'v1',
    metadata: { generateName: 's-' },
  })),
  POST('a resourceVersion of 1.4 MB', `${NAMESPACED}/configmaps`, () => ({
    metadata: { generateName: 's-', resourceVersion: '1'.repeat(LONG) },
  })),
  POST('a command with references of 1.4 MB', POD, () => container({ command: ['$('.repeat(LONG / 2)] })),
  POST('a host name of 1.4 MB', POD, () => pod({ hostname: 'a-'.repeat(LONG / 2) })),
  POST('a path of 1.4 MB of dots', POD, () =>
    pod({ volumes: [{ name: 'v', hostPath: { path: '/..'.repeat(LONG / 3) } }] }),
  ),
];
