import { type AuthenticationResult, type Authenticator, ANONYMOUS } from '../../auth/authenticator.js';
import type { UserInfo } from '../../auth/types.js';
import { child, str } from '../../machinery/access.js';
import { Breath } from '../../machinery/breathe.js';
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
      const ask = async (some: readonly string[]): Promise<AuthenticationResult> =>
        authenticator.authenticate({
          peerCertificate: '',
          header: (name) => (name === 'authorization' ? `Bearer ${token}` : ''),
          headerValues: () => [],
          headersWithPrefix: () => [],
          audiences: some,
        });
      // The account may have come to be on another replica just now.
      let result = await ask(audiences);
      if (result === 'missing') {
        await ctx.backend.readBarrier();
        result = await ask(audiences);
      }
      const user = userOf(result);
      if (user === undefined) return { user: {}, error: 'invalid bearer token' };
      const confirmed = await confirmedAudiences(
        [...new Set(audiences)],
        async (some) => userOf(await ask(some)) !== undefined,
      );
      return {
        authenticated: true,
        user: userInfoObject(user),
        audiences: audiences.filter((audience) => confirmed.has(audience)),
      };
    },
  });
}

const userOf = (result: AuthenticationResult): UserInfo | undefined =>
  typeof result === 'object' && result.username !== ANONYMOUS ? result : undefined;

/**
 * Only those audiences are confirmed that the token is really meant for. `isFor` says whether it is for any of some: they
 * are found by halving, so that a token for few of many is asked about a few times.
 */
async function confirmedAudiences(
  audiences: readonly string[],
  isFor: (some: readonly string[]) => Promise<boolean>,
): Promise<ReadonlySet<string>> {
  const confirmed = new Set<string>();
  const breath = new Breath();
  const parts: (readonly string[])[] = [audiences];
  for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
    if (breath.isDue(1 + (part.length >> 4))) await breath.rest();
    const [first] = part;
    if (first === undefined || !(await isFor(part))) continue;
    if (part.length === 1) confirmed.add(first);
    else parts.push(part.slice(0, part.length >> 1), part.slice(part.length >> 1));
  }
  return confirmed;
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
