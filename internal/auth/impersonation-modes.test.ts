import { describe, expect, test } from 'vitest';
import { Impersonation } from './impersonation.js';
import { asks, credentials, user } from './testing.js';
import type { Attributes, Authorizer, Decision, UserInfo } from './types.js';

type Headers = Readonly<Record<string, string | readonly string[]>>;
const NODE_NAME = 'authentication.kubernetes.io/node-name';
const robot = user('robot');
const agent = (...nodes: string[]): UserInfo => ({
  ...user('system:serviceaccount:ns:agent'),
  extra: { 'a.io/z': ['1'], [NODE_NAME]: nodes },
});
const no: Decision = { decision: 'noOpinion', reason: '' };

/** What authorizers are asked when `who` wants to get the pod `p` as those headers say, and what came of it. */
async function asked(
  headers: Headers,
  { who = robot, answer = () => no }: { who?: UserInfo; answer?: (a: Attributes, text: string) => Decision } = {},
): Promise<{ questions: readonly string[]; all: readonly Attributes[]; error: string; acting?: UserInfo }> {
  const questions: string[] = [];
  const all: Attributes[] = [];
  const authorizer: Authorizer = {
    authorize(a) {
      const text = `${a.verb} ${[a.group, a.resource, a.subresource].join('/')} ${a.namespace}/${a.name}`;
      questions.push(text);
      all.push(a);
      return answer(a, text);
    },
  };
  const request = asks(who, 'get', 'pods', { namespace: 'ns', name: 'p' });
  try {
    const found = await new Impersonation(authorizer).of(credentials({ headers }), () => request);
    return { questions, all, error: '', ...(found === undefined ? {} : { acting: found.user }) };
  } catch (error) {
    return { questions, all, error: (error as Error).message };
  }
}

test.each<[string, Headers, UserInfo, string[]]>([
  ['a user', { 'impersonate-user': 'jane' }, robot, ['user-info']],
  ['a node', { 'impersonate-user': 'system:node:n1' }, robot, ['arbitrary-node']],
  ['a service account', { 'impersonate-user': 'system:serviceaccount:ns:bot' }, robot, ['serviceaccount']],
  ['no node', { 'impersonate-user': 'system:node:N_1' }, robot, ['user-info']],
  ['no namespace', { 'impersonate-user': 'system:serviceaccount:n.s:bot' }, robot, ['user-info']],
  ['no account', { 'impersonate-user': 'system:serviceaccount:ns:Bot' }, robot, ['user-info']],
  ['a node with a uid', { 'impersonate-user': 'system:node:n1', 'impersonate-uid': 'u' }, robot, []],
  ['a node with extras', { 'impersonate-user': 'system:node:n1', 'impersonate-extra-a.io%2fb': 'c' }, robot, []],
  [
    'an account with extras',
    { 'impersonate-user': 'system:serviceaccount:ns:bot', 'impersonate-extra-a.io%2fb': 'c' },
    robot,
    [],
  ],
  ['an account with a uid', { 'impersonate-user': 'system:serviceaccount:ns:bot', 'impersonate-uid': 'u' }, robot, []],
  ['the own node', { 'impersonate-user': 'system:node:n1' }, agent('n1'), ['associated-node', 'arbitrary-node']],
  ['one of two nodes', { 'impersonate-user': 'system:node:n1' }, agent('n1', 'n2'), ['arbitrary-node']],
  ['another node', { 'impersonate-user': 'system:node:n2' }, agent('n1'), ['arbitrary-node']],
  ['a node, by one that is on none', { 'impersonate-user': 'system:node:n1' }, agent(), ['arbitrary-node']],
  [
    'a node, by a user who claims to be on it',
    { 'impersonate-user': 'system:node:n1' },
    { ...agent('n1'), username: 'robot' },
    ['arbitrary-node'],
  ],
  ['a user, by an account on a node', { 'impersonate-user': 'jane' }, agent('n1'), ['user-info']],
])('who wants to act as %s is asked about in the modes that fit', async (_what, headers, who, modes) => {
  const { questions } = await asked(headers, { who });
  const verbs = questions.map((question) => question.split(' ')[0]);
  expect(verbs).toEqual([...modes.map((mode) => `impersonate-on:${mode}:get`), 'impersonate']);
});

test('which node is the own one was found out already: authorizers see which values there were, not what they are', async () => {
  const { all } = await asked(
    { 'impersonate-user': 'system:node:n1' },
    { who: agent('n1'), answer: (a) => (a.verb.includes('associated') ? { decision: 'allow', reason: '' } : no) },
  );
  expect(all.map((a) => a.user.extra)).toEqual([
    { 'authentication.kubernetes.io/associated-node-keys': ['a.io/z', NODE_NAME] },
    { 'authentication.kubernetes.io/associated-node-keys': ['a.io/z', NODE_NAME] },
  ]);
  expect(all[1]).toMatchObject({ isResourceRequest: true, version: 'v1', path: '', subresource: '' });
  const other = await asked({ 'impersonate-user': 'jane' }, { who: agent('n1') });
  expect(other.all.map((a) => a.user)).toEqual([agent('n1'), agent('n1')]);
});

test('who may act as some nodes is asked about the one that it is, and who may for any request about groups of the core', async () => {
  const yes: Decision = { decision: 'allow', reason: '' };
  const node = await asked(
    { 'impersonate-user': 'system:node:n1' },
    { answer: (a) => (a.verb.includes('arbitrary-node') ? yes : no) },
  );
  expect(node.questions).toEqual([
    'impersonate-on:arbitrary-node:get /pods/ ns/p',
    'impersonate:arbitrary-node authentication.k8s.io/nodes/ /n1',
  ]);
  const member = await asked(
    { 'impersonate-user': 'jane', 'impersonate-group': 'g' },
    { answer: (a) => (a.verb === 'impersonate' ? yes : no) },
  );
  expect(member.questions.slice(1)).toEqual(['impersonate /users/ /jane', 'impersonate /groups/ /g']);
});

describe('extras', () => {
  const four = { 'impersonate-user': 'jane', 'impersonate-extra-a.io%2fb': ['1', '2', '3', '4'] };
  const about = ({ questions }: { questions: readonly string[] }): string[] =>
    questions.filter((q) => q.includes('userextras'));
  const constrained = (a: Attributes): boolean => a.verb !== 'impersonate';

  test('that are many are asked about at once, and each where that is refused', async () => {
    const all = await asked(four, { answer: (a) => (constrained(a) ? { decision: 'allow', reason: '' } : no) });
    expect(about(all)).toEqual(['impersonate:user-info authentication.k8s.io/userextras/* /*']);
    expect(all.acting?.extra).toEqual({ 'a.io/b': ['1', '2', '3', '4'] });
    const each = await asked(four, {
      answer: (a) => (constrained(a) && a.name !== '*' ? { decision: 'allow', reason: '' } : no),
    });
    expect(about(each).map((q) => q.split('/').at(-1))).toEqual(['*', '1', '2', '3', '4']);
    const three = await asked(
      { ...four, 'impersonate-extra-a.io%2fb': ['1', '2', '3'] },
      { answer: (a) => (constrained(a) ? { decision: 'allow', reason: '' } : no) },
    );
    expect(about(three).map((q) => q.split('/').at(-1))).toEqual(['1', '2', '3']);
  });

  test('of any form are for who may impersonate without constraints', async () => {
    const headers = { 'impersonate-user': 'jane', 'impersonate-extra-X': ['', '2', '3', '4'] };
    const old = await asked(headers, {
      answer: (a) => (constrained(a) ? no : { decision: 'allow', reason: '' }),
    });
    expect(about(old).map((q) => q.split('/').at(-1))).toEqual(['', '2', '3', '4']);
    expect(old.acting?.extra).toEqual({ X: ['', '2', '3', '4'] });
  });

  test('have a key', async () => {
    const { error } = await asked(
      { 'impersonate-user': 'jane', 'impersonate-extra-': 'x' },
      { answer: (a) => (constrained(a) ? { decision: 'allow', reason: '' } : no) },
    );
    expect(error).toContain('impersonating the empty string key in extra is not allowed');
  });
});

test('a refusal says what was asked, and what authorizers say to it', async () => {
  const headers = { 'impersonate-user': 'system:serviceaccount:ns:bot', 'impersonate-uid': 'u' };
  const text =
    'serviceaccounts "bot" is forbidden: User "robot" cannot impersonate resource "serviceaccounts" in API group "" in the namespace "ns"';
  const answers: [Partial<Decision>, string][] = [
    [{}, ''],
    [{ reason: 'no role' }, ': no role'],
    [{ error: 'broken' }, ': broken'],
    [{ reason: 'no role', error: 'broken' }, ': broken: no role'],
  ];
  for (const [answer, tail] of answers) {
    expect((await asked(headers, { answer: () => ({ ...no, ...answer }) })).error).toBe(text + tail);
  }
  const masters = await asked(
    { 'impersonate-user': 'jane', 'impersonate-group': 'system:masters' },
    { answer: (a) => (a.verb === 'impersonate' ? no : { decision: 'allow', reason: '' }) },
  );
  expect(masters.error).toBe(
    'groups.authentication.k8s.io "system:masters" is forbidden: User "robot" cannot impersonate:user-info resource "groups" in API group "authentication.k8s.io" at the cluster scope: impersonating the system:masters group is not allowed',
  );
});

test('who was allowed once is asked about in every other mode, once, when it is allowed no more', async () => {
  const verbs: string[] = [];
  let allowed = true;
  const impersonation = new Impersonation({
    authorize(a) {
      verbs.push(a.verb);
      return allowed && a.verb === 'impersonate' ? { decision: 'allow', reason: '' } : no;
    },
  });
  const act = (): Promise<unknown> | undefined =>
    impersonation.of(credentials({ headers: { 'impersonate-user': 'jane' } }), () => asks(robot, 'get', 'pods'));
  await act();
  allowed = false;
  verbs.length = 0;
  await expect(act()).rejects.toMatchObject({ code: 403 });
  expect(verbs).toEqual(['impersonate', 'impersonate-on:user-info:get']);
});

test.each<[Headers, string]>([
  [
    {
      'impersonate-group': ['g', 'h'],
      'impersonate-uid': 'u',
      'impersonate-extra-b': '2',
      'impersonate-extra-a': ['1', '3'],
    },
    'UID:"u", Groups:[]string{"g", "h"}, Extra:map[string][]string{"a":[]string{"1", "3"}, "b":[]string{"2"}}',
  ],
  [
    { 'impersonate-extra-a': '1', 'impersonate-extra-b': '2' },
    'UID:"", Groups:[]string(nil), Extra:map[string][]string{"a":[]string{"1"}, "b":[]string{"2"}}',
  ],
  [{ 'impersonate-uid': 'u' }, 'UID:"u", Groups:[]string(nil), Extra:map[string][]string(nil)'],
  [{ 'impersonate-group': 'g' }, 'UID:"", Groups:[]string{"g"}, Extra:map[string][]string(nil)'],
])('%j without a user is told in full', async (headers, text) => {
  const { error } = await asked(headers);
  expect(error).toBe(`requested &user.DefaultInfo{Name:"", ${text}} without impersonating a user name`);
});

test('headers that only begin like those of impersonation are none', async () => {
  expect(await asked({ 'impersonate-colour': 'red' })).toEqual({ questions: [], all: [], error: '' });
});
