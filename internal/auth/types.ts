import type { Awaitable } from '../machinery/awaitable.js';

/** Who asks (authentication.k8s.io UserInfo). */
export interface UserInfo {
  readonly username: string;
  readonly uid: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

/** What an authorizer is asked (authorization.k8s.io ResourceAttributes / NonResourceAttributes). */
export interface Attributes {
  readonly user: UserInfo;
  readonly verb: string;
  readonly isResourceRequest: boolean;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  readonly path: string;
  /** The raw field selector of a list, watch or deletecollection; absent or '' without one. */
  readonly fieldSelector?: string;
  /** The raw label selector of the same; absent or '' without one. */
  readonly labelSelector?: string;
}

/**
 * What an authorizer says, and why. After `noOpinion` the next one is asked, and its reason is told when none allows;
 * `allow` and `deny` are final (apiserver's authorizer.Decision).
 */
export interface Decision {
  readonly decision: 'allow' | 'deny' | 'noOpinion';
  readonly reason: string;
  /** Why it could not be found out; who is not allowed is told that, with 500. */
  readonly error?: string;
}

/** Says what a user may do. One that needs nobody else's answer decides at once. */
export interface Authorizer {
  authorize(a: Attributes): Awaitable<Decision>;
}

/** Allowed, with nothing to say about it. */
export const ALLOWED: Decision = { decision: 'allow', reason: '' };
/** Nothing to say. */
export const NO_OPINION: Decision = { decision: 'noOpinion', reason: '' };
