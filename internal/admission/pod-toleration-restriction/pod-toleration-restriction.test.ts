import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import type { JsonObject } from '../../machinery/json.js';
import type { Rest } from '../../rest/write/testing/harness.js';
import { NAMESPACE, podOf, startWithPlugin } from '../testing/with-plugin.js';
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
