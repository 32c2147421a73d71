import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../machinery/json.js';
import { applyDefaults, dropForbiddenNulls, hasDefaults } from './defaults.js';
import { listErrors } from './lists.js';
import { prune } from './prune.js';
import { valueErrorsAtOnce } from './values.js';

const text = { type: 'string' };
const object = (properties: JsonObject, more: JsonObject = {}): JsonObject => ({ type: 'object', properties, ...more });

describe('pruning', () => {
  const pruned = (schema: JsonObject, value: JsonObject): [JsonObject, string[]] => {
    const unknown: string[] = [];
    prune(value, schema, unknown);
    return [value, unknown];
  };

  it('removes what the schema does not know, and says where it was', () => {
    const schema = object({ spec: object({ a: text, list: { type: 'array', items: object({ n: text }) } }) });
    expect(
      pruned(schema, { kind: 'K', metadata: { x: 1 }, y: 1, spec: { a: 'b', c: 1, list: [{ n: '', m: 1 }] } }),
    ).toEqual([
      { kind: 'K', metadata: { x: 1 }, spec: { a: 'b', list: [{ n: '' }] } },
      ['y', 'spec.c', 'spec.list[0].m'],
    ]);
  });

  it('keeps what is to be preserved, but prunes below what is named in it', () => {
    const schema = object({ a: object({ b: object({}) }, { 'x-kubernetes-preserve-unknown-fields': true }) });
    expect(pruned(schema, { a: { c: { d: 1 }, b: { e: 1 } } })).toEqual([{ a: { c: { d: 1 }, b: {} } }, ['a.b.e']]);
  });

  it('keeps the head of an embedded resource, and the values of a map', () => {
    const schema = object({
      pod: object({ spec: object({}) }, { 'x-kubernetes-embedded-resource': true }),
      map: { type: 'object', additionalProperties: object({ n: text }) },
    });
    const value = {
      pod: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, x: 1 },
      map: { k: { n: '', m: 1 } },
    };
    expect(pruned(schema, value)).toEqual([
      { pod: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' } }, map: { k: { n: '' } } },
      ['pod.x', 'map.k.m'],
    ]);
  });
});

describe('defaulting', () => {
  const schema = object({
    spec: object({
      color: { type: 'string', default: 'red' },
      size: { type: 'integer', nullable: true, default: 3 },
      plain: text,
      deep: object({ x: { type: 'integer', default: 1 } }, { default: {} }),
    }),
  });
  const filled = (value: JsonObject): JsonObject => {
    applyDefaults(value, schema);
    dropForbiddenNulls(value, schema);
    return value;
  };

  it('fills what is absent, from the outside in', () => {
    expect(filled({ spec: {} })).toEqual({ spec: { color: 'red', size: 3, deep: { x: 1 } } });
    expect(filled({})).toEqual({});
  });

  it('replaces a null that is not allowed, keeps one that is, and drops one without a default', () => {
    expect(filled({ spec: { color: null, size: null, plain: null } })).toEqual({
      spec: { color: 'red', size: null, deep: { x: 1 } },
    });
  });

  it('does not share the default between objects', () => {
    const a = filled({ spec: {} });
    (a['spec'] as JsonObject)['deep'] = Object.assign((a['spec'] as JsonObject)['deep'] as JsonObject, { x: 9 });
    expect(filled({ spec: {} })).toEqual({ spec: { color: 'red', size: 3, deep: { x: 1 } } });
  });

  it('knows schemas that have none', () => {
    expect(hasDefaults(schema)).toBe(true);
    expect(hasDefaults(object({ a: { type: 'array', items: text } }))).toBe(false);
  });
});

describe('lists', () => {
  const schema = object({
    set: { type: 'array', 'x-kubernetes-list-type': 'set', items: text },
    map: {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['port', 'protocol'],
      items: object({ port: { type: 'integer' }, protocol: { type: 'string', default: 'TCP' } }),
    },
  });

  it('finds items that are twice in a set, and keys (with their defaults) that are twice in a map', () => {
    const map = [{ port: 1 }, { port: 1, protocol: 'UDP' }, { port: 1, protocol: 'TCP' }];
    expect(listErrors({ set: ['a', 'b', 'a'], map }, schema)).toEqual([
      { type: 'FieldValueDuplicate', field: 'set[2]', badValue: 'a', detail: '' },
      { type: 'FieldValueDuplicate', field: 'map[2]', badValue: { port: 1, protocol: 'TCP' }, detail: '' },
    ]);
  });
});

describe('ratcheting', () => {
  const items = object({ name: text, size: { type: 'integer', maximum: 3 } });
  const keyed = { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] };
  const schema = object({ list: { type: 'array', items, ...keyed }, n: { type: 'integer', maximum: 3 } });
  const fields = (value: JsonObject, old: JsonObject): string[] =>
    valueErrorsAtOnce(schema, value, '', old).map((e) => e.field);

  it('lets stand what was wrong already, and nothing else', () => {
    const old = { n: 9, list: [{ name: 'a', size: 9 }] };
    expect(
      fields(
        {
          ...old,
          list: [
            { name: 'b', size: 1 },
            { name: 'a', size: 9 },
          ],
        },
        old,
      ),
    ).toEqual([]);
    expect(fields({ n: 8, list: [{ name: 'b', size: 9 }] }, old).sort()).toEqual(['list[0].size', 'n']);
  });
});
