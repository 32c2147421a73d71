import { afterAll, beforeAll, expect, test } from 'vitest';
import { ensureChild } from '../../machinery/access.js';
import { type Rest, startRest } from '../../rest/write/testing/harness.js';
import { AdmissionChain } from '../admit.js';
import { attributesOf, contextOf } from '../testing/attributes.js';
import { Spy } from '../testing/spy.js';
import { NAMESPACE, podOf, startWithPlugin } from '../testing/with-plugin.js';
import type { ObjectReader } from '../types.js';
import { podNodeSelector } from './index.js';

let rest: Rest;
beforeAll(async () => {
  rest = await startWithPlugin('PodNodeSelector', {
    podNodeSelectorPluginConfig: { clusterDefaultNodeSelector: 'disk=hdd', default: 'disk=hdd,zone=a', other: '' },
  });
  const annotations = { 'scheduler.alpha.kubernetes.io/node-selector': 'team=red' };
  await rest.ok(201, 'POST', '/api/v1/namespaces', { metadata: { name: 'red', annotations } });
  await rest.ok(201, 'POST', '/api/v1/namespaces/red/serviceaccounts', { metadata: { name: 'default' } });
});
afterAll(() => rest.close());

const selector = async (ns: string, nodeSelector: Record<string, string>): Promise<unknown> => {
  const made = await rest.ok(201, 'POST', `${ns}/pods?dryRun=All`, podOf('p', { nodeSelector }));
  return (made['spec'] as { nodeSelector?: unknown }).nodeSelector;
};

test("A pod gets the namespace's labels beside its own, or the cluster's", async () => {
  expect(await selector(NAMESPACE, { zone: 'a' })).toEqual({ disk: 'hdd', zone: 'a' });
  expect(await selector('/api/v1/namespaces/red', { zone: 'b' })).toEqual({ team: 'red', zone: 'b' });
});

test('What contradicts the namespace, or is not on its list, is refused', async () => {
  const refusal = async (nodeSelector: Record<string, string>): Promise<unknown> =>
    (await rest.ok(403, 'POST', `${NAMESPACE}/pods`, podOf('p', { nodeSelector })))['message'];
  expect(await refusal({ disk: 'ssd' })).toBe(
    'pods "p" is forbidden: pod node label selector conflicts with its namespace node label selector',
  );
  expect(await refusal({ zone: 'b' })).toBe(
    'pods "p" is forbidden: pod node label selector labels conflict with its namespace whitelist',
  );
});

test.each([
  ['a', 'invalid selector: [a]'],
  ['a=b=c', 'invalid selector: [a b c]'],
  ['-a=b', 'invalid selector: name part must consist of alphanumeric characters'],
  ['a=-b', 'invalid selector: a valid label must be an empty string or consist of alphanumeric characters'],
])('A selector of a namespace that is none is told as an error of the server: %s', async (selectorText, message) => {
  const annotations = { 'scheduler.alpha.kubernetes.io/node-selector': selectorText };
  const name = `bad${selectorText.replace(/[^a-z]/g, '')}${selectorText.length}${selectorText.startsWith('-') ? 'x' : 'y'}`;
  await rest.ok(201, 'POST', '/api/v1/namespaces', { metadata: { name, annotations } });
  await rest.ok(201, 'POST', `/api/v1/namespaces/${name}/serviceaccounts`, { metadata: { name: 'default' } });
  expect((await rest.ok(500, 'POST', `/api/v1/namespaces/${name}/pods`, podOf('p')))['message']).toContain(message);
});

test('Blanks in a selector mean nothing, an empty annotation means no labels, and other resources get none', async () => {
  for (const [name, text] of [
    ['blanks', ' team = blue , a=b'],
    ['empty', ''],
  ] as const) {
    const annotations = { 'scheduler.alpha.kubernetes.io/node-selector': text };
    await rest.ok(201, 'POST', '/api/v1/namespaces', { metadata: { name, annotations } });
    await rest.ok(201, 'POST', `/api/v1/namespaces/${name}/serviceaccounts`, { metadata: { name: 'default' } });
  }
  expect(await selector('/api/v1/namespaces/blanks', {})).toEqual({ team: 'blue', a: 'b' });
  expect(await selector('/api/v1/namespaces/empty', { zone: 'b' })).toEqual({ zone: 'b' });
  const template = { spec: { nodeSelector: { disk: 'ssd' }, containers: [{ name: 'c', image: 'i' }] } };
  await rest.ok(201, 'POST', `${NAMESPACE}/podtemplates`, { metadata: { name: 't' }, template });
});

test('The configuration of a namespace by the name of the default allows everything', async () => {
  const name = 'clusterdefaultnodeselector';
  await rest.ok(201, 'POST', '/api/v1/namespaces', { metadata: { name } });
  await rest.ok(201, 'POST', `/api/v1/namespaces/${name}/serviceaccounts`, { metadata: { name: 'default' } });
  expect(await selector(`/api/v1/namespaces/${name}`, { any: 'thing' })).toEqual({ any: 'thing', disk: 'hdd' });
  // An empty entry allows everything too.
  expect(await selector('/api/v1/namespaces/other', { any: 'thing' })).toEqual({ any: 'thing', disk: 'hdd' });
});

test('What a later plugin makes of the selector is looked at again', async () => {
  const later = new Spy();
  later.onAdmit = (_ctx, a) => {
    if (a.object !== undefined && a.def.resource === 'pods')
      ensureChild(ensureChild(a.object, 'spec'), 'nodeSelector')['disk'] = 'ssd';
  };
  const config = { podNodeSelectorPluginConfig: { clusterDefaultNodeSelector: 'disk=hdd' } };
  const plugin = podNodeSelector({ configuration: { path: 'test.yaml', object: config } });
  const own = await startRest(1, { admission: new AdmissionChain([plugin, later]) });
  try {
    expect((await own.ok(403, 'POST', `${NAMESPACE}/pods`, podOf('p')))['message']).toBe(
      'pods "p" is forbidden: pod node label selector conflicts with its namespace node label selector',
    );
  } finally {
    await own.close();
  }
});

test('A namespace that this replica does not know yet is waited for', async () => {
  const plugin = podNodeSelector({});
  const annotations = { 'scheduler.alpha.kubernetes.io/node-selector': 'team=red' };
  const lookedAt = async (appearsAfterWaiting: boolean, known: boolean) => {
    let [there, waited] = [known, 0];
    const reader = {
      get: () => (there ? { metadata: { annotations } } : undefined),
      catchUp: async () => {
        waited++;
        there = appearsAfterWaiting;
      },
    } as unknown as ObjectReader;
    const object = podOf('p');
    await plugin.admit?.(contextOf(reader), attributesOf('pods', { object }));
    return [waited, (object['spec'] as { nodeSelector?: unknown }).nodeSelector];
  };
  expect(await lookedAt(true, false)).toEqual([1, { team: 'red' }]);
  expect(await lookedAt(true, true)).toEqual([0, { team: 'red' }]);
  await expect(lookedAt(false, false)).rejects.toThrow('namespaces "default" not found');
});
