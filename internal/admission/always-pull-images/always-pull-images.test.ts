import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { child, children } from '../../machinery/access.js';
import { type Rest, startRest } from '../../rest/write/testing/harness.js';
import { AdmissionChain } from '../admit.js';
import { containersOf } from '../of-pods.js';
import { Spy } from '../testing/spy.js';
import { MERGE, NAMESPACE, podOf } from '../testing/with-plugin.js';
import { alwaysPullImages } from './index.js';

const PODS = `${NAMESPACE}/pods`;
/** A plugin that comes later, and undoes what a test wants undone. */
const later = new Spy();
let on = true;
let rest: Rest;
beforeAll(async () => {
  const switched = new AdmissionChain([
    {
      ...alwaysPullImages,
      admit: (ctx, a) => (on ? alwaysPullImages.admit?.(ctx, a) : undefined),
      validate: (ctx, a) => (on ? alwaysPullImages.validate?.(ctx, a) : undefined),
    },
    later,
  ]);
  rest = await startRest(1, { admission: switched });
});
afterEach(() => {
  on = true;
  later.reset();
});
afterAll(() => rest.close());

const SPEC = {
  containers: [{ name: 'c', image: 'i:1', imagePullPolicy: 'Never' }],
  initContainers: [{ name: 'i', image: 'i:2', imagePullPolicy: 'IfNotPresent' }],
  volumes: [
    { name: 'w', emptyDir: {} },
    { name: 'v', image: { reference: 'r:1', pullPolicy: 'IfNotPresent' } },
  ],
};

test('Every image of a new pod is always pulled, volumes of images too', async () => {
  const made = await rest.ok(201, 'POST', PODS, podOf('p', SPEC));
  expect(made['spec']).toMatchObject({
    containers: [{ imagePullPolicy: 'Always' }],
    initContainers: [{ imagePullPolicy: 'Always' }],
    volumes: [{ emptyDir: {} }, { image: { pullPolicy: 'Always' } }],
  });
});

test('An update without a new image is left alone, one with a new image is not', async () => {
  on = false;
  await rest.ok(201, 'POST', PODS, podOf('q', { containers: SPEC.containers }));
  on = true;
  const same = await rest.ok(200, 'PATCH', `${PODS}/q`, { metadata: { labels: { a: 'b' } } }, MERGE);
  expect(same['spec']).toMatchObject({ containers: [{ imagePullPolicy: 'Never' }] });
  // The policy of a container never changes, so that the new image is refused with it.
  const image = { spec: { containers: [{ ...SPEC.containers[0], image: 'i:3' }] } };
  await rest.ok(422, 'PATCH', `${PODS}/q`, image, MERGE);
});

test('What is no pod is not looked at', async () => {
  const template = { spec: { containers: SPEC.containers } };
  const made = await rest.ok(201, 'POST', `${NAMESPACE}/podtemplates`, { metadata: { name: 't' }, template });
  expect(made['template']).toMatchObject({ spec: { containers: [{ imagePullPolicy: 'Never' }] } });
  // A binding is of the pod, and has no containers.
  await rest.ok(201, 'POST', PODS, podOf('bound'));
  await rest.ok(201, 'POST', `${PODS}/bound/binding`, { metadata: { name: 'bound' }, target: { name: 'n' } });
});

test('What a later plugin makes of it is refused, all of it', async () => {
  later.onAdmit = (_ctx, a) => {
    for (const c of containersOf(a.object)) c['imagePullPolicy'] = 'Never';
    for (const v of children(child(a.object, 'spec'), 'volumes')) {
      const image = child(v, 'image');
      if (image !== undefined) image['pullPolicy'] = 'IfNotPresent';
    }
  };
  expect((await rest.ok(500, 'POST', PODS, podOf('r', SPEC)))['message']).toBe(
    '[' +
      [
        'spec.initContainers[0].imagePullPolicy: Unsupported value: "Never"',
        'spec.containers[0].imagePullPolicy: Unsupported value: "Never"',
        'spec.volumes[1].image.pullPolicy: Unsupported value: "IfNotPresent"',
      ]
        .map((text) => `pods "r" is forbidden: ${text}: supported values: "Always"`)
        .join(', ') +
      ']',
  );
});
