import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../machinery/json.js';
import { meta, type Rest, startRest } from './testing/harness.js';

let rest: Rest;
beforeAll(async () => {
  rest = await startRest();
});
afterAll(() => rest.close());

const MERGE = { contentType: 'application/merge-patch+json' };
const APPLY = { contentType: 'application/apply-patch+yaml' };
const PODS = '/api/v1/namespaces/default/pods';
const JOBS = '/apis/batch/v1/namespaces/default/jobs';
const podSpec: JsonObject = { containers: [{ name: 'c', image: 'i' }] };

const causes = (status: JsonObject): string[] =>
  ((status['details'] as JsonObject)['causes'] as { field: string; message: string }[]).map(
    (c) => `${c.field}: ${c.message}`,
  );

describe('pods that wait for their gates', () => {
  it('say so, in their conditions and in STATUS', async () => {
    const gated = { ...podSpec, schedulingGates: [{ name: 'example.com/hold' }] };
    const made = await rest.ok(201, 'POST', PODS, { metadata: { name: 'gated' }, spec: gated });
    expect(made['status']).toMatchObject({
      phase: 'Pending',
      conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }],
    });
    const table = await rest.ok(200, 'GET', `${PODS}/gated`, undefined, {
      accept: 'application/json;as=Table;v=v1;g=meta.k8s.io',
    });
    expect((table['rows'] as JsonObject[])[0]?.['cells']).toContain('SchedulingGated');
  });
});

describe('the status of pods', () => {
  it('keeps observedGeneration that a client leaves out, and refuses another QoS class', async () => {
    await rest.ok(201, 'POST', PODS, { metadata: { name: 'seen' }, spec: podSpec });
    const condition = { type: 'Ready', status: 'True', observedGeneration: 1 };
    const first = { status: { observedGeneration: 1, conditions: [condition] } };
    await rest.ok(200, 'PATCH', `${PODS}/seen/status`, first, MERGE);
    const later = { status: { observedGeneration: null, conditions: [{ type: 'Ready', status: 'False' }] } };
    expect((await rest.ok(200, 'PATCH', `${PODS}/seen/status`, later, MERGE))['status']).toMatchObject({
      observedGeneration: 1,
      conditions: [{ type: 'Ready', status: 'False', observedGeneration: 1 }],
    });
    const refused = await rest.ok(422, 'PATCH', `${PODS}/seen/status`, { status: { qosClass: 'Guaranteed' } }, MERGE);
    expect(causes(refused)).toEqual(['status.qosClass: Invalid value: "Guaranteed": field is immutable']);
  });
});

describe('jobs', () => {
  const job = (name: string, labels: JsonObject | undefined, spec: JsonObject = {}): JsonObject => ({
    metadata: { name },
    spec: {
      template: {
        ...(labels === undefined ? {} : { metadata: { labels } }),
        spec: { ...podSpec, restartPolicy: 'Never' },
      },
      ...spec,
    },
  });
  it('take the labels of their template with what identifies their pods, when they have none', async () => {
    const made = await rest.ok(201, 'POST', JOBS, job('labelled', { app: 'a' }));
    expect(meta(made)['labels']).toEqual({
      app: 'a',
      'batch.kubernetes.io/controller-uid': meta(made)['uid'],
      'batch.kubernetes.io/job-name': 'labelled',
      'controller-uid': meta(made)['uid'],
      'job-name': 'labelled',
    });
  });
  it('keep to the rules of their status', async () => {
    await rest.ok(201, 'POST', JOBS, job('state', undefined));
    const set = (code: number, status: JsonObject): Promise<JsonObject> =>
      rest.ok(code, 'PATCH', `${JOBS}/state/status`, { status }, MERGE);
    const start = '2026-01-01T00:00:00Z';
    expect(causes(await set(422, { active: -1 }))).toEqual([
      'status.active: Invalid value: -1: must be greater than or equal to 0',
    ]);
    expect(causes(await set(422, { ready: 1 }))).toEqual([
      'status.ready: Invalid value: 1: cannot set more ready pods than active',
    ]);
    expect(causes(await set(422, { completionTime: start }))).toEqual([
      `status.completionTime: Invalid value: "${start}": cannot set completionTime when there is no Complete=True condition`,
    ]);
    await set(200, { startTime: start, active: 1, failed: 2 });
    expect(causes(await set(422, { failed: 1 }))).toEqual([
      'status.failed: Invalid value: 1: cannot decrease the failed counter',
    ]);
    expect(causes(await set(422, { startTime: '2026-01-02T00:00:00Z' }))).toEqual([
      'status.startTime: Invalid value: "2026-01-02T00:00:00Z": field is immutable for unsuspended job once set',
    ]);
    const complete = [{ type: 'Complete', status: 'True' }];
    expect(causes(await set(422, { conditions: complete, active: 1 })).sort()).toEqual([
      'status.active: Invalid value: 1: active>0 is invalid for finished job',
      'status.completionTime: Required value: completionTime is required for Complete jobs',
      'status.conditions: Invalid value: cannot set Complete=True condition without the SuccessCriteriaMet=true condition',
    ]);
    const done = [...complete, { type: 'SuccessCriteriaMet', status: 'True' }];
    await set(200, { conditions: done, active: 0, completionTime: '2026-01-01T00:01:00Z' });
    expect(causes(await set(422, { conditions: [done[1] ?? {}] }))).toContain(
      'status.conditions: Invalid value: cannot disable the terminal Complete=True condition',
    );
  });
  it('name indexes in order and once', async () => {
    const spec = { completions: 5, parallelism: 2, completionMode: 'Indexed', backoffLimitPerIndex: 1 };
    await rest.ok(201, 'POST', JOBS, job('indexed', undefined, spec));
    const set = (code: number, status: JsonObject): Promise<JsonObject> =>
      rest.ok(code, 'PATCH', `${JOBS}/indexed/status`, { status }, MERGE);
    await set(200, { completedIndexes: '0,2-3' });
    expect(causes(await set(422, { completedIndexes: '3,1' }))).toEqual([
      'status.completedIndexes: Invalid value: "3,1": error parsing completedIndexes: non-increasing order, previous: 3, current: 1',
    ]);
    expect(causes(await set(422, { completedIndexes: '0-9' }))).toEqual([
      'status.completedIndexes: Invalid value: "0-9": error parsing completedIndexes: too large index: "9"',
    ]);
    expect(causes(await set(422, { failedIndexes: '1-2' }))).toEqual([
      'status.failedIndexes: Invalid value: "1-2": failedIndexes and completedIndexes overlap at index: 2',
    ]);
  });
});

describe('services', () => {
  it('lose internalTrafficPolicy when they become external names', async () => {
    const SERVICES = '/api/v1/namespaces/default/services';
    const made = await rest.ok(201, 'POST', SERVICES, { metadata: { name: 's' }, spec: { clusterIP: 'None' } });
    expect(made['spec']).toMatchObject({ internalTrafficPolicy: 'Cluster' });
    const change = { spec: { type: 'ExternalName', externalName: 'example.com' } };
    const changed = await rest.ok(200, 'PATCH', `${SERVICES}/s`, change, MERGE);
    expect(changed['spec']).not.toHaveProperty('internalTrafficPolicy');
    const external = { ...change.spec, internalTrafficPolicy: 'Local' };
    const other = await rest.ok(201, 'POST', SERVICES, { metadata: { name: 'x' }, spec: external });
    expect(other['spec']).not.toHaveProperty('internalTrafficPolicy');
  });
});

describe('server-side apply', () => {
  it('creates what was exported and deleted, resourceVersion and all', async () => {
    const CM = '/api/v1/namespaces/default/configmaps';
    const exported = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'back', resourceVersion: '12345' },
      data: { a: 'b' },
    };
    const made = await rest.ok(201, 'PATCH', `${CM}/back?fieldManager=me`, exported, APPLY);
    expect(meta(made)['resourceVersion']).not.toBe('12345');
    expect(
      await rest.ok(500, 'POST', CM, { ...exported, metadata: { name: 'n', resourceVersion: '1' } }),
    ).toMatchObject({ message: 'resourceVersion should not be set on objects to be created' });
  });
});

describe('evictions', () => {
  it('are taken in policy/v1beta1, as older clients send them', async () => {
    await rest.ok(201, 'POST', PODS, { metadata: { name: 'ev' }, spec: podSpec });
    const body = { apiVersion: 'policy/v1beta1', kind: 'Eviction', metadata: { name: 'ev' } };
    await rest.ok(400, 'POST', `${PODS}/ev/eviction`, { ...body, apiVersion: 'policy/v2' });
    await rest.ok(201, 'POST', `${PODS}/ev/eviction`, body);
    await rest.ok(404, 'GET', `${PODS}/ev`);
  });
});

describe('text that is no Unicode', () => {
  it('is stored with U+FFFD in the place of lone surrogates', async () => {
    const CM = '/api/v1/namespaces/default/configmaps';
    const body = String.raw`{"metadata":{"name":"u"},"data":{"a":"x\ud800y","b":"\ud83d\ude00"}}`;
    expect(await rest.ok(201, 'POST', CM, body)).toMatchObject({ data: { a: 'x\ufffdy', b: '\u{1f600}' } });
    const patch = String.raw`{"data":{"c":"\udc00"}}`;
    expect(await rest.ok(200, 'PATCH', `${CM}/u`, patch, MERGE)).toMatchObject({ data: { c: '\ufffd' } });
  });
});

describe('service accounts', () => {
  it('are shown without their secrets', async () => {
    const table = await rest.ok(200, 'GET', '/api/v1/namespaces/default/serviceaccounts', undefined, {
      accept: 'application/json;as=Table;v=v1;g=meta.k8s.io',
    });
    const names = (table['columnDefinitions'] as { name: string }[]).map((c) => c.name);
    expect(names).toEqual(['Name', 'Age']);
  });
});
