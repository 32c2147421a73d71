import { describe, expect, it } from 'vitest';
import { StatusError } from '../../machinery/status.js';
import type { FieldValidation } from './errors.js';
import { decodeJson, decodeUntyped, decodeValue, parseJson } from './json.js';
import { encodeForStorage } from './go-text.js';
import { encodeJson, jsonText } from './json-encode.js';

const POD = 'io.k8s.api.core.v1.Pod';
const CONFIG_MAP = 'io.k8s.api.core.v1.ConfigMap';
const SECRET = 'io.k8s.api.core.v1.Secret';
const CRD = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition';

function decode(body: unknown, type = CONFIG_MAP, validation: FieldValidation = 'Warn') {
  return decodeJson(Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)), type, validation);
}
function refusal(f: () => unknown): string {
  try {
    f();
  } catch (e) {
    if (e instanceof StatusError) return `${e.code} ${e.message}`;
    throw e;
  }
  return 'accepted';
}
const pod = (spec: object): object => ({ kind: 'Pod', apiVersion: 'v1', metadata: { name: 'p' }, spec });

describe('decodeJson: the object', () => {
  it('names the kind that the body leaves out', () => {
    expect(decode({ metadata: { name: 'a' } }).object).toEqual({
      kind: 'ConfigMap',
      apiVersion: 'v1',
      metadata: { name: 'a' },
    });
    expect(decode('null').object).toEqual({ kind: 'ConfigMap', apiVersion: 'v1', metadata: {} });
  });
  it('drops nulls and what Go leaves out when empty, and adds what Go always writes', () => {
    const body = pod({ containers: [{ name: 'c', image: '', args: [], tty: false, stdin: null }], hostNetwork: false });
    expect(decode(body, POD).object).toEqual({
      kind: 'Pod',
      apiVersion: 'v1',
      metadata: { name: 'p' },
      spec: { containers: [{ name: 'c', resources: {} }] },
      status: {},
    });
  });
  it('keeps a zero where Go has a pointer', () => {
    const { spec } = decode(pod({ terminationGracePeriodSeconds: 0, containers: [] }), POD).object;
    expect(spec).toEqual({ terminationGracePeriodSeconds: 0, containers: [] });
  });
  it('brings quantities, times and base64 to their canonical form', () => {
    const body = pod({
      containers: [{ name: 'c', resources: { limits: { cpu: 0.5, memory: '1024Mi' }, requests: { cpu: '1000m' } } }],
    });
    const { spec } = decode(body, POD).object;
    expect(spec).toMatchObject({
      containers: [{ resources: { limits: { cpu: '500m', memory: '1Gi' }, requests: { cpu: '1' } } }],
    });
    const meta = decode({ metadata: { name: 'a', deletionTimestamp: '2026-01-01T02:00:00+02:00' } }).object.metadata;
    expect(meta).toEqual({ name: 'a', deletionTimestamp: '2026-01-01T00:00:00Z' });
    expect(decode({ data: { a: 'eB==' } }, SECRET).object.data).toEqual({ a: 'eA==' });
  });
  it('takes null items and values for the zero value', () => {
    expect(decode({ data: { a: null, b: 'x' } }).object.data).toEqual({ a: '', b: 'x' });
    expect(decode(pod({ containers: [null] }), POD).object.spec).toEqual({ containers: [{ name: '', resources: {} }] });
  });
  it('holds int64 exactly', () => {
    const { metadata } = decode('{"metadata":{"generation":9007199254740993}}').object;
    expect(metadata).toEqual({ generation: 9007199254740993n });
    expect(jsonText(decode('{"metadata":{"generation":-9223372036854775808}}').object)).toContain(
      '"generation":-9223372036854775808',
    );
  });
  it('merges an object that is there twice, as Go does', () => {
    const twice = '{"metadata":{"labels":{"x":"1","y":"1"},"name":"a","labels":{"x":"2"}}}';
    const { object, warnings } = decode(twice);
    expect(object.metadata).toEqual({ name: 'a', labels: { x: '2', y: '1' } });
    expect(warnings).toEqual(['duplicate field "metadata.labels"']);
  });
  it('keeps schemas that are a boolean, a list, or a schema', () => {
    const schema = { type: 'object', additionalProperties: true, items: [{ type: 'string' }], not: { maximum: 0.5 } };
    const { object } = decode(
      { spec: { versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }] } },
      CRD,
    );
    expect(object.spec).toMatchObject({ versions: [{ schema: { openAPIV3Schema: schema } }] });
  });
  it('treats __proto__ as a key like any other', () => {
    const { object } = decode('{"metadata":{"name":"a"},"data":{"__proto__":"x","a":null}}');
    expect(Object.keys(object.data as object)).toContain('__proto__');
    expect(jsonText(object)).toContain('"__proto__":"x"');
    expect(({} as { x?: string }).x).toBeUndefined();
  });
});

describe('decodeJson: field validation', () => {
  const body = '{"zzz":1,"metadata":{"name":"a","qqq":{}},"data":{"a":"1","a":"2"}}';
  const found = ['unknown field "zzz"', 'unknown field "metadata.qqq"', 'duplicate field "data.a"'];
  it('drops unknown fields and warns', () => {
    const { object, warnings } = decode(body);
    expect(object).toEqual({ kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'a' }, data: { a: '2' } });
    expect(warnings).toEqual(found);
  });
  it('says nothing with Ignore', () => {
    expect(decode(body, CONFIG_MAP, 'Ignore').warnings).toEqual([]);
  });
  it('refuses with Strict', () => {
    expect(refusal(() => decode(body, CONFIG_MAP, 'Strict'))).toBe(
      `400 ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: ${found.join(', ')}`,
    );
  });
  it('counts list items in paths, and tells fields by their case', () => {
    const { warnings } = decode(pod({ containers: [{ name: 'a' }, { name: 'b', Image: 'x' }] }), POD);
    expect(warnings).toEqual(['unknown field "spec.containers[1].Image"']);
  });
  it('finds duplicates however they are spelled, and none in strings or free-form values', () => {
    expect(decode('{"metadata":{"name":"a","n\\u0061me":"b"}}').warnings).toEqual(['duplicate field "metadata.name"']);
    expect(decode('{"data":{"a":"{\\"x\\":1,\\"x\\":2}"}}', CONFIG_MAP, 'Strict').warnings).toEqual([]);
    const raw = '{"metadata":{"managedFields":[{"fieldsV1":{"f:a":{},"f:a":{}}}]}}';
    expect(decode(raw, CONFIG_MAP, 'Strict').warnings).toEqual([]);
  });
});

describe('decodeJson: refusals in the words of kube-apiserver', () => {
  const as = (kind: string): string => `400 ${kind} in version "v1" cannot be handled as a ${kind}: `;
  const field = (value: string, path: string, type: string): string =>
    `json: cannot unmarshal ${value} into Go struct field ${path} of type ${type}`;
  it.each([
    [{ metadata: 'x' }, field('string', 'ConfigMap.metadata', 'v1.ObjectMeta')],
    [{ metadata: { name: 7 } }, field('number', 'ObjectMeta.metadata.name', 'string')],
    [{ metadata: { labels: 'x' } }, field('string', 'ObjectMeta.metadata.labels', 'map[string]string')],
    [{ metadata: { labels: { a: 7 } } }, field('number', 'ObjectMeta.metadata.labels', 'string')],
    [{ metadata: { finalizers: {} } }, field('object', 'ObjectMeta.metadata.finalizers', '[]string')],
    [{ metadata: { generation: 1.5 } }, field('number 1.5', 'ObjectMeta.metadata.generation', 'int64')],
    [{ metadata: { generation: '1' } }, field('string', 'ObjectMeta.metadata.generation', 'int64')],
    [
      { metadata: { ownerReferences: ['x'] } },
      field('string', 'ObjectMeta.metadata.ownerReferences', 'v1.OwnerReference'),
    ],
    [{ binaryData: 'x' }, field('string', 'ConfigMap.binaryData', 'map[string][]uint8')],
    [{ binaryData: { a: 'eA==x' } }, 'illegal base64 data at input byte 4'],
    [{ binaryData: { a: 'e' } }, 'illegal base64 data at input byte 0'],
    [
      { metadata: { deletionTimestamp: 'x' } },
      'parsing time "x" as "2006-01-02T15:04:05Z07:00": cannot parse "x" as "2006"',
    ],
    [{ metadata: { deletionTimestamp: 7 } }, field('number', 'ObjectMeta.metadata.deletionTimestamp', 'string')],
  ])('%j', (body, why) => {
    expect(refusal(() => decode(body))).toBe(as('ConfigMap') + why);
  });
  it('reports numbers as written, and the range of int32', () => {
    const port = (n: string): string => `{"spec":{"containers":[{"ports":[{"containerPort":${n}}]}]}}`;
    const path = 'ContainerPort.spec.containers.ports.containerPort';
    expect(refusal(() => decode(port('3000000000'), POD))).toBe(as('Pod') + field('number 3000000000', path, 'int32'));
    expect(refusal(() => decode(port('1e3'), POD))).toBe(as('Pod') + field('number 1e3', path, 'int32'));
    expect(refusal(() => decode(port('80.0'), POD))).toBe(as('Pod') + field('number 80.0', path, 'int32'));
  });
  it('lets a value that refuses itself end the decoding, and reports a wrong type only then', () => {
    const body = '{"metadata":{"name":7,"deletionTimestamp":"2026-01-02T03:04:05Zx"}}';
    expect(refusal(() => decode(body))).toContain('extra text: "x"');
  });
  it('prefers a wrong type to what strict decoding found', () => {
    expect(refusal(() => decode({ zzz: 1, metadata: { name: 7 } }, CONFIG_MAP, 'Strict'))).toContain(
      'cannot unmarshal',
    );
  });
  it('says which kinds it does not know, and which are others', () => {
    expect(refusal(() => decode({ kind: 'Wrong', apiVersion: 'v1' }))).toBe(
      '400 Wrong in version "v1" cannot be handled as a ConfigMap: no kind "Wrong" is registered for version "v1" in scheme "pkg/api/legacyscheme/scheme.go:30"',
    );
    expect(refusal(() => decode({ kind: 'ConfigMap', apiVersion: 'v0' }))).toContain(
      'no kind "ConfigMap" is registered',
    );
    expect(refusal(() => decode({ kind: 'Pod', apiVersion: 'v1' }))).toContain(
      'converting (v1.Pod) to (core.ConfigMap)',
    );
    expect(
      refusal(() =>
        decode(
          { kind: 'HorizontalPodAutoscaler', apiVersion: 'autoscaling/v1' },
          'autoscaling.v2.HorizontalPodAutoscaler',
        ),
      ),
    ).toBe('400 the API version in the data (autoscaling/v1) does not match the expected API version (autoscaling/v2)');
  });
  const parse = "couldn't get version/kind; json parse error: ";
  it.each([
    ['', `${parse}unexpected end of JSON input (<empty>)`],
    ['{', `${parse}unexpected end of JSON input ({)`],
    ['{bad', `${parse}invalid character 'b' looking for beginning of object key string ({bad)`],
    ['{"a":1,}', `${parse}invalid character '}' looking for beginning of object key string ({"a":1,})`],
    ['{"a" 1}', `${parse}invalid character '1' after object key ({"a" 1})`],
    ['{"a":1 "b"}', `${parse}invalid character '"' after object key:value pair ({"a":1 "b"})`],
    ['{"a":[1 2]}', `${parse}invalid character '2' after array element ({"a":[1 2]})`],
    ['{"a":tru}', `${parse}invalid character '}' in literal true (expecting 'e') ({"a":tru})`],
    ['{"a":01}', `${parse}invalid character '1' after object key:value pair ({"a":01})`],
    ['{"a":1.}', `${parse}invalid character '}' after decimal point in numeric literal ({"a":1.})`],
    ['{"a":"\\x"}', `${parse}invalid character 'x' in string escape code ({"a":"\\x"})`],
    ['{}x', `${parse}invalid character 'x' after top-level value ({}x)`],
    ['{"kind":7}', `${parse}json: cannot unmarshal number into Go struct field .kind of type string ({"kind":7})`],
    ['{"apiVersion":"a/b/c"}', 'unexpected GroupVersion string: a/b/c ({"apiVersion":"a/b/c"})'],
  ])('%j', (body, why) => {
    expect(refusal(() => decode(body))).toBe(
      `400 the object provided is unrecognized (must be of type ConfigMap): ${why}`,
    );
  });
  it('bounds nesting', () => {
    const deep = `{"data":${'['.repeat(20_000)}`;
    expect(refusal(() => decode(deep))).toContain('exceeded max depth');
    const schema = `{"spec":{"versions":[{"schema":{"openAPIV3Schema":${'{"not":'.repeat(900)}{}${'}'.repeat(900)}}}]}}`;
    expect(refusal(() => decode(schema, CRD))).toBe('accepted');
  });
});

describe('decodeValue', () => {
  it('does for a parsed object what decodeJson does for bytes', () => {
    const body = { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'a', labels: {} }, data: { a: 'b' }, zzz: 1 };
    const { object, warnings } = decodeValue({ ...body }, CONFIG_MAP, 'Warn');
    expect(object).toEqual({ kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'a' }, data: { a: 'b' } });
    expect(warnings).toEqual(['unknown field "zzz"']);
    expect(refusal(() => decodeValue({ ...body, data: { a: 7n } }, CONFIG_MAP, 'Ignore'))).toContain(
      'cannot unmarshal number into Go struct field ConfigMap.data of type string',
    );
  });
});

describe('decodeUntyped', () => {
  const gvk = { group: 'example.com', version: 'v1', kind: 'Gadget' };
  const head = '"kind":"Gadget","apiVersion":"example.com/v1"';
  const read = (text: string, v: FieldValidation = 'Warn') => decodeUntyped(Buffer.from(text), v, gvk);
  it('wants kind and apiVersion, which nothing else says', () => {
    expect(refusal(() => read('{"apiVersion":"example.com/v1"}'))).toBe(
      `400 the object provided is unrecognized (must be of type Gadget): Object 'Kind' is missing in '{"apiVersion":"example.com/v1"}' ({"apiVersion":"example.com/v1" ...)`,
    );
    expect(refusal(() => read('{"kind":"Gadget"}'))).toBe(
      '400 the API version in the data () does not match the expected API version (example.com/v1)',
    );
  });
  it('keeps everything, integers exactly, numbers as Go would print them', () => {
    const { object } = read(`{${head},"spec":{"n":9007199254740993,"f":1.0,"e":1e3,"big":1e21,"null":null}}`);
    expect(object).toEqual({
      kind: 'Gadget',
      apiVersion: 'example.com/v1',
      spec: { n: 9007199254740993n, f: 1, e: 1000, big: 1e21, null: null },
    });
  });
  it('reports duplicates at any depth', () => {
    expect(read(`{${head},"spec":{"a":[{"b":1,"b":2}]}}`).warnings).toEqual(['duplicate field "spec.a[0].b"']);
    expect(refusal(() => read(`{${head},"spec":{"a":1,"a":2}}`, 'Strict'))).toBe(
      '400 Gadget in version "v1" cannot be handled as a Gadget: strict decoding error: duplicate field "spec.a"',
    );
  });
});

describe('encoding', () => {
  it('puts the revision between the empty quotes', () => {
    const { value, revisionAt } = encodeForStorage({
      spec: { a: 1 },
      metadata: { labels: { ä: 'ö' }, name: 'ä', resourceVersion: '7', uid: 'u' },
      status: {},
      data: undefined,
      apiVersion: 'v1',
      kind: 'Pod',
    });
    const text = value.toString();
    expect(text).toBe(
      '{"kind":"Pod","apiVersion":"v1","metadata":{"name":"ä","uid":"u","resourceVersion":"","labels":{"ä":"ö"}},"spec":{"a":1},"status":{}}',
    );
    const spliced = Buffer.concat([value.subarray(0, revisionAt), Buffer.from('42'), value.subarray(revisionAt)]);
    expect(parseJson(spliced)).toMatchObject({ metadata: { resourceVersion: '42' } });
  });
  it('writes BigInt as digits, pretty or not', () => {
    const object = { a: [9007199254740993n, { b: [] }], c: {}, d: undefined };
    expect(jsonText(object)).toBe('{"a":[9007199254740993,{"b":[]}],"c":{}}');
    expect(encodeJson(object, { pretty: true }).toString()).toBe(
      '{\n  "a": [\n    9007199254740993,\n    {\n      "b": []\n    }\n  ],\n  "c": {}\n}',
    );
    expect(encodeJson({ a: [1] }, { pretty: true }).toString()).toBe('{\n  "a": [\n    1\n  ]\n}');
  });
});
