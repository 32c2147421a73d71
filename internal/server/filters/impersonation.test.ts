import { describe, expect, test } from 'vitest';
import { alwaysAllow } from '../../auth/authorizers.js';
import type { Attributes, Authorizer } from '../../auth/types.js';
import type { Reply } from '../../rest/types.js';
import type { RequestContext } from '../request-context.js';
import { ok, incoming, chain, statusOf, messageOf, verdict } from './testing.js';

describe('impersonation', () => {
  const acting = (headers: readonly string[], authorizer: Authorizer = alwaysAllow) => {
    let seen: RequestContext | undefined;
    const resources = (request: unknown): Reply => {
      seen = request as RequestContext;
      return ok;
    };
    return { answer: chain({ authorizer, resources }).serve(incoming({ headers })), user: () => seen?.user };
  };

  test('asks for each identity, as the user who sent the request', async () => {
    const asked: Attributes[] = [];
    const headers = [
      'impersonate-user',
      'bob',
      'impersonate-group',
      'g',
      'impersonate-extra-constructor',
      'x',
      'impersonate-uid',
      'u',
    ];
    const { answer, user } = acting(headers, verdict('allow')(asked));
    expect(await statusOf(answer)).toBe(200);
    expect(asked.map((a) => [a.user.username, a.verb, a.resource, a.subresource, a.name])).toEqual([
      ['ann', 'impersonate-on:user-info:list', 'pods', '', ''],
      ['ann', 'impersonate:user-info', 'users', '', 'bob'],
      ['ann', 'impersonate:user-info', 'uids', '', 'u'],
      ['ann', 'impersonate:user-info', 'groups', '', 'g'],
      ['ann', 'impersonate', 'users', '', 'bob'],
      ['ann', 'impersonate', 'uids', '', 'u'],
      ['ann', 'impersonate', 'groups', '', 'g'],
      ['ann', 'impersonate', 'userextras', 'constructor', 'x'],
      ['bob', 'list', 'pods', '', ''],
    ]);
    expect(user()).toMatchObject({ username: 'bob', uid: 'u', groups: ['g', 'system:authenticated'] });
    expect(Object.entries(user()?.extra ?? {})).toEqual([['constructor', ['x']]]);
  });

  test('of a group alone is a bad request', async () => {
    const { answer } = acting(['impersonate-group', 'g']);
    expect(await statusOf(answer)).toBe(400);
    expect(await messageOf(answer)).toBe(
      'requested &user.DefaultInfo{Name:"", UID:"", Groups:[]string{"g"}, Extra:map[string][]string(nil)} without impersonating a user name',
    );
  });

  test('of any single identity needs the right to it', async () => {
    const refusing = (resource: string): Authorizer => ({
      authorize: (a) => ({ decision: a.resource === resource ? 'noOpinion' : 'allow', reason: '' }),
    });
    const headers = [
      'impersonate-user',
      'bob',
      'impersonate-group',
      'g',
      'impersonate-extra-k',
      'v',
      'impersonate-uid',
      'u',
    ];
    for (const resource of ['users', 'groups', 'userextras', 'uids']) {
      expect(await statusOf(acting(headers, refusing(resource)).answer), resource).toBe(403);
    }
  });
});
