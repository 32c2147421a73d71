import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Attributes } from '../../auth/types.js';
import type { JsonObject } from '../../machinery/json.js';
import { type Rest, startRest } from '../../rest/write/testing/harness.js';
import { bindingOf, configMaps, POLICIES, VALIDATING } from './testing/policies.js';

const CM = '/api/v1/namespaces/default/configmaps';

let rest: Rest;
/** What the authorizer was asked; it answers later, and allows only to list pods. */
const asked: Attributes[] = [];
beforeAll(async () => {
  rest = await startRest(1, {
    authorizer: {
      authorize: async (a) => {
        asked.push(a);
        await new Promise((resolve) => setImmediate(resolve));
        const allowed = a.verb === 'list' && a.resource === 'pods';
        return { decision: allowed ? 'allow' : 'noOpinion', reason: allowed ? '' : 'no rule' };
      },
    },
  });
});
afterAll(() => rest.close());

let made = 0;
/** Makes a policy about ConfigMaps with a label of its own, and bindings; answers how to make such a ConfigMap. */
async function policy(
  spec: JsonObject,
  ...bindings: readonly JsonObject[]
): Promise<{ name: string; create: (more?: JsonObject, query?: string) => ReturnType<Rest['call']> }> {
  const name = `p${++made}`;
  await rest.ok(201, 'POST', `${POLICIES}/${VALIDATING}policies`, {
    metadata: { name },
    spec: { matchConstraints: configMaps(name), ...spec },
  });
  for (const [i, binding] of (bindings.length === 0 ? [{}] : bindings).entries()) {
    await rest.ok(201, 'POST', `${POLICIES}/${VALIDATING}policybindings`, {
      metadata: { name: i === 0 ? name : `${name}-${i}` },
      spec: { ...bindingOf(name), validationActions: ['Deny'], ...binding },
    });
  }
  let objects = 0;
  return {
    name,
    create: (more = {}, query = '') =>
      rest.call('POST', `${CM}${query}`, {
        metadata: { name: `${name}-${++objects}`, labels: { policy: name } },
        data: { a: '1' },
        ...more,
      }),
  };
}
const denied = async (p: Awaited<ReturnType<typeof policy>>, more?: JsonObject): Promise<string> => {
  const { body } = await p.create(more);
  const message = typeof body['message'] === 'string' ? body['message'] : '';
  return message.replace(/^.* denied request: /s, '');
};

describe('a validating policy', () => {
  it('denies in the words of kube-apiserver, at the next request', async () => {
    const p = await policy({ validations: [{ expression: "object.data.a != '1'" }] });
    const { status, body } = await p.create();
    const why = `ValidatingAdmissionPolicy '${p.name}' with binding '${p.name}' denied request: failed expression: object.data.a != '1'`;
    expect(status).toBe(422);
    expect(body).toMatchObject({
      reason: 'Invalid',
      message: `configmaps "${p.name}-1" is forbidden: ${why}`,
      details: { name: `${p.name}-1`, kind: 'configmaps', causes: [{ message: why }] },
    });
    expect((await p.create({ data: { a: '2' } })).status).toBe(201);
    await rest.ok(200, 'DELETE', `${POLICIES}/${VALIDATING}policybindings/${p.name}`);
    expect((await p.create()).status).toBe(201);
  });
  it('answers with the code of its reason, but not for what fails to be evaluated', async () => {
    const forbids = await policy({ validations: [{ expression: 'false', reason: 'Forbidden' }] });
    expect((await forbids.create()).status).toBe(403);
    const tooLarge = await policy({ validations: [{ expression: 'false', reason: 'RequestEntityTooLarge' }] });
    expect((await tooLarge.create()).status).toBe(413);
    const fails = await policy({ validations: [{ expression: 'object.nope == 1', reason: 'Forbidden' }] });
    expect((await fails.create()).status).toBe(422);
  });
  it('says what an expression makes of its message, and what else when that will not do', async () => {
    const message = (messageExpression: string): Promise<string> =>
      policy({ validations: [{ expression: 'false', message: 'fixed', messageExpression }] }).then((p) => denied(p));
    expect(await message("'a is ' + object.data.a")).toBe('a is 1');
    expect(await message("' '")).toBe('fixed');
    expect(await message("'two\\nlines'")).toBe('fixed');
    expect(await message('string(object.nope)')).toBe('fixed');
    expect(await message("lists.range(513).map(i, '0123456789').join('')")).toBe('fixed');
  });
  it('is not asked where a match condition is false, whatever errors others have', async () => {
    const conditions = (...expressions: string[]): JsonObject => ({
      validations: [{ expression: 'false', message: 'asked' }],
      matchConditions: expressions.map((expression, i) => ({ name: `c${i}`, expression })),
    });
    expect((await (await policy(conditions('object.nope == 1', 'false'))).create()).status).toBe(201);
    expect(await denied(await policy(conditions('true')))).toBe('asked');
    expect(await denied(await policy(conditions('object.nope == 1', '1 / 0 == 1')))).toBe(
      "[expression 'object.nope == 1' resulted in error: no such key: nope, expression '1 / 0 == 1' resulted in error: division by zero]",
    );
    const ignoring = await policy({ ...conditions('object.nope == 1'), failurePolicy: 'Ignore' });
    expect((await ignoring.create()).status).toBe(201);
  });
  it('ignores errors when told to, but no denials', async () => {
    const validations = [{ expression: 'object.nope == 1' }, { expression: "object.data.a == '2'", message: 'not 2' }];
    const p = await policy({ validations, failurePolicy: 'Ignore' });
    expect(await denied(p)).toBe('not 2');
    expect((await p.create({ data: { a: '2' } })).status).toBe(201);
  });
  it('evaluates variables when they are used, each once, and shows them to those behind', async () => {
    const p = await policy({
      variables: [
        { name: 'broken', expression: 'object.nope.deep' },
        { name: 'a', expression: 'object.data.a' },
        { name: 'twice', expression: 'variables.a + variables.a' },
      ],
      validations: [{ expression: 'false', message: 'fixed', messageExpression: 'string(variables.twice)' }],
    });
    expect(await denied(p)).toBe('11');
    const broken = await policy({
      variables: [{ name: 'v', expression: 'object.nope' }],
      validations: [{ expression: 'variables.v == 1' }],
    });
    expect(await denied(broken)).toBe(
      `expression 'variables.v == 1' resulted in error: composited variable "v" fails to evaluate: no such key: nope`,
    );
  });
  it('sees the request, the namespace and the old object', async () => {
    const p = await policy({
      validations: [
        {
          expression: 'false',
          messageExpression:
            "[request.operation, request.kind.kind, request.resource.resource, request.namespace, string(request.dryRun), namespaceObject.metadata.name, string(oldObject == null), request.userInfo.groups.join('+')].join(' ')",
        },
      ],
    });
    expect(await denied(p)).toBe('CREATE ConfigMap configmaps default false default true system:masters');
  });
  it('waits for an authorizer, for the user of the request or a service account', async () => {
    const expression = (check: string): JsonObject => ({
      validations: [{ expression: check, message: 'not allowed' }],
    });
    const lists = await policy(
      expression("authorizer.group('').resource('pods').namespace('x').check('list').allowed()"),
    );
    expect((await lists.create()).status).toBe(201);
    expect(await denied(await policy(expression("authorizer.requestResource.check('delete').allowed()")))).toBe(
      'not allowed',
    );
    expect(asked.at(-1)).toMatchObject({ verb: 'delete', resource: 'configmaps', namespace: 'default' });
    await (
      await policy(expression("authorizer.serviceAccount('ns', 'sa').path('/x').check('get').allowed()"))
    ).create();
    expect(asked.at(-1)?.user).toMatchObject({ username: 'system:serviceaccount:ns:sa' });
  });
  it('warns where it is bound to warn, and the write goes on', async () => {
    const p = await policy(
      {
        validations: [
          { expression: 'false', message: 'first' },
          { expression: 'false', message: 'second' },
        ],
      },
      { validationActions: ['Warn', 'Audit'] },
    );
    const { status, warnings } = await p.create();
    expect(status).toBe(201);
    const said = `Validation failed for ValidatingAdmissionPolicy '${p.name}' with binding '${p.name}': `;
    expect(warnings).toEqual([`${said}first`, `${said}second`]);
  });
  it('is evaluated for dry runs and for updates that change nothing', async () => {
    const p = await policy({ validations: [{ expression: "request.operation == 'CREATE'", message: 'no update' }] });
    const { body } = await p.create();
    const name = `${p.name}-1`;
    const same = await rest.call('PUT', `${CM}/${name}`, body);
    expect(same.body).toMatchObject({ message: expect.stringContaining('no update') });
    expect((await rest.call('PUT', `${CM}/${name}?dryRun=All`, body)).status).toBe(422);
  });
  it('says nothing about policies and bindings', async () => {
    const everything = {
      resourceRules: [{ apiGroups: ['*'], apiVersions: ['*'], resources: ['*'], operations: ['*'] }],
      objectSelector: { matchLabels: { all: 'yes' } },
    };
    await policy({ matchConstraints: everything, validations: [{ expression: 'false' }] });
    const labels = { all: 'yes' };
    await rest.ok(201, 'POST', `${POLICIES}/${VALIDATING}policybindings`, {
      metadata: { name: 'exempt', labels },
      spec: { policyName: 'x', validationActions: ['Deny'] },
    });
    await rest.ok(422, 'POST', CM, { metadata: { name: 'not-exempt', labels } });
  });
});

describe('audit annotations', () => {
  const validations = [{ expression: 'true' }];
  /** The annotations that a create leaves, without the policy's name. */
  const annotations = async (p: Awaited<ReturnType<typeof policy>>, code = 201): Promise<Record<string, string>> => {
    const noted: Record<string, string> = {};
    await rest.ok(
      code,
      'POST',
      CM,
      { metadata: { generateName: 'noted-', labels: { policy: p.name } }, data: { a: '1' } },
      { annotate: (key, value) => (noted[key.replace(`${p.name}/`, '')] = value) },
    );
    return noted;
  };
  const of = (...auditAnnotations: [key: string, valueExpression: string][]): JsonObject => ({
    auditAnnotations: auditAnnotations.map(([key, valueExpression]) => ({ key, valueExpression })),
  });

  it('are what expressions come to, without blanks around; an empty one and null are none', async () => {
    const p = await policy(of(['a', "' a is ' + object.data.a + ' '"], ['b', "'  '"], ['c', 'null'], ['d', "'d'"]));
    expect(await annotations(p)).toEqual({ a: 'a is 1', d: 'd' });
  });
  it('of several bindings become one, each value once, long ones cut off', async () => {
    const long = "lists.range(1100).map(i, '0123456789').join('')";
    const kind = { paramKind: { apiVersion: 'v1', kind: 'ConfigMap' } };
    for (const name of ['note-1', 'note-2']) {
      await rest.ok(201, 'POST', CM, { metadata: { name }, data: { text: name } });
    }
    const to = (name: string): JsonObject => ({
      paramRef: { name, namespace: 'default', parameterNotFoundAction: 'Deny' },
    });
    const p = await policy(
      { ...kind, ...of(['one', "'same'"], ['each', 'string(params.data.text)'], ['long', long]) },
      to('note-1'),
      to('note-2'),
    );
    const noted = await annotations(p);
    expect(noted).toMatchObject({ one: 'same', each: 'note-1, note-2' });
    expect(noted['long']).toHaveLength(10 * 1024);
  });
  it('that fail deny, unless failures are ignored', async () => {
    const fails = of(['a', 'string(object.nope)'], ['b', "'kept'"]);
    expect(await denied(await policy(fails))).toBe(
      "expression 'string(object.nope)' resulted in error: no such key: nope",
    );
    const ignoring = await policy({ ...fails, failurePolicy: 'Ignore', validations });
    expect(await annotations(ignoring)).toEqual({ b: 'kept' });
  });
  it('tell which validation failed, where the binding says Audit', async () => {
    const p = await policy(
      { validations: [{ expression: 'true' }, { expression: 'false', message: 'second' }] },
      { validationActions: ['Audit'] },
    );
    const noted = await annotations(p);
    const failure = 'validation.policy.admission.k8s.io/validation_failure';
    expect(JSON.parse(noted[failure] ?? '')).toEqual([
      { message: 'second', policy: p.name, binding: p.name, expressionIndex: 1, validationActions: ['Audit'] },
    ]);
  });
});

describe('what expressions see', () => {
  it.each<[string, string]>([
    ["request.requestKind.group + '/' + request.requestKind.version + ' ' + request.requestKind.kind", '/v1 ConfigMap'],
    ["request.requestResource.group + request.requestResource.version + ' ' + request.resource.version", 'v1 v1'],
    ['string(has(request.subResource)) + string(has(request.requestSubResource))', 'falsefalse'],
    ["request.name.startsWith('p') ? 'named' : 'nameless'", 'named'],
    [
      'request.userInfo.username + string(has(request.userInfo.uid)) + string(has(request.userInfo.extra))',
      'adminfalsefalse',
    ],
    ["request.options.kind + ' ' + request.options.apiVersion", 'CreateOptions meta.k8s.io/v1'],
    ['namespaceObject.status.phase', 'Active'],
    ["namespaceObject.spec.finalizers.join(',')", 'kubernetes'],
    [
      "string(has(namespaceObject.metadata.labels)) + namespaceObject.metadata.labels['kubernetes.io/metadata.name']",
      'truedefault',
    ],
    [
      'string(has(namespaceObject.metadata.annotations)) + string(has(namespaceObject.metadata.generation))',
      'falsefalse',
    ],
    [
      'string(has(namespaceObject.metadata.generateName)) + string(has(namespaceObject.metadata.deletionTimestamp))',
      'falsefalse',
    ],
    ["string(namespaceObject.metadata.resourceVersion != '')", 'true'],
    [
      'string(size([1].map(x, namespaceObject.status.conditions.map(c, c.type + c.status + c.reason + c.message)))) ',
      'failed',
    ],
  ])('%s', async (messageExpression, text) => {
    const p = await policy({ validations: [{ expression: 'false', message: 'failed', messageExpression }] });
    expect(await denied(p)).toBe(text);
  });

  it('of a subresource and of an update', async () => {
    const matchConstraints = {
      resourceRules: [
        { apiGroups: [''], apiVersions: ['v1'], resources: ['namespaces/status'], operations: ['UPDATE'] },
      ],
      objectSelector: { matchLabels: { sees: 'status' } },
    };
    await rest.ok(201, 'POST', '/api/v1/namespaces', { metadata: { name: 'seen', labels: { sees: 'status' } } });
    const p = await policy({
      matchConstraints,
      validations: [
        {
          expression: 'false',
          messageExpression:
            "[request.subResource, request.requestSubResource, string(request.options.kind), request.name, string(namespaceObject == null), string(oldObject.metadata.name)].join(' ')",
        },
      ],
    });
    const { body } = await rest.call(
      'PATCH',
      '/api/v1/namespaces/seen/status',
      { metadata: { labels: { a: 'b' } } },
      {
        contentType: 'application/merge-patch+json',
      },
    );
    expect(body['message']).toContain(`denied request: status status UpdateOptions seen true seen`);
    await rest.ok(200, 'DELETE', `${POLICIES}/${VALIDATING}policybindings/${p.name}`);
  });

  it.each(
    [
      ['object.data.a', 'bool', 'object.data.a'],
      ['[1]', 'list', 'variables.v[0] == 1'],
      ['{"a": 1}', 'map', 'variables.v.a == 1'],
      ['request.userInfo', 'struct', "variables.v.username == 'admin'"],
      ['optional.of(1)', 'optional', 'variables.v.value() == 1'],
      ['type(1)', 'type', 'variables.v == int'],
      ['null', 'null', 'variables.v == null'],
      ['true', 'bool', 'variables.v'],
      ['1', 'int', 'variables.v == 1'],
      ['1u', 'uint', 'variables.v == 1u'],
      ['1.5', 'double', 'variables.v == 1.5'],
      ["'s'", 'string', "variables.v == 's'"],
      ["b'b'", 'bytes', "variables.v == b'b'"],
      ["timestamp('2026-01-01T00:00:00Z')", 'timestamp', 'variables.v.getFullYear() == 2026'],
      ["duration('1h')", 'duration', 'variables.v.getHours() == 1'],
    ].slice(1),
  )('a variable that is %s is usable as %s', async (expression, _type, rule) => {
    const p = await policy({
      variables: [{ name: 'v', expression }],
      validations: [{ expression: rule, message: 'no' }],
    });
    expect((await p.create()).status).toBe(201);
  });

  it.each([
    ['1', "variables.v == 'a'", "found no matching overload for '_==_' applied to '(int, string)'"],
    ['[1]', "variables.v[0] == 'a'", "found no matching overload for '_==_' applied to '(int, string)'"],
    ["{'a': 1u}", "variables.v.a == 'a'", "found no matching overload for '_==_' applied to '(uint, string)'"],
    ["b'b'", "variables.v == 'a'", "applied to '(bytes, string)'"],
    ["timestamp('2026-01-01T00:00:00Z')", "variables.v == 'a'", "applied to '(timestamp, string)'"],
    ["duration('1h')", "variables.v == 'a'", "applied to '(duration, string)'"],
    ['true', "variables.v == 'a'", "applied to '(bool, string)'"],
    ['1.5', "variables.v == 'a'", "applied to '(double, string)'"],
  ])('the type of a variable that is %s is known where it is used', async (expression, rule, message) => {
    const { body } = await rest.call('POST', `${POLICIES}/${VALIDATING}policies`, {
      metadata: { name: 'mistyped' },
      spec: {
        matchConstraints: configMaps('mistyped'),
        variables: [{ name: 'v', expression }],
        validations: [{ expression: rule }],
      },
    });
    expect(body).toMatchObject({ code: 422, message: expect.stringContaining(message) });
  });

  it.each([
    ["'a'", 'must evaluate to bool but got string'],
    ['params.a == 1', "undeclared reference to 'params'"],
    ['request.nothing', "undefined field 'nothing'"],
    ['namespaceObject.metadata.name == 1', "applied to '(string, int)'"],
    ['namespaceObject.metadata.UID == 1', "applied to '(string, int)'"],
    ["namespaceObject.metadata.deletionGracePeriodSeconds == 'a'", "applied to '(int, string)'"],
    ['namespaceObject.metadata.finalizers[0] == 1', "applied to '(string, int)'"],
    ["namespaceObject.metadata.labels['a'] == 1", "applied to '(string, int)'"],
    ["namespaceObject.status.conditions[0].lastTransitionTime == 'a'", "applied to '(timestamp, string)'"],
    ['request.userInfo.groups[0] == 1', "applied to '(string, int)'"],
    ["request.userInfo.extra['a'][0] == 1", "applied to '(string, int)'"],
    ['request.dryRun == 1', "applied to '(bool, int)'"],
    ['request.requestKind.kind == 1', "applied to '(string, int)'"],
    ['Object{} == 1', "undeclared reference to 'Object'"],
  ])('%s is refused: %s', async (expression, message) => {
    const { body } = await rest.call('POST', `${POLICIES}/${VALIDATING}policies`, {
      metadata: { name: 'mistyped' },
      spec: { matchConstraints: configMaps('mistyped'), validations: [{ expression }] },
    });
    expect(body).toMatchObject({ code: 422, message: expect.stringContaining(message) });
  });

  it('a message and an annotation come to text', async () => {
    const { body } = await rest.call('POST', `${POLICIES}/${VALIDATING}policies`, {
      metadata: { name: 'mistyped' },
      spec: {
        matchConstraints: configMaps('mistyped'),
        validations: [
          { expression: 'true', messageExpression: '1' },
          { expression: 'true', messageExpression: "authorizer.path('/').check('get').reason()" },
        ],
        auditAnnotations: [{ key: 'a', valueExpression: '1' }],
      },
    });
    for (const text of [
      'must evaluate to string but got int',
      "undeclared reference to 'authorizer'",
      'must evaluate to one of [string null_type] but got int',
    ]) {
      expect(body['message']).toContain(text);
    }
  });
});

describe('parameters', () => {
  const paramKind = { apiVersion: 'v1', kind: 'ConfigMap' };
  const validations = [{ expression: 'false', messageExpression: "'limit ' + params.data.limit" }];
  const byName = (more: JsonObject = {}): JsonObject => ({
    paramRef: { name: 'limits', namespace: 'default', parameterNotFoundAction: 'Deny', ...more },
  });
  it('are found by name, and are as they are now', async () => {
    await rest.ok(201, 'POST', CM, { metadata: { name: 'limits', labels: { limit: 'a' } }, data: { limit: '1' } });
    const p = await policy({ paramKind, validations }, byName());
    expect(await denied(p)).toBe('limit 1');
    await rest.ok(200, 'PUT', `${CM}/limits`, {
      metadata: { name: 'limits', labels: { limit: 'a' } },
      data: { limit: '2' },
    });
    expect(await denied(p)).toBe('limit 2');
  });
  it('are found by a selector: every one is asked', async () => {
    await rest.ok(201, 'POST', CM, { metadata: { name: 'more-limits', labels: { limit: 'a' } }, data: { limit: '9' } });
    const selector = { matchLabels: { limit: 'a' } };
    const p = await policy(
      { paramKind, validations: [{ ...validations[0], expression: "params.data.limit != '9'" }] },
      { paramRef: { selector, parameterNotFoundAction: 'Deny' } },
    );
    expect(await denied(p)).toBe('limit 9');
    await rest.ok(200, 'DELETE', `${CM}/more-limits`);
    expect((await p.create()).status).toBe(201);
  });
  it('that are missing deny or allow, as the binding says', async () => {
    const missing = (parameterNotFoundAction: string): JsonObject => byName({ name: 'none', parameterNotFoundAction });
    expect((await (await policy({ paramKind, validations }, missing('Allow'))).create()).status).toBe(201);
    expect(await denied(await policy({ paramKind, validations }, missing('Deny')))).toBe(
      'failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction',
    );
  });
  it('of a kind that is not served make the policy unusable, which denies', async () => {
    const unknown = { apiVersion: 'nowhere.example.com/v1', kind: 'Thing' };
    const p = await policy({ paramKind: unknown, validations }, byName());
    const { body } = await p.create();
    expect(body['message']).toBe(
      `configmaps "${p.name}-1" is forbidden: ValidatingAdmissionPolicy '${p.name}' denied request: failed to configure policy: failed to find resource referenced by paramKind: 'nowhere.example.com/v1, Kind=Thing'`,
    );
  });
});

describe('what matches', () => {
  const says = [
    { expression: 'false', messageExpression: "object.apiVersion + ' asked ' + request.requestKind.version" },
  ];
  const hpa = (apiVersions: string[], matchPolicy: string, label: string): JsonObject => ({
    matchPolicy,
    resourceRules: [
      { apiGroups: ['autoscaling'], apiVersions, resources: ['horizontalpodautoscalers'], operations: ['CREATE'] },
    ],
    objectSelector: { matchLabels: { policy: label } },
  });
  const create = (label: string): ReturnType<Rest['call']> =>
    rest.call('POST', '/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers', {
      metadata: { name: label, labels: { policy: label } },
      spec: { maxReplicas: 3, scaleTargetRef: { kind: 'Deployment', name: 'd', apiVersion: 'apps/v1' } },
    });
  it('is shown in the version of the rule when another version is asked for', async () => {
    await policy({ matchConstraints: hpa(['v1'], 'Equivalent', 'equivalent'), validations: says });
    expect((await create('equivalent')).body).toMatchObject({
      message: expect.stringContaining('denied request: autoscaling/v1 asked v2'),
    });
    await policy({ matchConstraints: hpa(['v1'], 'Exact', 'exact'), validations: says });
    expect((await create('exact')).status).toBe(201);
  });
  it('is narrowed by the binding: rules, excluded rules, labels of the namespace', async () => {
    await rest.ok(201, 'POST', '/api/v1/namespaces', { metadata: { name: 'gold', labels: { tier: 'gold' } } });
    const namespaceSelector = { matchLabels: { tier: 'gold' } };
    const p = await policy({ validations: [{ expression: 'false' }] }, { matchResources: { namespaceSelector } });
    expect((await p.create()).status).toBe(201);
    const labels = { policy: p.name };
    await rest.ok(422, 'POST', '/api/v1/namespaces/gold/configmaps', { metadata: { name: 'x', labels } });
    const rule = { apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'], operations: ['*'] };
    const excludeResourceRules = [{ ...rule, resourceNames: ['spared'] }];
    const q = await policy({ validations: [{ expression: 'false' }] }, { matchResources: { excludeResourceRules } });
    await rest.ok(201, 'POST', CM, { metadata: { name: 'spared', labels: { policy: q.name } } });
    expect((await q.create()).status).toBe(422);
  });
  it('sees the labels of both objects of an update', async () => {
    const p = await policy({ validations: [{ expression: "request.operation != 'UPDATE'", message: 'kept' }] });
    await p.create();
    const name = `${p.name}-1`;
    const { body } = await rest.call('PUT', `${CM}/${name}`, { metadata: { name } });
    expect(body).toMatchObject({ message: expect.stringContaining('kept') });
  });
});

describe('bounds', () => {
  it('breaks off what costs too much, and refuses the write', async () => {
    const p = await policy({
      validations: [{ expression: 'lists.range(1000).all(x, lists.range(1000).all(y, y >= 0))' }],
    });
    expect(await denied(p)).toContain('operation cancelled: actual cost limit exceeded');
  });
  it('lets no policy cost more than its budget, and lets others have their turn between expressions', async () => {
    const expression = 'lists.range(380).all(x, lists.range(380).all(y, y >= 0))';
    const p = await policy({ validations: Array.from({ length: 20 }, () => ({ expression })) });
    await p.create();
    let turns = 0;
    let evaluated = false;
    const turn = (): void => {
      turns++;
      if (!evaluated) setImmediate(turn);
    };
    // What is begun here is done before the first turn that is counted.
    const denial = denied(p);
    setImmediate(turn);
    const message = await denial;
    evaluated = true;
    expect(message).toBe(
      'validation failed due to running out of cost budget, no further validation rules will be run',
    );
    // The budget is good for some ten expressions, of several milliseconds each.
    expect(turns).toBeGreaterThan(1);
  });
});

it('a hundred policies that are written at once are all written, none waits for another', async () => {
  const statuses = await Promise.all(
    Array.from({ length: 100 }, async (_, i) => {
      const { status } = await rest.call('POST', `${POLICIES}/${VALIDATING}policies`, {
        metadata: { name: `at-once${i}` },
        spec: { matchConstraints: configMaps('at-once'), validations: [{ expression: `object.kind != '${i}'` }] },
      });
      return status;
    }),
  );
  expect(new Set(statuses)).toEqual(new Set([201]));
});
