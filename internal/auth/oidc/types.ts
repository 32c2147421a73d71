import type { Program } from '../../cel/index.js';

/** An expression of a configuration, compiled, and its place there. */
export interface Expression {
  readonly program: Program;
}

/** Where a value comes from: a claim, with what is put before it, or an expression. */
export type ClaimOrExpression = { readonly claim: string; readonly prefix: string } | Expression;

/** What the claims of a token must be. */
export type ClaimRule =
  | { readonly claim: string; readonly requiredValue: string }
  | (Expression & { readonly message: string });

/** Whose tokens are taken (apiserver's Issuer). */
export interface Issuer {
  readonly url: string;
  /** Where its configuration is found, when that is not below `url`; '' otherwise. */
  readonly discoveryUrl: string;
  /** PEM; the authorities of the system when ''. */
  readonly certificateAuthority: string;
  /** A token must be for one of them. */
  readonly audiences: readonly string[];
  /** JOSE algorithms with which tokens may be signed. */
  readonly signingAlgs: readonly string[];
}

/** One issuer, and who its tokens say a user is (apiserver's JWTAuthenticator). */
export interface JwtAuthenticatorConfig {
  readonly issuer: Issuer;
  readonly claimRules: readonly ClaimRule[];
  readonly username: ClaimOrExpression;
  readonly groups: ClaimOrExpression | undefined;
  readonly uid: ClaimOrExpression | undefined;
  readonly extra: readonly (Expression & { readonly key: string })[];
  readonly userRules: readonly (Expression & { readonly message: string })[];
}

/** The asymmetric algorithms of RFC 7518 that tokens may be signed with. */
export const SIGNING_ALGS: readonly string[] = [
  'RS256',
  'RS384',
  'RS512',
  'ES256',
  'ES384',
  'ES512',
  'PS256',
  'PS384',
  'PS512',
];
