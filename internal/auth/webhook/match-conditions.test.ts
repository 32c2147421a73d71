import { expect, test } from 'vitest';
import type { Program } from '../../cel/index.js';
import { asks, user } from '../testing.js';
import { matchCondition, matches } from './match-conditions.js';

const all = (...texts: string[]): Program[] =>
  texts.map((text) => {
    const made = matchCondition(text);
    if (typeof made === 'string') throw new Error(made);
    return made;
  });
const pods = asks(user('ann', 'dev'), 'list', 'pods', { namespace: 'ns', labelSelector: 'a in (x,y),!b' });
const path = asks(user('ann'), 'get', '', { isResourceRequest: false, path: '/metrics' });

test('conditions see the review that would be sent', () => {
  expect(matches([], pods)).toBe(true);
  expect(matches(all("has(request.resourceAttributes) && request.resourceAttributes.namespace == 'ns'"), pods)).toBe(
    true,
  );
  expect(matches(all("'dev' in request.groups", "request.user == 'bob'"), pods)).toBe(false);
  expect(matches(all('has(request.resourceAttributes)'), path)).toBe(false);
  expect(matches(all("request.nonResourceAttributes.path == '/metrics'"), path)).toBe(true);
  const selectors =
    "request.resourceAttributes.labelSelector.requirements.exists(r, r.key == 'a' && r.operator == 'In' && 'y' in r.values) && !has(request.resourceAttributes.fieldSelector)";
  expect(matches(all(selectors), pods)).toBe(true);
});

test('one that does not hold decides, whatever goes wrong in others', () => {
  const failing = "request.resourceAttributes.namespace == 'ns'";
  expect(matches(all(failing), path)).toEqual(
    new Error(`cel evaluation error: expression '${failing}' resulted in error: no such key: resourceAttributes`),
  );
  expect(matches(all(failing, "request.user == 'bob'"), path)).toBe(false);
});

test('what is no condition is refused', () => {
  expect(matchCondition('request.usr == ""')).toContain("undefined field 'usr'");
  expect(matchCondition('request.user')).toBe('must evaluate to bool');
  expect(matchCondition('user')).toContain('undeclared reference');
});

test.each<[string, ReturnType<typeof asks>]>([
  [
    "request.user == 'ann' && request.uid == 'u' && request.groups == ['dev'] && request.extra == {'a.io/b': ['c', 'd']}",
    pods,
  ],
  [
    "request.resourceAttributes.namespace == 'ns' && request.resourceAttributes.verb == 'list' && request.resourceAttributes.group == 'apps' && request.resourceAttributes.version == 'v1'",
    pods,
  ],
  [
    "request.resourceAttributes.resource == 'pods' && request.resourceAttributes.subresource == 'log' && request.resourceAttributes.name == 'p'",
    pods,
  ],
  [
    "request.resourceAttributes.fieldSelector.requirements[0].key == 'metadata.name' && request.resourceAttributes.fieldSelector.requirements[0].operator == 'In' && request.resourceAttributes.fieldSelector.requirements[0].values == ['p']",
    pods,
  ],
  ['!has(request.nonResourceAttributes) && !has(request.resourceAttributes.fieldSelector.rawSelector)', pods],
  ['!has(request.resourceAttributes.labelSelector.rawSelector) && has(request.resourceAttributes.labelSelector)', pods],
  ["request.nonResourceAttributes.verb == 'get' && !has(request.resourceAttributes)", path],
])('%s', (condition, request) => {
  const asked = {
    ...request,
    user: { ...request.user, uid: 'u', extra: { 'a.io/b': ['c', 'd'] } },
    ...(request === pods ? { group: 'apps', subresource: 'log', name: 'p', fieldSelector: 'metadata.name=p' } : {}),
  };
  expect(matches(all(condition), asked)).toBe(true);
});

test('types have the fields of a review, and no others', () => {
  for (const text of [
    'request.resourceAttributes.path',
    'request.nonResourceAttributes.name',
    'request.resourceAttributes.labelSelector.key',
    'request.resourceAttributes.fieldSelector.values',
  ]) {
    expect(matchCondition(`${text} == ''`), text).toContain('undefined field');
  }
  expect(matchCondition('kubernetes.Nobody{} == 1')).toEqual(expect.any(String));
});

test('several that went wrong are told together, and those that cost too much end it', () => {
  const [a, b] = ["request.extra['a'] == []", "request.extra['b'] == []"];
  expect(matches(all(a, b), pods)).toEqual(
    new Error(
      `[cel evaluation error: expression '${a}' resulted in error: no such key: a, cel evaluation error: expression '${b}' resulted in error: no such key: b]`,
    ),
  );
});
