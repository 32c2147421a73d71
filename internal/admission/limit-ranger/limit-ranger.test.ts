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

let namespaces = 0;
/** A namespace of its own with these limits. */
async function limited(...limits: JsonObject[]): Promise<string> {
  const name = `limited-${++namespaces}`;
  await rest.ok(201, 'POST', '/api/v1/namespaces', { metadata: { name } });
  await rest.ok(201, 'POST', `/api/v1/namespaces/${name}/serviceaccounts`, { metadata: { name: 'default' } });
  await rest.ok(201, 'POST', `/api/v1/namespaces/${name}/limitranges`, { metadata: { name: 'l' }, spec: { limits } });
  return `/api/v1/namespaces/${name}`;
}
const pod = (containers: JsonObject[], spec: JsonObject = {}): JsonObject => ({
  metadata: { name: 'p' },
  spec: { containers: containers.map((c, i) => ({ name: `c${i}`, image: 'i', ...c })), ...spec },
});
const resources = (requests: JsonObject, limits: JsonObject): JsonObject => ({ resources: { requests, limits } });

describe('limit ranges', () => {
  it('give containers what they do not say, and tell so', async () => {
    const at = await limited({
      type: 'Container',
      default: { cpu: '500m', memory: '1Gi' },
      defaultRequest: { cpu: '100m' },
    });
    const made = await rest.ok(
      201,
      'POST',
      `${at}/pods`,
      pod([{}, resources({ cpu: '200m', memory: '1Gi' }, { cpu: '300m' })], {
        initContainers: [{ name: 'first', image: 'i' }],
      }),
    );
    expect(made).toMatchObject({
      metadata: {
        annotations: {
          'kubernetes.io/limit-ranger':
            'LimitRanger plugin set: cpu, memory request for container c0; cpu, memory limit for container c0; ' +
            'memory limit for container c1; cpu, memory request for init container first; cpu, memory limit for init container first',
        },
      },
      spec: {
        containers: [
          { resources: { requests: { cpu: '100m', memory: '1Gi' }, limits: { cpu: '500m', memory: '1Gi' } } },
          { resources: { requests: { cpu: '200m', memory: '1Gi' }, limits: { cpu: '300m', memory: '1Gi' } } },
        ],
      },
    });
  });

  it('hold each container to its bounds', async () => {
    const at = await limited({
      type: 'Container',
      min: { cpu: '100m' },
      max: { cpu: '1', memory: '1Gi' },
      maxLimitRequestRatio: { cpu: '2' },
    });
    const refused = async (...given: Parameters<typeof resources>): Promise<unknown> => {
      const { body } = await rest.call('POST', `${at}/pods`, pod([resources(...given)]));
      expect(body).toMatchObject({ code: 403, reason: 'Forbidden', details: { name: 'p', kind: 'pods' } });
      return body['message'];
    };
    expect(await refused({ cpu: '50m', memory: '1Gi' }, { cpu: '2', memory: '2Gi' })).toBe(
      'pods "p" is forbidden: [minimum cpu usage per Container is 100m, but request is 50m, ' +
        'maximum cpu usage per Container is 1, but limit is 2, maximum memory usage per Container is 1Gi, but limit is 2Gi, ' +
        'cpu max limit to request ratio per Container is 2, but provided ratio is 40.000000]',
    );
    expect(await refused({ cpu: '100m', memory: '1Gi' }, { cpu: '1', memory: '1Gi' })).toBe(
      'pods "p" is forbidden: cpu max limit to request ratio per Container is 2, but provided ratio is 10.000000',
    );
    await rest.ok(201, 'POST', `${at}/pods`, pod([resources({ cpu: '500m', memory: '1Gi' }, { cpu: '1' })]));
  });

  it('hold a pod to what its containers need together, or an init container beside the sidecars', async () => {
    const at = await limited({ type: 'Pod', max: { cpu: '1' } });
    const cpu = (amount: string): JsonObject => resources({ cpu: amount }, { cpu: amount });
    const tooMuch = /maximum cpu usage per Pod is 1, but limit is 1200m$/;
    const both = await rest.call('POST', `${at}/pods`, pod([cpu('600m'), cpu('600m')]));
    expect(both.body['message']).toMatch(tooMuch);
    const init = { name: 'init', image: 'i', ...cpu('800m') };
    const sidecar = { name: 'sidecar', image: 'i', restartPolicy: 'Always', ...cpu('400m') };
    const beside = await rest.call('POST', `${at}/pods`, pod([cpu('100m')], { initContainers: [sidecar, init] }));
    expect(beside.body['message']).toMatch(tooMuch);
    // Before the sidecar starts there is only the init container.
    await rest.ok(201, 'POST', `${at}/pods`, pod([cpu('100m')], { initContainers: [init, sidecar] }));
    const none = await rest.call('POST', `${at}/pods`, pod([{}]));
    expect(none.body['message']).toBe('pods "p" is forbidden: maximum cpu usage per Pod is 1.  No limit is specified');
  });

  it('hold a pod to the least that it must ask for', async () => {
    const at = await limited({ type: 'Pod', min: { cpu: '300m' } });
    const asking = (cpu: string) => pod([resources({ cpu }, {}), resources({ cpu }, {})]);
    expect((await rest.call('POST', `${at}/pods`, asking('100m'))).body['message']).toBe(
      'pods "p" is forbidden: minimum cpu usage per Pod is 300m, but request is 200m',
    );
    await rest.ok(201, 'POST', `${at}/pods`, asking('150m'));
  });

  it('hold claims to their bounds, also when they grow', async () => {
    const at = await limited({ type: 'PersistentVolumeClaim', min: { storage: '1Gi' }, max: { storage: '2Gi' } });
    const claim = (storage: string): JsonObject => ({
      metadata: { name: 'c' },
      spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'x', resources: { requests: { storage } } },
    });
    expect((await rest.call('POST', `${at}/persistentvolumeclaims`, claim('3Gi'))).body['message']).toBe(
      'persistentvolumeclaims "c" is forbidden: maximum storage usage per PersistentVolumeClaim is 2Gi, but request is 3Gi',
    );
    expect((await rest.call('POST', `${at}/persistentvolumeclaims`, claim('1Mi'))).body['message']).toBe(
      'persistentvolumeclaims "c" is forbidden: minimum storage usage per PersistentVolumeClaim is 1Gi, but request is 1Mi',
    );
    await rest.ok(201, 'POST', `${at}/persistentvolumeclaims`, claim('2Gi'));
  });
});
