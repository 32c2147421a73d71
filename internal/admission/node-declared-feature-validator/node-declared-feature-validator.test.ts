import { expect, test } from 'vitest';
import { startRest } from '../../rest/write/testing/harness.js';
import { NAMESPACE, podOf } from '../testing/with-plugin.js';

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
