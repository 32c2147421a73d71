import { expect, test } from 'vitest';
import { atOnce } from '../../machinery/breathe.js';
import { FatalError } from '../../machinery/assert.js';
import type { JsonObject } from '../../machinery/json.js';
import { createAuthority } from '../../pki/x509.js';
import { authenticationConfiguration } from './configuration.js';

const issuer = { url: 'https://issuer', audiences: ['api'] };
const claimMappings = { username: { claim: 'sub', prefix: '' } };
const HEAD = { apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AuthenticationConfiguration' };
const read = (object: JsonObject) =>
  atOnce(
    authenticationConfiguration(Buffer.from(JSON.stringify({ ...HEAD, ...object })), 'a.yaml', ['https://accounts']),
  );
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

test.each<[string, () => unknown, string]>([
  [
    'an issuer with every fault of a URL',
    jwt({}, { url: 'http://u@issuer?x#y', discoveryURL: 'no url' }),
    [
      'jwt[0].issuer.url: Invalid value: "http://u@issuer?x#y": URL scheme must be https',
      'jwt[0].issuer.url: Invalid value: "http://u@issuer?x#y": URL must not contain a username or password',
      'jwt[0].issuer.url: Invalid value: "http://u@issuer?x#y": URL must not contain a query',
      'jwt[0].issuer.url: Invalid value: "http://u@issuer?x#y": URL must not contain a fragment',
      'jwt[0].issuer.discoveryURL: Invalid value: "no url": it is no URL',
    ].join(', '),
  ],
  [
    'a password alone',
    jwt({}, { url: 'https://:p@issuer' }),
    'jwt[0].issuer.url: Invalid value: "https://:p@issuer": URL must not contain a username or password',
  ],
  [
    'a discovery URL that is the issuer but for slashes',
    jwt({}, { url: 'https://issuer//', discoveryURL: 'https://issuer///' }),
    'jwt[0].issuer.discoveryURL: Invalid value: "https://issuer///": discoveryURL must be different from URL',
  ],
  [
    'two issuers that are found at one place',
    () =>
      read({
        jwt: [
          { issuer: { ...issuer, discoveryURL: 'https://d' }, claimMappings },
          { issuer: { ...issuer, url: 'https://b', discoveryURL: 'https://d' }, claimMappings },
        ],
      }),
    'jwt[1].issuer.discoveryURL: Duplicate value: "https://d"',
  ],
  [
    'audiences that are none, or there twice',
    jwt({}, { audiences: ['', 'a', 'a'], audienceMatchPolicy: 'All' }),
    [
      `jwt[0].issuer.audiences[0]: Required value: audience can't be empty`,
      'jwt[0].issuer.audiences[2]: Duplicate value: "a"',
      'jwt[0].issuer.audienceMatchPolicy: Unsupported value: "All": supported values: "MatchAny"',
    ].join(', '),
  ],
  [
    'no audience',
    jwt({}, { audiences: [] }),
    'jwt[0].issuer.audiences: Required value: at least one jwt[0].issuer.audiences is required',
  ],
  [
    'several audiences, and no word on which',
    jwt({}, { audiences: ['a', 'b'] }),
    'jwt[0].issuer.audienceMatchPolicy: Invalid value: "": audienceMatchPolicy must be MatchAny for multiple audiences',
  ],
  [
    'an authority that is none, and an egress selector',
    jwt({}, { certificateAuthority: '-----BEGIN CERTIFICATE-----', egressSelectorType: 'cluster' }),
    [
      'jwt[0].issuer.certificateAuthority: Invalid value: "<omitted>": data does not contain any valid RSA or ECDSA certificates',
      'jwt[0].issuer.egressSelectorType: Forbidden: there are no egress selectors here: leave it away',
    ].join(', '),
  ],
])('%s: all of it is told', (_what, attempt, text) => {
  expect(attempt).toThrow(new FatalError(`a.yaml: ${text}. Mend the file.`));
});

test('64 issuers may be configured, none of which is another', () => {
  const many = Array.from({ length: 64 }, (_, i) => ({ issuer: { ...issuer, url: `https://i${i}` }, claimMappings }));
  expect(read({ jwt: many }).jwt).toHaveLength(64);
  // Of two without a URL it is said that they lack one, not that they are the same.
  const [nowhere] = [{ issuer: { ...issuer, url: '' }, claimMappings }];
  expect(() => read({ jwt: [nowhere, nowhere] })).not.toThrow('Duplicate');
  expect(() => read({ jwt: [nowhere, nowhere] })).toThrow('jwt[1].issuer.url: Required value: URL is required');
});

test('anonymous requests are off, or on for some paths', () => {
  expect(read({ anonymous: { enabled: false } }).anonymous).toEqual({ enabled: false, paths: [] });
  expect(read({ anonymous: {} }).anonymous).toEqual({ enabled: false, paths: [] });
  expect(() => read({ anonymous: { conditions: [{ path: '/' }] } })).toThrow(
    'anonymous.conditions: Invalid value: [{"path":"/"}]: enabled should be set to true when conditions are defined',
  );
});

test.each(['v1', 'v1beta1', 'v1alpha1'])('version %s is read', (version) => {
  expect(read({ apiVersion: `apiserver.config.k8s.io/${version}` })).toEqual({ jwt: [], anonymous: undefined });
});

test('what has another type is refused, not taken for left out', () => {
  const of = (changes: JsonObject, at: 'issuer' | 'claimMappings' | 'more' = 'more') =>
    at === 'issuer'
      ? jwt({}, changes)
      : jwt(at === 'more' ? changes : { claimMappings: { ...claimMappings, ...changes } });
  for (const name of ['url', 'discoveryURL', 'certificateAuthority', 'audienceMatchPolicy', 'egressSelectorType']) {
    expect(of({ [name]: 1 }, 'issuer'), name).toThrow(`jwt[0].issuer.${name} must be a string: it is 1`);
  }
  expect(of({ audiences: 'a' }, 'issuer')).toThrow('jwt[0].issuer.audiences must be a list');
  expect(of({ audiences: [1] }, 'issuer')).toThrow('jwt[0].issuer.audiences[0] must be a string: it is 1');
  for (const name of ['claim', 'requiredValue', 'expression', 'message']) {
    expect(of({ claimValidationRules: [{ [name]: 1 }] }), name).toThrow(`.${name} must be a string: it is 1`);
  }
  for (const name of ['expression', 'message']) {
    expect(of({ userValidationRules: [{ [name]: 1 }] }), name).toThrow(`.${name} must be a string: it is 1`);
  }
  for (const place of ['username', 'groups', 'uid']) {
    for (const name of place === 'uid' ? ['claim', 'expression'] : ['claim', 'prefix', 'expression']) {
      expect(of({ [place]: { [name]: 1 } }, 'claimMappings')).toThrow(`${place}.${name} must be a string: it is 1`);
    }
  }
  for (const name of ['key', 'valueExpression']) {
    expect(of({ extra: [{ [name]: 1 }] }, 'claimMappings')).toThrow(`extra[0].${name} must be a string: it is 1`);
  }
  expect(() => read({ anonymous: { enabled: true, conditions: [{ path: 1 }] } })).toThrow(
    'path must be a string: it is 1',
  );
  for (const name of ['jwt', 'anonymous']) expect(() => read({ [name]: 'x' }), name).toThrow(`${name} must be`);
});
