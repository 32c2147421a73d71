import { expect, test } from 'vitest';
import { addTo, amountsOf, amountsText, countOf, increase, mask, raiseTo, withoutZeros } from './amounts.js';
import { limitedResources } from './config.js';

const of = (list: Record<string, string>) => amountsOf(list);

test('amounts are added, raised and compared by name, and shown by name', () => {
  const sum = of({ cpu: '100m', memory: '1Gi' });
  addTo(sum, of({ cpu: '1', pods: '2' }));
  expect(amountsText(sum)).toBe('cpu=1100m,memory=1Gi,pods=2');
  raiseTo(sum, of({ cpu: '1100m', memory: '2Gi', pods: '1', secrets: '3' }));
  expect(amountsText(sum)).toBe('cpu=1100m,memory=2Gi,pods=2,secrets=3');
  expect(amountsText(increase(of({ a: '3', b: '1', c: '2', d: '4' }), of({ a: '1', b: '2', c: '2' })))).toBe(
    'a=2,b=0,c=0,d=4',
  );
  expect(amountsText(mask(sum, new Set(['pods', 'none'])))).toBe('pods=2');
  expect(amountsText(mask(sum, of({ cpu: '0' })))).toBe('cpu=1100m');
  expect([...withoutZeros(of({ a: '0', b: '0m', c: '1m', d: '-1' })).keys()]).toEqual(['c', 'd']);
  expect(amountsText(new Map([['pods', countOf(7)]]))).toBe('pods=7');
  expect(amountsText(amountsOf(undefined))).toBe('');
});

test('a configuration of quotas says nothing that is not known, and each resource that it limits', () => {
  const kind = { apiVersion: 'apiserver.config.k8s.io/v1', kind: 'ResourceQuotaConfiguration' };
  const read = (object: object) => limitedResources({ path: 'quota.yaml', object: { ...kind, ...object } });
  expect(limitedResources(undefined)).toEqual([]);
  expect(read({})).toEqual([]);
  const scope = { scopeName: 'PriorityClass', operator: 'In', values: ['a'] };
  const limited = { apiGroup: 'apps', resource: 'deployments', matchContains: ['x'], matchScopes: [scope] };
  expect(read({ limitedResources: [limited] })).toEqual([limited]);
  expect(() => read({ limited: [] })).toThrow('unknown field "limited"');
  expect(() => read({ limitedResources: [{ resource: 'pods', match: [] }] })).toThrow(
    'unknown field "limitedResources[0].match"',
  );
  expect(() => read({ limitedResources: [{ resource: 'pods' }, {}] })).toThrow(
    'quota.yaml: limitedResources[1].resource: Required value. Say which resource is limited.',
  );
  for (const version of ['v1beta1', 'v1alpha1']) {
    const object = { apiVersion: `resourcequota.admission.k8s.io/${version}`, kind: 'Configuration' };
    expect(limitedResources({ path: 'quota.yaml', object })).toEqual([]);
  }
  expect(() => read({ apiVersion: 'resourcequota.admission.k8s.io/v1beta1' })).toThrow('quota.yaml');
  expect(() => read({ kind: 'Configuration' })).toThrow('quota.yaml');
});
