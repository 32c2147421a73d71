import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../machinery/json.js';
import { meta, type Rest, startRest } from '../write/testing/harness.js';

let rest: Rest;
beforeAll(async () => {
  rest = await startRest();
});
afterAll(() => rest.close());

const PODS = '/api/v1/namespaces/default/pods';
const PDB = '/apis/policy/v1/namespaces/default/poddisruptionbudgets';
const MERGE = { contentType: 'application/merge-patch+json' };

/** A pod that runs on a node, ready or not. */
async function running(name: string, app: string, ready = true): Promise<JsonObject> {
  await rest.ok(201, 'POST', PODS, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { app } },
    spec: { nodeName: 'n1', containers: [{ name: 'c', image: 'i' }] },
  });
  const status = { phase: 'Running', conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] };
  return rest.ok(200, 'PATCH', `${PODS}/${name}/status`, { status }, MERGE);
}

/** A budget for the pods of `app`, named like it unless told. */
async function budget(app: string, status: JsonObject, name = app): Promise<void> {
  await rest.ok(201, 'POST', PDB, {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name },
    spec: { minAvailable: 1, selector: { matchLabels: { app } } },
  });
  const counts = {
    observedGeneration: 1,
    disruptionsAllowed: 0,
    desiredHealthy: 1,
    currentHealthy: 2,
    expectedPods: 2,
  };
  await rest.ok(200, 'PATCH', `${PDB}/${name}/status?fieldManager=me`, { status: { ...counts, ...status } }, MERGE);
}

const evict = (code: number, name: string, deleteOptions: JsonObject = {}, query = ''): Promise<JsonObject> =>
  rest.ok(code, 'POST', `${PODS}/${name}/eviction${query}`, {
    apiVersion: 'policy/v1',
    kind: 'Eviction',
    metadata: { name },
    deleteOptions,
  });
const statusOf = async (app: string): Promise<JsonObject> =>
  (await rest.ok(200, 'GET', `${PDB}/${app}`))['status'] as JsonObject;

describe('an eviction whose preconditions do not hold', () => {
  it('spends the budget, and leaves the pod as it is', async () => {
    const pod = await running('unmet', 'unmet');
    await budget('unmet', { disruptionsAllowed: 2 });
    expect(await evict(409, 'unmet', { preconditions: { uid: 'other' } })).toMatchObject({
      message: `Operation cannot be fulfilled on Pod "unmet": the UID in the precondition (other) does not match the UID in record (${String(meta(pod)['uid'])}). The object might have been deleted and then recreated`,
      details: { name: 'unmet', kind: 'Pod' },
    });
    expect(await statusOf('unmet')).toMatchObject({
      disruptionsAllowed: 1,
      disruptedPods: { unmet: expect.anything() },
    });
    expect(await evict(409, 'unmet', { preconditions: { resourceVersion: '1' } })).toMatchObject({
      message: expect.stringContaining('the ResourceVersion in the precondition (1) does not match'),
    });
    expect(await statusOf('unmet')).toMatchObject({ disruptionsAllowed: 0 });
    expect(await rest.ok(200, 'GET', `${PODS}/unmet`)).toEqual(pod);
  });

  it('is told to try again where the pod costs nothing as long as it is as it was', async () => {
    await running('unready', 'unready', false);
    await budget('unready', {});
    expect(await evict(429, 'unready', { preconditions: { uid: 'other' } })).toMatchObject({
      details: {
        retryAfterSeconds: 10,
        causes: [{ message: 'The disruption budget unready is still being processed by the server.' }],
      },
    });
  });
});

describe('a budget', () => {
  it('is spent by the server, which owns what it writes', async () => {
    await running('spent', 'spent');
    const conditions = [
      {
        type: 'DisruptionAllowed',
        status: 'False',
        reason: 'Old',
        message: 'x',
        lastTransitionTime: '2026-01-01T00:00:00Z',
      },
    ];
    await budget('spent', { disruptionsAllowed: 1, conditions });
    await evict(201, 'spent');
    const after = await rest.ok(200, 'GET', `${PDB}/spent`);
    expect(after['status']).toMatchObject({
      disruptionsAllowed: 0,
      conditions: [
        {
          type: 'DisruptionAllowed',
          status: 'False',
          reason: 'InsufficientPods',
          message: '',
          observedGeneration: 1,
          lastTransitionTime: '2026-01-01T00:00:00Z',
        },
      ],
    });
    expect(meta(after)['managedFields']).toContainEqual(
      expect.objectContaining({
        manager: 'kube-apiserver',
        operation: 'Update',
        subresource: 'status',
        fieldsV1: {
          'f:status': expect.objectContaining({ 'f:disruptionsAllowed': {}, 'f:disruptedPods': expect.anything() }),
        },
      }),
    );
  });

  it.each([
    ['few', { currentHealthy: 1 }, 'needs 1 healthy pods and has 1 currently'],
    ['enough', {}, 'does not allow evicting pods currently'],
    ['because', { conditions: [['Why', 'so it is']] }, 'does not allow evicting pods currently (Why): so it is'],
    [
      'failed',
      { currentHealthy: 1, conditions: [['SyncFailed', 'no scale']] },
      'does not allow evicting pods currently because it failed sync: no scale',
    ],
    ['silent', { currentHealthy: 1, conditions: [['SyncFailed', '']] }, 'needs 1 healthy pods and has 1 currently'],
  ])(
    'of none says why: %s',
    async (app, { conditions = [], ...counts }: JsonObject & { conditions?: string[][] }, why) => {
      await running(app, app);
      await budget(app, {
        ...counts,
        conditions: conditions.map(([reason = '', message = '']) => ({
          type: 'DisruptionAllowed',
          status: 'False',
          reason,
          message,
          lastTransitionTime: '2026-01-01T00:00:00Z',
        })),
      });
      expect(await evict(429, app)).toMatchObject({
        details: { causes: [{ message: `The disruption budget ${app} ${why}` }] },
      });
    },
  );

  it('beside another says only in the body that nothing was done', async () => {
    await running('two', 'two');
    await budget('two', { disruptionsAllowed: 1 });
    await budget('two', { disruptionsAllowed: 1 }, 'three');
    expect(await evict(201, 'two')).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
      code: 500,
    });
    expect(meta(await rest.ok(200, 'GET', `${PODS}/two`))['deletionTimestamp']).toBeUndefined();
  });
});

describe('options of an eviction', () => {
  it('say the same in the query and in the body, and trust what is stored', async () => {
    await running('options', 'options');
    expect(await evict(500, 'options', { dryRun: ['All', 'All'] }, '?dryRun=All')).toMatchObject({
      message: 'Non-matching dry-run options in request and content: [All] and [All All]',
    });
    expect(await evict(422, 'options', { ignoreStoreReadErrorWithClusterBreakingPotential: true })).toMatchObject({
      details: { group: 'policy', kind: 'Eviction' },
      message: expect.stringContaining('can not be set for pod eviction, try after removing the option'),
    });
    await evict(201, 'options', {}, '?dryRun=All');
    await rest.ok(200, 'GET', `${PODS}/options`);
  });
});
