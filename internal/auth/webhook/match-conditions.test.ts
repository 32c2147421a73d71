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
