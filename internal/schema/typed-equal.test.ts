import { expect, it } from 'vitest';
import { typedEqual } from './typed-equal.js';

const POD_SPEC = 'io.k8s.api.core.v1.PodSpec';

it.each([
  ['a pointer to an empty struct', { dnsConfig: {} }, {}, false],
  ['one within another', { affinity: { podAffinity: {} } }, { affinity: {} }, false],
  ['an empty struct that is no pointer', { containers: [{ resources: {} }] }, { containers: [{}] }, true],
  ['an empty list', { tolerations: [] }, {}, true],
  ['an empty map', { nodeSelector: {} }, {}, true],
  ['members of a map', { nodeSelector: { a: '1' } }, { nodeSelector: { a: '2' } }, false],
  ['items of a list', { containers: [{ name: 'a' }] }, { containers: [{ name: 'b' }] }, false],
  ['lists of different lengths', { containers: [{}, {}] }, { containers: [{}] }, false],
  ['what is absent on the left', {}, { hostname: 'a' }, false],
])('tells %s from none as Go does', (_what, a, b, same) => {
  expect(typedEqual(POD_SPEC, a, b)).toBe(same);
  expect(typedEqual(POD_SPEC, b, a)).toBe(same);
});

it('looks into maps of structs, and takes what has no type as JSON', () => {
  const slice = 'io.k8s.api.resource.v1.CounterSet';
  expect(typedEqual(slice, { counters: { a: { value: '1' } } }, { counters: { a: { value: '2' } } })).toBe(false);
  expect(typedEqual(slice, { counters: { a: { value: '1' } } }, { counters: { b: { value: '1' } } })).toBe(false);
  expect(typedEqual('', { a: {} }, {})).toBe(true);
});
