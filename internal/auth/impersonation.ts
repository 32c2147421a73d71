import { emptyRecord } from '../machinery/record.js';
import { forbidden, internalError } from '../machinery/status.js';
import { ALL_AUTHENTICATED, ALL_UNAUTHENTICATED, ANONYMOUS, type Credentials } from './authenticator.js';
import { forbiddenText } from './authorizers.js';
import { unescapeKey } from './request-header.js';
import type { Attributes, Authorizer, UserInfo } from './types.js';

const EXTRA_PREFIX = 'impersonate-extra-';
const SERVICE_ACCOUNT_PREFIX = 'system:serviceaccount:';

/**
 * The user that the `Impersonate-*` headers ask to act as, or `user` when there are none (apiserver's
 * WithImpersonation). Throws 403 unless `user` may `impersonate` each of the identities named.
 */
export function impersonate(credentials: Credentials, user: UserInfo, authorizer: Authorizer): UserInfo {
  const username = credentials.header('impersonate-user');
  const groups = credentials.headerValues('impersonate-group');
  const uid = credentials.header('impersonate-uid');
  const extraHeaders = credentials.headersWithPrefix(EXTRA_PREFIX);
  if (username === '') {
    if (groups.length === 0 && uid === '' && extraHeaders.length === 0) return user;
    throw internalError('requested impersonation of groups, uid or extra without impersonating a user');
  }
  const account = serviceAccountOf(username);
  const check = (group: string, resource: string, name: string, namespace = '', subresource = ''): void => {
    const attributes: Attributes = {
      user,
      verb: 'impersonate',
      isResourceRequest: true,
      group,
      version: 'v1',
      resource,
      subresource,
      namespace,
      name,
      path: '',
    };
    const decision = authorizer.authorize(attributes);
    if (decision !== 'noOpinion' && decision.allowed) return;
    const reason = decision === 'noOpinion' ? '' : decision.reason;
    throw forbidden({ group, resource }, name, forbiddenText(attributes, reason));
  };
  if (account === undefined) check('', 'users', username);
  else check('', 'serviceaccounts', account.name, account.namespace);
  for (const group of groups) check('', 'groups', group);
  if (uid !== '') check('authentication.k8s.io', 'uids', uid);
  const extra = emptyRecord<string[]>();
  for (const [header, value] of extraHeaders) {
    const key = unescapeKey(header.slice(EXTRA_PREFIX.length));
    check('authentication.k8s.io', 'userextras', value, '', key);
    extra[key] = [...(extra[key] ?? []), value];
  }
  return { username, uid, groups: groupsOf(username, groups, account), extra };
}

function groupsOf(
  username: string,
  asked: readonly string[],
  account: { namespace: string; name: string } | undefined,
): string[] {
  const groups =
    asked.length === 0 && account !== undefined
      ? ['system:serviceaccounts', `system:serviceaccounts:${account.namespace}`]
      : [...asked];
  const implied = username === ANONYMOUS ? ALL_UNAUTHENTICATED : ALL_AUTHENTICATED;
  if (!groups.includes(ALL_AUTHENTICATED) && !groups.includes(ALL_UNAUTHENTICATED)) groups.push(implied);
  return groups;
}

/** Namespace and name of a service account's user name; undefined for other users. */
export function serviceAccountOf(username: string): { namespace: string; name: string } | undefined {
  if (!username.startsWith(SERVICE_ACCOUNT_PREFIX)) return undefined;
  const [namespace, name, more] = username.slice(SERVICE_ACCOUNT_PREFIX.length).split(':');
  if (namespace === undefined || namespace === '' || name === undefined || name === '' || more !== undefined) {
    return undefined;
  }
  return { namespace, name };
}
