import { describe, expect, test } from 'vitest';
import {
  type AuthenticationResult,
  type Authenticator,
  authenticatorUnion,
  bearerToken,
  forAudiences,
  withAuthenticatedGroup,
} from './authenticator.js';
import { credentials, user } from './testing.js';

const says = (result: AuthenticationResult): Authenticator => ({ authenticate: () => result });
const saysLater = (result: AuthenticationResult): Authenticator => ({ authenticate: () => Promise.resolve(result) });
const ann = user('ann');
const ask = (list: readonly Authenticator[], token?: string, anonymous = true) =>
  authenticatorUnion(list, () => anonymous).authenticate(credentials(token === undefined ? {} : { token }));

describe('the union of authenticators', () => {
  test('takes the first user, also after bad credentials of another kind', async () => {
    expect(ask([says(undefined), says('invalid'), says(ann), says(user('bob'))])).toBe(ann);
    expect(await ask([saysLater('invalid'), saysLater(ann)])).toBe(ann);
  });
  test('refuses bad credentials, rather than taking them for none', async () => {
    expect(ask([says('invalid'), says(undefined)])).toBe('invalid');
    expect(await ask([saysLater('invalid'), says(undefined)])).toBe('invalid');
    expect(ask([says(undefined)], 'nobody knows it')).toBe('invalid');
  });
  test('says that something is missing when that may still make a user', () => {
    expect(ask([says('missing'), says('invalid')])).toBe('missing');
    expect(ask([says('invalid'), says('missing')])).toBe('missing');
  });
  test.each<[AuthenticationResult, AuthenticationResult, AuthenticationResult]>([
    ['missing', undefined, 'missing'],
    [undefined, 'missing', 'missing'],
    ['missing', 'invalid', 'missing'],
    ['invalid', 'missing', 'missing'],
    ['missing', 'missing', 'missing'],
    ['invalid', undefined, 'invalid'],
    [undefined, 'invalid', 'invalid'],
    ['invalid', 'invalid', 'invalid'],
  ])('of %s and %s says %s, also of those who answer later', async (a, b, expected) => {
    for (const list of [
      [says(a), says(b)],
      [saysLater(a), says(b)],
      [says(a), saysLater(b)],
    ]) {
      expect(await ask(list)).toBe(expected);
    }
  });
  test('has anonymous users only where they are allowed', () => {
    expect(ask([says(undefined)])).toEqual({
      username: 'system:anonymous',
      uid: '',
      groups: ['system:unauthenticated'],
      extra: {},
    });
    expect(ask([says(undefined)], undefined, false)).toBeUndefined();
  });
});

test('a token without audiences is for the audiences of this server only', () => {
  const own = forAudiences(['here'], says(ann));
  expect(own.authenticate(credentials({}))).toBe(ann);
  expect(own.authenticate(credentials({ audiences: ['there', 'here'] }))).toBe(ann);
  expect(own.authenticate(credentials({ audiences: ['there'] }))).toBeUndefined();
});

test('a bearer token ends at the next blank; other schemes have none', () => {
  const of = (authorization: string): string => bearerToken(credentials({ headers: { authorization } }));
  expect(of('Bearer a.b.c')).toBe('a.b.c');
  expect(of('bearer a b')).toBe('a');
  for (const none of ['Bearer  a', 'Basic a', 'Bearera', 'Digest a', 'Bearer-a', 'Bearer', ''])
    expect(of(none), none).toBe('');
});

test('everybody but the anonymous user is in system:authenticated, once', () => {
  expect(withAuthenticatedGroup(ann).groups).toEqual(['system:authenticated']);
  expect(withAuthenticatedGroup(user('a', 'system:authenticated')).groups).toEqual(['system:authenticated']);
  expect(withAuthenticatedGroup(user('system:anonymous')).groups).toEqual([]);
});
