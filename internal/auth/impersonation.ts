import { emptyRecord } from '../machinery/record.js';
import { badRequest, forbidden, quote } from '../machinery/status.js';
import { ALL_AUTHENTICATED, ALL_UNAUTHENTICATED, ANONYMOUS, type Credentials } from './authenticator.js';
import { forbiddenText } from './authorizers.js';
import { unescapeKey } from './request-header.js';
import type { Attributes, Authorizer, UserInfo } from './types.js';

const EXTRA_PREFIX = 'impersonate-extra-';
const SERVICE_ACCOUNT_PREFIX = 'system:serviceaccount:';

/**
 * The user that the `Impersonate-*` headers ask to act as, or undefined when there are none (apiserver's
 * WithImpersonation). Throws 403 unless `user` may `impersonate` each of the identities named.
 */
export function impersonate(
  credentials: Credentials,
  user: UserInfo,
  authorizer: Authorizer,
): Promise<UserInfo> | undefined {
  return credentials.headersWithPrefix('impersonate-').length === 0 ? undefined : actAs(credentials, user, authorizer);
}

async function actAs(credentials: Credentials, user: UserInfo, authorizer: Authorizer): Promise<UserInfo> {
  const username = credentials.header('impersonate-user');
  const groups = credentials.headerValues('impersonate-group');
  const uid = credentials.header('impersonate-uid');
  const extraHeaders = credentials.headersWithPrefix(EXTRA_PREFIX);
  if (username === '') {
    if (groups.length === 0 && uid === '' && extraHeaders.length === 0) return user;
    throw badRequest(`requested ${describe(uid, groups, extraHeaders)} without impersonating a user name`);
  }
  const account = serviceAccountOf(username);
  const check = async (
    group: string,
    resource: string,
    name: string,
    namespace = '',
    subresource = '',
  ): Promise<void> => {
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
    const { decision, reason } = await authorizer.authorize(attributes);
    if (decision === 'allow') return;
    throw forbidden({ group, resource }, name, forbiddenText(attributes, reason));
  };
  if (account === undefined) await check('', 'users', username);
  else await check('', 'serviceaccounts', account.name, account.namespace);
  for (const group of groups) await check('', 'groups', group);
  const extra = emptyRecord<string[]>();
  for (const [header, value] of extraHeaders) {
    const key = unescapeKey(header.slice(EXTRA_PREFIX.length));
    await check('authentication.k8s.io', 'userextras', value, '', key);
    extra[key] = [...(extra[key] ?? []), value];
  }
  if (uid !== '') await check('authentication.k8s.io', 'uids', uid);
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
  if (username === ANONYMOUS) {
    if (!groups.includes(ALL_UNAUTHENTICATED)) groups.push(ALL_UNAUTHENTICATED);
  } else if (!groups.includes(ALL_AUTHENTICATED) && !groups.includes(ALL_UNAUTHENTICATED)) {
    groups.push(ALL_AUTHENTICATED);
  }
  return groups;
}

/** What was asked for, as Go prints it (`%#v`). */
function describe(uid: string, groups: readonly string[], extra: readonly (readonly [string, string])[]): string {
  const list = (values: readonly string[]): string => `[]string{${values.map(quote).join(', ')}}`;
  const byKey = new Map<string, string[]>();
  for (const [header, value] of extra) {
    const key = unescapeKey(header.slice(EXTRA_PREFIX.length));
    byKey.set(key, [...(byKey.get(key) ?? []), value]);
  }
  const sorted = [...byKey].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const pairs = sorted.map(([key, values]) => `${quote(key)}:${list(values)}`);
  const groupsText = groups.length === 0 ? '[]string(nil)' : list(groups);
  const extraText = pairs.length === 0 ? 'map[string][]string(nil)' : `map[string][]string{${pairs.join(', ')}}`;
  return `&user.DefaultInfo{Name:"", UID:${quote(uid)}, Groups:${groupsText}, Extra:${extraText}}`;
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
