import { type Input, KEYS, must, NAMESPACED, OTHER_ITEMS, OWNED, PATCH, POST, times, members } from '../input.js';
import type { MeasuredReplica } from '../measured-replica.js';
import { define } from './patches.js';

const path = (plural: string): string => `/apis/pauses.example.com/v1/namespaces/default/${plural}`;
const body = (plural: string, spec: unknown): unknown => ({
  apiVersion: 'pauses.example.com/v1',
  kind: plural.slice(0, 1).toUpperCase() + plural.slice(1, -1),
  metadata: { generateName: 'x-' },
  spec,
});

/** A custom resource whose spec has this schema. */
const create = (
  name: string,
  plural: string,
  schema: unknown,
  spec: () => unknown,
  refused?: readonly number[],
): Input =>
  POST(name, path(plural), () => body(plural, spec()), {
    refused,
    prepare: (replica: MeasuredReplica) => define(replica, plural, { type: 'object', properties: { spec: schema } }),
  });
const array = (items: unknown, more: object = {}): unknown => ({ type: 'array', items, ...more });

/** Custom resources against their schemas. */
export const custom: readonly Input[] = [
  create(
    'a nested quantifier over thousands of characters',
    'nesteds',
    { type: 'string', pattern: '^(a+)+$' },
    () => `${'a'.repeat(60_000)}!`,
  ),
  create(
    'trailing blanks over a million characters',
    'blanks',
    { type: 'string', pattern: '\\s+$' },
    () => `${' '.repeat(1_000_000)}x`,
  ),
  create('a pattern without a small automaton', 'automatons', { type: 'string', pattern: '(?:[ab]*a[ab]{900})$' }, () =>
    'ab'.repeat(50_000),
  ),
  create('many texts and a pattern', 'texts', array({ type: 'string', pattern: '^[a-z]([-a-z0-9]*[a-z0-9])?$' }), () =>
    times(OTHER_ITEMS, (i) => `text${i}`),
  ),
  create('many texts that no pattern fits', 'misfits', array({ type: 'string', pattern: '^x$' }), () =>
    times(OTHER_ITEMS, (i) => `text${i}`),
  ),
  create(
    'many items against 30 branches',
    'branches',
    array({
      type: 'object',
      properties: { a: { type: 'string' } },
      oneOf: times(30, (i) => ({ properties: { a: { pattern: `^${i}$` } } })),
    }),
    () => times(OTHER_ITEMS, () => ({ a: 'none' })),
  ),
  create(
    'branches within branches',
    'nests',
    {
      type: 'array',
      items: { type: 'string' },
      anyOf: times(20, () => ({ oneOf: times(20, (i) => ({ items: { pattern: `^${i}$` } })) })),
    },
    () => times(5000, () => 'none'),
  ),
  create('many items that are unique', 'uniques', array({ type: 'string' }, { 'x-kubernetes-list-type': 'set' }), () =>
    times(OWNED, (i) => `v${i}`),
  ),
  create(
    'many items with keys',
    'keyeds',
    array(
      { type: 'object', required: ['name'], properties: { name: { type: 'string' } } },
      { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] },
    ),
    () => times(OWNED, (i) => ({ name: `n${i}` })),
  ),
  create(
    'many items of an enum of 5,000 values',
    'enums',
    array({ type: 'string', enum: times(5000, (i) => `value${i}`) }),
    () => times(OTHER_ITEMS, () => 'value4999'),
  ),
  create('many unknown fields', 'unknowns', { type: 'object', properties: { a: { type: 'string' } } }, () =>
    members(KEYS, (i) => [`k${i}`, 1]),
  ),
  create(
    'many defaults filled',
    'defaults',
    array({ type: 'object', properties: { a: { type: 'string', default: 'x' }, b: { type: 'string', default: 'y' } } }),
    () => times(OTHER_ITEMS, () => ({})),
  ),
  create('many wrong types', 'wrongs', array({ type: 'string' }), () => times(OTHER_ITEMS, () => 1)),
  create('many times', 'times', array({ type: 'string', format: 'date-time' }), () =>
    times(OTHER_ITEMS, () => '2020-01-01T00:00:00Z'),
  ),
  create('a mail address of 1.4 MB', 'mails', { type: 'string', format: 'email' }, () => 'a.'.repeat(700_000)),
  create('a host name of 1.4 MB in a schema', 'hosts', { type: 'string', format: 'hostname' }, () =>
    'a-'.repeat(700_000),
  ),
  create('a duration of 1.4 MB', 'durations', { type: 'string', format: 'duration' }, () => `${'1'.repeat(700_000)}x1`),
  create('base64 of 1.4 MB in a schema', 'bytes', { type: 'string', format: 'byte' }, () => 'AAAA'.repeat(350_000)),
  create(
    'a rule over many items',
    'ruleds',
    {
      ...(array({ type: 'string' }, { maxItems: 200_000 }) as object),
      'x-kubernetes-validations': [{ rule: 'self.all(x, x != "a")' }],
    },
    () => times(OTHER_ITEMS, (i) => `v${i}`),
  ),
  create(
    'a rule for each of many items',
    'eachs',
    array({ type: 'string', 'x-kubernetes-validations': [{ rule: 'self != "a"' }] }),
    () => times(OTHER_ITEMS, (i) => `v${i}`),
  ),
  create(
    'a rule that compares items with each other',
    'pairs',
    {
      ...(array({ type: 'string', maxLength: 5 }, { maxItems: 500 }) as object),
      'x-kubernetes-validations': [{ rule: 'self.all(x, self.exists(y, y == x))' }],
    },
    () => times(400, (i) => `v${i}`),
  ),
  create(
    'a rule that matches a pattern',
    'matcheds',
    { type: 'string', 'x-kubernetes-validations': [{ rule: 'self.matches("^(a+)+$")' }] },
    () => `${'a'.repeat(40)}!`,
  ),
  PATCH(
    'an update of many items with keys',
    'merge',
    `${path('keyeds')}/kept`,
    () => ({ spec: times(OWNED, (i) => ({ name: `m${i}` })) }),
    {
      prepare: async (replica) => {
        const spec = times(OWNED, (i) => ({ name: `n${i}` }));
        await must(replica, 'POST', path('keyeds'), {
          ...(body('keyeds', spec) as object),
          metadata: { name: 'kept' },
        });
      },
    },
  ),
  POST('an event of 1.4 MB', `${NAMESPACED}/events`, () => ({
    metadata: { generateName: 'e-' },
    involvedObject: { namespace: 'default', name: 'x', kind: 'Pod' },
    message: 'x'.repeat(1_000),
    reason: 'R',
  })),
];
