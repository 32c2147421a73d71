import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../machinery/json.js';
import { applyPatch, customResourceFilter, planOfSchema, trackUpdate } from './index.js';

const schema: JsonObject = {
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      properties: {
        size: { type: 'integer' },
        either: { 'x-kubernetes-int-or-string': true },
        free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
        limits: { type: 'object', additionalProperties: { type: 'string' } },
        whole: { type: 'object', 'x-kubernetes-map-type': 'atomic', additionalProperties: { type: 'string' } },
        tags: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
        plain: { type: 'array', items: { type: 'string' } },
        parts: {
          type: 'array',
          items: { type: 'object', properties: { name: { type: 'string' }, zone: { type: 'string', default: 'z' } } },
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['zone', 'name'],
        },
      },
    },
    status: { type: 'object', properties: { phase: { type: 'string' } } },
  },
};
const plan = planOfSchema(schema);
const gadget = (spec: JsonObject, status?: JsonObject): JsonObject => ({
  apiVersion: 'example.com/v1',
  kind: 'Gadget',
  metadata: { name: 'g', labels: { a: 'b' } },
  spec,
  ...(status === undefined ? {} : { status }),
});
const common = {
  typeName: '',
  plan,
  kind: 'Gadget',
  apiVersion: 'example.com/v1',
  manager: 'm',
  subresource: '',
  now: '2026-01-01T00:00:00Z',
  filter: customResourceFilter('', true),
};
const fieldsOf = (obj: JsonObject): unknown[] =>
  (((obj['metadata'] as JsonObject)['managedFields'] ?? []) as JsonObject[]).map((e) => e['fieldsV1']);

describe('custom resources', () => {
  it('are owned by their schema: what is written is there, zero or not', () => {
    const obj = gadget(
      {
        size: 0,
        either: '50%',
        free: { any: { thing: [1] } },
        limits: { cpu: '1' },
        whole: { x: 'y' },
        tags: ['t'],
        plain: [],
        parts: [{ name: 'p' }],
      },
      { phase: 'x' },
    );
    trackUpdate({ ...common, obj });
    expect(fieldsOf(obj)).toEqual([
      {
        'f:metadata': { 'f:labels': { '.': {}, 'f:a': {} } },
        'f:spec': {
          '.': {},
          'f:either': {},
          'f:free': { '.': {}, 'f:any': { '.': {}, 'f:thing': {} } },
          'f:limits': { '.': {}, 'f:cpu': {} },
          'f:parts': { '.': {}, 'k:{"name":"p","zone":"z"}': { '.': {}, 'f:name': {} } },
          'f:plain': {},
          'f:size': {},
          'f:tags': { '.': {}, 'v:"t"': {} },
          'f:whole': {},
        },
      },
    ]);
  });

  it('merge by their schema', () => {
    const apply = (live: JsonObject | undefined, manager: string, spec: JsonObject): JsonObject =>
      applyPatch({ ...common, manager, force: false, live, patch: gadget(spec) });
    const one = apply(undefined, 'a', { tags: ['x'], parts: [{ name: 'p', zone: 'z' }], free: { a: 1 } });
    const two = apply(one, 'b', { tags: ['y'], parts: [{ name: 'p' }, { name: 'q' }], free: { b: 1 } });
    expect(two['spec']).toEqual({
      tags: ['x', 'y'],
      parts: [{ name: 'p', zone: 'z' }, { name: 'q' }],
      free: { a: 1, b: 1 },
    });
    expect(apply(two, 'a', {})['spec']).toEqual({
      tags: ['y'],
      parts: [{ name: 'p' }, { name: 'q' }],
      free: { b: 1 },
    });
  });

  it('without a schema merge objects and own lists whole', () => {
    const obj = gadget({ list: [1], deep: { a: { b: null } } });
    trackUpdate({ ...common, plan: planOfSchema(undefined), obj });
    expect(fieldsOf(obj)).toEqual([
      {
        'f:metadata': { 'f:labels': { '.': {}, 'f:a': {} } },
        'f:spec': { '.': {}, 'f:deep': { '.': {}, 'f:a': { '.': {}, 'f:b': {} } }, 'f:list': {} },
      },
    ]);
  });

  it('leave metadata and spec alone in /status', () => {
    const old = gadget({ size: 1 });
    trackUpdate({ ...common, obj: old });
    const obj = { ...gadget({ size: 2 }, { phase: 'x' }), metadata: { name: 'g', labels: { a: 'c' } } };
    trackUpdate({
      ...common,
      old,
      obj,
      manager: 's',
      subresource: 'status',
      filter: customResourceFilter('status', true),
    });
    expect(fieldsOf(obj)[1]).toEqual({ 'f:status': { '.': {}, 'f:phase': {} } });
  });
});
