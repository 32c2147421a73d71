import { expect, it } from 'vitest';
import { errorText } from '../../machinery/field.js';
import type { JsonObject, JsonValue } from '../../machinery/json.js';
import type { ResourceDef } from '../../schema/types.js';
import { coerceTo } from './coerce.js';
import { embeddedErrorsOf } from './embedded.js';

const EMBEDDED: JsonObject = {
  type: 'object',
  'x-kubernetes-embedded-resource': true,
  'x-kubernetes-preserve-unknown-fields': true,
};
const schema: JsonObject = {
  type: 'object',
  properties: { spec: { type: 'object', properties: { pod: EMBEDDED, pods: { type: 'array', items: EMBEDDED } } } },
};
const def = { group: 'example.com', version: 'v1', kind: 'Gadget' } as ResourceDef;
const errors = (spec: JsonObject): string[] => (embeddedErrorsOf(schema)?.({ spec }) ?? []).map(errorText);

/** The object as it is stored, with the warnings. */
function coerced(pod: JsonValue): { object: JsonObject; warnings: string[] } {
  const object: JsonObject = { apiVersion: 'example.com/v1', kind: 'Gadget', metadata: {}, spec: { pod } };
  const warnings: string[] = [];
  coerceTo(schema, def)(object, 'Warn', warnings);
  return { object, warnings };
}

it('an embedded resource says what it is', () => {
  expect(errors({ pod: { kind: 'Pod' }, pods: [{ apiVersion: 'a/b/c', kind: 'Po d' }] })).toEqual([
    'spec.pod.apiVersion: Required value',
    'spec.pods[0].apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c',
    expect.stringContaining(
      'spec.pods[0].kind: Invalid value: "Po d": may have mixed case, but should otherwise match: ',
    ),
  ]);
});

it('metadata of an embedded resource is checked as any other, but for a name, which it does not need', () => {
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { labels: { 'a b': 'c' }, namespace: 'x' } };
  expect(errors({ pod })).toEqual([
    expect.stringContaining('spec.pod.metadata.labels: Invalid value: "a b": name part must consist of'),
  ]);
  expect(errors({ pod: { apiVersion: 'v1', kind: 'Pod', metadata: {} } })).toEqual([]);
});

it('metadata of an embedded resource is pruned, and refused where it has other types', () => {
  const { object, warnings } = coerced({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', zz: 1 }, open: 1 });
  expect(object['spec']).toEqual({ pod: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, open: 1 } });
  expect(warnings).toEqual(['unknown field "spec.pod.metadata.zz"']);
  expect(() => coerced({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', labels: { a: 1 } } })).toThrow(
    'Gadget in version "v1" cannot be handled as a Gadget: spec.pod.metadata: Invalid value: {"labels":{"a":1},"name":"p"}: json: cannot unmarshal number into Go struct field ObjectMeta.labels of type string',
  );
});

it('a schema without embedded resources costs nothing', () => {
  expect(embeddedErrorsOf({ type: 'object', properties: { spec: { type: 'object' } } })).toBeUndefined();
});
