import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../machinery/json.js';
import { checkStandardClaims, userOfClaims } from './claims.js';
import { readAuthenticationConfiguration } from './configuration.js';

/** The configuration of one issuer, with these mappings and rules. */
function config(jwt: JsonObject) {
  const object = {
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'AuthenticationConfiguration',
    jwt: [{ issuer: { url: 'https://issuer', audiences: ['api'] }, ...jwt }],
  };
  const [made] = readAuthenticationConfiguration(Buffer.from(JSON.stringify(object)), 'c.yaml', []).jwt;
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
