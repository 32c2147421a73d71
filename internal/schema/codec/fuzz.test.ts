import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../machinery/json.js';
import { StatusError } from '../../machinery/status.js';
import { resources } from '../index.js';
import { decodeBody, decodeUntypedBody } from './body.js';
import { JsonSyntaxError, parseJson } from './json.js';
import { encodeForStorage } from './go-text.js';
import { jsonText } from './json-encode.js';
import { parseExact } from './json-exact.js';
import { decodeProtobuf } from './protobuf-decode.js';
import { encodeProtobuf } from './protobuf-encode.js';
import { yamlToJson } from './yaml-decode.js';
import { encodeYaml } from './yaml-encode.js';

const PROTOBUF = 'application/vnd.kubernetes.protobuf';
const types = fc.constantFrom(...resources.map((r) => r.type));
const mediaTypes = fc.constantFrom('application/json', 'application/yaml', PROTOBUF);
const gvk = { group: 'example.com', version: 'v1', kind: 'Gadget' };

/** Only a StatusError may come out. */
function onlyStatus(f: () => unknown): void {
  try {
    f();
  } catch (e) {
    if (!(e instanceof StatusError)) throw e;
  }
}

const keys = fc.oneof(
  fc.constantFrom(
    'metadata',
    'spec',
    'status',
    'name',
    'labels',
    'kind',
    'containers',
    'items',
    '__proto__',
    'constructor',
    'data',
  ),
  fc.string(),
);
const values = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(
      null,
      true,
      false,
      0,
      1,
      -1,
      1.5,
      2 ** 31,
      2 ** 53,
      1e300,
      '',
      '1Gi',
      '2026-01-02T03:04:05Z',
      'eA==',
    ),
    fc.string(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(keys, tie('value'), { maxKeys: 5 }),
  ),
})).value;
const objects = fc.dictionary(keys, values, { maxKeys: 6 });

describe('hostile bodies', () => {
  it('never throw anything but a Status: random objects as any type', () => {
    fc.assert(
      fc.property(objects, types, fc.constantFrom('Strict', 'Warn', 'Ignore'), (object, type, validation) => {
        const body = Buffer.from(JSON.stringify(object));
        onlyStatus(() => decodeBody(body, 'application/json', type, undefined, validation));
        onlyStatus(() => decodeBody(body, 'application/yaml', type, undefined, validation));
        onlyStatus(() => decodeUntypedBody(body, 'application/json', gvk, validation));
      }),
      { numRuns: 500 },
    );
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  it('never throw anything but a Status: random bytes and text', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), mediaTypes, types, (bytes, mediaType, type) => {
        const body = Buffer.from(bytes);
        onlyStatus(() => decodeBody(body, mediaType, type, undefined, 'Strict'));
        onlyStatus(() => decodeBody(Buffer.concat([Buffer.from('k8s\0'), body]), PROTOBUF, type, undefined, 'Strict'));
      }),
      { numRuns: 500 },
    );
    const syntax = fc.stringMatching(/^[-{}[\]:,"'\\ \n&*a!|>#%@?<tfn0-9.eE+]{0,60}$/);
    fc.assert(
      fc.property(syntax, mediaTypes, types, (text, mediaType, type) => {
        onlyStatus(() => decodeBody(Buffer.from(text), mediaType, type, undefined, 'Strict'));
      }),
      { numRuns: 1000 },
    );
  });

  it('never throw anything but a Status: protobuf with flipped bytes', () => {
    const pod = {
      kind: 'Pod',
      apiVersion: 'v1',
      metadata: {
        name: 'p',
        labels: { a: 'b' },
        creationTimestamp: '2026-01-02T03:04:05Z',
        managedFields: [{ fieldsV1: { 'f:a': {} } }],
      },
      spec: {
        containers: [{ name: 'c', resources: { limits: { cpu: '1' } }, livenessProbe: { httpGet: { port: 'http' } } }],
      },
    };
    const good = encodeProtobuf(pod, 'io.k8s.api.core.v1.Pod');
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }), (flips) => {
        const bad = Buffer.from(good);
        for (const [at, value] of flips) bad[at] = value;
        onlyStatus(() => decodeProtobuf(bad, 'io.k8s.api.core.v1.Pod'));
        onlyStatus(() => decodeProtobuf(bad));
      }),
      { numRuns: 1000 },
    );
  });

  it('never throw anything but a Status: nesting without end', () => {
    for (const open of ['[', '{"a":', '[{"a":', '- ', '? ', '&a [']) {
      const body = Buffer.from(open.repeat(50_000));
      for (const mediaType of ['application/json', 'application/yaml']) {
        expect(() => decodeBody(body, mediaType, 'core.v1.Pod', undefined, 'Warn')).toThrow(StatusError);
        expect(() => decodeUntypedBody(body, mediaType, gvk, 'Warn')).toThrow(StatusError);
      }
    }
    const schema = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition';
    const nested = `{"spec":{"versions":[{"schema":{"openAPIV3Schema":${'{"not":'.repeat(985)}{}${'}'.repeat(985)}}}]}}`;
    const { object } = decodeBody(Buffer.from(nested), 'application/json', schema, undefined, 'Warn');
    expect(jsonText(object)).toContain('"not"');
    onlyStatus(() => decodeProtobuf(encodeProtobuf(object, schema), schema));
  });
});

describe('the exact parser', () => {
  it('takes and refuses what JSON.parse takes and refuses', () => {
    const syntax = fc.stringMatching(/^[-{}[\]:," \\utfn0-9.eE+a]{0,20}$/);
    const accepts = (f: () => unknown): boolean => {
      try {
        f();
        return true;
      } catch (e) {
        if (e instanceof SyntaxError || e instanceof JsonSyntaxError) return false;
        throw e;
      }
    };
    fc.assert(
      fc.property(fc.oneof(syntax, fc.json(), fc.string()), (text) => {
        expect(accepts(() => parseExact(text))).toBe(accepts(() => JSON.parse(text) as unknown));
      }),
      { numRuns: 2000 },
    );
  });
  it('gives what JSON.parse gives', () => {
    fc.assert(
      fc.property(values, (value) => {
        const text = JSON.stringify(value);
        // As text: integers beyond 2^53 come out as BigInt.
        expect(JSON.stringify(JSON.parse(jsonText(parseJson(text))))).toBe(JSON.stringify(JSON.parse(text)));
      }),
      { numRuns: 500 },
    );
  });
});

describe('encodings', () => {
  it('YAML and storage bytes read back as the same object', () => {
    fc.assert(
      fc.property(objects, (object) => {
        const text = JSON.stringify(object);
        const plain = JSON.parse(text) as JsonObject;
        expect(JSON.parse(yamlToJson(encodeYaml(plain)).json.toString())).toEqual(JSON.parse(text));
        const whole: JsonObject = { ...plain, kind: 'K', apiVersion: 'v1', metadata: { name: 'n' } };
        const { value, revisionAt } = encodeForStorage(whole);
        expect(value.subarray(revisionAt - 1, revisionAt + 1).toString()).toBe('""');
        expect(JSON.parse(value.toString())).toEqual({ ...whole, metadata: { name: 'n', resourceVersion: '' } });
      }),
      { numRuns: 500 },
    );
  });
});
