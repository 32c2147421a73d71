import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { JsonObject, JsonValue } from '../../machinery/json.js';
import type { ResourceDef } from '../types.js';
import { swaggerProtobuf } from './gnostic.js';
import { customTypeName, OpenApi, type OpenApiDocument, ungzip } from './index.js';
import { swagger, swaggerJson } from './v2.js';

// The published document of kube-apiserver: facts that are not ours to choose. It is not part of this repository.
const REFERENCE = new URL('../../../../shared/kubernetes-1.36/openapi-v2.json', import.meta.url);

const parse = (text: string): JsonObject => JSON.parse(text) as JsonObject;
const read = async (document: OpenApiDocument | undefined): Promise<JsonObject> =>
  parse(String(await ungzip((await document?.content()) ?? Buffer.alloc(0))));

/** A document without its prose, keys sorted. */
function bare(v: JsonValue | undefined): JsonValue | undefined {
  if (Array.isArray(v)) return v.map((x) => bare(x) ?? null);
  if (v === null || typeof v !== 'object') return v;
  const kept = Object.entries(v).filter(([k, x]) => !(k === 'description' && typeof x === 'string') && k !== 'title');
  return Object.fromEntries(kept.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([k, x]) => [k, bare(x)]));
}

function danglingRefs(document: JsonObject, pattern: RegExp, known: JsonValue | undefined): string[] {
  const names = new Set([...JSON.stringify(document).matchAll(pattern)].map((m) => m[1] ?? ''));
  return [...names].filter((name) => !Object.hasOwn((known ?? {}) as JsonObject, name));
}

const gadget: ResourceDef = {
  group: 'example.com',
  version: 'v1',
  resource: 'gadgets',
  singular: 'gadget',
  kind: 'Gadget',
  namespaced: true,
  shortNames: [],
  categories: [],
  verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
  subresources: [],
  type: customTypeName('example.com', 'v1', 'Gadget'),
  storage: { group: 'example.com', version: 'v1', resource: 'gadgets' },
};
const custom = (fingerprint: string, schema: JsonObject): Parameters<OpenApi['setCustom']>[0] => [
  {
    group: 'example.com',
    version: 'v1',
    resources: [gadget],
    kinds: [
      {
        group: 'example.com',
        version: 'v1',
        kind: 'Gadget',
        listKind: 'GadgetList',
        plural: 'gadgets',
        schema,
        selectableFields: [],
      },
    ],
    fingerprint,
  },
];

describe('OpenAPI v2', () => {
  it.skipIf(!existsSync(REFERENCE))('is the published document but for descriptions', () => {
    const ours = parse([...swaggerJson(swagger())].join(''));
    const want = parse(readFileSync(REFERENCE, 'utf8'));
    for (const part of ['paths', 'definitions', 'parameters']) {
      const [a, b] = [bare(ours[part]), bare(want[part])] as [JsonObject, JsonObject];
      expect(Object.keys(a)).toEqual(Object.keys(b));
      for (const key of Object.keys(b)) expect(a[key], key).toEqual(b[key]);
    }
    expect(bare({ ...ours, paths: {}, definitions: {}, parameters: {} })).toEqual(
      bare({ ...want, paths: {}, definitions: {}, parameters: {} }),
    );
  });

  it('refers to nothing that it does not define', () => {
    const document = parse([...swaggerJson(swagger())].join(''));
    expect(danglingRefs(document, /"#\/definitions\/([^"]+)"/g, document['definitions'])).toEqual([]);
    expect(danglingRefs(document, /"#\/parameters\/([^"]+)"/g, document['parameters'])).toEqual([]);
  });

  it('is written as protobuf with the swagger version first', () => {
    const bytes = Buffer.concat([...swaggerProtobuf(swagger())]);
    expect(bytes.subarray(0, 5).toString('latin1')).toBe('\n\u00032.0');
    expect(bytes.includes('io.k8s.api.core.v1.PodSpec')).toBe(true);
  });
});

describe('what clients read in the documents', () => {
  const definitionsFor = async (schema: JsonObject): Promise<Record<string, JsonObject>> => {
    const openApi = new OpenApi('test');
    openApi.setCustom(custom('x', schema));
    return (await read(openApi.v2('json')))['definitions'] as Record<string, JsonObject>;
  };
  const open = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  it('lists no properties of a custom resource where unknown ones are kept', async () => {
    const root = (await definitionsFor({ ...open, properties: { spec: { type: 'object' } } }))['com.example.v1.Gadget'];
    expect(root).toEqual({
      type: 'object',
      'x-kubernetes-group-version-kind': [{ group: 'example.com', kind: 'Gadget', version: 'v1' }],
    });
    const nested = (
      await definitionsFor({
        type: 'object',
        properties: {
          spec: { ...open, properties: { a: { type: 'string' } } },
          template: { ...open, 'x-kubernetes-embedded-resource': true },
          list: { type: 'array', 'x-kubernetes-preserve-unknown-fields': true, items: { type: 'object' } },
          nothing: { type: 'object', required: ['b'], properties: { b: { type: 'string', nullable: true } } },
        },
      })
    )['com.example.v1.Gadget'];
    expect(nested?.['properties']).toMatchObject({
      spec: { 'x-kubernetes-preserve-unknown-fields': true },
      nothing: { type: 'object', properties: { b: {} } },
    });
    const properties = nested?.['properties'] as Record<string, JsonObject>;
    for (const name of ['spec', 'template', 'list']) {
      for (const key of ['properties', 'items', 'type'])
        expect(properties[name], `${name}.${key}`).not.toHaveProperty(key);
    }
    expect(properties['nothing']).not.toHaveProperty('required');
  });
  it('begins descriptions with the words that tools look for', async () => {
    const definitions = await definitionsFor({ type: 'object', properties: { spec: { type: 'object' } } });
    const of = (type: string, field: string): unknown =>
      ((definitions[type]?.['properties'] as Record<string, JsonObject> | undefined)?.[field] ?? {})['description'];
    for (const type of ['io.k8s.api.core.v1.Pod', 'com.example.v1.Gadget', 'com.example.v1.GadgetList']) {
      expect(of(type, 'apiVersion')).toMatch(/^APIVersion defines /);
      expect(of(type, 'kind')).toMatch(/^Kind is a string value /);
    }
    expect(of('com.example.v1.Gadget', 'metadata')).toMatch(/^Standard object's metadata/);
    expect(of('io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta', 'creationTimestamp')).toMatch(
      /^CreationTimestamp is a timestamp /,
    );
    expect(of('io.k8s.api.core.v1.ServiceList', 'items')).toMatch(/^List of services/);
    const text = [...swaggerJson(swagger())].join('');
    expect(text).toContain('"description":"Watch for changes to the described resources');
    expect(text).toMatch(/"description":"A selector [^"]*list of returned objects/);
  });
});

describe('OpenAPI v3', () => {
  it('has a document for every path of its index, named by its hash', async () => {
    const openApi = new OpenApi('test');
    const paths = (openApi.v3Index()['paths'] ?? {}) as Record<string, { serverRelativeURL: string }>;
    expect(Object.keys(paths)).toContain('apis/apps/v1');
    for (const [path, entry] of Object.entries(paths)) {
      const document = openApi.v3(path);
      expect(entry.serverRelativeURL).toBe(`/openapi/v3/${path}?hash=${document?.hash}`);
      const content = await read(document);
      const schemas = (content['components'] as JsonObject)['schemas'];
      expect(danglingRefs(content, /"#\/components\/schemas\/([^"]+)"/g, schemas), path).toEqual([]);
    }
    expect(openApi.v3('apis/nope/v1')).toBeUndefined();
  });

  it('tells by the hash that custom resources changed, and leaves the other documents as they are', async () => {
    const openApi = new OpenApi('test');
    const apps = openApi.v3('apis/apps/v1');
    const before = openApi.v2('json').hash;
    openApi.setCustom(custom('1', { type: 'object', properties: { spec: { 'x-kubernetes-int-or-string': true } } }));
    const first = openApi.v3('apis/example.com/v1');
    expect(openApi.v2('json').hash).not.toBe(before);
    const schemas = ((await read(first))['components'] as JsonObject)['schemas'] as Record<string, JsonObject>;
    expect(schemas['com.example.v1.Gadget']).toMatchObject({
      properties: { spec: { anyOf: [{ type: 'integer' }, { type: 'string' }] }, metadata: {} },
      'x-kubernetes-group-version-kind': [{ group: 'example.com', kind: 'Gadget', version: 'v1' }],
    });
    openApi.setCustom(custom('2', { type: 'object' }));
    expect(openApi.v3('apis/example.com/v1')?.hash).not.toBe(first?.hash);
    expect(openApi.v3('apis/apps/v1')).toBe(apps);
    const definitions = (await read(openApi.v2('json')))['definitions'] as JsonObject;
    expect(definitions['com.example.v1.GadgetList']).toBeDefined();
    openApi.setCustom([]);
    expect(openApi.v3('apis/example.com/v1')).toBeUndefined();
  });

  it('has another hash in another release', () => {
    expect(new OpenApi('1').v3('version')?.hash).not.toBe(new OpenApi('2').v3('version')?.hash);
  });
});

it('unpacks a document once for all who ask for it at the same time', async () => {
  const compressed = await new OpenApi('test').v2('json').content();
  const [one, other] = await Promise.all([ungzip(compressed), ungzip(compressed)]);
  expect(other).toBe(one);
  expect(await ungzip(compressed)).toEqual(one);
});
