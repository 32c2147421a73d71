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

/** Whose token is this? `audience` is the one that is assumed when the review names none. */
export function tokenReview(authenticator: Authenticator, audience: string): Creator {
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
    const audiences = Array.isArray(asked) && asked.length > 0 ? asked.map(String) : [audience];
    const result = authenticator.authenticate({
      peerCertificate: '',
      header: (name) => (name === 'authorization' ? `Bearer ${token}` : ''),
      headerValues: () => [],
      headersWithPrefix: () => [],
      audiences,
    });
    if (result === undefined || result === 'invalid' || result.username === ANONYMOUS) {
      return { user: {}, error: '[invalid bearer token, token lookup failed]' };
    }
    return { authenticated: true, user: userInfoObject(result), audiences };
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
