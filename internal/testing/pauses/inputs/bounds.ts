import { APPLY, type Input, members, must, NAMESPACED, PATCH, POST, times } from '../input.js';
import type { MeasuredReplica } from '../measured-replica.js';
import { define } from './patches.js';

/** Just within the bounds of schema/codec/body-shape.ts: these are taken, and worked at. */
const WIDE = 16_000;
const LONG = 32_000;

const meta = { generateName: 'b-' };
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
  POST('as many quantities as there may be', `${NAMESPACED}/resourcequotas`, () => ({
    metadata: meta,
    spec: { hard: members(WIDE, (i) => [`count/r${i}.e.com`, '1.5Ki']) },
  })),
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
