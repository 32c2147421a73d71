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
}

/**
 * `allowed` with the reason, or not. What is not allowed may still be allowed by the next authorizer, unless it is
 * `denied`; `reason` then says why this one did not.
 */
export type Decision = { readonly allowed: boolean; readonly reason: string; readonly denied?: boolean };

export interface Authorizer {
  authorize(a: Attributes): Decision | 'noOpinion';
}
