import { describe, expect, it } from 'vitest';
import type { JsonObject, JsonValue } from '../../machinery/json.js';
import { keepTimestampsOfNoop, managerName, parentManagedFields, scaleManagedFields, trackUpdate } from './index.js';

const T1 = '2026-01-01T00:00:01Z';
const T2 = '2026-01-01T00:00:02Z';
const CONFIG_MAP = 'io.k8s.api.core.v1.ConfigMap';
const DEPLOYMENT = 'io.k8s.api.apps.v1.Deployment';

const configMap = (data: Record<string, string>, labels?: Record<string, string>): JsonObject => ({
  kind: 'ConfigMap',
  apiVersion: 'v1',
  metadata: { name: 'c', namespace: 'd', uid: 'u', resourceVersion: '1', ...(labels === undefined ? {} : { labels }) },
  data,
});
interface Entry {
  manager: string;
  operation: string;
  time?: string;
  subresource?: string;
  apiVersion: string;
  fieldsV1: JsonObject;
}
const entries = (obj: JsonObject): Entry[] =>
  ((obj['metadata'] as JsonObject)['managedFields'] ?? []) as unknown as Entry[];
const withFields = (obj: JsonObject, managedFields: JsonValue): JsonObject => ({
  ...obj,
  metadata: { ...(obj['metadata'] as JsonObject), managedFields },
});
interface Step {
  manager?: string;
  now?: string;
  subresource?: string;
  typeName?: string;
  apiVersion?: string;
}
/** Writes `obj` over `old` and answers it. */
function write(old: JsonObject | undefined, obj: JsonObject, step: Step = {}): JsonObject {
  trackUpdate({ typeName: CONFIG_MAP, apiVersion: 'v1', manager: 'm', subresource: '', now: T1, ...step, old, obj });
  return obj;
}

describe('trackUpdate', () => {
  it('gives the creator every field and container but what the server keeps for itself', () => {
    const obj = write(undefined, configMap({ b: '1', a: '2' }, { app: 'x' }));
    expect(entries(obj)).toEqual([
      {
        manager: 'm',
        operation: 'Update',
        apiVersion: 'v1',
        time: T1,
        fieldsType: 'FieldsV1',
        fieldsV1: {
          'f:data': { '.': {}, 'f:a': {}, 'f:b': {} },
          'f:metadata': { 'f:labels': { '.': {}, 'f:app': {} } },
        },
      },
    ]);
    expect(Object.keys(entries(obj)[0]?.fieldsV1['f:data'] as JsonObject)).toEqual(['.', 'f:a', 'f:b']);
  });

  it('owns struct fields only through what is in them, and zero values not at all', () => {
    const obj: JsonObject = {
      kind: 'Deployment',
      apiVersion: 'apps/v1',
      metadata: { name: 'x' },
      spec: {
        replicas: 1,
        paused: false,
        selector: { matchLabels: { a: 'b' } },
        template: { metadata: {}, spec: { containers: [{ name: 'c', image: 'i', ports: [{ containerPort: 80 }] }] } },
        strategy: {},
      },
      status: { replicas: 3 },
    };
    write(undefined, obj, { typeName: DEPLOYMENT, apiVersion: 'apps/v1' });
    expect(entries(obj)[0]?.fieldsV1).toEqual({
      'f:spec': {
        'f:replicas': {},
        'f:selector': {},
        'f:template': {
          'f:spec': {
            'f:containers': {
              'k:{"name":"c"}': {
                '.': {},
                'f:image': {},
                'f:name': {},
                'f:ports': { '.': {}, 'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {} } },
                'f:resources': {},
              },
            },
          },
        },
      },
    });
  });

  it('moves a changed field to its new writer and drops an owner that has nothing left', () => {
    const one = write(undefined, configMap({ a: '1' }), { manager: 'first' });
    const two = write(one, withFields(configMap({ a: '2' }), entries(one) as never), { manager: 'second', now: T2 });
    expect(entries(two).map((e) => [e.manager, e.time, e.fieldsV1])).toEqual([
      ['first', T1, { 'f:data': {} }],
      ['second', T2, { 'f:data': { 'f:a': {} } }],
    ]);
    const three = write(two, configMap({}), { manager: 'third', now: T2 });
    expect(entries(three)).toEqual([]);
  });

  it('stops tracking an object with an item that has no key', () => {
    const account = (secrets: JsonObject[]): JsonObject => ({
      kind: 'ServiceAccount',
      apiVersion: 'v1',
      metadata: { name: 'a' },
      secrets,
    });
    const typeName = 'io.k8s.api.core.v1.ServiceAccount';
    expect(entries(write(undefined, account([{ name: 's' }]), { typeName }))).toHaveLength(1);
    expect(write(undefined, account([{ name: 's' }, {}]), { typeName })['metadata']).toEqual({ name: 'a' });
  });

  it('keeps entry and time of a manager whose write changes nothing', () => {
    const one = write(undefined, configMap({ a: '1' }));
    const two = write(one, withFields(configMap({ a: '1' }), entries(one) as never), { now: T2 });
    expect(entries(two)).toEqual(entries(one));
  });

  it('keeps one entry per version and subresource, sorted by time', () => {
    const one = write(undefined, configMap({ a: '1' }), { manager: 'z' });
    const two = write(one, configMap({ a: '1', b: '1' }), { manager: 'a', now: T2 });
    const three = write(two, configMap({ a: '1', b: '1', c: '1' }), { manager: 'a', subresource: 'status', now: T2 });
    expect(entries(three).map((e) => [e.manager, e.subresource])).toEqual([
      ['z', undefined],
      ['a', undefined],
      ['a', 'status'],
    ]);
  });

  it('takes the managedFields that a client sends when they can be read, and the stored ones otherwise', () => {
    const one = write(undefined, configMap({ a: '1' }));
    const mine = [
      {
        manager: 'x',
        operation: 'Apply',
        apiVersion: 'v1',
        fieldsType: 'FieldsV1',
        fieldsV1: { 'f:data': { 'f:a': {} } },
      },
    ];
    expect(entries(write(one, withFields(configMap({ a: '1' }), mine))).map((e) => e.manager)).toEqual(['x']);
    const broken = [{ ...mine[0], operation: 'Create' }];
    expect(entries(write(one, withFields(configMap({ a: '1' }), broken)))).toEqual(entries(one));
    expect(entries(write(one, withFields(configMap({ a: '1' }), [])))).toEqual(entries(one));
    const viaStatus = withFields(configMap({ a: '1' }), mine);
    expect(entries(write(one, viaStatus, { subresource: 'status' }))).toEqual(entries(one));
  });

  it('takes what a client says is owned inside an atomic value for the value itself', () => {
    const sets = { 'f:spec': { 'f:selector': { 'f:matchLabels': { 'f:a': {} } }, 'f:paused': {} } };
    const obj: JsonObject = { kind: 'Deployment', apiVersion: 'apps/v1', metadata: {}, spec: {} };
    const mine = { manager: 'x', operation: 'Apply', apiVersion: 'apps/v1', fieldsType: 'FieldsV1', fieldsV1: sets };
    const next = withFields(obj, [mine]);
    write(obj, next, { typeName: DEPLOYMENT, apiVersion: 'apps/v1' });
    expect(entries(next)[0]?.fieldsV1).toEqual({ 'f:spec': { 'f:paused': {}, 'f:selector': {} } });
  });

  it('forgets every owner for a list of one empty entry and does not track that object any more', () => {
    const one = write(undefined, configMap({ a: '1' }));
    const two = write(one, withFields(configMap({ a: '2' }), [{}]));
    expect((two['metadata'] as JsonObject)['managedFields']).toBeUndefined();
    expect(entries(write(two, configMap({ a: '3' })))).toEqual([]);
  });

  it('merges the oldest of more than ten updaters', () => {
    let obj = write(undefined, configMap({ k0: '0' }), { manager: 'm0' });
    const data: Record<string, string> = { k0: '0' };
    for (let i = 1; i <= 11; i++) {
      data[`k${i}`] = String(i);
      obj = write(obj, configMap({ ...data }), { manager: `m${i}`, now: `2026-01-01T00:00:${10 + i}Z` });
    }
    const names = entries(obj).map((e) => e.manager);
    expect(names).toHaveLength(10);
    expect(names[0]).toBe('ancient-changes');
    expect(entries(obj)[0]).toMatchObject({
      time: '2026-01-01T00:00:12Z',
      fieldsV1: { 'f:data': { '.': {}, 'f:k0': {}, 'f:k1': {}, 'f:k2': {} } },
    });
  });

  it('leaves status to /status and spec to the main resource', () => {
    const old: JsonObject = {
      kind: 'Deployment',
      apiVersion: 'apps/v1',
      metadata: { name: 'x' },
      spec: { replicas: 1 },
      status: {},
    };
    write(undefined, old, { typeName: DEPLOYMENT, apiVersion: 'apps/v1' });
    const obj: JsonObject = { ...old, metadata: { name: 'x' }, spec: { replicas: 9 }, status: { replicas: 4 } };
    write(old, obj, { typeName: DEPLOYMENT, apiVersion: 'apps/v1', subresource: 'status', manager: 's' });
    expect(entries(obj).map((e) => [e.manager, e.fieldsV1])).toEqual([
      ['m', { 'f:spec': { 'f:replicas': {} } }],
      ['s', { 'f:status': { 'f:replicas': {} } }],
    ]);
  });

  it('compares in the version of each manager when the caller can convert', () => {
    const obj = (key: string, value: string): JsonObject => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {},
      data: { [key]: value },
    });
    const stored = withFields(obj('new', '1'), [
      {
        manager: 'old',
        operation: 'Update',
        apiVersion: 'v0',
        time: T1,
        fieldsType: 'FieldsV1',
        fieldsV1: { 'f:data': { 'f:legacy': {}, 'f:x': {} } },
      },
      {
        manager: 'lost',
        operation: 'Update',
        apiVersion: 'v9',
        time: T1,
        fieldsType: 'FieldsV1',
        fieldsV1: { 'f:data': {} },
      },
    ]);
    const next = obj('new', '2');
    trackUpdate({
      typeName: CONFIG_MAP,
      apiVersion: 'v1',
      manager: 'm',
      subresource: '',
      now: T2,
      old: stored,
      obj: next,
      convert: (o, apiVersion) =>
        apiVersion === 'v0'
          ? { typeName: CONFIG_MAP, obj: { data: { legacy: (o['data'] as JsonObject)['new'] ?? null } } }
          : undefined,
    });
    expect(entries(next).map((e) => [e.manager, e.fieldsV1])).toEqual([
      ['old', { 'f:data': { 'f:x': {} } }],
      ['m', { 'f:data': { 'f:new': {} } }],
    ]);
  });
});

describe('keepTimestampsOfNoop', () => {
  it('takes the old times back only when nothing else differs', () => {
    const old = write(undefined, configMap({ a: '1' }));
    const bumped = withFields(configMap({ a: '1' }), [{ ...(entries(old)[0] as unknown as JsonObject), time: T2 }]);
    keepTimestampsOfNoop(old, bumped);
    expect(entries(bumped)[0]?.time).toBe(T1);
    const changed = withFields(configMap({ a: '2' }), [{ ...(entries(old)[0] as unknown as JsonObject), time: T2 }]);
    keepTimestampsOfNoop(old, changed);
    expect(entries(changed)[0]?.time).toBe(T2);
  });
});

describe('managerName', () => {
  it('prefers the parameter, else the User-Agent up to the slash, printable and at most 128 bytes', () => {
    expect(managerName('mine', 'kubectl/v1')).toBe('mine');
    expect(managerName('', 'kubectl/v1.36 (linux)')).toBe('kubectl');
    expect(managerName('', 'ku\u0001be\tctl')).toBe('kubectl');
    expect(managerName('', 'é'.repeat(100))).toBe('é'.repeat(64));
    expect(managerName('', '')).toBe('');
  });
});

describe('the scale subresource', () => {
  const PATHS = { 'apps/v1': ['spec', 'replicas'] };
  const parent = [
    {
      manager: 'a',
      operation: 'Apply',
      apiVersion: 'apps/v1',
      time: T1,
      fieldsType: 'FieldsV1',
      fieldsV1: { 'f:spec': { 'f:replicas': {}, 'f:paused': {} } },
    },
    {
      manager: 'u',
      operation: 'Update',
      apiVersion: 'apps/v1',
      time: T1,
      fieldsType: 'FieldsV1',
      fieldsV1: { 'f:spec': { 'f:paused': {} } },
    },
  ];
  it('shows who owns the replica count', () => {
    expect(scaleManagedFields(parent, PATHS)).toEqual([
      { ...parent[0], apiVersion: 'autoscaling/v1', fieldsV1: { 'f:spec': { 'f:replicas': {} } } },
    ]);
    expect(scaleManagedFields([parent[1] ?? null], PATHS)).toBeUndefined();
  });
  it('moves the replica count between owners of the scaled object', () => {
    const scale = [
      {
        manager: 's',
        operation: 'Update',
        apiVersion: 'autoscaling/v1',
        time: T2,
        fieldsType: 'FieldsV1',
        fieldsV1: { 'f:spec': { 'f:replicas': {} } },
        subresource: 'scale',
      },
    ];
    expect(parentManagedFields(parent, scale, 'apps/v1', PATHS)).toEqual([
      { ...parent[0], fieldsV1: { 'f:spec': { 'f:paused': {} } } },
      {
        manager: 's',
        operation: 'Update',
        apiVersion: 'apps/v1',
        fieldsType: 'FieldsV1',
        fieldsV1: { 'f:spec': { 'f:replicas': {} } },
        subresource: 'scale',
      },
      parent[1],
    ]);
    const kept = scaleManagedFields(parent, PATHS) ?? [];
    expect(parentManagedFields(parent, kept, 'apps/v1', PATHS)).toEqual(parent);
  });
});
