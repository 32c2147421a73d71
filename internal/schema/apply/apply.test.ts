import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonObject, JsonValue } from '../../machinery/json.js';
import { StatusError } from '../../machinery/status.js';
import { type ApplyPatchOptions, applyPatch, keepTimestampsOfNoop, requireFieldManager, trackUpdate } from './index.js';
import { LAST_APPLIED } from './lastapplied.js';

const T1 = '2026-01-01T00:00:01Z';
const T2 = '2026-01-01T00:00:02Z';
const CONFIG_MAP = 'io.k8s.api.core.v1.ConfigMap';
const DEPLOYMENT = 'io.k8s.api.apps.v1.Deployment';

const configMap = (data: JsonObject | undefined, metadata: JsonObject = {}): JsonObject => ({
  kind: 'ConfigMap',
  apiVersion: 'v1',
  metadata: { name: 'c', ...metadata },
  ...(data === undefined ? {} : { data }),
});
type Options = Partial<ApplyPatchOptions> & { patch: JsonObject };
const apply = (options: Options): JsonObject =>
  applyPatch({
    typeName: CONFIG_MAP,
    apiVersion: 'v1',
    manager: 'a',
    force: false,
    subresource: '',
    now: T1,
    ...options,
  });
const deployment = (spec: JsonObject): JsonObject => ({
  kind: 'Deployment',
  apiVersion: 'apps/v1',
  metadata: { name: 'd' },
  spec,
});
const applyDeployment = (options: Options): JsonObject =>
  apply({ typeName: DEPLOYMENT, apiVersion: 'apps/v1', ...options });
const containers = (...list: JsonValue[]): JsonObject => deployment({ template: { spec: { containers: list } } });
const containersOf = (obj: JsonObject): JsonValue =>
  (((obj['spec'] as JsonObject)['template'] as JsonObject)['spec'] as JsonObject)['containers'] ?? null;

interface Entry {
  manager: string;
  time?: string;
  fieldsV1: JsonObject;
}
const entries = (obj: JsonObject): Entry[] =>
  ((obj['metadata'] as JsonObject)['managedFields'] ?? []) as unknown as Entry[];
const owners = (obj: JsonObject): Record<string, JsonObject> =>
  Object.fromEntries(entries(obj).map((e) => [e.manager, e.fieldsV1]));
function failure(run: () => unknown): StatusError {
  try {
    run();
  } catch (e) {
    if (e instanceof StatusError) return e;
    throw e;
  }
  throw new Error('nothing was thrown');
}

describe('applyPatch', () => {
  it('creates the object and claims only what the patch names', () => {
    const obj = apply({ patch: configMap({ a: '1' }, { labels: { x: 'y' } }) });
    expect(obj['data']).toEqual({ a: '1' });
    expect(owners(obj)).toEqual({ a: { 'f:data': { 'f:a': {} }, 'f:metadata': { 'f:labels': { 'f:x': {} } } } });
  });

  it('refuses to change what another manager owns, naming manager and field', () => {
    const live = apply({ patch: configMap({ a: '1', b: '1' }) });
    const error = failure(() => apply({ live, patch: configMap({ a: '2' }), manager: 'bob' }));
    expect(error.status).toMatchObject({
      code: 409,
      reason: 'Conflict',
      message: 'Apply failed with 1 conflict: conflict with "a": .data.a',
      details: { causes: [{ reason: 'FieldManagerConflict', message: 'conflict with "a"', field: '.data.a' }] },
    });
  });

  it('lists several conflicts by manager; updaters with version and subresource', () => {
    const live = configMap({ a: '1', b: '1', c: '1' });
    const options = { typeName: CONFIG_MAP, apiVersion: 'v1', now: T1 };
    trackUpdate({ ...options, obj: live, manager: 'x', subresource: 'status' });
    expect(failure(() => apply({ live, patch: configMap({ a: '2', b: '2' }) })).message).toBe(
      'Apply failed with 2 conflicts: conflicts with "x" with subresource "status" using v1:\n- .data.a\n- .data.b',
    );
  });

  it('shares a field that is applied with the same value, and takes it over when forced', () => {
    const live = apply({ patch: configMap({ a: '1', b: '1' }) });
    const shared = apply({ live, patch: configMap({ a: '1' }), manager: 'bob', now: T2 });
    expect(owners(shared)).toEqual({ a: { 'f:data': { 'f:a': {}, 'f:b': {} } }, bob: { 'f:data': { 'f:a': {} } } });
    const forced = apply({ live: shared, patch: configMap({ a: '2' }), manager: 'bob', force: true, now: T2 });
    expect(forced['data']).toEqual({ a: '2', b: '1' });
    expect(owners(forced)).toEqual({ a: { 'f:data': { 'f:b': {} } }, bob: { 'f:data': { 'f:a': {} } } });
    expect(entries(forced).map((e) => e.time)).toEqual([T1, T2]);
  });

  it('removes what is no longer applied unless somebody else owns it', () => {
    const live = apply({ patch: configMap({ a: '1', b: '1', c: '1' }) });
    const shared = apply({ live, patch: configMap({ a: '1' }), manager: 'bob' });
    const next = apply({ live: shared, patch: configMap({ b: '1' }), now: T2 });
    expect(next['data']).toEqual({ a: '1', b: '1' });
    expect(owners(next)).toEqual({ a: { 'f:data': { 'f:b': {} } }, bob: { 'f:data': { 'f:a': {} } } });
    const gone = apply({ live: next, patch: configMap(undefined), now: T2 });
    expect(gone['data']).toEqual({ a: '1' });
    expect(Object.keys(owners(gone))).toEqual(['bob']);
  });

  it('answers the live object when nothing changes, with its times', () => {
    const patch = configMap({ a: '1' });
    const live = apply({ patch });
    expect(apply({ live, patch, now: T2 })).toEqual(live);
  });

  it('merges list maps by key, keeps the live order and puts new items after what they follow', () => {
    const live = applyDeployment({ patch: containers({ name: 'a', image: '1' }, { name: 'b', image: '1' }) });
    const next = applyDeployment({ live, manager: 'bob', patch: containers({ name: 'c' }, { name: 'b', tty: true }) });
    expect(containersOf(next)).toEqual([
      { name: 'a', image: '1' },
      { name: 'c' },
      { name: 'b', image: '1', tty: true },
    ]);
    const swapped = applyDeployment({
      live: next,
      patch: containers({ name: 'b', image: '1' }, { name: 'a', image: '1' }),
    });
    expect((containersOf(swapped) as JsonObject[]).map((c) => c['name'])).toEqual(['c', 'b', 'a']);
  });

  it('drops an item that only this manager applied, with all that is in it', () => {
    const live = applyDeployment({ patch: containers({ name: 'a', image: '1' }, { name: 'b', image: '1' }) });
    const next = applyDeployment({ live, patch: containers({ name: 'a', image: '1' }) });
    expect(containersOf(next)).toEqual([{ name: 'a', image: '1' }]);
  });

  it('keeps an item in which another manager owns a field, without the fields of the one who left', () => {
    const live = applyDeployment({ patch: containers({ name: 'a', image: '1', tty: true }) });
    const both = applyDeployment({ live, manager: 'bob', patch: containers({ name: 'a', image: '1' }) });
    const left = applyDeployment({ live: both, patch: deployment({}) });
    expect(containersOf(left)).toEqual([{ name: 'a', image: '1' }]);
  });

  it('replaces atomic lists and structs whole', () => {
    const args = (...list: string[]): JsonObject => containers({ name: 'a', args: list });
    const live = applyDeployment({ patch: args('1', '2') });
    expect(containersOf(applyDeployment({ live, patch: args('3') }))).toEqual([{ name: 'a', args: ['3'] }]);
    expect(failure(() => applyDeployment({ live, manager: 'bob', patch: args('1') })).message).toBe(
      'Apply failed with 1 conflict: conflict with "a": .spec.template.spec.containers[name="a"].args',
    );
  });

  it('joins sets', () => {
    const live = apply({ patch: configMap(undefined, { finalizers: ['a/x', 'a/y'] }) });
    const next = apply({ live, manager: 'bob', patch: configMap(undefined, { finalizers: ['a/z', 'a/y'] }) });
    expect((next['metadata'] as JsonObject)['finalizers']).toEqual(['a/x', 'a/z', 'a/y']);
    const left = apply({ live: next, patch: configMap(undefined) });
    expect((left['metadata'] as JsonObject)['finalizers']).toEqual(['a/z', 'a/y']);
  });

  it('gives the fields of an object that nobody tracked to before-first-apply', () => {
    const error = failure(() => apply({ live: configMap({ a: '1' }), patch: configMap({ a: '2' }) }));
    expect(error.message).toBe('Apply failed with 1 conflict: conflict with "before-first-apply" using v1: .data.a');
  });

  it('passes the merged object to the defaulter', () => {
    const obj = apply({
      patch: configMap({ a: '1' }),
      defaulter: (o) => {
        o['immutable'] = false;
      },
    });
    expect(obj['immutable']).toBe(false);
    expect(owners(obj)).toEqual({ a: { 'f:data': { 'f:a': {} } } });
  });

  it('does not touch the live object or the patch', () => {
    const live = apply({ patch: configMap({ a: '1' }) });
    const patch = configMap({ b: '1' });
    const before = JSON.stringify([live, patch]);
    const next = apply({ live, patch, force: true, defaulter: (o) => void ((o['data'] as JsonObject)['z'] = '1') });
    expect(next['data']).toEqual({ b: '1', z: '1' });
    expect(JSON.stringify([live, patch])).toBe(before);
  });

  it('refuses a patch of another type, with managedFields, or that does not fit', () => {
    const typed = (patch: JsonObject): [number, string] => {
      const error = failure(() => applyDeployment({ patch }));
      return [error.code, error.message];
    };
    expect(typed({ ...deployment({}), apiVersion: 'apps/v1beta1' })).toEqual([
      400,
      'invalid object type: apps/v1beta1, Kind=Deployment',
    ]);
    expect(typed({ ...deployment({}), metadata: { managedFields: [] } })).toEqual([
      400,
      'metadata.managedFields must be nil',
    ]);
    const misfit = (text: string): [number, string] => [
      500,
      `failed to create typed patch object (/d; apps/v1, Kind=Deployment): ${text}`,
    ];
    expect(typed(deployment({ foo: 1 }))).toEqual(misfit('.spec.foo: field not declared in schema'));
    expect(typed(deployment({ replicas: 'x' }))).toEqual(
      misfit('.spec.replicas: expected numeric (int or float), got string'),
    );
    expect(typed(containers({ name: 'a' }, { name: 'a' }))).toEqual(
      misfit('.spec.template.spec.containers: duplicate entries for key [name="a"]'),
    );
    expect(typed(containers({ name: 'a', env: [{ name: 'A', value: 1 }], ports: [null] }))).toEqual(
      misfit(
        'errors:\n  .spec.template.spec.containers[name="a"].env[name="A"].value: expected string, got &value.valueUnstructured{Value:1}\n' +
          '  .spec.template.spec.containers[name="a"].ports: element 0: associative list with keys may not have a null element',
      ),
    );
  });

  it('requires a field manager', () => {
    expect(failure(() => requireFieldManager('')).status).toMatchObject({ code: 422, reason: 'Invalid' });
    requireFieldManager('a');
  });
});

describe('migration from client-side apply', () => {
  const annotated = (data: JsonObject, last: JsonObject): JsonObject =>
    configMap(data, { annotations: { [LAST_APPLIED]: JSON.stringify(configMap(last)) } });
  const clientSide = (data: JsonObject, last: JsonObject): JsonObject => {
    const obj = annotated(data, last);
    trackUpdate({
      typeName: CONFIG_MAP,
      apiVersion: 'v1',
      obj,
      manager: 'kubectl-client-side-apply',
      subresource: '',
      now: T1,
    });
    return obj;
  };

  it('lets kubectl change what it applied client side, and keeps the annotation up to date', () => {
    const live = clientSide({ a: '1', b: '1' }, { a: '1', b: '1' });
    const next = apply({ live, manager: 'kubectl', patch: configMap({ a: '2', b: '1' }), now: T2 });
    expect(next['data']).toEqual({ a: '2', b: '1' });
    const annotations = (next['metadata'] as JsonObject)['annotations'] as JsonObject;
    expect(annotations[LAST_APPLIED]).toBe(
      '{"apiVersion":"v1","data":{"a":"2","b":"1"},"kind":"ConfigMap","metadata":{"name":"c"}}\n',
    );
  });

  it('still sees conflicts on what others changed since, and for other managers', () => {
    const live = clientSide({ a: 'other', b: '1' }, { a: '1', b: '1' });
    const patch = configMap({ a: '2', b: '2' });
    expect(failure(() => apply({ live, manager: 'kubectl', patch })).message).toBe(
      'Apply failed with 1 conflict: conflict with "kubectl-client-side-apply" using v1: .data.a',
    );
    expect(failure(() => apply({ live, manager: 'flux', patch })).message).toContain('Apply failed with 2 conflicts');
  });
});

describe('laws of apply', () => {
  // Never empty: once an empty map has been decoded away, the first apply after it still settles who owned the map itself.
  const data = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), fc.constantFrom('1', '2'), { minKeys: 1 });
  /** What decoding does: an empty map is no map. */
  const normalize = (obj: JsonObject): void => {
    if (Object.keys(obj['data'] ?? {}).length === 0) delete obj['data'];
  };
  const steps = fc.array(fc.record({ manager: fc.constantFrom('x', 'y', 'z'), data }), { minLength: 1, maxLength: 6 });

  it('is idempotent, makes the applied fields true, and owns exactly what is there', () => {
    fc.assert(
      fc.property(steps, (list) => {
        let live: JsonObject | undefined;
        for (const step of list) {
          const patch = configMap(step.data);
          const options = { patch, manager: step.manager, force: true, defaulter: normalize };
          const next = apply({ ...options, live });
          expect(next['data'] ?? {}).toMatchObject(step.data);
          const again = apply({ ...options, live: next, now: T2 });
          keepTimestampsOfNoop(next, again);
          expect(again).toEqual(next);
          const owned = new Set(
            entries(next)
              .flatMap((e) => Object.keys((e.fieldsV1['f:data'] ?? {}) as JsonObject))
              .filter((k) => k !== '.'),
          );
          expect([...owned].sort()).toEqual(
            Object.keys((next['data'] ?? {}) as JsonObject)
              .map((k) => `f:${k}`)
              .sort(),
          );
          live = next;
        }
      }),
    );
  });
});
