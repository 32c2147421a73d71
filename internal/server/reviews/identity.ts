import { type AuthenticationResult, type Authenticator, ANONYMOUS } from '../../auth/authenticator.js';
import type { UserInfo } from '../../auth/types.js';
import { child, str } from '../../machinery/access.js';
import { invalid, invalidValue } from '../../machinery/field.js';
import type { JsonObject } from '../../machinery/json.js';
import { emptyRecord } from '../../machinery/record.js';
import { badRequest } from '../../machinery/status.js';
import type { Creator } from '../../rest/deps.js';
import { reviewCreator } from './review.js';

/** Who am I? */
export const selfSubjectReview: Creator = reviewCreator({
  answer: (_review, ctx) => ({ userInfo: userInfoObject(ctx.user) }),
});

/** Whose token is this? `own` are the audiences that are assumed when the review names none. */
export function tokenReview(authenticator: Authenticator, own: readonly string[]): Creator {
  return reviewCreator({
    check(review) {
      if (str(child(review, 'spec'), 'token') === '')
        throw badRequest('token is required for TokenReview in authentication');
      const metadata = Object.keys(child(review, 'metadata') ?? {}).filter((k) => k !== 'managedFields');
      if (metadata.length > 0) {
        throw invalid({ group: 'authentication.k8s.io', kind: 'TokenReview' }, '', [
          invalidValue('metadata', child(review, 'metadata'), 'must be empty'),
        ]);
      }
    },
    async answer(review, ctx) {
      const spec = child(review, 'spec');
      const token = str(spec, 'token');
      const asked = spec?.['audiences'];
      const audiences = Array.isArray(asked) && asked.length > 0 ? asked.map(String) : own;
      const ask = async (audience: string): Promise<AuthenticationResult> =>
        authenticator.authenticate({
          peerCertificate: '',
          header: (name) => (name === 'authorization' ? `Bearer ${token}` : ''),
          headerValues: () => [],
          headersWithPrefix: () => [],
          audiences: [audience],
        });
      // The account may have come to be on another replica just now.
      let results = await Promise.all(audiences.map(ask));
      if (results.includes('missing')) {
        await ctx.backend.readBarrier();
        results = await Promise.all(audiences.map(ask));
      }
      // Only those audiences are confirmed that the token is really meant for.
      let user: UserInfo | undefined;
      const confirmed = audiences.filter((_audience, i) => {
        const result = results[i];
        if (typeof result !== 'object' || result.username === ANONYMOUS) return false;
        user = result;
        return true;
      });
      if (user === undefined) return { user: {}, error: 'invalid bearer token' };
      return { authenticated: true, user: userInfoObject(user), audiences: confirmed };
    },
  });
}

function userInfoObject(user: UserInfo): JsonObject {
  const extra: JsonObject = emptyRecord();
  for (const key of Object.keys(user.extra).toSorted()) extra[key] = [...(user.extra[key] ?? [])];
  return {
    ...(user.username === '' ? {} : { username: user.username }),
    ...(user.uid === '' ? {} : { uid: user.uid }),
    ...(user.groups.length === 0 ? {} : { groups: [...user.groups] }),
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
  };
}
