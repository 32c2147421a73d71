import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../machinery/json.js';
import { contextOf, eventualFieldErrorsOf } from '../generic/field-errors.testkit.js';
import { strategyFor } from '../index.js';

const GROUP = 'apiextensions.k8s.io';
const of = eventualFieldErrorsOf(GROUP, 'customresourcedefinitions');
const strategy = strategyFor(GROUP, 'customresourcedefinitions');

/** A definition as it is when it is validated: with defaults and its first status. */
function definition(schema: JsonObject, version: JsonObject = {}, spec: JsonObject = {}): JsonObject {
  const crd: JsonObject = {
    metadata: { name: 'gadgets.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'gadgets', kind: 'Gadget' },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema }, ...version }],
      ...spec,
    },
  };
  strategy.defaults?.(crd);
  strategy.prepareForCreate?.(contextOf(GROUP, 'v1', 'customresourcedefinitions'), crd);
  return crd;
}

const object = (properties: JsonObject, more: JsonObject = {}): JsonObject => ({ type: 'object', properties, ...more });
const inSpec = (field: JsonObject): JsonObject => definition(object({ spec: object({ a: field }) }));
const AT = 'spec.validation.openAPIV3Schema.properties[spec].properties[a]';

describe('custom resource definitions', () => {
  it('look at the schema that is stored once when they change, however many parts it has', async () => {
    let looks = 0;
    const part: JsonObject = { type: 'string' };
    const uniqueItems = { get: () => (looks++, false), enumerable: false };
    const stored = definition(object({ spec: object({ a: Object.defineProperty(part, 'uniqueItems', uniqueItems) }) }));
    looks = 0;
    expect(await of(inSpec({ type: 'string' }), stored)).toEqual([]);
    expect(looks).toBe(1);
  });

  it('say what follows from the kind, and which version is stored', async () => {
    const crd = definition(object({}));
    expect(crd['spec']).toMatchObject({
      names: { singular: 'gadget', listKind: 'GadgetList' },
      conversion: { strategy: 'None' },
    });
    expect(crd['status']).toMatchObject({ storedVersions: ['v1'] });
    expect(await of(crd)).toEqual([]);
  });
  it('are named after their plural and group', async () => {
    expect(await of({ ...definition(object({})), metadata: { name: 'other.example.com' } })).toEqual([
      'metadata.name: Invalid value: "other.example.com": must be spec.names.plural+"."+spec.group',
    ]);
  });
  it('store exactly one version', async () => {
    const second = { name: 'v2', served: true, storage: true, schema: { openAPIV3Schema: object({}) } };
    const crd = definition(object({}), {}, {});
    const versions = (crd['spec'] as { versions: JsonObject[] }).versions;
    versions.push(second);
    const fieldErrors = await of(crd);
    expect(fieldErrors[0]).toContain('must have exactly one version marked as storage version');
    expect(fieldErrors[0]).toContain('[{"Name":"v1","Served":true,"Storage":true,"Deprecated":false');
    expect(fieldErrors[1]).toContain('must have the storage version v2');
  });
  it('are shown as Go has them when versions differ, and no more of them than is shown', async () => {
    const crd = definition(
      object({ a: { type: 'array', items: { type: 'string', 'x-kubernetes-int-or-string': true } } }),
    );
    const { versions } = crd['spec'] as { versions: JsonObject[] };
    const wide = object(Object.fromEntries(Array.from({ length: 2_000 }, (_, i) => [`p${i}`, { type: 'string' }])));
    versions.push({ name: 'v2', served: true, storage: true, schema: { openAPIV3Schema: wide } });
    const [told = ''] = await of(crd);
    expect(told).toContain(
      '"Schema":{"OpenAPIV3Schema":{"ID":"","Schema":"","Ref":null,"Description":"","Type":"object"',
    );
    expect(told).toContain('"Items":{"Schema":{"ID":""');
    expect(told).toContain('"XIntOrString":true');
    expect(told.length).toBeLessThan(66_000);
  });
  it('are at the version when versions differ, at the spec when they agree', async () => {
    const bad = object({ spec: {} });
    const crd = definition(bad);
    expect(await of(crd)).toEqual([
      'spec.validation.openAPIV3Schema.properties[spec].type: Required value: must not be empty for specified object fields',
    ]);
    const versions = (crd['spec'] as { versions: JsonObject[] }).versions;
    versions.push({ name: 'v2', served: true, storage: false, schema: { openAPIV3Schema: object({}) } });
    expect((await of(crd))[0]).toContain(
      'spec.versions[0].schema.openAPIV3Schema.properties[spec].type: Required value',
    );
  });
  it('warn of a version in 256 bytes that can be printed', async () => {
    const warned = async (deprecationWarning: string): Promise<string[]> =>
      (await of(definition(object({}), { deprecated: true, deprecationWarning }))).map((e) =>
        e.slice(e.lastIndexOf('must')),
      );
    const printable = 'must only contain printable UTF-8 characters; non-printable character found at index';
    expect(await warned('use v2: "ü" \u{1F600}')).toEqual([]);
    expect(await warned('ü'.repeat(128))).toEqual([]);
    expect(await warned('ü'.repeat(129))).toEqual(['must be <= 256 characters long']);
    // Places are counted in bytes; separators are spaces or nothing.
    expect(await warned('ü\t')).toEqual([`${printable} 2`]);
    expect(await warned('\u2028')).toEqual([`${printable} 0`]);
    expect(await warned('')).toEqual(['must not be an empty string']);
  });
  it('need an approval in the groups of the Kubernetes community', async () => {
    const crd = definition(object({}), {}, { group: 'gadgets.k8s.io' });
    crd['metadata'] = { name: 'gadgets.gadgets.k8s.io' };
    expect((await of(crd))[0]).toContain('protected groups must have approval annotation');
    crd['metadata'] = { name: 'gadgets.gadgets.k8s.io', annotations: { 'api-approved.kubernetes.io': 'unapproved' } };
    expect(await of(crd)).toEqual([]);
  });
  it('never move to another scope once they are established', async () => {
    const old = definition(object({}));
    const changed = definition(object({}), {}, { scope: 'Cluster' });
    expect(await of(changed, old)).toEqual([]);
    old['status'] = { conditions: [{ type: 'Established', status: 'True' }] };
    expect(await of(changed, old)).toEqual(['spec.scope: Invalid value: "Cluster": field is immutable']);
  });
});

describe('schemas', () => {
  it('know the type of every field without logic', async () => {
    expect(await of(inSpec({ anyOf: [{ type: 'string' }] }))).toEqual([
      `${AT}.anyOf[0].type: Forbidden: must be empty to be structural`,
      `${AT}.type: Required value: must not be empty for specified object fields`,
    ]);
    const anyOf = [{ type: 'integer' }, { type: 'string' }];
    expect(await of(inSpec({ 'x-kubernetes-int-or-string': true, anyOf }))).toEqual([]);
  });
  it('have each field that the logic of the root speaks of outside of it too', async () => {
    const root = 'spec.validation.openAPIV3Schema';
    const anyOf = [{ required: ['b'], properties: { b: {} } }];
    expect(await of(definition({ ...object({}), anyOf }))).toEqual([
      `${root}.properties[b]: Required value: because it is defined in ${root}.anyOf[0].properties[b]`,
    ]);
    // kube-apiserver does not look further down.
    expect(await of(inSpec({ type: 'object', anyOf }))).toEqual([]);
  });
  it('that kube-apiserver cannot read as structural are told what is not supported, and no more', async () => {
    expect(await of(inSpec({ $ref: '#/x' }))).toEqual([`${AT}.$ref: Forbidden: $ref is not supported`]);
    expect(await of(inSpec({ type: 'array', items: [{ type: 'string' }] }))).toEqual([
      `${AT}.items: Forbidden: items must be a schema object and not an array`,
    ]);
  });
  it('have defaults that they accept themselves', async () => {
    expect(await of(inSpec({ type: 'integer', minimum: 3, default: 2 }))).toEqual([
      `${AT}.default: Invalid value: 2:  in body should be greater than or equal to 3`,
    ]);
    expect(await of(inSpec({ type: 'object', default: { b: 1 } }))).toEqual([
      `${AT}.default: Invalid value: {"b":1}: must not have unknown fields`,
    ]);
  });
  it('leave metadata to Kubernetes', async () => {
    const metadata = object({ labels: { type: 'object' } });
    expect((await of(definition(object({ metadata }))))[0]).toContain(
      'must not specify anything other than name and generateName',
    );
    expect(await of(definition(object({ metadata: object({ name: { type: 'string', maxLength: 5 } }) })))).toEqual([]);
  });
  it('identify items of a map list by scalar fields that are there', async () => {
    const list = (items: JsonObject): JsonObject => ({
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['k'],
      items,
    });
    expect(await of(inSpec(list(object({ k: { type: 'string' } }, { required: ['k'] }))))).toEqual([]);
    expect(await of(inSpec(list(object({ k: { type: 'string' } }))))).toEqual([
      `${AT}.items.properties[k].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property`,
    ]);
    expect(await of(inSpec(list(object({ b: { type: 'string' } }))))).toEqual([
      `${AT}.x-kubernetes-list-map-keys: Invalid value: ["k"]: entries must all be names of item properties`,
    ]);
  });
  it('use none of the keywords that custom resources do not have', async () => {
    expect(await of(inSpec({ type: 'string', $ref: '#/x' }))).toEqual([`${AT}.$ref: Forbidden: $ref is not supported`]);
    expect((await of(inSpec({ type: 'array', uniqueItems: true, items: { type: 'string' } })))[0]).toContain(
      'runtime complexity',
    );
  });
  it('lead to selectable fields', async () => {
    const fields = async (...paths: string[]): Promise<string[]> =>
      (
        await of(
          definition(
            object({ spec: object({ a: { type: 'string' }, b: { type: 'array', items: { type: 'string' } } }) }),
            {
              selectableFields: paths.map((jsonPath) => ({ jsonPath })),
            },
          ),
        )
      ).map((c) => c.replace(/^.*?value: ("[^"]*": )?/, ''));
    expect(await fields('.spec.a')).toEqual([]);
    expect(await fields('.spec.none', '.spec.b', '.spec.a', '.spec.a')).toEqual([
      'is an invalid path: does not refer to a valid field',
      'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.',
      '".spec.a"',
    ]);
  });
  it('have rules that see the fields that there are', async () => {
    const ruled = async (rule: string, more: JsonObject = {}): Promise<string[]> =>
      await of(inSpec(object({ b: { type: 'integer' } }, { 'x-kubernetes-validations': [{ rule, ...more }] })));
    expect(await ruled('self.b > 1')).toEqual([]);
    expect((await ruled('self.c > 1'))[0]).toContain("compilation failed: ERROR: <input>:1:5: undefined field 'c'");
    expect((await ruled('self.b'))[0]).toContain('cel expression must evaluate to a bool');
    expect((await ruled('self.b > 1', { messageExpression: 'self.b' }))[0]).toContain(
      'messageExpression must evaluate to a string',
    );
    expect((await ruled('self.b > 1', { optionalOldSelf: true }))[0]).toContain(
      'may not be set if oldSelf is not used in rule',
    );
  });
  it('are refused when they could cost too much', async () => {
    const words = (more: JsonObject): JsonObject => ({
      type: 'array',
      items: { type: 'string', ...(more['items'] as JsonObject) },
      'x-kubernetes-validations': [{ rule: 'self.all(w, self.exists(v, v.contains(w)))' }],
      ...more,
    });
    const said = await of(inSpec(words({})));
    expect(said.join('\n')).toContain(
      'estimated rule cost exceeds budget by factor of more than 100x (try simplifying the rule',
    );
    expect(said.join('\n')).toContain('estimated rule cost total for entire OpenAPIv3 schema exceeds budget');
    expect(await of(inSpec(words({ maxItems: 10, items: { type: 'string', maxLength: 20 } })))).toEqual([]);
  });
  it('look back only where old and new are the same thing', async () => {
    const items = { type: 'string', 'x-kubernetes-validations': [{ rule: 'self == oldSelf' }] };
    expect((await of(inSpec({ type: 'array', items }))).join('\n')).toContain(
      `oldSelf cannot be used on the uncorrelatable portion of the schema within ${AT}`,
    );
  });
});
