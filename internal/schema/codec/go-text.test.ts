import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../machinery/json.js';
import { encodeForStorage, objectText } from './go-text.js';

const stored = (object: JsonObject, revision = '7'): string => {
  const { value, revisionAt } = encodeForStorage(object);
  return value.subarray(0, revisionAt).toString() + revision + value.subarray(revisionAt).toString();
};

describe('JSON text as kube-apiserver writes it', () => {
  it('has the fields of built-in types in the order of their Go structs, at every depth', () => {
    const pod = {
      status: { phase: 'Running', conditions: [{ status: 'True', type: 'Ready' }] },
      spec: {
        dnsPolicy: 'Default',
        containers: [{ imagePullPolicy: 'Always', terminationMessagePath: '/x', image: 'i', name: 'n' }],
        volumes: [],
      },
      metadata: { labels: { b: '1', a: '2' }, namespace: 'ns', name: 'p', uid: 'u', creationTimestamp: 't' },
      apiVersion: 'v1',
      kind: 'Pod',
    };
    expect(stored(pod)).toBe(
      '{"kind":"Pod","apiVersion":"v1","metadata":{"name":"p","namespace":"ns","uid":"u","resourceVersion":"7",' +
        '"creationTimestamp":"t","labels":{"a":"2","b":"1"}},"spec":{"volumes":[],"containers":[{"name":"n","image":"i",' +
        '"terminationMessagePath":"/x","imagePullPolicy":"Always"}],"dnsPolicy":"Default"},' +
        '"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}}',
    );
  });

  it('sorts the keys of maps as text, also those that look like numbers', () => {
    const map = { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'n' }, data: { 9: 'a', 10: 'b', A: 'c' } };
    expect(objectText(map)).toContain('"data":{"10":"b","9":"a","A":"c"}');
  });

  it('sorts every key of a custom resource', () => {
    const object = {
      kind: 'Widget',
      apiVersion: 'example.com/v1',
      spec: { b: [{ d: 1, c: null }], a: 1 },
      metadata: { uid: 'u', name: 'w', labels: { resourceVersion: '' }, annotations: { metadata: '{}' } },
    };
    expect(stored(object)).toBe(
      '{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"annotations":{"metadata":"{}"},' +
        '"labels":{"resourceVersion":""},"name":"w","resourceVersion":"7","uid":"u"},"spec":{"a":1,"b":[{"c":null,"d":1}]}}',
    );
    expect(stored({ kind: 'Widget', apiVersion: 'example.com/v1' })).toBe(
      '{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"resourceVersion":"7"}}',
    );
  });

  it('escapes what Go escapes', () => {
    const object = {
      kind: 'ConfigMap',
      apiVersion: 'v1',
      metadata: {},
      data: { k: '<a href="x">&\u2028\u2029é\n</a>' },
    };
    expect(objectText(object)).toContain('"k":"\\u003ca href=\\"x\\"\\u003e\\u0026\\u2028\\u2029é\\n\\u003c/a\\u003e"');
    expect(stored(object)).toContain('\\u003ca');
  });

  it('finds the place of the resourceVersion whatever the object holds', () => {
    const trap = '"resourceVersion":""';
    const meta = { name: trap, generateName: trap, annotations: { resourceVersion: '', [trap]: trap } };
    for (const head of [
      { kind: 'ConfigMap', apiVersion: 'v1' },
      { kind: 'Widget', apiVersion: 'example.com/v1' },
    ]) {
      const read = JSON.parse(stored({ ...head, metadata: meta, data: { [trap]: trap } }, '42')) as JsonObject;
      expect(read).toEqual({ ...head, metadata: { ...meta, resourceVersion: '42' }, data: { [trap]: trap } });
    }
  });

  it('keeps what no type knows, and JSON in a field of any kind as it is', () => {
    const meta = { managedFields: [{ fieldsV1: { z: {}, a: {} } }] };
    expect(objectText({ kind: 'ConfigMap', apiVersion: 'v1', metadata: meta, later: { b: 1, a: 1 } })).toBe(
      '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"managedFields":[{"fieldsV1":{"z":{},"a":{}}}]},"later":{"b":1,"a":1}}',
    );
    const revision = { kind: 'ControllerRevision', apiVersion: 'apps/v1', data: { z: 1, a: { y: 1, b: 2 } } };
    expect(objectText(revision)).toContain('"data":{"z":1,"a":{"y":1,"b":2}}');
  });

  it('writes schemas that are a list, a boolean or texts', () => {
    const schema = {
      additionalProperties: false,
      type: 'object',
      items: [{ type: 'string', description: 'd' }],
      dependencies: { a: ['b'] },
    };
    const object = {
      kind: 'CustomResourceDefinition',
      apiVersion: 'apiextensions.k8s.io/v1',
      metadata: {},
      spec: { versions: [{ schema: { openAPIV3Schema: schema }, name: 'v1' }] },
    };
    expect(objectText(object)).toContain(
      '"openAPIV3Schema":{"type":"object","items":[{"description":"d","type":"string"}],"additionalProperties":false,"dependencies":{"a":["b"]}}',
    );
  });
});
