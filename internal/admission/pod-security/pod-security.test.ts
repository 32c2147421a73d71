import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { str } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import { type Rest, startRest } from '../../rest/write/testing/harness.js';
import { encodeForStorage } from '../../schema/codec/index.js';
import { objectKey } from '../../store/keys.js';
import { storeReader } from '../lookup.js';
import { admissionChain } from '../plugins.js';
import { attributesOf, contextOf } from '../testing/attributes.js';
import type { ObjectReader } from '../types.js';
import { CHECKS } from './checks/index.js';
import { evaluatorOf } from './evaluator.js';
import { LATEST } from './levels.js';
import { namespaceCheck } from './namespaces.js';
import { podsInNamespace } from './pods-in-namespace.js';
import { PREFIX, PRIVILEGED_POLICY } from './policy.js';
import { isSignificantUpdate } from './significant.js';

const MERGE = { contentType: 'application/merge-patch+json' };
const registry = new Registry();
const configuration = {
  path: 'test.yaml',
  object: {
    apiVersion: 'pod-security.admission.config.k8s.io/v1',
    kind: 'PodSecurityConfiguration',
    exemptions: { namespaces: ['exempt'], usernames: ['ann'], runtimeClasses: ['vm'] },
  },
};

let rest: Rest;
beforeAll(async () => {
  const configurations = new Map([['PodSecurity', configuration]]);
  rest = await startRest(1, { admission: admissionChain({ registry, configurations }) });
  for (const [name, labels] of Object.entries({
    strict: { enforce: 'restricted' },
    base: { enforce: 'baseline', warn: 'restricted', 'warn-version': 'v1.22' },
    exempt: { enforce: 'restricted' },
    live: {},
  })) {
    await rest.ok(201, 'POST', '/api/v1/namespaces', namespace(name, labels));
    await rest.ok(201, 'POST', `/api/v1/namespaces/${name}/serviceaccounts`, { metadata: { name: 'default' } });
  }
  await rest.ok(201, 'POST', '/apis/node.k8s.io/v1/runtimeclasses', { metadata: { name: 'vm' }, handler: 'vm' });
});
afterAll(() => rest.close());

const prefixed = (labels: Record<string, string | null>): JsonObject =>
  Object.fromEntries(Object.entries(labels).map(([key, value]) => [PREFIX + key, value]));
const namespace = (name: string, labels: Record<string, string>): JsonObject => ({
  metadata: { name, labels: prefixed(labels) },
});
const pod = (name: string, spec: JsonObject = {}): JsonObject => ({
  metadata: { name },
  spec: { containers: [{ name: 'c', image: 'i' }], ...spec },
});
const create = (where: string, body: JsonObject, user?: string) =>
  rest.call('POST', `/api/v1/namespaces/${where}/pods`, body, user === undefined ? {} : { user });
const label = (name: string, labels: Record<string, string | null>) =>
  rest.call('PATCH', `/api/v1/namespaces/${name}`, { metadata: { labels: prefixed(labels) } }, MERGE);

describe('pods', () => {
  test('are refused for what the enforced level forbids, without warnings beside it', async () => {
    const { status, body, warnings } = await create('base', pod('p', { hostPID: true }));
    expect(status).toBe(403);
    expect(str(body, 'message')).toBe(
      'pods "p" is forbidden: violates PodSecurity "baseline:latest": host namespaces (hostPID=true)',
    );
    expect(warnings).toEqual([]);
  });

  test('with a generated name are called by it', async () => {
    const { body } = await create('strict', { ...pod('x'), metadata: { generateName: 'gen-' } });
    expect(str(body, 'message')).toMatch(/^pods "gen-\w+" is forbidden: violates PodSecurity "restricted:latest"/);
  });

  test('are warned about by version', async () => {
    const { status, warnings } = await create('base', pod('warned'));
    expect(status).toBe(201);
    expect(warnings).toEqual([expect.stringMatching(/^would violate PodSecurity "restricted:v1.22": allowPriv/)]);
  });

  test('are looked at again when a container or an image changes, and only then', async () => {
    await rest.ok(201, 'POST', '/api/v1/namespaces/live/pods', pod('host', { hostNetwork: true }));
    expect((await label('live', { enforce: 'baseline' })).status).toBe(200);
    const change = (body: JsonObject, sub = '') =>
      rest.call('PATCH', `/api/v1/namespaces/live/pods/host${sub}`, body, {
        contentType: 'application/strategic-merge-patch+json',
      });
    expect((await change({ metadata: { labels: { a: 'b' } } })).status).toBe(200);
    expect((await change({ status: { phase: 'Running' } }, '/status')).status).toBe(200);
    expect((await change({ spec: { containers: [{ name: 'c', image: 'j' }] } })).status).toBe(403);
    const debug = { spec: { ephemeralContainers: [{ name: 'e', image: 'i' }] } };
    expect((await change(debug, '/ephemeralcontainers')).status).toBe(403);
    expect((await label('live', { enforce: null })).status).toBe(200);
  });

  test('are not looked at in exempt namespaces, of exempt users and runtime classes', async () => {
    expect((await create('exempt', pod('p', { hostPID: true }))).status).toBe(201);
    expect((await create('strict', pod('of-ann', { hostPID: true }), 'ann')).status).toBe(201);
    expect((await create('strict', pod('of-vm', { hostPID: true, runtimeClassName: 'vm' }))).status).toBe(201);
    expect((await create('strict', pod('of-bob', { hostPID: true }), 'bob')).status).toBe(403);
  });
});

describe('what makes pods', () => {
  const template = { metadata: { labels: { a: 'b' } }, spec: { ...(pod('t')['spec'] as JsonObject), hostPID: true } };
  const selector = { matchLabels: { a: 'b' } };
  const KINDS: readonly (readonly [string, JsonObject])[] = [
    ['/apis/apps/v1/namespaces/base/deployments', { selector, template }],
    ['/apis/apps/v1/namespaces/base/replicasets', { selector, template }],
    ['/apis/apps/v1/namespaces/base/daemonsets', { selector, template }],
    ['/apis/apps/v1/namespaces/base/statefulsets', { selector, template, serviceName: 's' }],
    ['/api/v1/namespaces/base/replicationcontrollers', { selector: { a: 'b' }, template }],
    [
      '/apis/batch/v1/namespaces/base/jobs',
      { template: { spec: { ...(template.spec as JsonObject), restartPolicy: 'Never' } } },
    ],
    [
      '/apis/batch/v1/namespaces/base/cronjobs',
      {
        schedule: '* * * * *',
        jobTemplate: {
          spec: { template: { spec: { ...(template.spec as JsonObject), restartPolicy: 'Never' } } },
        },
      },
    ],
  ];
  test.each(KINDS)('%s is warned about and made', async (path, spec) => {
    const { status, warnings } = await rest.call('POST', `${path}?dryRun=All`, { metadata: { name: 'w' }, spec });
    expect(status).toBe(201);
    expect(warnings).toEqual([
      expect.stringMatching(/^would violate PodSecurity "restricted:v1.22": host namespaces \(hostPID=true\), allow/),
    ]);
  });
  test('a PodTemplate is too', async () => {
    const path = '/api/v1/namespaces/base/podtemplates';
    const { warnings } = await rest.call('POST', path, { metadata: { name: 'w' }, template });
    expect(warnings).toEqual([expect.stringContaining('host namespaces (hostPID=true)')]);
  });
});

describe('namespaces', () => {
  test('have labels that can be read, except those that were there already', async () => {
    const made = await rest.call('POST', '/api/v1/namespaces', namespace('wrong', { enforce: 'nope' }));
    expect(made.status).toBe(422);
    expect(str(made.body, 'message')).toBe(
      'Namespace "wrong" is invalid: metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: "nope": must be one of privileged, baseline, restricted',
    );
    expect((await label('other', { 'warn-version': '1.2' })).status).toBe(422);
  });

  test('that become stricter tell about the pods that are there, by their faults', async () => {
    const host = { hostNetwork: true };
    for (const [name, spec] of [
      ['a', host],
      ['b', { ...host, hostPID: true }],
      ['d', host],
      ['e', {}],
    ] as const) {
      await rest.ok(201, 'POST', '/api/v1/namespaces/other/pods', pod(name, spec));
    }
    const { status, warnings } = await label('other', { enforce: 'baseline' });
    expect(status).toBe(200);
    expect(warnings).toEqual([
      'existing pods in namespace "other" violate the new PodSecurity enforce level "baseline:latest"',
      'a (and 2 other pods): host namespaces',
    ]);
    expect((await label('other', { audit: 'restricted' })).warnings).toEqual([]);
    expect((await label('other', { enforce: 'privileged' })).warnings).toEqual([]);
  });

  test('that are exempt are told that their labels mean nothing', async () => {
    const { warnings } = await label('exempt', { 'enforce-version': 'v1.2' });
    expect(warnings).toEqual([
      'namespace "exempt" is exempt from Pod Security, and the policy (enforce=restricted:v1.2) will be ignored',
    ]);
  });
});

describe('pods of a namespace', () => {
  const evaluate = evaluatorOf(CHECKS);
  const enforce = { level: 'baseline', version: LATEST } as const;
  const check = (more: { maxPods?: number; maxMs?: number }) =>
    podsInNamespace(storeReader(rest.deps.backend), 'crowd', enforce, { evaluate, isExempt: () => false, ...more });

  test('are looked at within bounds, copies last', async () => {
    await rest.ok(201, 'POST', '/api/v1/namespaces', { metadata: { name: 'crowd' } });
    await rest.ok(201, 'POST', '/api/v1/namespaces/crowd/serviceaccounts', { metadata: { name: 'default' } });
    const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'r', uid: 'u-1', controller: true };
    for (const name of ['a', 'b', 'c']) {
      const copy = { ...pod(name, { hostPID: true }), metadata: { name, ownerReferences: [owner] } };
      await rest.ok(201, 'POST', '/api/v1/namespaces/crowd/pods', copy);
    }
    await rest.ok(201, 'POST', '/api/v1/namespaces/crowd/pods', pod('z', { hostIPC: true }));
    const head = 'existing pods in namespace "crowd" violate the new PodSecurity enforce level "baseline:latest"';
    const partly = (n: number): string =>
      `new PodSecurity enforce level only checked against the first ${n} of 4 existing pods`;
    expect(await check({})).toEqual([head, 'a (and 3 other pods): host namespaces']);
    expect(await check({ maxPods: 2 })).toEqual([partly(2), head, 'a (and 1 other pod): host namespaces']);
    expect(await check({ maxMs: -1 })).toEqual([partly(1), head, 'a: host namespaces']);
  });
});

test('evaluations, exemptions and errors are counted under the names of kube-apiserver', async () => {
  const text = await registry.metrics();
  expect(text).toMatch(
    /pod_security_evaluations_total\{decision="deny",policy_level="baseline",policy_version="latest",mode="enforce",request_operation="create",resource="pod",subresource=""\} \d/,
  );
  expect(text).toMatch(
    /decision="deny",policy_level="restricted",policy_version="v1.22",mode="warn",request_operation="create",resource="controller"/,
  );
  expect(text).toMatch(
    /pod_security_exemptions_total\{request_operation="create",resource="pod",subresource=""\} [3-9]/,
  );
});

describe('what is told beside the answer', () => {
  const noted = async (
    method: string,
    path: string,
    body: JsonObject,
    call: { user?: string; contentType?: string } = {},
  ) => {
    const notes: Record<string, string> = {};
    const { status } = await rest.call(method, path, body, {
      ...call,
      annotate: (key, value) => (notes[key.replace(PREFIX, '')] = value),
    });
    return { status, notes };
  };
  const pods = (where: string): string => `/api/v1/namespaces/${where}/pods`;
  beforeAll(async () => {
    for (const [name, labels] of Object.entries({
      audited: { audit: 'baseline' },
      future: { enforce: 'baseline', 'enforce-version': 'v1.99' },
    })) {
      await rest.ok(201, 'POST', '/api/v1/namespaces', namespace(name, labels));
      await rest.ok(201, 'POST', `/api/v1/namespaces/${name}/serviceaccounts`, { metadata: { name: 'default' } });
    }
  });

  test.each<[string, string, JsonObject, string | undefined, number, Record<string, string>]>([
    ['what is enforced', 'base', {}, undefined, 201, { 'enforce-policy': 'baseline:latest' }],
    [
      'what is enforced where it is refused',
      'base',
      { hostPID: true },
      undefined,
      403,
      { 'enforce-policy': 'baseline:latest' },
    ],
    ['that nothing is', 'default', { hostPID: true }, undefined, 201, { 'enforce-policy': 'privileged:latest' }],
    [
      'what would be violated',
      'audited',
      { hostPID: true },
      undefined,
      201,
      {
        'enforce-policy': 'privileged:latest',
        'audit-violations': 'would violate PodSecurity "baseline:latest": host namespaces (hostPID=true)',
      },
    ],
    ['exempt namespaces', 'exempt', { hostPID: true }, undefined, 201, { exempt: 'namespace' }],
    ['exempt users', 'strict', { hostPID: true }, 'ann', 201, { exempt: 'user' }],
    ['exempt runtime classes', 'strict', { runtimeClassName: 'vm' }, undefined, 201, { exempt: 'runtimeClass' }],
  ])('audit events tell %s', async (_what, where, spec, user, status, notes) => {
    expect(
      await noted('POST', `${pods(where)}?dryRun=All`, pod('noted', spec), user === undefined ? {} : { user }),
    ).toEqual({ status, notes });
  });

  test('a template is audited and enforced by nobody', async () => {
    const template = { spec: pod('t', { hostPID: true })['spec'] as JsonObject };
    const path = '/api/v1/namespaces/audited/podtemplates?dryRun=All';
    expect(await noted('POST', path, { metadata: { name: 't' }, template })).toEqual({
      status: 201,
      notes: { 'audit-violations': 'would violate PodSecurity "baseline:latest": host namespaces (hostPID=true)' },
    });
    expect(await noted('POST', path, { metadata: { name: 't' }, template }, { user: 'ann' })).toMatchObject({
      notes: { exempt: 'user' },
    });
  });

  test('versions to come are counted as one, those that are known by their names', async () => {
    await noted('POST', `${pods('future')}?dryRun=All`, pod('p'));
    const text = await registry.metrics();
    const counted = (labels: string) => expect(text).toMatch(new RegExp(`${labels}\\} [1-9]`));
    counted(
      'decision="allow",policy_level="baseline",policy_version="future",mode="enforce",request_operation="create",resource="pod",subresource=""',
    );
    counted(
      'decision="allow",policy_level="privileged",policy_version="latest",mode="enforce",request_operation="create",resource="pod",subresource=""',
    );
    counted(
      'decision="deny",policy_level="baseline",policy_version="latest",mode="audit",request_operation="create",resource="controller",subresource=""',
    );
    counted('pod_security_exemptions_total\\{request_operation="create",resource="controller",subresource=""');
    expect(text).toContain(
      'pod_security_evaluations_total{decision="allow",policy_level="privileged",policy_version="latest",mode="enforce",request_operation="update",resource="pod",subresource=""} ',
    );
  });

  test('labels that cannot be read are told, and the most is enforced', async () => {
    // They were there before anybody looked: with the plugin nobody writes them.
    const stored = rest.deps.backend.get(objectKey('', 'namespaces', '', 'future'));
    const wrong = JSON.parse(stored?.value.toString().replace('"v1.99"', '"v1.x"') ?? '{}') as JsonObject;
    const op = { type: 'put', key: stored?.key ?? '', ...encodeForStorage(wrong) } as const;
    await rest.deps.backend.txn({ compares: [], ops: [op] });
    expect(await noted('POST', `${pods('future')}?dryRun=All`, pod('p'))).toMatchObject({
      notes: {
        error: `Failed to parse policy: metadata.labels[${PREFIX}enforce-version]: Invalid value: "v1.x": must be "latest" or "v1.x"`,
      },
    });
    expect(await registry.metrics()).toMatch(
      /pod_security_errors_total\{fatal="false",request_operation="create",resource="pod",subresource=""\} [1-9]/,
    );
    // What could not be read before may stay.
    await rest.ok(200, 'PATCH', '/api/v1/namespaces/future', { metadata: { labels: { a: 'b' } } }, MERGE);
  });

  test('the subresources of a pod that bring no other pod are not looked at', async () => {
    await rest.ok(201, 'POST', pods('live'), pod('sub', { hostNetwork: true }));
    expect((await label('live', { enforce: 'baseline' })).status).toBe(200);
    await rest.ok(201, 'POST', `${pods('live')}/sub/binding`, { metadata: { name: 'sub' }, target: { name: 'n' } });
    await rest.ok(201, 'POST', `${pods('live')}/sub/eviction`, { metadata: { name: 'sub' } });
    expect((await label('live', { enforce: null })).status).toBe(200);
  });
});

describe('a change of a pod', () => {
  const of = (spec: JsonObject): JsonObject => ({ spec });
  const [c, d] = [
    { name: 'c', image: 'i' },
    { name: 'd', image: 'i' },
  ];
  test.each<[string, JsonObject, JsonObject, boolean]>([
    ['of nothing', { containers: [c] }, { containers: [c] }, false],
    ['of a name', { containers: [c] }, { containers: [d] }, false],
    ['of an image', { containers: [c] }, { containers: [{ ...c, image: 'j' }] }, true],
    ['of the image of an init container', { initContainers: [c] }, { initContainers: [{ ...c, image: 'j' }] }, true],
    ['of how many containers there are', { containers: [c] }, { containers: [c, d] }, true],
    ['of how many init containers there are', { initContainers: [c, d] }, { initContainers: [c] }, true],
    ['of what runs beside for a time', { ephemeralContainers: [c] }, { ephemeralContainers: [c] }, false],
    ['of the image of that', { ephemeralContainers: [c] }, { ephemeralContainers: [{ ...c, image: 'j' }] }, true],
    ['by one more of that', { ephemeralContainers: [c] }, { ephemeralContainers: [c, d] }, true],
    ['by one less of that', { ephemeralContainers: [c, d] }, { ephemeralContainers: [d] }, false],
    [
      'of the place of that',
      { ephemeralContainers: [c, { ...d, image: 'j' }] },
      { ephemeralContainers: [{ ...d, image: 'j' }, c] },
      false,
    ],
  ])('%s: %j to %j', (_what, old, now, expected) => {
    expect(isSignificantUpdate(of(now), of(old))).toBe(expected);
  });
});

describe('a namespace that changes', () => {
  test('tells of pods only where it becomes stricter, or the version another', async () => {
    await rest.ok(201, 'POST', '/api/v1/namespaces', { metadata: { name: 'turns' } });
    await rest.ok(201, 'POST', '/api/v1/namespaces/turns/serviceaccounts', { metadata: { name: 'default' } });
    await rest.ok(201, 'POST', '/api/v1/namespaces/turns/pods', pod('p', { hostPID: true }));
    const told = async (labels: Record<string, string | null>): Promise<number> =>
      (await label('turns', labels)).warnings.length;
    expect(await told({ enforce: 'restricted' })).toBe(2);
    expect(await told({ enforce: 'baseline' })).toBe(0);
    expect(await told({ 'enforce-version': 'v1.20' })).toBe(2);
    expect(await told({ 'enforce-version': 'v1.20', warn: 'restricted' })).toBe(0);
    expect(await told({ enforce: 'privileged' })).toBe(0);
    // What is not of the labels is no change of them.
    const status = await rest.call(
      'PATCH',
      '/api/v1/namespaces/turns/status',
      { metadata: { labels: { a: 'b' } } },
      MERGE,
    );
    expect(status.warnings).toEqual([]);
  });

  test('that is exempt is told of each mode that its labels ask for, and of none that they do not', async () => {
    expect(
      (await label('exempt', { audit: 'baseline', 'warn-version': 'v1.30', 'enforce-version': 'v1.3' })).warnings,
    ).toEqual([
      'namespace "exempt" is exempt from Pod Security, and the policy (enforce=restricted:v1.3, audit=baseline:latest, warn=restricted:v1.30) will be ignored',
    ]);
    expect((await label('exempt', { enforce: 'privileged', audit: null })).warnings).toEqual([]);
  });
});

describe('what nobody need be told', () => {
  const careful = {
    allowPrivilegeEscalation: false,
    runAsNonRoot: true,
    seccompProfile: { type: 'RuntimeDefault' },
    capabilities: { drop: ['ALL'] },
  };
  const spec = { containers: [{ name: 'c', image: 'i', securityContext: careful }] };

  test('of pods that no level forbids, and of the status of what makes pods', async () => {
    const { status, warnings } = await create('base', pod('careful', spec));
    expect([status, warnings]).toEqual([201, []]);
    const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
    const at = '/api/v1/namespaces/base/replicationcontrollers';
    const made = await rest.call('POST', at, { metadata: { name: 'rc' }, spec: { selector: { a: 'b' }, template } });
    expect([made.status, made.warnings.length]).toEqual([201, 1]);
    const update = await rest.call('PATCH', `${at}/rc/status`, { status: { observedGeneration: 1 } }, MERGE);
    expect([update.status, update.warnings]).toEqual([200, []]);
  });

  test('of labels in exempt namespaces that say what holds anyhow; of others when the namespace is made', async () => {
    const check = namespaceCheck({
      defaults: { ...PRIVILEGED_POLICY, enforce: { level: 'baseline', version: LATEST } },
      exempt: { usernames: new Set(), namespaces: new Set(['n']), runtimeClasses: new Set() },
      evaluate: evaluatorOf(CHECKS),
      isExemptClass: () => false,
    });
    const told = async (name: string, labels: Record<string, string>): Promise<string[]> => {
      const ctx = contextOf();
      await check(ctx, attributesOf('namespaces', { object: namespace(name, labels) }));
      return ctx.warnings;
    };
    expect(await told('n', { enforce: 'baseline', warn: 'privileged' })).toEqual([]);
    expect(await told('n', { enforce: 'restricted' })).toEqual([
      'namespace "n" is exempt from Pod Security, and the policy (enforce=restricted:latest) will be ignored',
    ]);
    expect(await told('n', { enforce: 'privileged' })).toEqual([]);
    expect(await told('m', { enforce: 'restricted' })).toEqual([]);
  });
});

test('pods that only belong to somebody are looked at like those of nobody, copies of one controller last', async () => {
  const stored = (name: string, owner?: JsonObject) => {
    const ownerReferences = owner === undefined ? [] : [{ uid: 'u', ...owner }];
    const value = Buffer.from(JSON.stringify({ metadata: { name, ownerReferences }, spec: { hostPID: true } }));
    return { key: name, value, modRevision: 1 };
  };
  const first = async (maxPods: number, ...pods: ReturnType<typeof stored>[]): Promise<string[]> => {
    const reader = {
      pages: () => [pods],
      stored: (key: string) => pods.find((one) => one.key === key),
      count: () => pods.length,
    } as unknown as ObjectReader;
    const parts = { evaluate: evaluatorOf(CHECKS), isExempt: () => false, maxPods };
    return podsInNamespace(reader, 'n', { level: 'baseline', version: LATEST }, parts);
  };
  const controller = { controller: true };
  expect((await first(2, stored('c', controller), stored('b', controller), stored('a'))).at(-1)).toBe(
    'a (and 1 other pod): host namespaces',
  );
  expect((await first(2, stored('c', {}), stored('b', {}), stored('a'))).at(-1)).toBe(
    'b (and 1 other pod): host namespaces',
  );
  expect((await first(3, stored('c', controller), stored('b', controller), stored('a'))).at(-1)).toBe(
    'a (and 2 other pods): host namespaces',
  );
});
