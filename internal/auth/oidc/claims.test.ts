import { describe, expect, test } from 'vitest';
import { atOnce } from '../../machinery/breathe.js';
import type { JsonObject } from '../../machinery/json.js';
import { checkStandardClaims, userOfClaims } from './claims.js';
import { authenticationConfiguration } from './configuration.js';

/** The configuration of one issuer, with these mappings and rules. */
function config(jwt: JsonObject) {
  const object = {
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'AuthenticationConfiguration',
    jwt: [{ issuer: { url: 'https://issuer', audiences: ['api'] }, ...jwt }],
  };
  const [made] = atOnce(authenticationConfiguration(Buffer.from(JSON.stringify(object)), 'c.yaml', [])).jwt;
  if (made === undefined) throw new Error('there is one');
  return made;
}
const userOf = (jwt: JsonObject, claims: JsonObject) => userOfClaims(config(jwt), claims);
const bySub = { username: { claim: 'sub', prefix: '' } };

describe('the user of claims', () => {
  test('has prefixes before names and groups; one group may be a string', () => {
    const claimMappings = { username: { claim: 'sub', prefix: 'oidc:' }, groups: { claim: 'roles', prefix: 'g:' } };
    expect(userOf({ claimMappings }, { sub: 'ann', roles: ['a', 'b'] })).toEqual({
      username: 'oidc:ann',
      uid: '',
      groups: ['g:a', 'g:b', 'system:authenticated'],
      extra: {},
    });
    expect(userOf({ claimMappings }, { sub: 'ann', roles: 'a' }).groups).toEqual(['g:a', 'system:authenticated']);
    expect(userOf({ claimMappings }, { sub: 'ann' }).groups).toEqual(['system:authenticated']);
  });
  test('is what expressions make of them', () => {
    const claimMappings = {
      username: { expression: 'claims.sub + "@" + claims.tenant' },
      groups: { expression: 'claims.roles.split(",")' },
      uid: { claim: 'sub' },
      extra: [
        { key: 'acme.io/tenant', valueExpression: 'claims.tenant' },
        { key: 'acme.io/none', valueExpression: '""' },
        { key: 'acme.io/some', valueExpression: 'claims.?scopes.orValue([])' },
      ],
    };
    expect(userOf({ claimMappings }, { sub: 'ann', tenant: 'x', roles: 'a,b', scopes: ['r', 'w'] })).toEqual({
      username: 'ann@x',
      uid: 'ann',
      groups: ['a', 'b', 'system:authenticated'],
      extra: { 'acme.io/tenant': ['x'], 'acme.io/some': ['r', 'w'] },
    });
  });
  test('is refused where a claim is missing or of another type', () => {
    const groups = { claim: 'roles', prefix: '' };
    const failing: [JsonObject, JsonObject, RegExp][] = [
      [{ claimMappings: bySub }, {}, /parse username claims "sub"/],
      [{ claimMappings: bySub }, { sub: '' }, /empty username/],
      [{ claimMappings: bySub }, { sub: ['ann'] }, /parse username claims/],
      [{ claimMappings: { ...bySub, groups } }, { sub: 'a', roles: 3 }, /parse groups claim/],
      [{ claimMappings: { ...bySub, groups } }, { sub: 'a', roles: ['x', 3] }, /parse groups claim/],
      [{ claimMappings: { ...bySub, groups } }, { sub: 'a', _claim_names: { roles: 's' } }, /is distributed/],
      [{ claimMappings: { ...bySub, uid: { claim: 'id' } } }, { sub: 'a' }, /uid claim/],
      [{ claimMappings: { username: { expression: 'claims.sub' } } }, { sub: 3 }, /must return a string/],
      [{ claimMappings: { username: { expression: 'claims.sub' } } }, {}, /no such key: sub/],
      [{ claimMappings: { username: { expression: '""' } } }, {}, /empty username/],
      [{ claimMappings: { ...bySub, groups: { expression: '[1]' } } }, { sub: 'a' }, /must return a string/],
    ];
    for (const [jwt, claims, message] of failing) expect(() => userOf(jwt, claims), String(message)).toThrow(message);
  });
  test('by mail address only where it is verified, if the token says', () => {
    const claimMappings = { username: { claim: 'email', prefix: '' } };
    expect(userOf({ claimMappings }, { email: 'a@b', email_verified: true }).username).toBe('a@b');
    expect(userOf({ claimMappings }, { email: 'a@b' }).username).toBe('a@b');
    expect(() => userOf({ claimMappings }, { email: 'a@b', email_verified: false })).toThrow('email not verified');
    expect(() => userOf({ claimMappings }, { email: 'a@b', email_verified: 'true' })).toThrow("parse 'email_verified'");
  });
});

describe('rules', () => {
  test('about claims must hold, each of them', () => {
    const jwt = {
      claimMappings: bySub,
      claimValidationRules: [
        { claim: 'hd', requiredValue: 'example.com' },
        { expression: 'claims.exp - claims.nbf <= 86400', message: 'for a day at most' },
      ],
    };
    const claims = { sub: 'ann', hd: 'example.com', exp: 86400, nbf: 0 };
    expect(userOf(jwt, claims).username).toBe('ann');
    expect(() => userOf(jwt, { ...claims, hd: 'other' })).toThrow('Got = other, want = example.com');
    expect(() => userOf(jwt, { sub: 'ann', exp: 1, nbf: 0 })).toThrow('required claim hd not present');
    expect(() => userOf(jwt, { ...claims, exp: 86401 })).toThrow('for a day at most');
    expect(() => userOf(jwt, { ...claims, exp: 'x' })).toThrow('no such overload');
  });
  test('about the user must hold, also when it has no groups', () => {
    const jwt = {
      claimMappings: { ...bySub, groups: { claim: 'g', prefix: '' } },
      userValidationRules: [
        { expression: "!user.username.startsWith('system:')", message: 'reserved' },
        { expression: "user.groups.all(g, !g.startsWith('system:'))", message: 'reserved group' },
      ],
    };
    expect(userOf(jwt, { sub: 'ann' }).username).toBe('ann');
    expect(() => userOf(jwt, { sub: 'system:admin' })).toThrow('reserved');
    expect(() => userOf(jwt, { sub: 'ann', g: ['system:masters'] })).toThrow('reserved group');
  });
});

test('a token is for one of the audiences, and within its time', () => {
  const check = (claims: JsonObject) => () => checkStandardClaims(claims, ['api', 'b'], 1000);
  expect(check({ aud: 'api', exp: 1000 })).not.toThrow();
  expect(check({ aud: ['x', 'b'], exp: 1001, nbf: 1300 })).not.toThrow();
  expect(check({ aud: 'x', exp: 2000 })).toThrow('expected audience in ["api" "b"] got ["x"]');
  expect(check({ exp: 2000 })).toThrow('expected audience');
  expect(check({ aud: 'api', exp: 999 })).toThrow('expired');
  expect(check({ aud: 'api' })).toThrow('expired');
  expect(check({ aud: 'api', exp: '2000' })).toThrow('expired');
  expect(check({ aud: 'api', exp: 2000, nbf: 1301 })).toThrow('not before');
});

describe('in words of the apiserver it is told', () => {
  const text = (jwt: JsonObject, claims: JsonObject): string => {
    try {
      return JSON.stringify(userOf(jwt, claims));
    } catch (error) {
      return (error as Error).message;
    }
  };
  const rules = (...claimValidationRules: JsonObject[]) => ({ claimMappings: bySub, claimValidationRules });
  const userRules = (...userValidationRules: JsonObject[]) => ({ claimMappings: bySub, userValidationRules });
  const mappings = (more: JsonObject) => ({ claimMappings: { ...bySub, ...more } });

  test.each<[string, JsonObject, JsonObject, string]>([
    [
      'which claim is not there',
      rules({ claim: 'hd', requiredValue: 'x' }),
      {},
      'oidc: required claim hd not present in ID token',
    ],
    [
      'which claim is no string',
      rules({ claim: 'hd', requiredValue: '1' }),
      { hd: 1 },
      'oidc: parse claim hd: it is no string',
    ],
    [
      'which claim has another value',
      rules({ claim: 'hd', requiredValue: 'x' }),
      { hd: 'y' },
      'oidc: required claim hd value does not match. Got = y, want = x',
    ],
    [
      'which rule does not hold',
      rules({ expression: 'claims.a == 1' }),
      { a: 2 },
      "oidc: error evaluating claim validation expression: validation expression 'claims.a == 1' failed",
    ],
    [
      'what its author says of it',
      rules({ expression: 'claims.a == 1', message: 'a is 1' }),
      { a: 2 },
      "oidc: error evaluating claim validation expression: validation expression 'claims.a == 1' failed: a is 1",
    ],
    [
      'what an expression could not find',
      rules({ expression: 'claims.a == 1' }),
      {},
      'oidc: error evaluating claim validation expression: ',
    ],
    [
      'which rule the user does not keep',
      userRules({ expression: "user.username != 'ann'", message: 'not ann' }),
      {},
      "oidc: error evaluating user info validation rule: 'user.username != 'ann'' failed: not ann",
    ],
    [
      'that rules of users failed',
      userRules({ expression: "user.extra['x'] == []" }),
      {},
      'oidc: error evaluating user info validation expression: ',
    ],
    ['that a uid is no string', mappings({ uid: { claim: 'id' } }), { id: 7 }, 'oidc: error parsing uid claim "id"'],
    [
      'that a uid cannot be had',
      mappings({ uid: { expression: 'claims.id' } }),
      {},
      'oidc: error evaluating uid claim expression: ',
    ],
    [
      'that a uid is no string, of an expression',
      mappings({ uid: { expression: 'claims.id' } }),
      { id: ['a'] },
      'oidc: error evaluating uid claim expression: uid claim expression must return a string',
    ],
    [
      'that a name is none',
      { claimMappings: { username: { expression: 'claims.n' } } },
      { n: ['a'] },
      'oidc: error evaluating username claim expression: username claim expression must return a string',
    ],
    [
      'that groups are none',
      mappings({ groups: { expression: 'claims.g' } }),
      { g: 1 },
      'oidc: error evaluating group claim expression: groups claim expression must return a string or a list of strings',
    ],
    [
      'that an extra is none',
      mappings({ extra: [{ key: 'acme.io/a', valueExpression: 'claims.a' }] }),
      { a: 1 },
      'oidc: error evaluating extra claim acme.io/a expression: extra claim expression must return a string or a list of strings',
    ],
  ])('%s', (_what, jwt, claims, message) => {
    const told = text(jwt, { sub: 'ann', ...claims });
    expect(message.endsWith(': ') ? told.slice(0, message.length) : told).toBe(message);
  });

  test('nothing, of who is called by another claim than the address that is not confirmed', () => {
    expect(userOf({ claimMappings: bySub }, { sub: 'ann', email: 'a@b', email_verified: false }).username).toBe('ann');
  });

  test('a uid may be what an expression makes', () => {
    expect(userOf(mappings({ uid: { expression: 'claims.sub + "!"' } }), { sub: 'ann' }).uid).toBe('ann!');
    expect(userOf(mappings({}), { sub: 'ann' }).uid).toBe('');
  });

  test('groups that are kept elsewhere are missed only where groups are wanted from there', () => {
    const byGroups = mappings({ groups: { claim: 'groups', prefix: '' } });
    const other = { sub: 'ann', _claim_names: { roles: 'src' } };
    expect(userOf(byGroups, other).groups).toEqual(['system:authenticated']);
    expect(text(byGroups, { sub: 'ann', _claim_names: { groups: 'src' } })).toBe(
      'oidc: claim groups is distributed, which is not supported',
    );
  });
});
