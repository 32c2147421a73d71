import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JsonObject } from '../../machinery/json.js';
import { type Rest, startRest } from '../../rest/write/testing/harness.js';
import { storeReader } from '../lookup.js';
import { attributesOf, contextOf } from '../testing/attributes.js';
import { NAMESPACE, podOf } from '../testing/with-plugin.js';
import { nodeDeclaredFeatureValidator } from './index.js';

test('An init container is resized only where the node says that it can', async () => {
  const rest = await startRest();
  try {
    const allocatable = { cpu: '8', memory: '8Gi' };
    await rest.ok(201, 'POST', '/api/v1/nodes', { metadata: { name: 'old' }, status: { allocatable } });
    const declaredFeatures = ['InPlacePodVerticalScalingInitContainers'];
    await rest.ok(201, 'POST', '/api/v1/nodes', {
      metadata: { name: 'new' },
      status: { allocatable, declaredFeatures },
    });
    const answers = [];
    for (const nodeName of ['old', 'new']) {
      const init = (cpu: string) => ({ initContainers: [{ name: 'i', image: 'i', resources: { requests: { cpu } } }] });
      await rest.ok(201, 'POST', `${NAMESPACE}/pods`, podOf(`on-${nodeName}`, { nodeName, ...init('1') }));
      const strategic = { contentType: 'application/strategic-merge-patch+json' };
      const patch = { spec: init('2') };
      answers.push(await rest.call('PATCH', `${NAMESPACE}/pods/on-${nodeName}/resize`, patch, strategic));
    }
    expect(answers[0]).toMatchObject({
      status: 403,
      body: {
        message:
          'pods "on-old" is forbidden: pod update requires features InPlacePodVerticalScalingInitContainers which are not available on node "old"',
      },
    });
    expect(answers[1]).toMatchObject({ status: 200 });
  } finally {
    await rest.close();
  }
});

describe('an update of a pod on a node that declares nothing', () => {
  let rest: Rest;
  const strategic = { contentType: 'application/strategic-merge-patch+json' };
  const resources = (cpu: string) => ({ requests: { cpu } });
  beforeAll(async () => {
    rest = await startRest();
    const allocatable = { cpu: '8', memory: '8Gi' };
    await rest.ok(201, 'POST', '/api/v1/nodes', { metadata: { name: 'old' }, status: { allocatable } });
    for (const nodeName of ['old', 'gone']) {
      const spec = {
        nodeName,
        resources: resources('4'),
        containers: [{ name: 'c', image: 'i', resources: resources('1') }],
        initContainers: [
          { name: 'i', image: 'i', resources: resources('1') },
          { name: 'side', image: 'i', restartPolicy: 'Always', resources: resources('1') },
        ],
      };
      await rest.ok(201, 'POST', `${NAMESPACE}/pods`, podOf(nodeName, spec));
    }
  });
  afterAll(() => rest.close());
  const resize = async (name: string, spec: JsonObject): Promise<unknown> => {
    const { status, body } = await rest.call('PATCH', `${NAMESPACE}/pods/${name}/resize`, { spec }, strategic);
    return status === 200 ? 'done' : body['message'];
  };
  const needs = (features: string): string =>
    `pods "old" is forbidden: pod update requires features ${features} which are not available on node "old"`;

  test.each<[string, JsonObject, string]>([
    ['of a sidecar', { initContainers: [{ name: 'side', resources: resources('2') }] }, 'done'],
    ['of a container', { containers: [{ name: 'c', resources: resources('2') }] }, 'done'],
  ])('that resizes something %s', async (_what, spec, answer) => {
    expect(await resize('old', spec)).toBe(answer);
  });

  test.each<[string, JsonObject, string]>([
    ['the pod', { resources: resources('5') }, 'InPlacePodLevelResourcesVerticalScaling'],
    [
      'the pod and an init container',
      { resources: resources('5'), initContainers: [{ name: 'i', resources: resources('2') }] },
      'InPlacePodLevelResourcesVerticalScaling, InPlacePodVerticalScalingInitContainers',
    ],
  ])('needs what resizes %s', (_what, now, features) => {
    const before = {
      nodeName: 'old',
      resources: resources('4'),
      initContainers: [{ name: 'i', resources: resources('1') }],
    };
    const [object, oldObject] = [
      { metadata: { generation: 2 }, spec: { ...before, ...now } },
      { metadata: { generation: 1 }, spec: before },
    ];
    const update = attributesOf('pods', { operation: 'UPDATE', name: 'old', object, oldObject });
    const context = contextOf(storeReader(rest.deps.backend));
    expect(() => nodeDeclaredFeatureValidator.validate?.(context, update)).toThrow(needs(features));
  });

  test('needs the node only where a feature of it is needed', async () => {
    expect(await resize('gone', { initContainers: [{ name: 'i', resources: resources('2') }] })).toBe(
      'pods "gone" is forbidden: node "gone" not found',
    );
    await rest.ok(200, 'PATCH', `${NAMESPACE}/pods/gone`, { metadata: { labels: { a: 'b' } } }, strategic);
  });
});
