import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../machinery/json.js';
import { meta, type Rest, startRest } from './testing/harness.js';

let rest: Rest;
beforeAll(async () => {
  rest = await startRest();
});
afterAll(() => rest.close());

const CM = '/api/v1/namespaces/default/configmaps';
const PODS = '/api/v1/namespaces/default/pods';
const MERGE = { contentType: 'application/merge-patch+json' };
const cm = (name: string, metadata: JsonObject = {}): JsonObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...metadata },
});
const pod = (name: string, spec: JsonObject = {}): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: { containers: [{ name: 'c', image: 'i' }], ...spec },
});

describe('delete', () => {
  it('answers a Status with the uid when the object is gone, 404 afterwards', async () => {
    const made = await rest.ok(201, 'POST', CM, cm('gone'));
    expect(await rest.ok(200, 'DELETE', `${CM}/gone`)).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Success',
      details: { name: 'gone', kind: 'configmaps', uid: meta(made)['uid'] },
    });
    expect(await rest.ok(404, 'DELETE', `${CM}/gone`)).toMatchObject({ message: 'configmaps "gone" not found' });
  });
  it('keeps an object that has finalizers until the last is removed', async () => {
    await rest.ok(201, 'POST', CM, cm('held', { finalizers: ['example.com/hold'] }));
    const marked = await rest.ok(200, 'DELETE', `${CM}/held`);
    expect(meta(marked)).toMatchObject({ deletionGracePeriodSeconds: 0, finalizers: ['example.com/hold'] });
    expect(meta(marked)['deletionTimestamp']).toBeDefined();
    expect(await rest.ok(409, 'POST', CM, cm('held'))).toMatchObject({
      message: 'object is being deleted: configmaps "held" already exists',
    });
    expect(
      await rest.ok(422, 'PATCH', `${CM}/held`, { metadata: { finalizers: ['example.com/hold', 'a/b'] } }, MERGE),
    ).toMatchObject({
      message:
        'ConfigMap "held" is invalid: metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"a/b"}',
    });
    await rest.ok(200, 'PATCH', `${CM}/held`, { metadata: { finalizers: null } }, MERGE);
    await rest.ok(404, 'GET', `${CM}/held`);
  });
  it('gives the garbage collector its finalizers', async () => {
    await rest.ok(201, 'POST', CM, cm('fg'));
    const fg = await rest.ok(200, 'DELETE', `${CM}/fg`, { propagationPolicy: 'Foreground' });
    expect(meta(fg)['finalizers']).toEqual(['foregroundDeletion']);
    await rest.ok(201, 'POST', CM, cm('or'));
    const orphan = await rest.ok(200, 'DELETE', `${CM}/or?propagationPolicy=Orphan`);
    expect(meta(orphan)['finalizers']).toEqual(['orphan']);
    expect(await rest.ok(422, 'DELETE', `${CM}/or?propagationPolicy=Sideways`)).toMatchObject({
      message:
        'DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Unsupported value: "Sideways": supported values: "Foreground", "Background", "Orphan", "nil"',
    });
  });
  it('says what is wrong with its options as the decoder of options does', async () => {
    await rest.ok(201, 'POST', CM, cm('kept'));
    const refused = async (body: JsonObject | string): Promise<unknown> =>
      (await rest.ok(400, 'DELETE', `${CM}/kept?dryRun=All`, body))['message'];
    expect(await refused('[]')).toMatch(/^couldn't get version\/kind; json parse error: json: cannot unmarshal array/);
    expect(await refused({ gracePeriodSeconds: 'x' })).toBe(
      'json: cannot unmarshal string into Go struct field DeleteOptions.gracePeriodSeconds of type int64',
    );
    expect(await refused({ kind: 'Pod', apiVersion: 'v1' })).toMatch(
      /^no kind "Pod" is registered for version "v1" in scheme "k8s.io\/apimachinery\//,
    );
  });
  it('reads the selectors of a collection before its options', async () => {
    expect(await rest.ok(400, 'DELETE', `${CM}?labelSelector=a%20b`, { propagationPolicy: 'No' })).toMatchObject({
      message: "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt",
    });
    expect(await rest.ok(400, 'DELETE', `${CM}?resourceVersion=x`)).toMatchObject({
      message:
        'invalid resource version: resourceVersion: Invalid value: "x": strconv.ParseUint: parsing "x": invalid syntax',
    });
  });
  it('honours preconditions', async () => {
    const made = await rest.ok(201, 'POST', CM, cm('pre'));
    expect(await rest.ok(409, 'DELETE', `${CM}/pre`, { preconditions: { uid: 'x' } })).toMatchObject({
      message: `Operation cannot be fulfilled on ConfigMap "pre": the UID in the precondition (x) does not match the UID in record (${String(meta(made)['uid'])}). The object might have been deleted and then recreated`,
    });
    await rest.ok(409, 'DELETE', `${CM}/pre`, { preconditions: { resourceVersion: '1' } });
    await rest.ok(200, 'DELETE', `${CM}/pre`, {
      preconditions: { resourceVersion: meta(made)['resourceVersion'] as string },
    });
  });
  it('does nothing on a dry run', async () => {
    await rest.ok(201, 'POST', CM, cm('dry'));
    const before = rest.deps.backend.revision;
    await rest.ok(200, 'DELETE', `${CM}/dry?dryRun=All`);
    expect(rest.deps.backend.revision).toBe(before);
    await rest.ok(200, 'GET', `${CM}/dry`);
  });
  it('lets a scheduled pod end gracefully, once, and at once when told so', async () => {
    await rest.ok(201, 'POST', PODS, pod('run', { nodeName: 'n1', terminationGracePeriodSeconds: 45 }));
    const marked = await rest.ok(200, 'DELETE', `${PODS}/run`);
    expect(meta(marked)).toMatchObject({ deletionGracePeriodSeconds: 45, generation: 2 });
    const again = await rest.ok(200, 'DELETE', `${PODS}/run?gracePeriodSeconds=60`);
    expect(meta(again)['resourceVersion']).toBe(meta(marked)['resourceVersion']);
    const shorter = await rest.ok(200, 'DELETE', `${PODS}/run?gracePeriodSeconds=10`);
    expect(meta(shorter)).toMatchObject({ deletionGracePeriodSeconds: 10, generation: 2 });
    const gone = await rest.ok(200, 'DELETE', `${PODS}/run?gracePeriodSeconds=0`);
    expect(meta(gone)).toMatchObject({ deletionGracePeriodSeconds: 0 });
    await rest.ok(404, 'GET', `${PODS}/run`);
  });
  it('deletes what a selector means and answers with the list as it was', async () => {
    for (let i = 0; i < 6; i++) {
      await rest.ok(201, 'POST', CM, cm(`col-${i}`, { labels: { col: i % 2 === 0 ? 'even' : 'odd' } }));
    }
    const list = await rest.ok(200, 'DELETE', `${CM}?labelSelector=col%3Deven`);
    expect(list['kind']).toBe('ConfigMapList');
    expect(list['items']).toHaveLength(3);
    await rest.ok(404, 'GET', `${CM}/col-0`);
    await rest.ok(200, 'GET', `${CM}/col-1`);
  });
});

describe('namespaces', () => {
  it('terminate, refuse new content, and go when finalized', async () => {
    await rest.ok(201, 'POST', '/api/v1/namespaces', { metadata: { name: 'going' } });
    await rest.ok(201, 'POST', '/api/v1/namespaces/going/configmaps', cm('in'));
    const ns = await rest.ok(200, 'DELETE', '/api/v1/namespaces/going');
    expect(ns).toMatchObject({
      kind: 'Namespace',
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Terminating' },
    });
    expect(await rest.ok(403, 'POST', '/api/v1/namespaces/going/configmaps', cm('late'))).toMatchObject({
      message:
        'configmaps "late" is forbidden: unable to create new content in namespace going because it is being terminated',
      details: { causes: [{ reason: 'NamespaceTerminating', field: 'metadata.namespace' }] },
    });
    // What is there may still be changed and deleted.
    await rest.ok(200, 'PATCH', '/api/v1/namespaces/going/configmaps/in', { data: { a: 'b' } }, MERGE);
    await rest.ok(200, 'DELETE', '/api/v1/namespaces/going/configmaps/in');
    const finalized = await rest.ok(200, 'PUT', '/api/v1/namespaces/going/finalize', { ...ns, spec: {} });
    expect(finalized['status']).toMatchObject({ phase: 'Terminating' });
    await rest.ok(404, 'GET', '/api/v1/namespaces/going');
  });
  it('that the cluster lives in stay', async () => {
    expect(await rest.ok(403, 'DELETE', '/api/v1/namespaces/kube-system')).toMatchObject({
      message: 'namespaces "kube-system" is forbidden: this namespace may not be deleted',
    });
  });
});

describe('pods', () => {
  it('are bound once', async () => {
    await rest.ok(201, 'POST', PODS, pod('bind'));
    await rest.ok(200, 'PATCH', `${PODS}/bind/status`, { status: { nominatedNodeName: 'n0' } }, MERGE);
    const binding = {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { name: 'bind' },
      target: { kind: 'Node', name: 'n1' },
    };
    expect(await rest.ok(201, 'POST', `${PODS}/bind/binding`, binding)).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Success',
      code: 201,
    });
    expect(await rest.ok(200, 'GET', `${PODS}/bind`)).toMatchObject({
      spec: { nodeName: 'n1' },
      status: { conditions: [{ type: 'PodScheduled', status: 'True' }] },
    });
    const { status } = await rest.ok(200, 'GET', `${PODS}/bind`);
    expect(status).not.toHaveProperty('nominatedNodeName');
    expect(await rest.ok(409, 'POST', `${PODS}/bind/binding`, binding)).toMatchObject({
      message: 'Operation cannot be fulfilled on pods/binding "bind": pod bind is already assigned to node "n1"',
    });
  });
  it('are evicted as far as their disruption budget allows', async () => {
    const PDB = '/apis/policy/v1/namespaces/default/poddisruptionbudgets';
    for (const name of ['ev-1', 'ev-2']) {
      await rest.ok(201, 'POST', PODS, { ...pod(name, { nodeName: 'n1' }), metadata: { name, labels: { app: 'ev' } } });
      await rest.ok(
        200,
        'PATCH',
        `${PODS}/${name}/status`,
        { status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } },
        MERGE,
      );
    }
    await rest.ok(201, 'POST', PDB, {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: 'pdb' },
      spec: { minAvailable: 1, selector: { matchLabels: { app: 'ev' } } },
    });
    const evict = (name: string): JsonObject => ({ apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name } });
    expect(await rest.ok(429, 'POST', `${PODS}/ev-1/eviction`, evict('ev-1'))).toMatchObject({
      details: { causes: [{ message: 'The disruption budget pdb is still being processed by the server.' }] },
    });
    await rest.ok(
      200,
      'PATCH',
      `${PDB}/pdb/status`,
      {
        status: { observedGeneration: 1, disruptionsAllowed: 1, desiredHealthy: 1, currentHealthy: 2, expectedPods: 2 },
      },
      MERGE,
    );
    await rest.ok(201, 'POST', `${PODS}/ev-1/eviction`, evict('ev-1'));
    const going = await rest.ok(200, 'GET', `${PODS}/ev-1`);
    expect(meta(going)['deletionTimestamp']).toBeDefined();
    expect(going['status']).toMatchObject({
      conditions: [{ type: 'Ready' }, { type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI' }],
    });
    expect(await rest.ok(429, 'POST', `${PODS}/ev-2/eviction`, evict('ev-2'))).toMatchObject({
      message: "Cannot evict pod as it would violate the pod's disruption budget.",
      details: { causes: [{ message: 'The disruption budget pdb does not allow evicting pods currently' }] },
    });
    // One that is not ready is no loss while enough others are; one that waits for a node never is.
    const unready = { status: { conditions: [{ type: 'Ready', status: 'False' }] } };
    await rest.ok(200, 'PATCH', `${PODS}/ev-2/status`, unready, MERGE);
    await rest.ok(201, 'POST', `${PODS}/ev-2/eviction`, evict('ev-2'));
    await rest.ok(201, 'POST', PODS, { ...pod('ev-3'), metadata: { name: 'ev-3', labels: { app: 'ev' } } });
    await rest.ok(201, 'POST', `${PODS}/ev-3/eviction`, evict('ev-3'));
    await rest.ok(404, 'GET', `${PODS}/ev-3`);
  });
});
