import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import type { JsonObject } from '../../machinery/json.js';
import type { Rest } from '../../rest/write/testing/harness.js';
import { MERGE, NAMESPACE, podOf, startWithPlugin } from '../testing/with-plugin.js';
import { podTolerationRestriction } from './index.js';
import { areAllowed, mergeTolerations } from './tolerations.js';

const exists = (key: string, more: JsonObject = {}): JsonObject => ({ key, operator: 'Exists', ...more });

describe('tolerations', () => {
  it('that another covers are left out', () => {
    const narrow = exists('a', { effect: 'NoSchedule' });
    expect(mergeTolerations([narrow], [exists('a')])).toEqual([exists('a')]);
    expect(mergeTolerations([exists('a')], [narrow])).toEqual([exists('a')]);
    expect(mergeTolerations([narrow], [narrow])).toEqual([narrow]);
    expect(mergeTolerations([narrow], [exists('b')])).toEqual([narrow, exists('b')]);
    expect(mergeTolerations([narrow], [{ operator: 'Exists' }])).toEqual([{ operator: 'Exists' }]);
  });
  it('are allowed when one on the list covers them', () => {
    const equal = { key: 'a', operator: 'Equal', value: 'x', effect: 'NoExecute' };
    expect(areAllowed([equal], [exists('a')])).toBe(true);
    expect(areAllowed([exists('a')], [equal])).toBe(false);
    expect(areAllowed([{ ...equal, tolerationSeconds: 9 }], [{ ...equal, tolerationSeconds: 10 }])).toBe(true);
    expect(areAllowed([{ ...equal, tolerationSeconds: 11 }], [{ ...equal, tolerationSeconds: 10 }])).toBe(false);
    expect(areAllowed([equal], [])).toBe(true);
  });
});

describe('one toleration covers another', () => {
  const of = (operator: string, value: string, more: JsonObject = {}): JsonObject => ({
    key: 'a',
    operator,
    value,
    ...more,
  });
  it.each<[string, JsonObject, JsonObject, boolean]>([
    ['of the same key and value', of('Equal', 'x'), of('Equal', 'x', { effect: 'NoSchedule' }), true],
    ['whose operator is left out', of('', 'x'), of('Equal', 'x', { effect: 'NoSchedule' }), true],
    ['whose operator is unknown', of('Gt', 'x'), of('Equal', 'x', { effect: 'NoSchedule' }), false],
    ['of another value', of('Equal', 'y'), of('Equal', 'x', { effect: 'NoSchedule' }), false],
    ['of any key that is equal to something', { operator: 'Equal', value: 'x' }, of('Equal', 'x'), false],
    ['of any key', { operator: 'Exists' }, of('Equal', 'x'), true],
    ['of another effect', of('Exists', '', { effect: 'NoExecute' }), of('Exists', '', { effect: 'NoSchedule' }), false],
    [
      'for as long',
      exists('a', { effect: 'NoExecute', tolerationSeconds: 5 }),
      exists('a', { effect: 'NoExecute', tolerationSeconds: 5 }),
      true,
    ],
    [
      'for longer',
      exists('a', { effect: 'NoExecute', tolerationSeconds: 6 }),
      exists('a', { effect: 'NoExecute', tolerationSeconds: 5 }),
      true,
    ],
    [
      'for as long, of any value',
      exists('a', { effect: 'NoExecute', tolerationSeconds: 5 }),
      of('Equal', 'x', { effect: 'NoExecute', tolerationSeconds: 5 }),
      true,
    ],
    [
      'for a time, not for ever',
      exists('a', { effect: 'NoExecute', tolerationSeconds: 5 }),
      exists('a', { effect: 'NoExecute' }),
      false,
    ],
    [
      'whose time means nothing',
      exists('a', { effect: 'NoSchedule', tolerationSeconds: 5 }),
      exists('a', { effect: 'NoSchedule' }),
      true,
    ],
    [
      'for ever',
      exists('a', { effect: 'NoExecute' }),
      exists('a', { effect: 'NoExecute', tolerationSeconds: 5 }),
      true,
    ],
  ])('%s', (_what, wide, narrow, covers) => {
    expect(areAllowed([narrow], [wide])).toBe(covers);
    expect(mergeTolerations([wide], [narrow]).length === 1).toBe(covers || areAllowed([wide], [narrow]));
  });
});

describe('pods', () => {
  let rest: Rest;
  beforeAll(async () => {
    rest = await startWithPlugin('PodTolerationRestriction', {
      apiVersion: 'podtolerationrestriction.admission.k8s.io/v1alpha1',
      kind: 'Configuration',
      default: [exists('cluster')],
      whitelist: [exists('cluster'), exists('node.kubernetes.io/not-ready'), exists('node.kubernetes.io/unreachable')],
    });
    const annotations = {
      'scheduler.alpha.kubernetes.io/defaultTolerations': JSON.stringify([exists('red')]),
      'scheduler.alpha.kubernetes.io/tolerationsWhitelist': '',
    };
    await rest.ok(201, 'POST', '/api/v1/namespaces', { metadata: { name: 'red', annotations } });
    await rest.ok(201, 'POST', '/api/v1/namespaces/red/serviceaccounts', { metadata: { name: 'default' } });
  });
  afterAll(() => rest.close());

  const keys = async (ns: string, spec: JsonObject): Promise<unknown[]> => {
    const made = await rest.ok(201, 'POST', `${ns}/pods?dryRun=All`, podOf('p', spec));
    return ((made['spec'] as JsonObject)['tolerations'] as JsonObject[]).map((t) => t['key']);
  };

  test("get their namespace's tolerations, or the cluster's, and one for pressure on memory unless they are best effort", async () => {
    const lost = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'];
    expect(await keys(NAMESPACE, {})).toEqual([...lost, 'cluster']);
    const containers = [{ name: 'c', image: 'i', resources: { requests: { cpu: '1' } } }];
    expect(await keys('/api/v1/namespaces/red', { containers })).toEqual([
      ...lost,
      'red',
      'node.kubernetes.io/memory-pressure',
    ]);
  });

  test('with what is not on the list are refused', async () => {
    const tolerations = [exists('mine')];
    expect(await rest.ok(500, 'POST', `${NAMESPACE}/pods`, podOf('p', { tolerations }))).toMatchObject({
      message:
        'pod tolerations (possibly merged with namespace default tolerations) conflict with its cluster whitelist',
    });
  });
});

describe('annotations of namespaces', () => {
  let rest: Rest;
  beforeAll(async () => {
    rest = await startWithPlugin('PodTolerationRestriction');
  });
  afterAll(() => rest.close());
  const DEFAULTS = 'scheduler.alpha.kubernetes.io/defaultTolerations';
  const ALLOWED = 'scheduler.alpha.kubernetes.io/tolerationsWhitelist';
  let namespaces = 0;
  const inNamespace = async (annotations: JsonObject, tolerations: JsonObject[] = []) => {
    const name = `ns${++namespaces}`;
    await rest.ok(201, 'POST', '/api/v1/namespaces', { metadata: { name, annotations } });
    await rest.ok(201, 'POST', `/api/v1/namespaces/${name}/serviceaccounts`, { metadata: { name: 'default' } });
    const path = `/api/v1/namespaces/${name}/pods`;
    return { path, ...(await rest.call('POST', path, podOf('p', { tolerations }))) };
  };

  test.each([
    ['no JSON', '{', /^the annotation \S+ of the namespace is no list of tolerations: \S/],
    ['no list', '{}', /^the annotation \S+ of the namespace is no list of tolerations$/],
    ['no list of objects', '["a"]', /^the annotation \S+ of the namespace is no list of tolerations$/],
  ])('that are %s are told as errors of the server', async (_what, text, message) => {
    for (const annotation of [DEFAULTS, ALLOWED]) {
      const { status, body } = await inNamespace({ [annotation]: text });
      expect([status, body['message']]).toEqual([500, expect.stringMatching(message)]);
      expect(body['message']).toContain(annotation);
    }
  });

  test.each(['', 'null', '[]'])('that hold nothing (%j) allow everything and add nothing', async (text) => {
    const { status, body } = await inNamespace({ [DEFAULTS]: text, [ALLOWED]: text }, [exists('a')]);
    expect([status, ((body['spec'] as JsonObject)['tolerations'] as JsonObject[]).map((t) => t['key'])]).toEqual([
      201,
      ['a', 'node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'],
    ]);
  });

  test('that say what is allowed hold for what is changed as well, and name their scope', async () => {
    const lost = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'].map((key) => exists(key));
    const { status, path } = await inNamespace({ [ALLOWED]: JSON.stringify([...lost, exists('a')]) }, [exists('a')]);
    expect(status).toBe(201);
    const pod = await rest.ok(200, 'GET', `${path}/p`);
    const more = async (key: string) => {
      const spec = pod['spec'] as JsonObject;
      const tolerations = [...(spec['tolerations'] as JsonObject[]), exists(key)];
      return rest.call('PUT', `${path}/p`, { ...pod, spec: { ...spec, tolerations } });
    };
    expect((await more('b')).body['message']).toBe(
      'pod tolerations (possibly merged with namespace default tolerations) conflict with its namespace whitelist',
    );
    // The defaults are for new pods only.
    await rest.ok(
      200,
      'PATCH',
      path.replace('/pods', ''),
      { metadata: { annotations: { [DEFAULTS]: '[{"key":"b"}]' } } },
      MERGE,
    );
    expect((await rest.call('PATCH', `${path}/p`, { metadata: { labels: { a: 'b' } } }, MERGE)).status).toBe(200);
  });

  test('mean nothing to what is no pod', async () => {
    const { path } = await inNamespace({ [DEFAULTS]: '{' });
    const template = { spec: { containers: [{ name: 'c', image: 'i' }] } };
    await rest.ok(201, 'POST', path.replace('/pods', '/podtemplates'), { metadata: { name: 't' }, template });
  });
});

test('a configuration of another kind is refused', () => {
  const configured = (object: JsonObject) => () =>
    podTolerationRestriction({ configuration: { path: 'test.yaml', object } });
  expect(configured({ apiVersion: 'v1', kind: 'Configuration' })).toThrow(
    'test.yaml: no kind "Configuration" is registered for version "v1"',
  );
  const kind = { apiVersion: 'podtolerationrestriction.admission.k8s.io/v1alpha1', kind: 'Configuration' };
  expect(configured({ ...kind, blacklist: [] })).toThrow('blacklist');
});
