import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Rest } from '../../rest/write/testing/harness.js';
import { MERGE, NAMESPACE, podOf, startWithPlugin } from '../testing/with-plugin.js';

let rest: Rest;
beforeAll(async () => {
  rest = await startWithPlugin('AlwaysPullImages');
});
afterAll(() => rest.close());

test('Every image of a new pod is always pulled, volumes of images too', async () => {
  const made = await rest.ok(
    201,
    'POST',
    `${NAMESPACE}/pods`,
    podOf('p', {
      containers: [{ name: 'c', image: 'i:1', imagePullPolicy: 'Never' }],
      initContainers: [{ name: 'i', image: 'i:2' }],
      volumes: [{ name: 'v', image: { reference: 'r:1', pullPolicy: 'IfNotPresent' } }],
    }),
  );
  expect(made['spec']).toMatchObject({
    containers: [{ imagePullPolicy: 'Always' }],
    initContainers: [{ imagePullPolicy: 'Always' }],
    volumes: [{ image: { pullPolicy: 'Always' } }, {}],
  });
});

test('An update without a new image is left alone', async () => {
  await rest.ok(201, 'POST', `${NAMESPACE}/pods`, podOf('q'));
  await rest.ok(200, 'PATCH', `${NAMESPACE}/pods/q`, { metadata: { labels: { a: 'b' } } }, MERGE);
});
