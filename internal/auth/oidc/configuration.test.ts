import { expect, test } from 'vitest';
import type { JsonObject } from '../../machinery/json.js';
import { createAuthority } from '../../pki/x509.js';
import { readAuthenticationConfiguration } from './configuration.js';

const issuer = { url: 'https://issuer', audiences: ['api'] };
const claimMappings = { username: { claim: 'sub', prefix: '' } };
const HEAD = { apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AuthenticationConfiguration' };
const read = (object: JsonObject) =>
  readAuthenticationConfiguration(Buffer.from(JSON.stringify({ ...HEAD, ...object })), 'a.yaml', ['https://accounts']);
const jwt =
  (more: JsonObject, ofIssuer: JsonObject = {}) =>
  () =>
    read({ jwt: [{ issuer: { ...issuer, ...ofIssuer }, claimMappings, ...more }] });

test('several issuers, and who may be anonymous', async () => {
  const { cert } = await createAuthority('ca');
  const { jwt: configs, anonymous } = read({
    jwt: [
      { issuer: { ...issuer, certificateAuthority: cert, discoveryURL: 'https://inside/config' }, claimMappings },
      {
        issuer: { ...issuer, url: 'https://b', audiences: ['a', 'b'], audienceMatchPolicy: 'MatchAny' },
        claimMappings,
      },
    ],
    anonymous: { enabled: true, conditions: [{ path: '/livez' }] },
  });
  expect(configs.map((c) => c.issuer.url)).toEqual(['https://issuer', 'https://b']);
  expect(anonymous).toEqual({ enabled: true, paths: ['/livez'] });
  expect(read({}).anonymous).toBeUndefined();
  expect(read({ apiVersion: 'apiserver.config.k8s.io/v1beta1', jwt: [] }).jwt).toEqual([]);
});

test('what is wrong is told, and nothing is taken for what it is not', () => {
  const username = (u: JsonObject) => jwt({ claimMappings: { username: u } });
  const extra = (...e: JsonObject[]) => jwt({ claimMappings: { ...claimMappings, extra: e } });
  const faults: [() => unknown, string][] = [
    [() => read({ kind: 'Other' }), 'no kind "Other" is registered'],
    [() => read({ jwts: [] }), 'unknown field "jwts"'],
    [() => read({ anonymous: true }), 'anonymous must be an object'],
    [() => read({ anonymous: { enabled: 'false' } }), 'anonymous.enabled must be a boolean'],
    [() => read({ anonymous: { enabled: false, conditions: [{ path: '/' }] } }), 'enabled should be set to true'],
    [jwt({}, { url: '' }), 'jwt[0].issuer.url: Required value: URL is required'],
    [jwt({}, { url: 'http://issuer' }), 'URL scheme must be https'],
    [jwt({}, { url: 'https://u:p@issuer' }), 'must not contain a username or password'],
    [jwt({}, { url: 'https://issuer?x' }), 'must not contain a query'],
    [jwt({}, { url: 'https://accounts' }), 'must not overlap with disallowed issuers: [https://accounts]'],
    [jwt({}, { discoveryURL: 'https://issuer/' }), 'discoveryURL must be different from URL'],
    [jwt({}, { audiences: [] }), 'at least one jwt[0].issuer.audiences is required'],
    [jwt({}, { audiences: ['a', 'b'] }), 'audienceMatchPolicy must be MatchAny for multiple audiences'],
    [jwt({}, { audienceMatchPolicy: 'All' }), 'Unsupported value: "All": supported values: "MatchAny"'],
    [jwt({}, { certificateAuthority: 'none' }), 'does not contain any valid'],
    [jwt({}, { egressSelectorType: 'cluster' }), 'there are no egress selectors here'],
    [username({}), 'jwt[0].claimMappings.username: Required value: claim or expression is required'],
    [username({ claim: 'sub' }), 'prefix is required when claim is set'],
    [username({ claim: 'sub', prefix: '', expression: 'claims.sub' }), "claim and expression can't both be set"],
    [username({ expression: 'claims.sub +' }), 'jwt[0].claimMappings.username.expression: Invalid value'],
    [username({ expression: 'user.x' }), "undeclared reference to 'user'"],
    [username({ expression: 'claims.email' }), 'claims.email_verified must be used'],
    [username({ expression: 'claims["email"]' }), 'claims.email_verified must be used'],
    [jwt({ claimValidationRules: [{ expression: 'claims.sub' }] }), 'must evaluate to bool'],
    [jwt({ claimValidationRules: [{}] }), 'claim or expression is required'],
    [jwt({ claimValidationRules: [{ claim: 'a' }, { claim: 'a' }] }), 'claimValidationRules[1].claim: Duplicate value'],
    [jwt({ claimValidationRules: [{ claim: 'a', message: 'm' }] }), "message can't be set when claim is set"],
    [jwt({ claimValidationRules: [{ claim: 'a', expression: 'true' }] }), "claim and expression can't both be set"],
    [
      jwt({ claimValidationRules: [{ expression: 'true', requiredValue: 'x' }] }),
      'claimValidationRules[0].requiredValue: Invalid value: "x": requiredValue can\'t be set when expression is set',
    ],
    [jwt({ userValidationRules: [{ expression: 'user.nme == ""' }] }), "undefined field 'nme'"],
    [
      jwt({ userValidationRules: [{ message: 'm' }] }),
      'userValidationRules[0].expression: Required value: expression is required',
    ],
    [
      jwt({ userValidationRules: [{ expression: 'true' }, { expression: 'true' }] }),
      'userValidationRules[1].expression: Duplicate value: "true"',
    ],
    [
      jwt({ claimMappings: { ...claimMappings, uid: { claim: 'a', expression: 'claims.a' } } }),
      'claimMappings.uid: Invalid value: "": claim and expression can\'t both be set',
    ],
    [extra({ valueExpression: 'claims.a' }), 'extra[0].key: Required value: key is required'],
    [
      extra({ key: 'acme.io/a', valueExpression: 'claims.a' }, { key: 'acme.io/a', valueExpression: 'claims.a' }),
      'extra[1].key: Duplicate value: "acme.io/a"',
    ],
    [extra({ key: 'foo', valueExpression: 'claims.a' }), 'must be a domain-prefixed path'],
    [extra({ key: 'Acme.io/a', valueExpression: 'claims.a' }), 'key must be lowercase'],
    [extra({ key: 'a.k8s.io/a', valueExpression: 'claims.a' }), 'reserved for Kubernetes use'],
    [extra({ key: 'acme.io/a' }), 'valueExpression is required'],
    [
      () =>
        read({
          jwt: [
            { issuer, claimMappings },
            { issuer, claimMappings },
          ],
        }),
      'jwt[1].issuer.url: Duplicate value',
    ],
    [() => read({ jwt: Array.from({ length: 65 }, () => ({ issuer, claimMappings })) }), 'must have at most 64 items'],
  ];
  for (const [attempt, message] of faults) expect(attempt, message).toThrow(message);
});

test('a uid may be a claim or an expression, and rules may look at every field of the user', () => {
  for (const uid of [{ claim: 'sub' }, { expression: 'claims.sub' }]) {
    expect(jwt({ claimMappings: { ...claimMappings, uid } })).not.toThrow();
  }
  const expression = `user.username != '' && user.uid != '' && 'g' in user.groups && user.extra['acme.io/a'] == ['b']`;
  expect(jwt({ userValidationRules: [{ expression }] })).not.toThrow();
});

test('a mail address may be the name where an expression looks whether it is verified', () => {
  const byMail = { username: { expression: 'claims.email' } };
  const rule = { expression: 'claims.?email_verified.orValue(true) == true' };
  expect(jwt({ claimMappings: byMail, claimValidationRules: [rule] })).not.toThrow();
  expect(
    jwt({
      claimMappings: {
        ...byMail,
        extra: [{ key: 'acme.io/verified', valueExpression: 'string(claims.email_verified)' }],
      },
    }),
  ).not.toThrow();
});
