import { type Authenticator, ANONYMOUS } from '../../auth/authenticator.js';
import type { UserInfo } from '../../auth/types.js';
import { child, str } from '../../machinery/access.js';
import { invalid, invalidValue } from '../../machinery/field.js';
import type { JsonObject } from '../../machinery/json.js';
import { badRequest } from '../../machinery/status.js';
import type { Creator } from '../../rest/deps.js';
import { reviewCreator } from './review.js';

/** Who am I? */
export const selfSubjectReview: Creator = reviewCreator((_review, ctx) => ({ userInfo: userInfoObject(ctx.user) }));

/** Whose token is this? `own` are the audiences that are assumed when the review names none. */
export function tokenReview(authenticator: Authenticator, own: readonly string[]): Creator {
  return reviewCreator((review) => {
    const spec = child(review, 'spec');
    const token = str(spec, 'token');
    if (token === '') throw badRequest('token is required for TokenReview in authentication');
    const metadata = Object.keys(child(review, 'metadata') ?? {}).filter((k) => k !== 'managedFields');
    if (metadata.length > 0) {
      throw invalid({ group: 'authentication.k8s.io', kind: 'TokenReview' }, '', [
        invalidValue('metadata', child(review, 'metadata'), 'must be empty'),
      ]);
    }
    const asked = spec?.['audiences'];
    const audiences = Array.isArray(asked) && asked.length > 0 ? asked.map(String) : own;
    const ask = (audience: string): UserInfo | undefined => {
      const result = authenticator.authenticate({
        peerCertificate: '',
        header: (name) => (name === 'authorization' ? `Bearer ${token}` : ''),
        headerValues: () => [],
        headersWithPrefix: () => [],
        audiences: [audience],
      });
      return result === 'invalid' || result?.username === ANONYMOUS ? undefined : result;
    };
    // Only those audiences are confirmed that the token is really meant for.
    const confirmed = audiences.filter((a) => ask(a) !== undefined);
    const user = ask(confirmed[0] ?? '');
    if (user === undefined) return { user: {}, error: '[invalid bearer token, token lookup failed]' };
    return { authenticated: true, user: userInfoObject(user), audiences: confirmed };
  });
}

function userInfoObject(user: UserInfo): JsonObject {
  const extra: JsonObject = {};
  for (const key of Object.keys(user.extra).toSorted()) extra[key] = [...(user.extra[key] ?? [])];
  return {
    ...(user.username === '' ? {} : { username: user.username }),
    ...(user.uid === '' ? {} : { uid: user.uid }),
    ...(user.groups.length === 0 ? {} : { groups: [...user.groups] }),
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
  };
}
