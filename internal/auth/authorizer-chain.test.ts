import { expect, test } from 'vitest';
import { AuthorizerChain, type NamedAuthorizer } from './authorizer-chain.js';
import { alwaysAllow, alwaysDeny } from './authorizers.js';
import { everythingAllowed, nothingAllowed } from './rules.js';
import { asks, user } from './testing.js';

const allow: NamedAuthorizer = { type: 'AlwaysAllow', name: 'a', authorizer: alwaysAllow, rules: everythingAllowed };
const deny: NamedAuthorizer = { type: 'AlwaysDeny', name: 'd', authorizer: alwaysDeny, rules: nothingAllowed };
const ann = user('ann');

test('a chain is asked in its order, until it is replaced', () => {
  const chain = new AuthorizerChain([deny, allow]);
  expect(chain.authorize(asks(ann, 'get', 'pods'))).toMatchObject({ decision: 'allow' });
  expect(chain.rulesFor(ann, 'ns')).toEqual({ ...everythingAllowed.rulesFor(ann, 'ns'), incomplete: false });
  chain.replace([deny]);
  expect(chain.authorize(asks(ann, 'get', 'pods'))).toMatchObject({
    decision: 'noOpinion',
    reason: 'Everything is forbidden.',
  });
  expect(chain.rulesFor(ann, 'ns')).toEqual({ rules: [], errors: [], incomplete: false });
});

test('whatever is asked, masters may do all, and health and version are for everybody', () => {
  const chain = new AuthorizerChain([deny]);
  expect(chain.authorize(asks(user('root', 'system:masters'), 'delete', 'nodes'))).toMatchObject({ decision: 'allow' });
  const path = (to: string, verb = 'get') =>
    chain.authorize(asks(ann, verb, '', { isResourceRequest: false, path: to }));
  for (const open of ['/healthz', '/livez', '/readyz', '/version', '/version/']) {
    expect(path(open), open).toMatchObject({ decision: 'allow' });
  }
  for (const closed of [path('/metrics'), path('/healthz/x'), path('/healthz', 'post')]) {
    expect(closed).toMatchObject({ decision: 'noOpinion' });
  }
  expect(chain.authorize(asks(ann, 'get', 'pods', { path: '/healthz' }))).toMatchObject({ decision: 'noOpinion' });
});
