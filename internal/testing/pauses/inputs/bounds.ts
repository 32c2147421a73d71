import { APPLY, type Input, members, must, NAMESPACED, PATCH, POST, times } from '../input.js';
import type { MeasuredReplica } from '../measured-replica.js';
import { define } from './patches.js';

/** Just within the bounds of schema/codec/body-shape.ts: these are taken, and worked at. */
const WIDE = 16_000;
const LONG = 32_000;

const meta = { generateName: 'b-' };
const POD = `${NAMESPACED}/pods`;
const pod = (more: object, container: object = {}): unknown => ({
  metadata: meta,
  spec: { containers: [{ name: 'c', image: 'i', ...container }], ...more },
});

const path = (plural: string): string => `/apis/pauses.example.com/v1/namespaces/default/${plural}`;
const listed = (name: string, plural: string, items: object, more: object, item: (i: number) => unknown): Input =>
  POST(
    name,
    path(plural),
    () => ({
      apiVersion: 'pauses.example.com/v1',
      kind: plural.slice(0, 1).toUpperCase() + plural.slice(1, -1),
      metadata: meta,
      spec: times(LONG, item),
    }),
    {
      prepare: (replica: MeasuredReplica) =>
        define(replica, plural, { type: 'object', properties: { spec: { type: 'array', items, ...more } } }),
    },
  );

const keys = (prefix: string): Record<string, string> => members(WIDE, (i) => [`${prefix}${i}`, 'v']);
const WIDE_MAP = `${NAMESPACED}/configmaps/wide`;

export const bounds: readonly Input[] = [
  POST('a config map of as many keys as there may be', `${NAMESPACED}/configmaps`, () => ({
    metadata: meta,
    data: keys('k'),
  })),
  POST('as many labels as there may be', `${NAMESPACED}/configmaps`, () => ({
    metadata: { ...meta, labels: keys('l') },
  })),
  POST('as many wrong labels as there may be', `${NAMESPACED}/configmaps`, () => ({
    metadata: { ...meta, labels: members(WIDE, (i) => [`l ${i}`, 'v v']) },
  })),
  POST('as many finalizers as there may be', `${NAMESPACED}/configmaps`, () => ({
    metadata: { ...meta, finalizers: times(WIDE, (i) => `e.com/f${i}`) },
  })),
  POST('as many variables as there may be', POD, () =>
    pod({}, { env: times(WIDE, (i) => ({ name: `E${i}`, value: 'v' })) }),
  ),
  POST('as many containers as there may be', POD, () =>
    pod({ containers: times(WIDE, (i) => ({ name: `c${i}`, image: 'i' })) }),
  ),
  POST('as many quantities as there may be', `${NAMESPACED}/resourcequotas`, () => ({
    metadata: meta,
    spec: { hard: members(WIDE, (i) => [`count/r${i}.e.com`, '1.5Ki']) },
  })),
  POST(
    'as many exceptions of a network policy as there may be',
    '/apis/networking.k8s.io/v1/namespaces/default/networkpolicies',
    () => ({
      metadata: meta,
      spec: {
        podSelector: {},
        ingress: [{ from: [{ ipBlock: { cidr: '10.0.0.0/8', except: times(WIDE, (i) => `10.${i % 250}.0.0/16`) } }] }],
      },
    }),
  ),
  POST('as many ports of a service as there may be', `${NAMESPACED}/services`, () => ({
    metadata: meta,
    spec: { ports: times(WIDE, (i) => ({ name: `p${i}`, port: i + 1 })) },
  })),
  POST('as many addresses of endpoints as there may be', `${NAMESPACED}/endpoints`, () => ({
    metadata: meta,
    subsets: [{ addresses: times(WIDE, (i) => ({ ip: `10.${i % 200}.${(i >> 8) % 250}.1` })), ports: [{ port: 1 }] }],
  })),
  POST('as many values of a selector as there may be', '/apis/apps/v1/namespaces/default/deployments', () => ({
    metadata: meta,
    spec: {
      selector: { matchExpressions: [{ key: 'a', operator: 'In', values: times(WIDE, (i) => `v${i}`) }] },
      template: { metadata: { labels: { a: 'v1' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
    },
  })),
  listed(
    'as many times as a list may have',
    'moments',
    { type: 'string', format: 'date-time' },
    {},
    () => '2020-01-01T00:00:00Z',
  ),
  listed(
    'as many texts and a pattern as a list may have',
    'words',
    { type: 'string', pattern: '^[a-z]([-a-z0-9]*[a-z0-9])?$' },
    {},
    (i) => `text${i}`,
  ),
  listed(
    'as many items that are unique as a list may have',
    'sets',
    { type: 'string' },
    { uniqueItems: true },
    (i) => `v${i}`,
  ),
  listed(
    'as many items of an enum as a list may have',
    'choices',
    { type: 'string', enum: times(5000, (i) => `value${i}`) },
    {},
    () => 'value4999',
  ),
  listed(
    'as many items that an enum has not as a list may have',
    'strangers',
    { type: 'string', enum: times(5000, (i) => `value${i}`) },
    {},
    () => 'none',
  ),
  listed(
    'as many items that lack all of many fields',
    'lackings',
    {
      type: 'object',
      properties: members(8_000, (i) => [`p${i}`, { type: 'string' }]),
      required: times(8_000, (i) => `p${i}`),
    },
    {},
    () => ({}),
  ),
  listed(
    'as many items of an object of many fields as a list may have',
    'widelings',
    {
      type: 'object',
      properties: members(8_000, (i) => [`p${i}`, { type: 'string', ...(i % 2 === 0 ? { default: 'x' } : {}) }]),
    },
    {},
    () => ({}),
  ),
  listed(
    'a slow pattern and as many texts as a list may have',
    'slows',
    { type: 'string', pattern: '(?:[ab]*a[ab]{200})$' },
    {},
    (i) => `${'ab'.repeat(10)}${i}`,
  ),
  listed(
    'a rule for each of as many items as a list may have',
    'eachofs',
    { type: 'string', maxLength: 20, 'x-kubernetes-validations': [{ rule: 'self != "a"' }] },
    { maxItems: 200_000 },
    (i) => `v${i}`,
  ),
  listed(
    'a rule over as many items as a list may have',
    'judgeds',
    { type: 'string' },
    { maxItems: 200_000, 'x-kubernetes-validations': [{ rule: 'self.all(x, x != "a")' }] },
    (i) => `v${i}`,
  ),
  PATCH('a merge patch of as many keys as there may be', 'merge', WIDE_MAP, () => ({ data: keys('m') }), {
    prepare: (r) => must(r, 'POST', `${NAMESPACED}/configmaps`, { metadata: { name: 'wide' } }),
  }),
  APPLY('an apply of as many keys as there may be', WIDE_MAP, 'pauses', () => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    data: keys('m'),
  })),
  {
    name: 'a GET of as many keys as there may be, as YAML',
    method: 'GET',
    path: WIDE_MAP,
    options: { headers: { accept: 'application/yaml' } },
  },
  {
    name: 'a GET of as many keys as there may be, as a table',
    method: 'GET',
    path: WIDE_MAP,
    options: { headers: { accept: 'application/json;as=Table;g=meta.k8s.io;v=v1' } },
  },
];
