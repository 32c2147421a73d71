import { Callout } from '../../callout/index.js';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Spy } from '../../admission/testing/spy.js';
import type { AdmissionContext } from '../../admission/types.js';
import { child, ensureChild, str } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import { forbidden } from '../../machinery/status.js';
import { objectKey } from '../../store/keys.js';
import { encodeStored } from './stored.js';
import { DEFAULT_ADDRESS_TYPES } from '../connect/connections.js';
import { meta, type Rest, startRest } from './testing/harness.js';

const CM = '/api/v1/namespaces/default/configmaps';
const PODS = '/api/v1/namespaces/default/pods';
const MERGE = { contentType: 'application/merge-patch+json' };
const APPLY = { contentType: 'application/apply-patch+yaml' };

const spy = new Spy();
const callout = new Callout();
let rest: Rest;
beforeAll(async () => {
  const connections = { callout, kubelet: {}, preferredAddressTypes: DEFAULT_ADDRESS_TYPES };
  rest = await startRest(1, { admission: spy.chain, connections });
  spy.reset();
});
afterEach(() => {
  spy.reset();
});
afterAll(async () => {
  callout.close();
  await rest.close();
});

const cm = (name: string, more: JsonObject = {}): JsonObject => ({ metadata: { name }, ...more });
const pod = (name: string): JsonObject => ({
  metadata: { name },
  spec: { containers: [{ name: 'c', image: 'i' }], terminationGracePeriodSeconds: 30 },
});
const refuse = (): never => {
  throw forbidden({ group: '', resource: 'things' }, 'it', 'the test says so');
};
const keyOf = (name: string): string => objectKey('', 'configmaps', 'default', name);
/** Has the write also store a ConfigMap of this name. */
function alsoPut(ctx: AdmissionContext, name: string): void {
  const object = { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name, namespace: 'default' } };
  const { value, revisionAt } = encodeStored(object, 'io.k8s.api.core.v1.ConfigMap');
  ctx.operations.push({ type: 'put', key: keyOf(name), value, revisionAt });
}

describe('what plugins see', () => {
  it('is the grace that a deleted pod gets, and nothing of a deletion that is under way', async () => {
    await rest.ok(201, 'POST', PODS, pod('unscheduled'));
    const running = { ...pod('running'), spec: { ...(pod('running')['spec'] as JsonObject), nodeName: 'n' } };
    await rest.ok(201, 'POST', PODS, running);
    spy.reset();
    await rest.ok(200, 'DELETE', `${PODS}/unscheduled?gracePeriodSeconds=7`);
    expect(spy.seen.map((s) => s.options?.['gracePeriodSeconds'])).toEqual([0, 0, 0, 0]);
    spy.reset();
    await rest.ok(200, 'DELETE', `${PODS}/running`);
    expect(spy.seen.map((s) => s.options?.['gracePeriodSeconds'])).toEqual([30, 30]);
    spy.reset();
    await rest.ok(200, 'DELETE', `${PODS}/running?gracePeriodSeconds=60`);
    expect(spy.seen).toEqual([]);
  });
  it('is what the client sent, and then what will be stored', async () => {
    await rest.ok(201, 'POST', `${CM}?fieldManager=m&fieldValidation=Strict`, cm('one'));
    expect(spy.seen.map((s) => s.phase)).toEqual(['admit', 'validate']);
    const [first, last] = spy.seen;
    expect(first).toMatchObject({
      operation: 'CREATE',
      kind: '/v1/ConfigMap',
      namespace: 'default',
      name: 'one',
      dryRun: false,
      options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1', fieldManager: 'm', fieldValidation: 'Strict' },
      oldObject: undefined,
    });
    expect(meta(first?.object ?? {})['uid']).toBeUndefined();
    expect(meta(last?.object ?? {})['uid']).toBeDefined();
  });

  it('has the options of what a patch comes to', async () => {
    await rest.ok(200, 'PATCH', `${CM}/one?dryRun=All`, { data: { a: '1' } }, MERGE);
    expect(spy.seen[0]).toMatchObject({
      operation: 'UPDATE',
      dryRun: true,
      options: { kind: 'UpdateOptions', apiVersion: 'meta.k8s.io/v1', dryRun: ['All'] },
      oldObject: { metadata: { name: 'one' } },
    });
    spy.reset();
    const made = { apiVersion: 'v1', kind: 'ConfigMap', ...cm('applied') };
    await rest.ok(201, 'PATCH', `${CM}/applied?fieldManager=m&force=true`, made, APPLY);
    expect(spy.seen[0]).toMatchObject({
      operation: 'CREATE',
      options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1', fieldManager: 'm' },
    });
  });

  it('has, of a deletion, the old object in both phases and the options with preconditions', async () => {
    const { uid } = meta(await rest.ok(201, 'POST', CM, cm('gone')));
    spy.reset();
    const preconditions = { uid: String(uid) };
    await rest.ok(200, 'DELETE', `${CM}/gone`, { gracePeriodSeconds: 0, preconditions });
    for (const seen of spy.seen) {
      expect(seen).toMatchObject({
        operation: 'DELETE',
        name: 'gone',
        object: undefined,
        oldObject: { metadata: { name: 'gone' } },
        options: { kind: 'DeleteOptions', apiVersion: 'meta.k8s.io/v1', gracePeriodSeconds: 0, preconditions },
      });
    }
    expect(spy.seen.map((s) => s.phase)).toEqual(['admit', 'validate']);
    spy.reset();
    await rest.ok(404, 'DELETE', `${CM}/gone`);
    expect(spy.seen).toEqual([]);
  });

  it('has no name when a collection is deleted, but each of its objects', async () => {
    for (const name of ['c1', 'c2']) await rest.ok(201, 'POST', CM, { metadata: { name, labels: { all: 'x' } } });
    spy.reset();
    await rest.ok(200, 'DELETE', `${CM}?labelSelector=all%3Dx`);
    const old = spy.seen.filter((s) => s.phase === 'validate').map((s) => str(child(s.oldObject, 'metadata'), 'name'));
    expect(old.sort()).toEqual(['c1', 'c2']);
    expect(new Set(spy.seen.map((s) => s.name))).toEqual(new Set(['']));
  });

  it('is the Namespace in its own namespace', async () => {
    await rest.ok(201, 'POST', '/api/v1/namespaces', { metadata: { name: 'made' } });
    expect(spy.seen[0]).toMatchObject({ namespace: 'made', name: 'made', resource: 'namespaces' });
  });

  it('can be had and replaced in another version', async () => {
    const HPA = '/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers';
    const spec = { maxReplicas: 3, scaleTargetRef: { kind: 'Deployment', name: 'd', apiVersion: 'apps/v1' } };
    spy.onAdmit = async (_ctx, a) => {
      expect(a.object).toMatchObject({ apiVersion: 'autoscaling/v2' });
      const old = await a.objectAs({ group: 'autoscaling', version: 'v1' });
      expect(old).toMatchObject({ apiVersion: 'autoscaling/v1', spec: { maxReplicas: 3 } });
      const changed: JsonObject = { ...spec, targetCPUUtilizationPercentage: 55 };
      delete changed['minReplicas'];
      await a.replaceObject({ ...old, spec: changed });
    };
    const made = await rest.ok(201, 'POST', HPA, { metadata: { name: 'h' }, spec });
    // Defaulted again: the one that took its place said nothing of it.
    expect(made).toMatchObject({ spec: { targetCPUUtilizationPercentage: 55, minReplicas: 1 } });
    spy.reset();
    spy.onAdmit = (_ctx, a) => void a.objectAs({ group: 'autoscaling', version: 'v9' });
    await rest.ok(500, 'PUT', `${HPA}/h`, made);
    spy.onAdmit = (_ctx, a) => a.replaceObject({ ...a.object, kind: 'Other' });
    await rest.ok(500, 'PUT', `${HPA}/h`, made);
  });
});

describe('what mutating plugins change', () => {
  it('is stored: a name too, but no other namespace', async () => {
    spy.onAdmit = (_ctx, a) => {
      ensureChild(a.object ?? {}, 'metadata')['name'] = 'renamed';
    };
    await rest.ok(201, 'POST', CM, cm('before'));
    spy.reset();
    await rest.ok(200, 'GET', `${CM}/renamed`);
    await rest.ok(404, 'GET', `${CM}/before`);
    spy.onAdmit = (_ctx, a) => {
      ensureChild(a.object ?? {}, 'metadata')['namespace'] = 'other';
    };
    await rest.ok(400, 'POST', CM, cm('moved'));
  });
});

describe('what plugins want compared and written', () => {
  it('is in the transaction of the object, whatever writes it', async () => {
    spy.onValidate = (ctx) => alsoPut(ctx, 'beside');
    const beside = async (written: JsonObject): Promise<void> => {
      const { resourceVersion } = meta(await rest.ok(200, 'GET', `${CM}/beside`));
      expect(meta(written)['resourceVersion']).toBe(resourceVersion);
    };
    await beside(await rest.ok(201, 'POST', CM, cm('t')));
    await beside(await rest.ok(200, 'PUT', `${CM}/t`, cm('t', { data: { a: '1' } })));
    await beside(await rest.ok(200, 'PATCH', `${CM}/t`, { metadata: { finalizers: ['a.b/c'] } }, MERGE));
    await beside(await rest.ok(200, 'DELETE', `${CM}/t`));
  });

  it('is not written by a dry run', async () => {
    await rest.ok(201, 'POST', PODS, pod('dry'));
    spy.onValidate = (ctx) => alsoPut(ctx, 'dry');
    await rest.ok(201, 'POST', `${CM}?dryRun=All`, cm('u'));
    await rest.ok(200, 'PUT', `${CM}/one?dryRun=All`, cm('one', { data: { a: '2' } }));
    await rest.ok(200, 'DELETE', `${CM}/one?dryRun=All`);
    await rest.ok(201, 'POST', `${PODS}/dry/eviction?dryRun=All`, { metadata: { name: 'dry' } });
    await rest.ok(404, 'GET', `${CM}/dry`);
  });

  it('has the write decided anew from what the client sent, mutating and validating, when it does not hold', async () => {
    for (const [code, method, path, body] of [
      [201, 'POST', CM, cm('anew')],
      [200, 'PUT', `${CM}/anew`, cm('anew', { data: { a: '1' } })],
      [200, 'PATCH', `${CM}/anew`, { data: { a: '2' } }],
      [200, 'DELETE', `${CM}/anew`, undefined],
    ] as const) {
      spy.reset();
      let attempts = 0;
      let ended = 0;
      spy.onAdmit = (ctx, a) => {
        attempts++;
        ctx.afterAttempt(() => ended++);
        ctx.warnings.push(`attempt ${attempts}`);
        // Nothing is left of the attempt before.
        if (a.object !== undefined) {
          const labels = ensureChild(ensureChild(a.object, 'metadata'), 'labels');
          expect(Object.keys(labels)).toEqual(method === 'POST' || method === 'PUT' ? [] : expect.anything());
          labels['attempt'] = String(attempts);
        }
        // The first attempt rests on something that is not so.
        if (attempts === 1) ctx.compares.push({ key: keyOf('one'), modRevision: 1_000_000 });
      };
      const call = method === 'PATCH' ? MERGE : {};
      const answer = await rest.call(method, path, body, call);
      expect(answer).toMatchObject({ status: code, warnings: ['attempt 2'] });
      expect(spy.seen.map((s) => s.phase)).toEqual(['admit', 'validate', 'admit', 'validate']);
      expect(ended).toBe(2);
    }
  });

  it('keeps an object from being deleted on a decision that does not hold any more', async () => {
    await rest.ok(201, 'POST', CM, cm('guarded'));
    await rest.ok(201, 'POST', CM, cm('guard'));
    spy.onValidate = (ctx, a) => {
      if (a.operation !== 'DELETE') return undefined;
      const guard = ctx.reader.stored(keyOf('guard'));
      if (guard === undefined || guard.value.includes('closed')) refuse();
      ctx.compares.push({ key: keyOf('guard'), modRevision: guard?.modRevision ?? 0 });
      // The guard closes when the decision is made and not yet written.
      return rest.ok(200, 'PATCH', `${CM}/guard`, { data: { closed: 'yes' } }, MERGE).then(() => undefined);
    };
    await rest.ok(403, 'DELETE', `${CM}/guarded`);
    spy.reset();
    await rest.ok(200, 'GET', `${CM}/guarded`);
  });
});

describe('subresources', () => {
  it('scale: plugins see and change the Scale', async () => {
    const RS = '/apis/apps/v1/namespaces/default/replicasets';
    const labels = { a: 'b' };
    const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'i' }] } };
    await rest.ok(201, 'POST', RS, {
      metadata: { name: 'rs' },
      spec: { replicas: 1, selector: { matchLabels: labels }, template },
    });
    spy.reset();
    spy.onAdmit = (_ctx, a) => {
      ensureChild(a.object ?? {}, 'spec')['replicas'] = 7;
    };
    const scale = { metadata: { name: 'rs', namespace: 'default' }, spec: { replicas: 5 } };
    await rest.ok(200, 'PUT', `${RS}/rs/scale`, { kind: 'Scale', apiVersion: 'autoscaling/v1', ...scale });
    expect(spy.seen).toMatchObject([
      {
        phase: 'admit',
        operation: 'UPDATE',
        kind: 'autoscaling/v1/Scale',
        subresource: 'scale',
        object: { kind: 'Scale', spec: { replicas: 5 } },
        oldObject: { kind: 'Scale', spec: { replicas: 1 } },
      },
      { phase: 'validate', object: { kind: 'Scale', spec: { replicas: 7 } } },
    ]);
    expect(await rest.ok(200, 'GET', `${RS}/rs`)).toMatchObject({ spec: { replicas: 7 } });
  });

  it('binding: who is refused while validating binds nothing', async () => {
    await rest.ok(201, 'POST', PODS, pod('bound'));
    spy.reset();
    spy.onValidate = refuse;
    const binding = { metadata: { name: 'bound' }, target: { kind: 'Node', name: 'n' } };
    await rest.ok(403, 'POST', `${PODS}/bound/binding`, binding);
    expect(spy.seen[0]).toMatchObject({ operation: 'CREATE', kind: '/v1/Binding', object: { target: { name: 'n' } } });
    expect(child(await rest.ok(200, 'GET', `${PODS}/bound`), 'spec')?.['nodeName']).toBeUndefined();
    spy.onValidate = (ctx) => alsoPut(ctx, 'with-binding');
    await rest.ok(201, 'POST', `${PODS}/bound/binding`, binding);
    const { resourceVersion } = meta(await rest.ok(200, 'GET', `${PODS}/bound`));
    expect(meta(await rest.ok(200, 'GET', `${CM}/with-binding`))['resourceVersion']).toBe(resourceVersion);
  });

  it('eviction: it is admitted, and the deletion that follows is not admitted once more', async () => {
    await rest.ok(201, 'POST', PODS, pod('evicted'));
    spy.reset();
    spy.onValidate = refuse;
    await rest.ok(403, 'POST', `${PODS}/evicted/eviction`, { metadata: { name: 'evicted' } });
    expect(spy.seen.at(-1)).toMatchObject({ operation: 'CREATE', kind: 'policy/v1/Eviction', phase: 'validate' });
    expect(meta(await rest.ok(200, 'GET', `${PODS}/evicted`))['deletionTimestamp']).toBeUndefined();
    spy.reset();
    await rest.ok(201, 'POST', `${PODS}/evicted/eviction`, { metadata: { name: 'evicted' } });
    expect(spy.seen.map((s) => s.operation)).toEqual(['CREATE', 'CREATE']);
    await rest.ok(404, 'GET', `${PODS}/evicted`);
  });

  it('connections: the options are the object, and they are refused before anything is looked for', async () => {
    spy.onValidate = refuse;
    await rest.ok(403, 'POST', `${PODS}/none/exec?command=ls&command=-l&stdout=true&stdin=false`);
    expect(spy.seen[0]).toMatchObject({
      operation: 'CONNECT',
      subresource: 'exec',
      kind: '/v1/PodExecOptions',
      namespace: 'default',
      name: 'none',
      options: undefined,
      oldObject: undefined,
    });
    expect(spy.seen[0]?.object).toEqual({
      kind: 'PodExecOptions',
      apiVersion: 'v1',
      stdout: true,
      command: ['ls', '-l'],
    });
    await rest.ok(403, 'GET', '/api/v1/namespaces/default/services/none/proxy/a/b');
    expect(spy.seen.at(-1)?.object).toEqual({ kind: 'ServiceProxyOptions', apiVersion: 'v1', path: '/a/b' });
    spy.reset();
    await rest.ok(404, 'GET', `${PODS}/none/log`);
    expect(spy.seen).toEqual([]);
  });
});

describe('an eviction and its budget', () => {
  it('are written together, but for a pod that is not what the client takes it for', async () => {
    const PDB = '/apis/policy/v1/namespaces/default/poddisruptionbudgets';
    const labels = { budget: 'x' };
    await rest.ok(201, 'POST', PODS, { ...pod('kept'), metadata: { name: 'kept', labels, finalizers: ['a.b/c'] } });
    const status = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };
    await rest.ok(200, 'PATCH', `${PODS}/kept/status`, { status }, MERGE);
    await rest.ok(201, 'POST', PDB, { metadata: { name: 'b' }, spec: { selector: { matchLabels: labels } } });
    const counts = { disruptionsAllowed: 2, currentHealthy: 1, desiredHealthy: 0, expectedPods: 1 };
    await rest.ok(200, 'PATCH', `${PDB}/b/status`, { status: { ...counts, observedGeneration: 1 } }, MERGE);
    const evict = (deleteOptions: JsonObject = {}): Promise<{ status: number }> =>
      rest.call('POST', `${PODS}/kept/eviction`, { metadata: { name: 'kept' }, deleteOptions });
    expect(await evict({ preconditions: { uid: 'another' } })).toMatchObject({ status: 409 });
    expect(await rest.ok(200, 'GET', `${PDB}/b`)).toMatchObject({ status: { disruptionsAllowed: 1 } });
    expect(await evict()).toMatchObject({ status: 201 });
    expect(await rest.ok(200, 'GET', `${PDB}/b`)).toMatchObject({
      status: { disruptionsAllowed: 0, disruptedPods: { kept: expect.any(String) } },
    });
    expect(await rest.ok(200, 'GET', `${PODS}/kept`)).toMatchObject({
      status: { conditions: expect.arrayContaining([expect.objectContaining({ type: 'DisruptionTarget' })]) },
    });
  });
});
