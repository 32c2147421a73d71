import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../machinery/json.js';
import { meta, type Rest, startRest } from './testing/harness.js';

let rest: Rest;
beforeAll(async () => {
  rest = await startRest();
});
afterAll(() => rest.close());

const CM = '/api/v1/namespaces/default/configmaps';
const DEPLOY = '/apis/apps/v1/namespaces/default/deployments';
const MERGE = { contentType: 'application/merge-patch+json' };
const cm = (name: string, more: JsonObject = {}): JsonObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data: { a: '1' },
  ...more,
});
const deployment = (name: string): JsonObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: {
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
  },
});

describe('create', () => {
  it('gives the object its identity and answers 201 with what is stored', async () => {
    const made = await rest.ok(201, 'POST', CM, cm('made'));
    expect(meta(made)).toMatchObject({ name: 'made', namespace: 'default' });
    expect(meta(made)['uid']).toMatch(/^[0-9a-f-]{36}$/);
    expect(meta(made)['creationTimestamp']).toMatch(/^\d{4}-.*Z$/);
    expect(await rest.ok(200, 'GET', `${CM}/made`)).toEqual(made);
  });
  it('generates names, one after another', async () => {
    const names = await Promise.all(
      Array.from(
        { length: 20 },
        async () => meta(await rest.ok(201, 'POST', CM, cm('', { metadata: { generateName: 'gen-' } })))['name'],
      ),
    );
    expect(new Set(names).size).toBe(20);
    for (const n of names) expect(n).toMatch(/^gen-[a-z0-9]{5}$/);
  });
  it('refuses what exists, what has no name, a wrong namespace, and a namespace that is not there', async () => {
    await rest.ok(201, 'POST', CM, cm('twice'));
    expect(await rest.ok(409, 'POST', CM, cm('twice'))).toMatchObject({
      reason: 'AlreadyExists',
      message: 'configmaps "twice" already exists',
    });
    expect(await rest.ok(422, 'POST', CM, cm('', { metadata: {} }))).toMatchObject({
      message: 'ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required',
    });
    expect(await rest.ok(400, 'POST', CM, cm('x', { metadata: { name: 'x', namespace: 'other' } }))).toMatchObject({
      message: 'the namespace of the provided object does not match the namespace sent on the request',
    });
    expect(await rest.ok(404, 'POST', '/api/v1/namespaces/absent/configmaps', cm('x'))).toMatchObject({
      message: 'namespaces "absent" not found',
    });
    expect(await rest.ok(500, 'POST', CM, cm('x', { metadata: { name: 'x', resourceVersion: '5' } }))).toMatchObject({
      message: 'resourceVersion should not be set on objects to be created',
    });
  });
  it('leaves no trace on a dry run, and still refuses what a real one would', async () => {
    const before = rest.deps.backend.revision;
    const dry = await rest.ok(201, 'POST', `${CM}?dryRun=All`, cm('dry'));
    expect(meta(dry)['resourceVersion']).toBeUndefined();
    expect(rest.deps.backend.revision).toBe(before);
    await rest.ok(404, 'GET', `${CM}/dry`);
    await rest.ok(409, 'POST', `${CM}?dryRun=All`, cm('made'));
    expect(await rest.ok(422, 'POST', `${CM}?dryRun=Some`, cm('dry'))).toMatchObject({
      message: 'CreateOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: ["Some"]: supported values: "All"',
    });
  });
  it('drops repeated owners with a warning', async () => {
    const owner = { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u' };
    const got = await rest.call(
      'POST',
      CM,
      cm('owned', { metadata: { name: 'owned', ownerReferences: [owner, owner] } }),
    );
    expect(got.status).toBe(201);
    expect(meta(got.body)['ownerReferences']).toEqual([owner]);
    expect(got.warnings[0]).toContain('duplicate UID(s) observed: u');
  });
});

describe('update', () => {
  it('writes when something changed, and not when nothing did', async () => {
    const made = await rest.ok(201, 'POST', CM, cm('up'));
    const same = await rest.ok(200, 'PUT', `${CM}/up`, made);
    expect(meta(same)['resourceVersion']).toBe(meta(made)['resourceVersion']);
    const changed = await rest.ok(200, 'PUT', `${CM}/up`, { ...made, data: { a: '2' } });
    expect(Number(meta(changed)['resourceVersion'])).toBeGreaterThan(Number(meta(made)['resourceVersion']));
    expect(await rest.ok(409, 'PUT', `${CM}/up`, { ...made, data: { a: '3' } })).toMatchObject({
      message:
        'Operation cannot be fulfilled on configmaps "up": the object has been modified; please apply your changes to the latest version and try again',
    });
    // Without a resourceVersion the last writer wins, where the kind allows it.
    await rest.ok(200, 'PUT', `${CM}/up`, cm('up', { data: { a: '4' } }));
  });
  it('asks for a resourceVersion where the kind must have one', async () => {
    const path = '/apis/node.k8s.io/v1/runtimeclasses';
    const rc = { apiVersion: 'node.k8s.io/v1', kind: 'RuntimeClass', metadata: { name: 'rc' }, handler: 'h' };
    await rest.ok(201, 'POST', path, rc);
    expect(await rest.ok(422, 'PUT', `${path}/rc`, rc)).toMatchObject({
      message:
        'runtimeclasses.node.k8s.io "rc" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update',
    });
  });
  it('names what is wrong with metadata as often as kube-apiserver comes upon it, by kind', async () => {
    await rest.ok(201, 'POST', CM, cm('often'));
    await rest.ok(201, 'POST', DEPLOY, deployment('often'));
    const bad = { metadata: { labels: { a: 'no blank ' } } };
    const causesOf = async (path: string): Promise<unknown> =>
      ((await rest.ok(422, 'PATCH', path, bad, MERGE)) as { details: { causes: unknown[] } }).details.causes.length;
    expect(await causesOf(`${CM}/often`)).toBe(4);
    expect(await causesOf('/api/v1/namespaces/default')).toBe(4);
    expect(await causesOf(`${DEPLOY}/often`)).toBe(3);
  });
  it('takes finalizers without a domain where only the core rules refuse them', async () => {
    const finalizers = ['plain'];
    const lease = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name: 'f', finalizers },
      spec: {},
    };
    await rest.ok(201, 'POST', '/apis/coordination.k8s.io/v1/namespaces/default/leases', lease);
    const refused = await rest.ok(422, 'POST', CM, cm('f', { metadata: { name: 'f', finalizers } }));
    expect(refused['message']).toContain('name is neither a standard finalizer name nor is it fully qualified');
  });
  it('creates only kinds that may be created by an update', async () => {
    await rest.ok(404, 'PUT', `${CM}/nowhere`, cm('nowhere'));
    const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'l' }, spec: {} };
    await rest.ok(201, 'PUT', '/apis/coordination.k8s.io/v1/namespaces/default/leases/l', lease);
    const rc = { apiVersion: 'node.k8s.io/v1', kind: 'RuntimeClass', metadata: { name: 'put' }, handler: 'h' };
    await rest.ok(201, 'PUT', '/apis/node.k8s.io/v1/runtimeclasses/put', rc);
  });
  it('compares name, namespace and uid with what is there', async () => {
    await rest.ok(400, 'PUT', `${CM}/up`, cm('down'));
    const elsewhere = cm('down', { metadata: { name: 'down', namespace: 'kube-system' } });
    expect(await rest.ok(400, 'PUT', `${CM}/up`, elsewhere)).toMatchObject({
      message: 'the namespace of the provided object does not match the namespace sent on the request',
    });
    expect(await rest.ok(409, 'PUT', `${CM}/up`, cm('up', { metadata: { name: 'up', uid: 'x' } }))).toMatchObject({
      reason: 'Conflict',
    });
    expect(await rest.ok(422, 'PATCH', `${CM}/up`, { metadata: { uid: 'x' } }, MERGE)).toMatchObject({
      reason: 'Invalid',
    });
  });
  it('counts a generation for the spec and none for labels or status', async () => {
    const made = await rest.ok(201, 'POST', DEPLOY, deployment('gen'));
    expect(meta(made)['generation']).toBe(1);
    const labelled = await rest.ok(200, 'PATCH', `${DEPLOY}/gen`, { metadata: { labels: { x: 'y' } } }, MERGE);
    expect(meta(labelled)['generation']).toBe(1);
    const scaled = await rest.ok(200, 'PATCH', `${DEPLOY}/gen`, { spec: { replicas: 3 } }, MERGE);
    expect(meta(scaled)['generation']).toBe(2);
    const status = await rest.ok(
      200,
      'PATCH',
      `${DEPLOY}/gen/status`,
      { spec: { replicas: 9 }, status: { replicas: 3 } },
      MERGE,
    );
    expect(status).toMatchObject({ metadata: { generation: 2 }, spec: { replicas: 3 }, status: { replicas: 3 } });
    const main = await rest.ok(200, 'PATCH', `${DEPLOY}/gen`, { status: { replicas: 7 } }, MERGE);
    expect(main).toMatchObject({ status: { replicas: 3 } });
    expect(meta(main)['resourceVersion']).toBe(meta(status)['resourceVersion']);
  });
});

describe('patch', () => {
  it('applies to whatever is there: concurrent patches all take effect', async () => {
    await rest.ok(201, 'POST', CM, cm('many'));
    await Promise.all(
      Array.from({ length: 24 }, (_, i) => rest.ok(200, 'PATCH', `${CM}/many`, { data: { [`k${i}`]: 'v' } }, MERGE)),
    );
    const got = await rest.ok(200, 'GET', `${CM}/many`);
    expect(Object.keys(got['data'] as object)).toHaveLength(25);
  });
  it('answers conflict when the patch itself names a stale version', async () => {
    await rest.ok(201, 'POST', CM, cm('stale'));
    await rest.ok(409, 'PATCH', `${CM}/stale`, { metadata: { resourceVersion: '1' }, data: { a: '9' } }, MERGE);
  });
  it('says 415, 400, 422 and 404 as kube-apiserver', async () => {
    await rest.ok(201, 'POST', CM, cm('bad'));
    expect(await rest.ok(415, 'PATCH', `${CM}/bad`, 'x', { contentType: 'text/plain' })).toMatchObject({
      message: '415: Unsupported Media Type',
    });
    expect(await rest.ok(400, 'PATCH', `${CM}/bad`, '{bad', MERGE)).toMatchObject({
      message: "error decoding patch: invalid character 'b' looking for beginning of object key string",
    });
    const json = { contentType: 'application/json-patch+json' };
    await rest.ok(422, 'PATCH', `${CM}/bad`, [{ op: 'test', path: '/data/a', value: 'no' }], json);
    expect(await rest.ok(422, 'PATCH', `${CM}/bad`, { data: 5 }, MERGE)).toMatchObject({ reason: 'Invalid' });
    const strategic = { contentType: 'application/strategic-merge-patch+json' };
    expect(await rest.ok(422, 'PATCH', `${CM}/bad`, { data: 'x' }, strategic)).toMatchObject({
      message: ' "" is invalid: patch: Invalid value: "map[data:x]": cannot restore map from string',
    });
    await rest.ok(404, 'PATCH', `${CM}/absent`, {}, MERGE);
    expect(await rest.ok(422, 'PATCH', `${CM}/bad?force=true`, {}, MERGE)).toMatchObject({
      message: 'PatchOptions.meta.k8s.io "" is invalid: force: Forbidden: may not be specified for non-apply patch',
    });
  });
  it('answers 500 for an applied value that its type cannot hold, and for a fraction in a strategic merge 422', async () => {
    const apply = { contentType: 'application/apply-patch+yaml' };
    const applied = cm('unfit', { data: {}, binaryData: { a: '!!' } });
    expect(await rest.ok(500, 'PATCH', `${CM}/unfit?fieldManager=me`, applied, apply)).toMatchObject({
      message:
        'failed to convert new object (/unfit; /v1, Kind=ConfigMap) to proper version: unable to convert unstructured ' +
        'object to /v1, Kind=ConfigMap: error decoding from json: illegal base64 data at input byte 0',
    });
    await rest.ok(201, 'POST', DEPLOY, deployment('half'));
    const half = { contentType: 'application/strategic-merge-patch+json' };
    expect(await rest.ok(422, 'PATCH', `${DEPLOY}/half`, { spec: { replicas: 1.5 } }, half)).toMatchObject({
      message: ' "" is invalid: patch: Invalid value: "map[spec:map[replicas:1.5]]": cannot convert float64 to int32',
    });
  });
  it('scales, and records who did', async () => {
    await rest.ok(201, 'POST', DEPLOY, deployment('sc'));
    const scale = await rest.ok(200, 'PATCH', `${DEPLOY}/sc/scale?fieldManager=hpa`, { spec: { replicas: 4 } }, MERGE);
    expect(scale).toMatchObject({ kind: 'Scale', spec: { replicas: 4 }, status: { selector: 'app=sc' } });
    const got = await rest.ok(200, 'GET', `${DEPLOY}/sc`);
    expect(got).toMatchObject({ spec: { replicas: 4 }, metadata: { generation: 2 } });
    expect(JSON.stringify(meta(got)['managedFields'])).toContain('"manager":"hpa"');
    const put = {
      kind: 'Scale',
      apiVersion: 'autoscaling/v1',
      metadata: { name: 'sc', namespace: 'default' },
      spec: { replicas: -1 },
    };
    expect(await rest.ok(422, 'PUT', `${DEPLOY}/sc/scale`, put)).toMatchObject({
      message:
        'Scale.autoscaling "sc" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0',
    });
    await rest.ok(404, 'PUT', `${DEPLOY}/none/scale`, { ...put, metadata: { name: 'none' }, spec: { replicas: 1 } });
  });
});
