import { domainPrefixedPath } from '../machinery/formats.js';
import { dns1123Label, dns1123Subdomain } from '../machinery/names.js';
import { forbidden, quote, type StatusError } from '../machinery/status.js';
import { ALL_AUTHENTICATED, ALL_UNAUTHENTICATED, ANONYMOUS, MASTERS } from './authenticator.js';
import { forbiddenText } from './authorizers.js';
import { authMetrics } from './metrics.js';
import type { Attributes, Authorizer, UserInfo } from './types.js';

const AUTHENTICATION = 'authentication.k8s.io';
const SERVICE_ACCOUNT_PREFIX = 'system:serviceaccount:';
const NODE_PREFIX = 'system:node:';
const NODES = 'system:nodes';
const NODE_NAME_KEY = 'authentication.kubernetes.io/node-name';
const ASSOCIATED_NODE_KEYS = 'authentication.kubernetes.io/associated-node-keys';
/** From so many on, groups and values are first asked about all at once, as `*` (manyAuthorizationChecksInLoop). */
const MANY = 4;

/** A way to act as somebody else (apiserver's impersonationMode). */
export interface Mode {
  readonly name: 'associated-node' | 'arbitrary-node' | 'serviceaccount' | 'user-info' | 'legacy';
  /** Whether it can be tried: `wanted` is as the headers name them, `requestor` who sent the request. */
  applies(wanted: UserInfo, requestor: UserInfo): boolean;
}

const isNameAlone = ({ uid, groups, extra }: UserInfo): boolean =>
  uid === '' && groups.length === 0 && Object.keys(extra).length === 0;

/** Every mode, in the order in which they are tried: who may only do it for certain requests first. */
export const MODES: readonly Mode[] = [
  { name: 'associated-node', applies: (wanted, requestor) => isNameAlone(wanted) && isOwnNode(wanted, requestor) },
  { name: 'arbitrary-node', applies: (wanted) => isNameAlone(wanted) && nodeOf(wanted.username) !== undefined },
  {
    name: 'serviceaccount',
    applies: (wanted) => isNameAlone(wanted) && accountOf(wanted.username) !== undefined,
  },
  {
    name: 'user-info',
    applies: ({ username }) => nodeOf(username) === undefined && accountOf(username) === undefined,
  },
  { name: 'legacy', applies: () => true },
];

/** A service account on a node, and the user of that node. */
function isOwnNode(wanted: UserInfo, requestor: UserInfo): boolean {
  const node = nodeOf(wanted.username);
  if (node === undefined || accountOf(requestor.username) === undefined) return false;
  const [own, more] = requestor.extra[NODE_NAME_KEY] ?? [];
  return own === node && more === undefined;
}

/** Namespace and name of a service account's user name, which are not looked at further; undefined for other users. */
export function serviceAccountOf(username: string): { namespace: string; name: string } | undefined {
  if (!username.startsWith(SERVICE_ACCOUNT_PREFIX)) return undefined;
  const [namespace = '', name = '', more] = username.slice(SERVICE_ACCOUNT_PREFIX.length).split(':');
  return namespace === '' || name === '' || more !== undefined ? undefined : { namespace, name };
}

/** Namespace and name of a user name that a service account may have; undefined for other users. */
function accountOf(username: string): { namespace: string; name: string } | undefined {
  const account = serviceAccountOf(username);
  if (account === undefined) return undefined;
  const faults = [...dns1123Label(account.namespace), ...dns1123Subdomain(account.name)];
  return faults.length === 0 ? account : undefined;
}

/** The node of a node's user name; undefined for other users. */
function nodeOf(username: string): string | undefined {
  if (!username.startsWith(NODE_PREFIX)) return undefined;
  const name = username.slice(NODE_PREFIX.length);
  return dns1123Subdomain(name).length === 0 ? name : undefined;
}

/** One try to act as somebody in one mode. */
class Attempt {
  private readonly isLegacy: boolean;
  private readonly verb: string;
  private readonly requestor: UserInfo;

  constructor(
    private readonly mode: Mode,
    private readonly wanted: UserInfo,
    private readonly request: Attributes,
    private readonly authorizer: Authorizer,
  ) {
    this.isLegacy = mode.name === 'legacy';
    this.verb = this.isLegacy ? 'impersonate' : `impersonate:${mode.name}`;
    // Which node it is was found out above: authorizers are not asked about each.
    this.requestor = mode.name === 'associated-node' ? withoutValues(request.user) : request.user;
  }

  /** The user to act as, or the refusal. */
  async decide(): Promise<UserInfo | StatusError> {
    const { uid, groups } = this.wanted;
    const refusal =
      (await this.mayOnRequest()) ??
      (await this.mayBeNamed()) ??
      (uid === '' ? undefined : await this.may({ group: AUTHENTICATION, resource: 'uids', name: uid })) ??
      (await this.mayBeIn(groups)) ??
      (await this.mayHaveExtra());
    return refusal ?? { ...this.wanted, groups: this.groups() };
  }

  /** Whether it may do this very request as somebody else; the right of old is for all requests. */
  private mayOnRequest(): Promise<StatusError | undefined> | undefined {
    const { request, requestor: user } = this;
    if (this.isLegacy) return undefined;
    return this.ask({ ...request, user, verb: `impersonate-on:${this.mode.name}:${request.verb}` });
  }

  private mayBeNamed(): Promise<StatusError | undefined> {
    const { username } = this.wanted;
    const group = this.isLegacy ? '' : AUTHENTICATION;
    const account = accountOf(username);
    if (account !== undefined) return this.may({ group, resource: 'serviceaccounts', ...account });
    const node = this.isLegacy ? undefined : nodeOf(username);
    if (node === undefined) return this.may({ group, resource: 'users', name: username });
    return this.may({ group, resource: 'nodes', name: this.mode.name === 'associated-node' ? '*' : node });
  }

  private async mayBeIn(groups: readonly string[]): Promise<StatusError | undefined> {
    const asked = { group: this.isLegacy ? '' : AUTHENTICATION, resource: 'groups' };
    if (!this.isLegacy) {
      if (groups.includes('')) return this.refusal(asked, 'impersonating the empty string group is not allowed');
      if (groups.includes(MASTERS)) {
        return this.refusal({ ...asked, name: MASTERS }, `impersonating the ${MASTERS} group is not allowed`);
      }
      if (groups.length >= MANY && (await this.may({ ...asked, name: '*' })) === undefined) return undefined;
    }
    for (const name of groups) {
      const refusal = await this.may({ ...asked, name });
      if (refusal !== undefined) return refusal;
    }
    return undefined;
  }

  private async mayHaveExtra(): Promise<StatusError | undefined> {
    const asked = { group: AUTHENTICATION, resource: 'userextras' };
    const pairs = Object.entries(this.wanted.extra).flatMap(([key, values]) => values.map((v) => [key, v] as const));
    if (!this.isLegacy) {
      const fault = pairs.map(extraFault).find((text) => text !== undefined);
      if (fault !== undefined) return this.refusal(asked, fault);
      const all = { ...asked, subresource: '*', name: '*' };
      if (pairs.length >= MANY && (await this.may(all)) === undefined) return undefined;
    }
    for (const [subresource, name] of pairs) {
      const refusal = await this.may({ ...asked, subresource, name });
      if (refusal !== undefined) return refusal;
    }
    return undefined;
  }

  /** The groups that were asked for, or those that a service account or a node is in; all but the anonymous are known. */
  private groups(): readonly string[] {
    const { username, groups: asked } = this.wanted;
    const account = asked.length > 0 ? undefined : accountOf(username);
    const node = this.isLegacy ? undefined : nodeOf(username);
    let groups = asked;
    if (account !== undefined) groups = ['system:serviceaccounts', `system:serviceaccounts:${account.namespace}`];
    else if (node !== undefined) groups = [NODES];
    const isUnknown = username === ANONYMOUS || groups.includes(ALL_UNAUTHENTICATED);
    const own = isUnknown ? ALL_UNAUTHENTICATED : ALL_AUTHENTICATED;
    return groups.includes(own) ? groups : [...groups, own];
  }

  private attributes(asked: Asked): Attributes {
    const { group, resource, name = '', namespace = '', subresource = '' } = asked;
    const { requestor: user, verb } = this;
    return {
      user,
      verb,
      isResourceRequest: true,
      group,
      version: 'v1',
      resource,
      subresource,
      namespace,
      name,
      path: '',
    };
  }
  private may(asked: Asked): Promise<StatusError | undefined> {
    return this.ask(this.attributes(asked));
  }
  private refusal(asked: Asked, why: string): StatusError {
    return refused(this.attributes(asked), why);
  }

  private async ask(attributes: Attributes): Promise<StatusError | undefined> {
    const since = performance.now();
    const { decision, reason, error } = await this.authorizer.authorize(attributes);
    const isAllowed = decision === 'allow';
    authMetrics.impersonationAsked(this.mode.name, isAllowed, (performance.now() - since) / 1000);
    return isAllowed ? undefined : refused(attributes, [error ?? '', reason].filter((text) => text !== '').join(': '));
  }
}

interface Asked {
  readonly group: string;
  readonly resource: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly subresource?: string;
}

const refused = (a: Attributes, why: string): StatusError => forbidden(a, a.name, forbiddenText(a, why));

const withoutValues = (user: UserInfo): UserInfo => ({
  ...user,
  extra: { [ASSOCIATED_NODE_KEYS]: Object.keys(user.extra).toSorted() },
});

/** What is wrong with an extra value, where more than the right of old is asked for. */
function extraFault([key, value]: readonly [string, string]): string | undefined {
  if (key === '') return 'impersonating the empty string key in extra is not allowed';
  const [bad] = domainPrefixedPath(key);
  if (bad !== undefined) {
    const text = `extra.key: Invalid value: ${quote(bad.part)}: ${bad.message}`;
    return `impersonating an invalid key in extra is not allowed: ${text}`;
  }
  if (key !== key.toLowerCase()) return `impersonating a non-lowercase key in extra is not allowed: ${quote(key)}`;
  return value === '' ? 'impersonating the empty string value in extra is not allowed' : undefined;
}

/** The user that `request.user` may act as in this mode as they want to, or the refusal. */
export const attempt = (
  mode: Mode,
  wanted: UserInfo,
  request: Attributes,
  authorizer: Authorizer,
): Promise<UserInfo | StatusError> => new Attempt(mode, wanted, request, authorizer).decide();
