import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../machinery/json.js';
import { type Rest, startRest } from '../../rest/write/testing/harness.js';

let rest: Rest;
beforeAll(async () => {
  rest = await startRest();
});
afterAll(async () => {
  await rest.close();
});

describe('a claim', () => {
  it('grows when it is bound and its class lets it', async () => {
    const claims = '/api/v1/namespaces/default/persistentvolumeclaims';
    const claim = (name: string, storage: string, storageClassName: string): JsonObject => ({
      metadata: { name },
      spec: { accessModes: ['ReadWriteOnce'], storageClassName, volumeName: 'v', resources: { requests: { storage } } },
    });
    for (const [name, allowVolumeExpansion] of [
      ['fixed', false],
      ['growing', true],
    ] as const) {
      await rest.ok(201, 'POST', '/apis/storage.k8s.io/v1/storageclasses', {
        metadata: { name },
        provisioner: 'x',
        allowVolumeExpansion,
      });
      await rest.ok(201, 'POST', claims, claim(name, '1Gi', name));
    }
    const grow = async (name: string): Promise<{ status: number; message: unknown }> => {
      const { status, body } = await rest.call('PUT', `${claims}/${name}`, claim(name, '2Gi', name));
      return { status, message: body['message'] };
    };
    for (const name of ['fixed', 'growing']) {
      await rest.ok(
        200,
        'PATCH',
        `${claims}/${name}/status`,
        { status: { phase: 'Bound' } },
        {
          contentType: 'application/merge-patch+json',
        },
      );
    }
    expect(await grow('fixed')).toMatchObject({
      status: 403,
      message:
        'persistentvolumeclaims "fixed" is forbidden: only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize',
    });
    expect((await grow('growing')).status).toBe(200);
  });
});
