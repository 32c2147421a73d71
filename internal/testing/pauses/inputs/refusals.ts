import { type Input, KEYS, members, NAMESPACED, POST, times } from '../input.js';
import { define } from './patches.js';

const meta = { generateName: 'r-' };
const refuse = (name: string, body: () => unknown, path = `${NAMESPACED}/configmaps`): Input =>
  POST(name, path, body, { refused: [413] });
const container = (more: object): unknown => ({
  metadata: meta,
  spec: { containers: [{ name: 'c', image: 'i', ...more }] },
});

/** What is beyond a bound of a body is refused at once: one input for each bound. */
export const refusals: readonly Input[] = [
  refuse('a body of 4 MB', () => ({ metadata: meta, data: members(4, (i) => [`k${i}`, 'x'.repeat(1_000_000)]) })),
  refuse('a text of 2.8 MB', () => ({ metadata: meta, data: { a: 'x'.repeat(2_800_000) } })),
  refuse('an object of 150,000 members', () => ({ metadata: meta, data: members(150_000, (i) => [`k${i}`, 'v']) })),
  refuse('objects of 100,000 members together', () => ({
    metadata: meta,
    ...members(10, (m) => [`x${m}`, members(10_000, (i) => [`k${i}`, 1])]),
  })),
  refuse('lists of 120,000 items together', () => ({
    metadata: meta,
    ...members(10, (m) => [`x${m}`, times(12_000, () => 1)]),
  })),
  refuse('a list of 200,000 items', () => container({ command: times(200_000, () => 'c') }), `${NAMESPACED}/pods`),
  refuse(
    'a list of 15,000 variables',
    () => container({ env: times(15_000, (i) => ({ name: `E${i}` })) }),
    `${NAMESPACED}/pods`,
  ),
  refuse('a number of 2.9 million digits', () => `{"metadata":{},"x":${'9'.repeat(2_900_000)}}`),
  {
    ...refuse(
      'a list of 200,000 items of a custom resource',
      () => ({ apiVersion: 'pauses.example.com/v1', kind: 'Thing', metadata: meta, spec: times(200_000, () => 1) }),
      '/apis/pauses.example.com/v1/namespaces/default/things',
    ),
    prepare: (r) => define(r, 'things', { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }),
  },
  {
    name: 'an object that patches made wider than a body may be',
    method: 'PATCH',
    path: `${NAMESPACED}/configmaps/grown`,
    refused: [413],
    prepare: async (r) => {
      const sent = await r.send('POST', `${NAMESPACED}/configmaps`, {
        body: { metadata: { name: 'grown' }, data: members(KEYS, (i) => [`k${i}`, 'v']) },
      });
      if (sent.status !== 201) throw new Error(sent.body.slice(0, 300));
    },
    options: () => ({
      body: { data: members(KEYS, (i) => [`other${i}`, 'v']) },
      headers: { 'content-type': 'application/merge-patch+json' },
    }),
  },
];
