import { isObject, type JsonObject, type JsonValue, memberOf } from '../../machinery/json.js';
import { emptyRecord } from '../../machinery/record.js';
import { withAuthenticatedGroup } from '../authenticator.js';
import type { UserInfo } from '../types.js';
import { ofClaims, ofUser, stringOf, stringsOf } from './expressions.js';
import type { ClaimOrExpression, JwtAuthenticatorConfig } from './types.js';

/** A token that was signed by its issuer may be used so much before its time, as clocks differ (go-oidc). */
const NOT_BEFORE_LEEWAY_S = 300;

/** Throws Error unless the token is for one of the audiences and its time is now. `nowS`: seconds since the epoch. */
export function checkStandardClaims(claims: JsonObject, audiences: readonly string[], nowS: number): void {
  const aud = memberOf(claims, 'aud');
  const meant = typeof aud === 'string' ? [aud] : Array.isArray(aud) ? aud.map(String) : [];
  if (!meant.some((audience) => audiences.includes(audience))) {
    throw new Error(`oidc: verify token: oidc: expected audience in ${list(audiences)} got ${list(meant)}`);
  }
  // Written so that what is no number counts as over, and as not yet.
  if (!(nowS <= secondsOf(claims, 'exp'))) throw new Error('oidc: verify token: oidc: token is expired');
  if (memberOf(claims, 'nbf') !== undefined && !(nowS + NOT_BEFORE_LEEWAY_S >= secondsOf(claims, 'nbf'))) {
    throw new Error('oidc: verify token: oidc: current time is before the nbf (not before) time');
  }
}

const secondsOf = (claims: JsonObject, name: string): number => {
  const given = memberOf(claims, name);
  return typeof given === 'number' ? given : Number.NaN;
};
const list = (values: readonly string[]): string => `[${values.map((v) => JSON.stringify(v)).join(' ')}]`;

/**
 * The user that the claims of a verified token make, by the mappings and rules of the configuration (apiserver's oidc
 * authenticator). Throws Error with why there is none.
 */
export function userOfClaims(config: JwtAuthenticatorConfig, claims: JsonObject): UserInfo {
  const username = usernameOf(config.username, claims);
  const groups = config.groups === undefined ? [] : groupsOf(config.groups, claims);
  checkClaims(config, claims);
  const extra = emptyRecord<string[]>();
  for (const mapping of config.extra) {
    const values = during(`extra claim ${mapping.key}`, () => stringsOf(ofClaims(mapping, claims), 'extra claim'));
    if (values.length > 0) extra[mapping.key] = values;
  }
  const uid = config.uid === undefined ? '' : uidOf(config.uid, claims);
  const user: UserInfo = { username, uid, groups, extra };
  for (const rule of config.userRules) {
    if (during('user info validation', () => ofUser(rule, user))) continue;
    throw new Error(`oidc: error evaluating user info validation rule: ${messageOf(rule)}`);
  }
  return withAuthenticatedGroup(user);
}

function checkClaims({ claimRules }: JwtAuthenticatorConfig, claims: JsonObject): void {
  for (const rule of claimRules) {
    if ('claim' in rule) {
      const { claim, requiredValue } = rule;
      const found = memberOf(claims, claim);
      if (found === undefined) throw new Error(`oidc: required claim ${claim} not present in ID token`);
      if (typeof found !== 'string') throw new Error(`oidc: parse claim ${claim}: it is no string`);
      if (found !== requiredValue) {
        throw new Error(`oidc: required claim ${claim} value does not match. Got = ${found}, want = ${requiredValue}`);
      }
    } else if (during('claim validation', () => ofClaims(rule, claims)) !== true) {
      throw new Error(`oidc: error evaluating claim validation expression: validation expression ${messageOf(rule)}`);
    }
  }
}

const messageOf = (rule: { readonly message: string; readonly program: { readonly text: string } }): string =>
  rule.message === '' ? `'${rule.program.text}' failed` : `'${rule.program.text}' failed: ${rule.message}`;

function usernameOf(from: ClaimOrExpression, claims: JsonObject): string {
  const name = plainUsername(from, claims);
  if (name === '') throw new Error('oidc: empty username is not allowed');
  return 'claim' in from ? from.prefix + name : name;
}

function plainUsername(from: ClaimOrExpression, claims: JsonObject): string {
  if (!('claim' in from)) return during('username claim', () => stringOf(ofClaims(from, claims), 'username claim'));
  const name = memberOf(claims, from.claim);
  if (typeof name !== 'string') throw new Error(`oidc: parse username claims ${JSON.stringify(from.claim)}: no string`);
  // A mail address that its owner did not confirm may be anybody's.
  const verified = memberOf(claims, 'email_verified');
  if (from.claim === 'email' && verified !== undefined) {
    if (typeof verified !== 'boolean') throw new Error("oidc: parse 'email_verified' claim: it is no boolean");
    if (!verified) throw new Error('oidc: email not verified');
  }
  return name;
}

function groupsOf(from: ClaimOrExpression, claims: JsonObject): string[] {
  if (!('claim' in from)) return during('group claim', () => stringsOf(ofClaims(from, claims), 'groups claim'));
  const given = memberOf(claims, from.claim);
  if (given === undefined) {
    // Those who are kept elsewhere are not fetched; who decides by groups that somebody is not in must not be misled.
    const elsewhere = memberOf(claims, '_claim_names');
    if (isObject(elsewhere) && memberOf(elsewhere, from.claim) !== undefined) {
      throw new Error(`oidc: claim ${from.claim} is distributed, which is not supported`);
    }
    return [];
  }
  return texts(given, from.claim).map((group) => from.prefix + group);
}

function texts(given: JsonValue, claim: string): string[] {
  const all = typeof given === 'string' ? [given] : Array.isArray(given) ? given : [Number.NaN];
  return all.map((text) => {
    if (typeof text !== 'string') throw new Error(`oidc: parse groups claim ${JSON.stringify(claim)}: no string`);
    return text;
  });
}

function uidOf(from: ClaimOrExpression, claims: JsonObject): string {
  if (!('claim' in from)) return during('uid claim', () => stringOf(ofClaims(from, claims), 'uid claim'));
  const uid = memberOf(claims, from.claim);
  if (typeof uid !== 'string') throw new Error(`oidc: error parsing uid claim ${JSON.stringify(from.claim)}`);
  return uid;
}

/** What goes wrong in an expression is told with what it was for. */
function during<T>(what: string, evaluate: () => T): T {
  try {
    return evaluate();
  } catch (error) {
    throw new Error(`oidc: error evaluating ${what} expression: ${error instanceof Error ? error.message : ''}`);
  }
}
