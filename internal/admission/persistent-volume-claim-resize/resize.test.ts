import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../machinery/json.js';
import { attributesOf, contextOf } from '../testing/attributes.js';
import { persistentVolumeClaimResize } from './index.js';
import { type Rest, startRest } from '../../rest/write/testing/harness.js';

let rest: Rest;
beforeAll(async () => {
  rest = await startRest();
});
afterAll(async () => {
  await rest.close();
});

const CLAIMS = '/api/v1/namespaces/default/persistentvolumeclaims';
const MERGE = { contentType: 'application/merge-patch+json' };
const storage = (size: string): JsonObject => ({ spec: { resources: { requests: { storage: size } } } });

describe('a claim', () => {
  it('that is not bound stays as large as it is', () => {
    const update = (phase: string) =>
      attributesOf('persistentvolumeclaims', {
        operation: 'UPDATE',
        object: storage('2Gi'),
        oldObject: { ...storage('1Gi'), status: { phase } },
      });
    const validate = (phase: string) => () => persistentVolumeClaimResize.validate?.(contextOf(), update(phase));
    expect(validate('Pending')).toThrow('Only bound persistent volume claims can be expanded');
    const sizes = { object: storage('2Gi'), oldObject: storage('1Gi') };
    for (const of of [
      attributesOf('pods', { operation: 'UPDATE', ...sizes }),
      attributesOf('persistentvolumeclaims', { operation: 'UPDATE', subresource: 'status', ...sizes }),
      attributesOf('persistentvolumeclaims', {
        operation: 'UPDATE',
        object: storage('1Gi'),
        oldObject: storage('1024Mi'),
      }),
    ]) {
      expect(persistentVolumeClaimResize.validate?.(contextOf(), of)).toBeUndefined();
    }
    // A claim of no class cannot grow either.
    expect(validate('Bound')).toThrow('only dynamically provisioned pvc can be resized');
  });

  it('is of the class that its old annotation names', async () => {
    const annotation = 'volume.beta.kubernetes.io/storage-class';
    await rest.ok(201, 'POST', '/apis/storage.k8s.io/v1/storageclasses', {
      metadata: { name: 'by-annotation' },
      provisioner: 'x',
      allowVolumeExpansion: true,
    });
    for (const [name, className] of [
      ['annotated', 'by-annotation'],
      ['classless', 'gone'],
    ] as const) {
      await rest.ok(201, 'POST', CLAIMS, {
        metadata: { name, annotations: { [annotation]: className } },
        spec: { accessModes: ['ReadWriteOnce'], volumeName: 'v', resources: { requests: { storage: '1Gi' } } },
      });
      await rest.ok(200, 'PATCH', `${CLAIMS}/${name}/status`, { status: { phase: 'Bound' } }, MERGE);
    }
    await rest.ok(200, 'PATCH', `${CLAIMS}/annotated`, storage('2Gi'), MERGE);
    await rest.ok(403, 'PATCH', `${CLAIMS}/classless`, storage('2Gi'), MERGE);
    // What its status says of its size is not what it asks for.
    await rest.ok(200, 'PATCH', `${CLAIMS}/classless/status`, { status: { capacity: { storage: '2Gi' } } }, MERGE);
  });

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
