import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import type { JsonObject } from '../../machinery/json.js';
import { parseQuantity } from '../../machinery/quantity.js';
import { type Rest, startRest } from '../../rest/write/testing/harness.js';
import { broken, brokenByClaim } from './constraints.js';
import { applyDefaults } from './defaults.js';

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

describe('bounds of a limit range', () => {
  const type = 'Container';
  const q = (list: Record<string, string>) =>
    new Map(Object.entries(list).map(([name, text]) => [name, parseQuantity(text)]));
  const observed = (requests: Record<string, string>, limits: Record<string, string>) => ({
    requests: q(requests),
    limits: q(limits),
  });
  const MIN = 'minimum cpu usage per Container is 1';
  const MAX = 'maximum cpu usage per Container is 2';
  const RATIO = 'cpu max limit to request ratio per Container is 2';
  it.each<[string, JsonObject, Record<string, string>, Record<string, string>, string[]]>([
    ['exactly the least', { min: { cpu: '1' } }, { cpu: '1' }, {}, []],
    ['less than the least', { min: { cpu: '1' } }, { cpu: '900m' }, {}, [`${MIN}, but request is 900m`]],
    ['a limit of exactly the least', { min: { cpu: '1' } }, { cpu: '1' }, { cpu: '1' }, []],
    ['both below the least', { min: { cpu: '1' } }, { cpu: '9m' }, { cpu: '9m' }, [`${MIN}, but request is 9m`]],
    ['a limit below the least', { min: { cpu: '1' } }, { cpu: '1' }, { cpu: '500m' }, [`${MIN}, but limit is 500m`]],
    ['nothing, where there is a least', { min: { cpu: '1' } }, {}, { cpu: '3' }, [`${MIN}.  No request is specified`]],
    ['exactly the most', { max: { cpu: '2' } }, { cpu: '2' }, { cpu: '2' }, []],
    ['a limit above the most', { max: { cpu: '2' } }, {}, { cpu: '3' }, [`${MAX}, but limit is 3`]],
    ['a request above the most', { max: { cpu: '2' } }, { cpu: '3' }, { cpu: '2' }, [`${MAX}, but request is 3`]],
    ['no limit, where there is a most', { max: { cpu: '2' } }, { cpu: '1' }, {}, [`${MAX}.  No limit is specified`]],
    ['exactly the ratio', { maxLimitRequestRatio: { cpu: '2' } }, { cpu: '1' }, { cpu: '2' }, []],
    [
      'more than the ratio',
      { maxLimitRequestRatio: { cpu: '2' } },
      { cpu: '1' },
      { cpu: '2500m' },
      [`${RATIO}, but provided ratio is 2.500000`],
    ],
    [
      'a ratio to nothing',
      { maxLimitRequestRatio: { cpu: '2' } },
      {},
      { cpu: '2' },
      [`${RATIO}, but no request is specified or request is 0`],
    ],
    [
      'a ratio to 0',
      { maxLimitRequestRatio: { cpu: '2' } },
      { cpu: '0' },
      { cpu: '2' },
      [`${RATIO}, but no request is specified or request is 0`],
    ],
    [
      'a ratio of nothing',
      { maxLimitRequestRatio: { cpu: '2' } },
      { cpu: '1' },
      {},
      [`${RATIO}, but no limit is specified or limit is 0`],
    ],
    [
      'a ratio of 0',
      { maxLimitRequestRatio: { cpu: '2' } },
      { cpu: '1' },
      { cpu: '0' },
      [`${RATIO}, but no limit is specified or limit is 0`],
    ],
    [
      'other resources',
      { min: { cpu: '1' }, max: { cpu: '2' } },
      { cpu: '1', memory: '1' },
      { cpu: '2', memory: '9Gi' },
      [],
    ],
  ])('a container that asks for %s', (_what, limit, requests, limits, problems) => {
    expect(broken(limit, type, observed(requests, limits))).toEqual(problems);
  });

  it.each<[string, JsonObject, Record<string, string>, string[]]>([
    ['the most', { max: { storage: '2Gi' } }, { storage: '2Gi' }, []],
    [
      'too much',
      { max: { storage: '2Gi' } },
      { storage: '3Gi' },
      ['maximum storage usage per C is 2Gi, but request is 3Gi'],
    ],
    [
      'nothing',
      { max: { storage: '2Gi' }, min: { storage: '1Gi' } },
      {},
      [
        'minimum storage usage per C is 1Gi.  No request is specified',
        'maximum storage usage per C is 2Gi.  No request is specified',
      ],
    ],
  ])('a claim that asks for %s', (_what, limit, requests, problems) => {
    expect(brokenByClaim(limit, 'C', observed(requests, {}))).toEqual(problems);
  });
});

describe('defaults of limit ranges', () => {
  it('are of containers only, and not told where nothing is missing', async () => {
    const at = await limited(
      { type: 'Container', default: { cpu: '1', memory: '1Gi' } },
      { type: 'Pod', max: { 'example.com/x': '9' } },
    );
    const asked = resources({ cpu: '1', memory: '1Gi' }, { cpu: '1', memory: '1Gi', 'example.com/x': '1' });
    const whole = {
      ...asked,
      resources: { ...(asked['resources'] as JsonObject), requests: { cpu: '1', memory: '1Gi', 'example.com/x': '1' } },
    };
    const told = (o: JsonObject): unknown =>
      ((o['metadata'] as JsonObject)['annotations'] as JsonObject | undefined)?.['kubernetes.io/limit-ranger'];
    const made = await rest.ok(201, 'POST', `${at}/pods?dryRun=All`, pod([whole]));
    expect(told(made)).toBeUndefined();
    const partly = await rest.ok(201, 'POST', `${at}/pods?dryRun=All`, pod([whole, resources({ cpu: '1' }, {})]));
    expect(partly['spec']).toMatchObject({ containers: [{}, { resources: { limits: { cpu: '1', memory: '1Gi' } } }] });
  });

  it('are for new pods, and hold what is resized, but nothing that is being deleted', async () => {
    const at = await limited({ type: 'Container', max: { cpu: '2' }, default: { cpu: '1' } });
    await rest.ok(201, 'POST', `${at}/pods`, pod([resources({ cpu: '1' }, { cpu: '1' })]));
    const merge = { contentType: 'application/strategic-merge-patch+json' };
    const resize = (cpu: string) => ({ spec: { containers: [{ name: 'c0', ...resources({ cpu }, { cpu }) }] } });
    expect((await rest.call('PATCH', `${at}/pods/p/resize`, resize('3'), merge)).body['message']).toBe(
      'pods "p" is forbidden: maximum cpu usage per Container is 2, but limit is 3',
    );
    await rest.ok(200, 'PATCH', `${at}/pods/p/resize`, resize('2'), merge);
    await rest.ok(200, 'PATCH', `${at}/pods/p`, { metadata: { labels: { a: 'b' }, finalizers: ['a.b/c'] } }, merge);
    await rest.ok(200, 'DELETE', `${at}/pods/p?gracePeriodSeconds=0`);
    await rest.ok(200, 'PATCH', `${at}/pods/p`, { metadata: { labels: { a: 'c' } } }, merge);
    // What is no pod and no claim has no limits.
    await rest.ok(201, 'POST', `${at}/configmaps`, { metadata: { name: 'c' } });
  });
});

describe('defaults of a limit range', () => {
  test.each<[string, JsonObject, JsonObject, string]>([
    ['of requests alone', { defaultRequest: { cpu: '1' } }, { requests: { cpu: '1' } }, 'cpu request for container c'],
    ['of limits alone', { default: { cpu: '2' } }, { limits: { cpu: '2' } }, 'cpu limit for container c'],
    ['of nothing', {}, {}, ''],
  ])('%s', (_what, given, expected, told) => {
    const pod: JsonObject = { spec: { containers: [{ name: 'c' }] } };
    const other = { type: 'Pod', default: { cpu: '9' }, defaultRequest: { cpu: '9' } };
    const earlier = Object.entries(given).map(([list]) => ({ type: 'Container', [list]: { cpu: '7' } }));
    applyDefaults({ spec: { limits: [other, ...earlier, { type: 'Container', ...given }] } }, pod);
    const { resources = {} } = ((pod['spec'] as JsonObject)['containers'] as JsonObject[])[0] ?? {};
    expect(resources).toEqual(expected);
    const annotations = { 'kubernetes.io/limit-ranger': `LimitRanger plugin set: ${told}` };
    expect(pod['metadata']).toEqual(told === '' ? undefined : { annotations });
  });
});
