import { describe, expect, test } from 'vitest';
import type { FieldError } from '../../machinery/field.js';
import { errorText } from '../../machinery/field.js';
import type { JsonObject } from '../../machinery/json.js';
import { mappingsOf } from './mappings.js';
import { SIGNING_ALGS } from './types.js';

const bySub = { username: { claim: 'sub', prefix: '' } };

/** What is wrong with an issuer's mappings and rules, and what comes of them. */
function read(jwt: JsonObject): { errors: string[]; mappings: ReturnType<typeof mappingsOf> } {
  const errors: FieldError[] = [];
  const mappings = mappingsOf(jwt, 'jwt[0]', errors);
  return { errors: errors.map(errorText), mappings };
}
const errorsOf = (jwt: JsonObject): string[] => read({ claimMappings: bySub, ...jwt }).errors;
const ofMappings = (more: JsonObject): string[] => errorsOf({ claimMappings: { ...bySub, ...more } });

const BOTH = "claim and expression can't both be set";
const MUST_VERIFY =
  'claims.email_verified must be used in claimMappings.username.expression or claimMappings.extra[*].valueExpression or claimValidationRules[*].expression when claims.email is used in claimMappings.username.expression';

describe.each(['username', 'groups'])('what %s are made of', (name) => {
  const at = `jwt[0].claimMappings.${name}`;
  test.each<[JsonObject, string[]]>([
    [{ claim: 'a', prefix: '' }, []],
    [{ claim: 'a', prefix: 'x:' }, []],
    [{ expression: 'claims.a' }, []],
    [
      { claim: 'a' },
      [
        `${at}.prefix: Required value: prefix is required when claim is set. It can be set to an empty string to disable prefixing`,
      ],
    ],
    [
      { expression: 'claims.a', prefix: '' },
      [`${at}.prefix: Invalid value: "": prefix can't be set when expression is set`],
    ],
    [{ claim: 'a', expression: 'claims.a' }, [`${at}: Invalid value: "": ${BOTH}`]],
  ])('%j', (given, errors) => {
    expect(ofMappings({ [name]: given })).toEqual(errors);
  });

  test('is told where it does not compile', () => {
    const [error, ...more] = ofMappings({ [name]: { expression: 'claims.' } });
    expect(more).toEqual([]);
    expect(error).toMatch(/^jwt\[0\]\.claimMappings\.(username|groups)\.expression: Invalid value: "claims\.": /);
  });
});

test('a name is needed, groups and a uid are not', () => {
  expect(errorsOf({ claimMappings: {} })).toEqual([
    'jwt[0].claimMappings.username: Required value: claim or expression is required',
  ]);
  expect(errorsOf({ claimMappings: { username: { prefix: 'x' } } })).toEqual([
    'jwt[0].claimMappings.username: Required value: claim or expression is required',
    `jwt[0].claimMappings.username.prefix: Invalid value: "x": non-nil prefix isn't allowed without claim`,
  ]);
  expect(ofMappings({ groups: { prefix: 'x' } })).toEqual([
    `jwt[0].claimMappings.groups.prefix: Invalid value: "x": non-nil prefix isn't allowed without claim`,
  ]);
  const { mappings } = read({ claimMappings: { ...bySub, groups: {}, uid: {} } });
  expect(mappings).toEqual({
    claimRules: [],
    username: { claim: 'sub', prefix: '' },
    groups: undefined,
    uid: undefined,
    extra: [],
    userRules: [],
  });
  expect(read({ claimMappings: { ...bySub, groups: { claim: 'g', prefix: 'p' } } }).mappings.groups).toEqual({
    claim: 'g',
    prefix: 'p',
  });
  expect(read({ claimMappings: { ...bySub, uid: { claim: 'id' } } }).mappings.uid).toMatchObject({ claim: 'id' });
  expect(ofMappings({ uid: { claim: 'a', expression: 'claims.a' } })).toEqual([
    `jwt[0].claimMappings.uid: Invalid value: "": ${BOTH}`,
  ]);
});

test('a name that is a mail address is verified somewhere', () => {
  const byMail = { username: { expression: 'claims.email' } };
  const must = [`jwt[0].claimMappings.username.expression: Invalid value: "claims.email": ${MUST_VERIFY}`];
  const verified = 'claims.email_verified';
  expect(errorsOf({ claimMappings: byMail })).toEqual(must);
  expect(errorsOf({ claimMappings: byMail, claimValidationRules: [{ claim: 'email_verified' }] })).toEqual(must);
  expect(errorsOf({ claimMappings: byMail, claimValidationRules: [{ expression: `${verified} == true` }] })).toEqual(
    [],
  );
  const extra = [{ key: 'acme.io/a', valueExpression: `string(${verified})` }];
  expect(errorsOf({ claimMappings: { ...byMail, extra } })).toEqual([]);
  expect(errorsOf({ claimMappings: { username: { expression: `${verified} ? claims.email : ''` } } })).toEqual([]);
});

test.each<[JsonObject[], string[]]>([
  [[{}], [': Required value: claim or expression is required']],
  [[{ claim: 'a' }, { claim: 'a' }], ['[1].claim: Duplicate value: "a"']],
  [[{ expression: 'true' }, { expression: 'true' }], ['[1].expression: Duplicate value: "true"']],
  [[{ claim: 'true' }, { expression: 'true' }], []],
  [[{ claim: 'a', expression: 'true' }], [`: Invalid value: "a": ${BOTH}`]],
  [[{ claim: 'a', message: 'm' }], [`.message: Invalid value: "m": message can't be set when claim is set`]],
  [
    [{ expression: 'true', requiredValue: 'x' }],
    [`.requiredValue: Invalid value: "x": requiredValue can't be set when expression is set`],
  ],
])('of rules for claims %j', (claimValidationRules, told) => {
  const errors = told.map((text) => `jwt[0].claimValidationRules${text.startsWith('[') ? '' : '[0]'}${text}`);
  expect(errorsOf({ claimValidationRules })).toEqual(errors);
});

test('rules say what their author wrote, and those that do not compile are none', () => {
  const { errors, mappings } = read({
    claimMappings: { ...bySub, extra: [{ key: 'acme.io/a', valueExpression: 'claims.' }, { key: 'acme.io/b' }] },
    claimValidationRules: [
      { claim: 'a', requiredValue: 'x' },
      { expression: 'true', message: 'm' },
      { expression: 'claims.' },
    ],
    userValidationRules: [{ expression: 'true', message: 'n' }, { expression: 'user.' }, { message: 'x' }],
  });
  expect(mappings.claimRules).toMatchObject([{ claim: 'a', requiredValue: 'x' }, { message: 'm' }]);
  expect(mappings.userRules).toMatchObject([{ message: 'n' }]);
  expect(mappings.extra).toEqual([]);
  expect(errors.map((text) => text.slice(0, text.indexOf(':')))).toEqual([
    'jwt[0].claimValidationRules[2].expression',
    'jwt[0].claimMappings.extra[0].valueExpression',
    'jwt[0].claimMappings.extra[1].valueExpression',
    'jwt[0].userValidationRules[1].expression',
    'jwt[0].userValidationRules[2].expression',
  ]);
});

test.each([
  ['acme.io/a', ''],
  ['acme.io/a/b', ''],
  ['x-k8s.io/a', ''],
  ['', 'Required value: key is required'],
  ['acme.io', 'must be a domain-prefixed path (such as "acme.io/foo")'],
  ['acme.io/', 'must be a domain-prefixed path (such as "acme.io/foo")'],
  ['ac_me/a', 'must be a domain-prefixed path (such as "acme.io/foo")'],
  ['/a', 'must be a domain-prefixed path (such as "acme.io/foo")'],
  ['acme.io/A', 'key must be lowercase'],
  ...['k8s.io/a', 'kubernetes.io/a', 'a.k8s.io/a', 'a.kubernetes.io/a'].map((key) => [
    key,
    'k8s.io, kubernetes.io and their subdomains are reserved for Kubernetes use',
  ]),
])('an extra may be called %s: %s', (key = '', text = '') => {
  const errors = ofMappings({ extra: [{ key, valueExpression: 'claims.a' }] });
  const place = 'jwt[0].claimMappings.extra[0].key: ';
  const invalid = `${place}Invalid value: ${JSON.stringify(key)}: ${text}`;
  expect(errors).toEqual(text === '' ? [] : [text.startsWith('Required') ? place + text : invalid]);
});

test('two extras without keys lack keys; they are not the same one', () => {
  const nameless = { valueExpression: 'claims.a' };
  expect(ofMappings({ extra: [nameless, nameless] })).toEqual(
    [0, 1].map((i) => `jwt[0].claimMappings.extra[${i}].key: Required value: key is required`),
  );
});

test('tokens may be signed as kube-apiserver takes them by a configuration', () => {
  expect([...SIGNING_ALGS].sort()).toEqual([
    'ES256',
    'ES384',
    'ES512',
    'PS256',
    'PS384',
    'PS512',
    'RS256',
    'RS384',
    'RS512',
  ]);
});

test('more than can be compiled in a turn is refused', () => {
  const rules = (count: number) => ({
    userValidationRules: Array.from({ length: count }, (_, i) => ({ expression: `user.username != 'u${i}'` })),
  });
  expect(errorsOf(rules(600))).toEqual([]);
  expect(errorsOf(rules(1_000))).toEqual(['jwt[0]: Too long: may not be more than 32768 bytes']);
});
