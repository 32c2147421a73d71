import type { Awaitable } from '../machinery/awaitable.js';
import type { UserInfo } from './types.js';
import { webSocketToken } from './web-socket-token.js';

/** What a request brings to prove who sends it. Read synchronously, before the request is handled. */
export interface Credentials {
  /** PEM of the verified client certificate; '' without one. */
  readonly peerCertificate: string;
  /** First value of a request header by its lower-case name; '' when absent. */
  header(name: string): string;
  /** All values of a header, in order. */
  headerValues(name: string): readonly string[];
  /** All headers whose lower-case name starts with `prefix`, as [name, value]. */
  headersWithPrefix(prefix: string): readonly (readonly [string, string])[];
  /** The path that is asked for, percent-decoded; '' or absent where there is none. */
  readonly path?: string;
  /** The audiences that a token may be meant for; the server's own when absent. */
  readonly audiences?: readonly string[];
  /** Adds an annotation to the audit event of the request; absent where there is none. */
  annotate?(key: string, value: string): void;
}

/**
 * A user; `invalid` for credentials that were given but are not good; undefined for none that this authenticator knows.
 * `missing`: something that the credentials depend on is not in the local store, or not as they say; whoever has caught
 * up with the leader may ask again, and take a second `missing` for `invalid`.
 */
export type AuthenticationResult = UserInfo | 'invalid' | 'missing' | undefined;

/** Says who a request is from. One that needs nobody else's answer says it at once. */
export interface Authenticator {
  authenticate(credentials: Credentials): Awaitable<AuthenticationResult>;
}

export const ALL_AUTHENTICATED = 'system:authenticated';
export const ALL_UNAUTHENTICATED = 'system:unauthenticated';
export const ANONYMOUS = 'system:anonymous';
export const MASTERS = 'system:masters';

export const anonymousUser: UserInfo = { username: ANONYMOUS, uid: '', groups: [ALL_UNAUTHENTICATED], extra: {} };

/** The user with the group that every authenticated user is in (apiserver's AuthenticatedGroupAdder). */
export function withAuthenticatedGroup(user: UserInfo): UserInfo {
  if (user.username === ANONYMOUS || user.groups.includes(ALL_AUTHENTICATED)) return user;
  return { ...user, groups: [...user.groups, ALL_AUTHENTICATED] };
}

/**
 * The first authenticator that knows the credentials decides; bad credentials of one do not keep the next from trying,
 * but in the end they are refused rather than taken for none. Without any credentials the answer is anonymous, or
 * undefined where nobody may be anonymous, or not for what is asked for.
 */
export function authenticatorUnion(
  authenticators: readonly Authenticator[],
  mayBeAnonymous: (credentials: Credentials) => boolean,
): Authenticator {
  const askFrom = (first: number, credentials: Credentials, before: Refusal): Awaitable<AuthenticationResult> => {
    let refusal = before;
    for (let i = first; i < authenticators.length; i++) {
      const result = authenticators[i]?.authenticate(credentials);
      if (result instanceof Promise) {
        return result.then((r) => (isUser(r) ? r : askFrom(i + 1, credentials, worse(refusal, r))));
      }
      if (isUser(result)) return result;
      refusal = worse(refusal, result);
    }
    if (refusal !== undefined) return refusal;
    // A token that nobody knows is not no token.
    if (bearerToken(credentials) !== '') return 'invalid';
    return mayBeAnonymous(credentials) ? anonymousUser : undefined;
  };
  return { authenticate: (credentials) => askFrom(0, credentials, undefined) };
}

type Refusal = Exclude<AuthenticationResult, UserInfo>;
const isUser = (result: AuthenticationResult): result is UserInfo => typeof result === 'object';
/** `missing` may still become a user. */
const worse = (a: Refusal, b: Refusal): Refusal =>
  a === 'missing' || b === undefined ? a : b === 'missing' ? b : (a ?? b);

/** An authenticator whose tokens name no audience: they are meant for this server, so for its `own` audiences only. */
export function forAudiences(own: readonly string[], authenticator: Authenticator): Authenticator {
  return {
    authenticate: (credentials) =>
      credentials.audiences === undefined || credentials.audiences.some((a) => own.includes(a))
        ? authenticator.authenticate(credentials)
        : undefined,
  };
}

/**
 * The token of an `Authorization: Bearer` header, up to the next blank (apiserver's bearertoken), or of a WebSocket's
 * subprotocol where there is no such header; '' when there is none.
 */
export function bearerToken(credentials: Credentials): string {
  const value = credentials.header('authorization');
  if (value === '') return webSocketToken(credentials);
  if (value.charCodeAt(6) !== 32 || value.slice(0, 6).toLowerCase() !== 'bearer') return '';
  const end = value.indexOf(' ', 7);
  return end < 0 ? value.slice(7) : value.slice(7, end);
}
