import { describe, expect, it } from 'vitest';
import { everythingAllowed, nodeRules, nothingAllowed, type RuleResolver, rulesUnion, webhookRules } from './rules.js';
import type { UserInfo } from './types.js';

const user = (username: string, ...groups: string[]): UserInfo => ({ username, uid: '', groups, extra: {} });
const rbac: RuleResolver = {
  rulesFor: () => ({
    rules: [{ verbs: ['get'], apiGroups: [''], resources: ['pods'], resourceNames: [], nonResourceURLs: [] }],
    errors: ['a', 'b'],
  }),
};

describe('rules of several authorization modes', () => {
  it('are incomplete for nodes alone', () => {
    const both = rulesUnion([nodeRules, rbac]);
    expect(both.rulesFor(user('jane'), 'default')).toMatchObject({ errors: ['[a, b]'], incomplete: false });
    expect(both.rulesFor(user('system:node:n1', 'system:nodes'), 'default')).toMatchObject({
      errors: ['node authorizer does not support user rule resolution', '[a, b]'],
      incomplete: true,
    });
  });
  it('are not known where a webhook decides, or for a node', () => {
    const told = (resolver: RuleResolver, who: UserInfo) => rulesUnion([resolver]).rulesFor(who, 'x');
    expect(told(webhookRules, user('jane'))).toEqual({
      rules: [],
      errors: ['webhook authorizer does not support user rule resolution'],
      incomplete: true,
    });
    expect(told(nodeRules, user('system:node:n1', 'system:nodes'))).toMatchObject({ rules: [], incomplete: true });
    expect(told(nodeRules, user('jane'))).toEqual({ rules: [], errors: [], incomplete: false });
    expect(told(everythingAllowed, user('jane')).errors).toEqual([]);
  });
  it('say everything where everything is allowed', () => {
    expect(rulesUnion([rbac, everythingAllowed]).rulesFor(user('jane'), 'x').rules.slice(1)).toEqual([
      { verbs: ['*'], apiGroups: ['*'], resources: ['*'], resourceNames: [], nonResourceURLs: [] },
      { verbs: ['*'], apiGroups: [], resources: [], resourceNames: [], nonResourceURLs: ['*'] },
    ]);
    expect(rulesUnion([nothingAllowed]).rulesFor(user('jane'), 'x')).toEqual({
      rules: [],
      errors: [],
      incomplete: false,
    });
  });
});
