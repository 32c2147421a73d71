import { expect, test } from 'vitest';
import { type CelType, compile, DYN, type Environment, INT, Program, STRING, typeText } from '../../cel/index.js';
import { compileExpression } from './compiled.js';
import { admissionEnvironment, type ExpressionOptions, variableType } from './types.js';
import { PolicyVariables } from './variables.js';

const PLAIN: ExpressionOptions = { params: false, authorizer: false };

/** The type of an expression, or why it has none. */
function typeOf(expression: string, env: Environment): string {
  const made = compile(expression, env);
  return made instanceof Program ? typeText(made.type) : made.message;
}
const type = (expression: string, options = PLAIN): string => typeOf(expression, admissionEnvironment(options));

/** Everything that expressions of webhooks and policies may name, with its type. */
const NAMED = `
object: dyn
oldObject: dyn
request: kubernetes.AdmissionRequest
request.kind: kubernetes.GroupVersionKind
request.kind.group: string
request.kind.version: string
request.kind.kind: string
request.resource: kubernetes.GroupVersionResource
request.resource.group: string
request.resource.version: string
request.resource.resource: string
request.subResource: string
request.requestKind: kubernetes.GroupVersionKind
request.requestResource: kubernetes.GroupVersionResource
request.requestSubResource: string
request.name: string
request.namespace: string
request.operation: string
request.userInfo: kubernetes.UserInfo
request.userInfo.username: string
request.userInfo.uid: string
request.userInfo.groups: list(string)
request.userInfo.extra: map(string, list(string))
request.dryRun: bool
request.options: dyn
namespaceObject: kubernetes.Namespace
namespaceObject.metadata: kubernetes.NamespaceMetadata
namespaceObject.metadata.name: string
namespaceObject.metadata.generateName: string
namespaceObject.metadata.namespace: string
namespaceObject.metadata.labels: map(string, string)
namespaceObject.metadata.annotations: map(string, string)
namespaceObject.metadata.UID: string
namespaceObject.metadata.creationTimestamp: timestamp
namespaceObject.metadata.deletionGracePeriodSeconds: int
namespaceObject.metadata.deletionTimestamp: timestamp
namespaceObject.metadata.generation: int
namespaceObject.metadata.resourceVersion: string
namespaceObject.metadata.finalizers: list(string)
namespaceObject.spec: kubernetes.NamespaceSpec
namespaceObject.spec.finalizers: list(string)
namespaceObject.status: kubernetes.NamespaceStatus
namespaceObject.status.conditions: list(kubernetes.NamespaceCondition)
namespaceObject.status.conditions[0].status: string
namespaceObject.status.conditions[0].type: string
namespaceObject.status.conditions[0].lastTransitionTime: timestamp
namespaceObject.status.conditions[0].message: string
namespaceObject.status.conditions[0].reason: string
namespaceObject.status.phase: string
`;

test('every field of the request and of its namespace has its type', () => {
  const lines = NAMED.trim().split('\n');
  const env = admissionEnvironment(PLAIN);
  expect(lines.map((line) => line.slice(0, line.indexOf(': '))).map((name) => `${name}: ${typeOf(name, env)}`)).toEqual(
    lines,
  );
});

test('parameters, an authorizer, variables and patches are named only where there are any', () => {
  const all = { params: true, authorizer: true, patches: true, variables: new Map([['v', INT]]) };
  for (const [expression, expected] of [
    ['params', 'dyn'],
    ['authorizer', 'kubernetes.authorization.Authorizer'],
    ['authorizer.requestResource', 'kubernetes.authorization.ResourceCheck'],
    ['variables', 'kubernetes.variables'],
    ['variables.v', 'int'],
    ["Object{a: 1, b: 'c'}", 'Object'],
    ['Object.spec{a: 1}', 'Object.spec'],
    ['Object.spec{}.any', 'dyn'],
    ["JSONPatch{op: 'add', path: '/a', from: '/b', value: 1}", 'JSONPatch'],
    ["[JSONPatch{op: 'add', path: '/a'}]", 'list(JSONPatch)'],
    ['JSONPatch{}.op', 'string'],
    ['JSONPatch{}.path', 'string'],
    ['JSONPatch{}.from', 'string'],
    ['JSONPatch{}.value', 'dyn'],
    ["jsonpatch.escapeKey('a/b')", 'string'],
  ] as const) {
    expect(type(expression, all), expression).toBe(expected);
    expect(type(expression), expression).toContain('undeclared reference');
  }
  expect(type('variables.w', all)).toContain("undefined field 'w'");
  expect(type('JSONPatch{other: 1}', all)).toContain("undefined field 'other'");
  expect(type('JSONPatch{op: 1}', all)).toContain("expected type of field 'op' is 'string' but provided type is 'int'");
  expect(type('Objects{}', all)).toContain('undeclared reference');
  expect(type('request.nothing', all)).toContain("undefined field 'nothing'");
});

test('a variable that does not compile is of any type, and what uses it is told why', () => {
  const variables = new PolicyVariables();
  variables.declare('broken', 'nothing', PLAIN);
  variables.declare('list', '[request.name]', PLAIN);
  variables.declare('behind', 'variables.list[0] + variables.broken', PLAIN);
  expect([...variables.types].map(([name, t]) => `${name}: ${typeText(t)}`)).toEqual([
    'broken: dyn',
    'list: list(string)',
    'behind: string',
  ]);
  expect(variables.compiled.get('broken')?.problem).toContain("undeclared reference to 'nothing'");
});

test.each<[string, string]>([
  ['[[1]]', 'list(list(int))'],
  ["{'a': [1u]}", 'map(string, list(uint))'],
  ['request', 'dyn'],
  ['[request]', 'list(dyn)'],
  ["{'a': request}", 'map(string, dyn)'],
  ['optional.of(1)', 'dyn'],
  ['int', 'dyn'],
  ['object', 'dyn'],
  ['null', 'null'],
  ['true', 'bool'],
  ['1', 'int'],
  ['1u', 'uint'],
  ['1.5', 'double'],
  ["''", 'string'],
  ["b''", 'bytes'],
  ["timestamp('2026-01-01T00:00:00Z')", 'timestamp'],
  ["duration('1h')", 'duration'],
])('a variable that is %s is %s for what follows', (expression, expected) => {
  const made = compile(expression, admissionEnvironment(PLAIN));
  expect(made instanceof Program && typeText(variableType(made.type))).toBe(expected);
  const bare = { kind: 'list', name: 'list', params: [] } as CelType;
  expect(typeText(variableType(bare))).toBe('list(dyn)');
});

test('an expression must come to one of the types that are asked for', () => {
  const env = admissionEnvironment(PLAIN);
  const problem = (text: string, ...results: CelType[]) => {
    const { program, problem, internal, text: kept } = compileExpression(text, env, results);
    expect(kept).toBe(text);
    expect(program === undefined).toBe(problem !== '');
    return `${problem}${internal ? ' (internal)' : ''}`;
  };
  const NULL_TYPE = { kind: 'null', name: 'null', params: [] } as unknown as CelType;
  expect(problem('1')).toBe('');
  expect(problem('1', INT)).toBe('');
  expect(problem("''", INT, STRING)).toBe('');
  expect(problem('1', STRING)).toBe('must evaluate to string but got int');
  expect(problem('null', STRING)).toBe('must evaluate to string but got null');
  expect(problem('1', STRING, NULL_TYPE)).toBe('must evaluate to one of [string null_type] but got int');
  expect(problem('object', DYN)).toBe('');
  expect(problem('nothing', INT)).toContain("undeclared reference to 'nothing'");
});
