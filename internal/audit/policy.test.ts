import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { UserInfo } from '../auth/types.js';
import { FatalError } from '../machinery/assert.js';
import { type AuditAttributes, type AuditConfig, policyEvaluator } from './policy.js';
import { readAuditPolicy } from './policy-file.js';

const dir = mkdtempSync(join(tmpdir(), 'audit-policy-'));
afterAll(() => rmSync(dir, { recursive: true }));
const HEAD = 'apiVersion: audit.k8s.io/v1\nkind: Policy\n';

function read(text: string) {
  const path = join(dir, 'policy.yaml');
  writeFileSync(path, HEAD + text);
  return readAuditPolicy(path);
}
const evaluator = (text: string): ((request: Request) => AuditConfig) => {
  const policy = policyEvaluator(read(text));
  return (request) => policy(request, request.user);
};

const user: UserInfo = { username: 'ann', uid: '', groups: ['g', 'h'], extra: {} };
interface Request extends AuditAttributes {
  readonly user: UserInfo | undefined;
}
const pods = (more: Partial<Request> = {}): Request => ({
  user,
  verb: 'get',
  isResourceRequest: true,
  group: '',
  resource: 'pods',
  subresource: '',
  namespace: 'default',
  name: 'p',
  path: '/api/v1/namespaces/default/pods/p',
  ...more,
});
const path = (p: string): Request => pods({ isResourceRequest: false, resource: '', namespace: '', name: '', path: p });

/** Whether a rule with these lines matches. */
const matches = (rule: string, a: Request): boolean =>
  evaluator(`rules:\n- level: Metadata\n${rule.replaceAll(/^/gm, '  ')}\n`)(a).level === 'Metadata';

describe('a rule', () => {
  test.each([
    ['without anything', '', pods(), true],
    ['for a user', 'users: [ann]', pods(), true],
    ['for another user', 'users: [bob]', pods(), false],
    ['for a user, of a request of nobody', 'users: [ann]', pods({ user: undefined }), false],
    ['for one of several groups', 'userGroups: [h, z]', pods(), true],
    ['for another group', 'userGroups: [z]', pods(), false],
    ['for a group, of a request of nobody', 'userGroups: [h]', pods({ user: undefined }), false],
    ['for a verb', 'verbs: [get]', pods(), true],
    ['for another verb', 'verbs: [list]', pods(), false],
    ['for a namespace', 'namespaces: [default]', pods(), true],
    ['for what is in no namespace', 'namespaces: [""]', pods({ namespace: '' }), true],
    ['for a namespace, of a path', 'namespaces: [""]', path('/healthz'), false],
    ['for a group of resources', 'resources: [{group: ""}]', pods(), true],
    ['for another group of resources', 'resources: [{group: apps}]', pods(), false],
    ['for every group', 'resources: [{group: "*", resources: [pods]}]', pods({ group: 'x.io' }), true],
    ['for a resource, of a subresource', 'resources: [{resources: [pods]}]', pods({ subresource: 'log' }), false],
    ['for a subresource', 'resources: [{resources: [pods/log]}]', pods({ subresource: 'log' }), true],
    ['for every subresource', 'resources: [{resources: ["pods/*"]}]', pods({ subresource: 'log' }), true],
    ['for every subresource, of the resource', 'resources: [{resources: ["pods/*"]}]', pods(), true],
    ['for one subresource of all', 'resources: [{resources: ["*/log"]}]', pods({ subresource: 'log' }), true],
    ['for all resources', 'resources: [{resources: ["*"]}]', pods({ subresource: 'log' }), true],
    ['for a name', 'resources: [{resources: [pods], resourceNames: [p]}]', pods(), true],
    ['for another name', 'resources: [{resources: [pods], resourceNames: [q]}]', pods(), false],
    ['for a path', 'nonResourceURLs: [/healthz]', path('/healthz'), true],
    ['for the beginning of a path', 'nonResourceURLs: ["/health*"]', path('/healthz'), true],
    ['for another path', 'nonResourceURLs: [/healthz]', path('/healthz/x'), false],
    ['for all paths, of a resource', 'nonResourceURLs: ["*"]', pods(), false],
  ])('%s', (_what, rule, a, expected) => {
    expect(matches(rule, a)).toBe(expected);
  });
});

test('the first rule that matches says what is recorded; without one nothing is', () => {
  const policy = evaluator(`
omitStages: [RequestReceived]
omitManagedFields: true
rules:
- {level: None, users: [bob]}
- {level: Request, verbs: [get], omitStages: [Panic], omitManagedFields: false}
- {level: Metadata, verbs: [get, list]}
`);
  expect(policy(pods())).toEqual({
    level: 'Request',
    omitStages: new Set(['RequestReceived', 'Panic']),
    omitManagedFields: false,
  });
  expect(policy(pods({ verb: 'list' }))).toMatchObject({ level: 'Metadata', omitManagedFields: true });
  expect(policy(pods({ user: { ...user, username: 'bob' } })).level).toBe('None');
  expect(policy(pods({ verb: 'watch' })).level).toBe('None');
});

test('a policy that is wrong ends the start, with all that is wrong', () => {
  const faults = (text: string): string => {
    try {
      read(text);
      return '';
    } catch (error) {
      expect(error).toBeInstanceOf(FatalError);
      return (error as Error).message;
    }
  };
  const text = faults(`
omitStages: [Never]
rules:
- {level: All}
- {nonResourceURLs: [x, "/a*b"]}
- {level: None, nonResourceURLs: ["*"], namespaces: [ns]}
- {level: None, resources: [{group: "apps/v1", resourceNames: [a]}]}
`);
  for (const part of [
    'omitStages[0]: Invalid value: "Never": allowed stages are RequestReceived,ResponseStarted,ResponseComplete,Panic',
    'rules[0].level: Unsupported value: "All": supported values: "None", "Metadata", "Request", "RequestResponse"',
    'rules[1].level: Required value',
    `rules[1].nonResourceURLs[0]: Invalid value: "x": non-resource URL rules must begin with a '/' character`,
    `rules[1].nonResourceURLs[1]: Invalid value: "/a*b": non-resource URL wildcards '*' must be the final character`,
    'rules[2].nonResourceURLs: Invalid value: ["*"]: rules cannot apply to both regular resources and non-resource URLs',
    'rules[3].resources.group: Invalid value: "apps/v1"',
    'rules[3].resources.resourceNames: Invalid value: ["a"]: using resourceNames requires at least one resource',
  ]) {
    expect(text).toContain(part);
  }
  expect(faults('rules: []\n')).toContain('loaded illegal policy with 0 rules');
  // YAML reads it as false; a rule without its namespaces would match everything.
  expect(faults('rules: [{level: None, namespaces: [no]}]\n')).toContain(
    'rules[0].namespaces must be a list of strings',
  );
  expect(faults('kind: Pod\nrules: [{level: None}]\n')).toContain('already set');
});

test('fields that are not known are left out', () => {
  expect(read('rules: [{level: Metadata, colour: red}]\n').rules).toHaveLength(1);
});
