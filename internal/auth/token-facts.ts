import { withAuthenticatedGroup } from './authenticator.js';
import type { UserInfo } from './types.js';

/** Something that a token is good for only while it is there. */
export interface Bond {
  readonly key: string;
  /** '' for an object of whatever uid. */
  readonly uid: string;
  /** What the Secret must hold as its `token`. */
  readonly token?: string;
}

/** What a token with a good signature says. */
export interface TokenFacts {
  readonly user: UserInfo;
  /** None: the token is from before tokens had audiences, and meant for this server. */
  readonly audiences: readonly string[];
  /** Milliseconds since the epoch. */
  readonly notBefore: number;
  readonly issuedAt: number;
  readonly expires: number;
  /** From when on its client should have had a newer one, in the same; 0 where nothing is said of it. */
  readonly warnAfter: number;
  readonly bonds: readonly Bond[];
}

/** The user that a service account is. */
export function serviceAccountUser(
  namespace: string,
  name: string,
  uid: string,
  extra: Readonly<Record<string, readonly string[]>>,
): UserInfo {
  return withAuthenticatedGroup({
    username: `system:serviceaccount:${namespace}:${name}`,
    uid,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`],
    extra,
  });
}
