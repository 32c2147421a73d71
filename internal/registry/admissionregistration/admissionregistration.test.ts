import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../machinery/json.js';
import { fieldErrorsOf } from '../generic/field-errors.testkit.js';

const GROUP = 'admissionregistration.k8s.io';
const ofHooks = fieldErrorsOf(GROUP, 'validatingwebhookconfigurations');
const ofPolicy = fieldErrorsOf(GROUP, 'validatingadmissionpolicies');
const ofMutating = fieldErrorsOf(GROUP, 'mutatingadmissionpolicies');
const ofBinding = fieldErrorsOf(GROUP, 'validatingadmissionpolicybindings');

const hook = (more: JsonObject = {}): JsonObject => ({
  webhooks: [
    {
      name: 'a.example.com',
      clientConfig: { url: 'https://example.com/hook' },
      sideEffects: 'None',
      admissionReviewVersions: ['v1'],
      ...more,
    },
  ],
});
const rule = (more: JsonObject = {}): JsonObject => ({
  operations: ['CREATE'],
  apiGroups: [''],
  apiVersions: ['v1'],
  resources: ['pods'],
  ...more,
});
const match = (more: JsonObject = {}): JsonObject => ({
  matchPolicy: 'Equivalent',
  namespaceSelector: {},
  objectSelector: {},
  resourceRules: [rule(more)],
});

describe('webhooks', () => {
  it('are reached by https, without secrets in the URL', () => {
    expect(ofHooks(hook())).toEqual([]);
    expect(ofHooks(hook({ clientConfig: { url: 'http://u:p@example.com/a?b#c' } }))).toEqual([
      `webhooks[0].clientConfig.url: Invalid value: "http": 'https' is the only allowed URL scheme; desired format: https://host[/path]`,
      'webhooks[0].clientConfig.url: Invalid value: "u:p": user information is not permitted in the URL',
      'webhooks[0].clientConfig.url: Invalid value: "c": fragments are not permitted in the URL',
      'webhooks[0].clientConfig.url: Invalid value: "b": query parameters are not permitted in the URL',
    ]);
  });
  it('name a service by names, and a path of names', () => {
    const service = { name: 's', namespace: 'n', port: 443, path: '/a//b' };
    expect(ofHooks(hook({ clientConfig: { service } }))).toEqual([
      'webhooks[0].clientConfig.service.path: Invalid value: "/a//b": segment[1] may not be empty',
    ]);
  });
  it('promise no side effects, unless they never did', () => {
    expect(ofHooks(hook({ sideEffects: 'Some' }))).toEqual([
      'webhooks[0].sideEffects: Unsupported value: "Some": supported values: "None", "NoneOnDryRun"',
    ]);
    expect(ofHooks(hook({ sideEffects: 'Some' }), hook({ sideEffects: 'Unknown' }))).toEqual([]);
  });
  it('answer in a version that this server speaks, in at most half a minute', () => {
    expect(ofHooks(hook({ admissionReviewVersions: ['v2'], timeoutSeconds: 31 }))).toEqual([
      'webhooks[0].timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds',
      'webhooks[0].admissionReviewVersions: Invalid value: ["v2"]: must include at least one of v1, v1beta1',
    ]);
  });
  it('say nothing twice over in their rules', () => {
    const rules = [rule({ operations: ['*', 'CREATE'], resources: ['pods/*', 'pods/log', '*', 'services'] })];
    expect(ofHooks(hook({ rules })).map((c) => c.replace(/^.*?: .*?: (?=if)/, ''))).toEqual([
      "if '*' is present, must not specify other operations",
      "if 'pods/*' is present, must not specify pods/log",
      "if '*' is present, must not specify other resources without subresources",
    ]);
  });
});

describe('admission policies', () => {
  const policy = (spec: JsonObject): JsonObject => ({
    metadata: { name: 'p' },
    spec: { failurePolicy: 'Fail', matchConstraints: match(), ...spec },
  });
  it('want something to validate or to note', () => {
    expect(ofPolicy(policy({ validations: [{ expression: 'true' }] }))).toEqual([]);
    expect(ofPolicy(policy({}))).toHaveLength(2);
    expect(ofPolicy(policy({ auditAnnotations: [{ key: 'k', valueExpression: "'v'" }] }))).toEqual([]);
  });
  it('have expressions over what there is, and variables from where they are declared', () => {
    const variables = [{ name: 'r', expression: 'object.spec.replicas' }];
    const said = (expression: string, more: JsonObject = {}): string =>
      (ofPolicy(policy({ validations: [{ expression }], ...more }))[0] ?? '').split('\n')[0] ?? '';
    expect(said('variables.r < 5', { variables })).toBe('');
    expect(said('variables.s < 5', { variables })).toContain("undefined field 's'");
    expect(said('variables.r < 5')).toContain("undeclared reference to 'variables'");
    expect(said('object.x < params.x')).toContain("undeclared reference to 'params'");
    expect(said('object.x < params.x', { paramKind: { apiVersion: 'v1', kind: 'ConfigMap' } })).toBe('');
    expect(said("request.userInfo.username == 'a' && namespaceObject.metadata.name != 'b'")).toBe('');
    expect(said('object.x')).toContain('must evaluate to bool');
  });
  it('have parameters of a kind in a version', () => {
    const said = (apiVersion: string): string[] =>
      ofPolicy(policy({ validations: [{ expression: 'true' }], paramKind: { apiVersion, kind: 'K' } }));
    expect(said('/v1')).toEqual([]);
    for (const without of ['g.io/', '/']) {
      expect(said(without)).toEqual([
        `spec.paramKind.apiVersion: Invalid value: "${without}": version must be specified`,
      ]);
    }
  });
  it('want one-line messages, also none where the expression has lines', () => {
    const validations = [{ expression: 'true', message: 'a\nb' }, { expression: 'true &&\n true' }];
    expect(ofPolicy(policy({ validations }))).toEqual([
      'spec.validations[0].message: Invalid value: "a\\nb": must not contain line breaks',
    ]);
  });
  it('have messages without an authorizer, and match conditions without variables', () => {
    const variables = [{ name: 'v', expression: "'x'" }];
    const validations = [
      { expression: 'true', messageExpression: 'variables.v' },
      { expression: 'true', messageExpression: "string(authorizer.path('/x').check('get').allowed())" },
    ];
    const matchConditions = [{ name: 'c', expression: "variables.v == 'x'" }];
    const first = (text: string): string => text.split('\n')[0] ?? '';
    expect(ofPolicy(policy({ validations, variables, matchConditions })).map(first)).toEqual([
      `spec.matchConditions[0].expression: Invalid value: "variables.v == 'x'": compilation failed: ERROR: <input>:1:1: undeclared reference to 'variables' (in container '')`,
      `spec.validations[1].messageExpression: Invalid value: "string(authorizer.path('/x').check('get').allowed())": compilation failed: ERROR: <input>:1:8: undeclared reference to 'authorizer' (in container '')`,
    ]);
  });
  it('say where constants cannot be converted', () => {
    expect(ofPolicy(policy({ validations: [{ expression: "int('abc') == 1" }] }))).toEqual([
      "spec.validations[0].expression: Internal error: program instantiation failed: type conversion error from 'string' to 'int'",
    ]);
  });
  it('are warned about where a path leads', () => {
    const warned = (fieldRef: string, warning = 'w'): string[] => {
      const now = { ...policy({}), status: { typeChecking: { expressionWarnings: [{ fieldRef, warning }] } } };
      return ofPolicy(now, policy({}), 'status');
    };
    const at = 'status.typeChecking.expressionWarnings[0]';
    expect(warned(' spec.validations[0].expression ')).toEqual([]);
    expect(warned(' ', '')).toEqual([`${at}.warning: Required value`, `${at}.fieldRef: Required value`]);
    expect(warned(' spec[x] ')).toEqual([
      `${at}.fieldRef: Invalid value: "spec[x]": invalid JSONPath: invalid array index x`,
    ]);
    expect(warned('a'.repeat(65_536))).toEqual([]);
    expect(warned('a'.repeat(65_537))).toEqual([`${at}.fieldRef: Too long: may not be more than 65536 bytes`]);
  });
  it('change what is made, not what is deleted', () => {
    const mutations = [{ patchType: 'JSONPatch', jsonPatch: { expression: '[]' }, applyConfiguration: {} }];
    const spec = { mutations, reinvocationPolicy: 'Never', matchConstraints: match({ operations: ['DELETE'] }) };
    expect(ofMutating(policy(spec))).toEqual([
      'spec.matchConstraints.resourceRules.operations: Unsupported value: "DELETE": supported values: "*", "CONNECT", "CREATE", "UPDATE"',
      'spec.mutations[0].jsonPatch.expression: Invalid value: "[]": must evaluate to list(JSONPatch) but got list(dyn)',
      'spec.mutations[0].applyConfiguration: Invalid value: "{applyConfiguration}": must not be specified when patchType is JSONPatch',
    ]);
  });
  it('are bound with actions that make sense together', () => {
    const binding = (validationActions: string[], paramRef?: JsonObject): JsonObject => ({
      spec: { policyName: 'p', validationActions, ...(paramRef === undefined ? {} : { paramRef }) },
    });
    expect(ofBinding(binding(['Deny', 'Audit']))).toEqual([]);
    expect(ofBinding(binding(['Deny', 'Warn']))[0]).toContain('must not contain both Deny and Warn');
    const both = { name: 'n', selector: {}, parameterNotFoundAction: 'Allow' };
    expect(ofBinding(binding(['Deny'], both))).toEqual([
      'spec.paramRef.name: Forbidden: name and selector are mutually exclusive',
      'spec.paramRef.selector: Forbidden: name and selector are mutually exclusive',
    ]);
  });
});
