import { emptyRecord } from '../machinery/record.js';
import { badRequest, quote, StatusError } from '../machinery/status.js';
import type { Credentials } from './authenticator.js';
import { attempt, type Mode, MODES } from './impersonation-modes.js';
import { Lru } from './lru.js';
import { authMetrics } from './metrics.js';
import { unescapeKey } from './request-header.js';
import type { Attributes, Authorizer, UserInfo } from './types.js';

const EXTRA_PREFIX = 'impersonate-extra-';
/** Users whose last mode is remembered, by the beginning of their names, which is cut at so many characters. */
const MAX_REMEMBERED = 10_000;
const MAX_KEY = 256;

/** As whom a request acts. */
export interface Impersonated {
  readonly user: UserInfo;
  /** The verb that allowed it, for audit; '' for `impersonate` itself. */
  readonly constraint: string;
}

/**
 * Lets users act as others, as the `Impersonate-*` headers ask for it (apiserver's WithConstrainedImpersonation). The
 * modes are tried one after the other, the one first that a user was last allowed; the first refusal is told.
 */
export class Impersonation {
  private readonly last = new Lru<Mode>(MAX_REMEMBERED);

  constructor(private readonly authorizer: Authorizer) {}

  /**
   * As whom the request acts; undefined without the headers. `request` is what it wants, as who sent it. Throws 400 for
   * headers without a user, and 403 (rejects) unless the rights are there.
   */
  of(credentials: Credentials, request: () => Attributes): Promise<Impersonated> | undefined {
    if (credentials.headersWithPrefix('impersonate-').length === 0) return undefined;
    const wanted = wantedUser(credentials);
    return wanted === undefined ? undefined : this.find(wanted, request());
  }

  private async find(wanted: UserInfo, request: Attributes): Promise<Impersonated> {
    const since = performance.now();
    const tell = (mode: Mode | undefined): void =>
      authMetrics.impersonated(mode?.name ?? '', mode !== undefined, (performance.now() - since) / 1000);
    const key = request.user.username.slice(0, MAX_KEY);
    const last = this.last.get(key);
    const modes = last === undefined ? MODES : [last, ...MODES.filter((mode) => mode !== last)];
    let refusal: StatusError | undefined;
    for (const mode of modes) {
      if (!mode.applies(wanted, request.user)) continue;
      const found = await attempt(mode, wanted, request, this.authorizer);
      if (found instanceof StatusError) {
        refusal ??= found;
        continue;
      }
      tell(mode);
      this.last.set(key, mode);
      return { user: found, constraint: mode.name === 'legacy' ? '' : `impersonate:${mode.name}` };
    }
    tell(undefined);
    throw refusal ?? new Error('no mode of impersonation applies');
  }
}

/** Whom the headers name; undefined when they name nobody. Throws 400 when they say things of nobody. */
function wantedUser(credentials: Credentials): UserInfo | undefined {
  const username = credentials.header('impersonate-user');
  const groups = credentials.headerValues('impersonate-group');
  const uid = credentials.header('impersonate-uid');
  const extraHeaders = credentials.headersWithPrefix(EXTRA_PREFIX);
  if (username === '') {
    if (groups.length === 0 && uid === '' && extraHeaders.length === 0) return undefined;
    throw badRequest(`requested ${describe(uid, groups, extraHeaders)} without impersonating a user name`);
  }
  const extra = emptyRecord<string[]>();
  for (const [header, value] of extraHeaders) {
    const key = unescapeKey(header.slice(EXTRA_PREFIX.length));
    extra[key] = [...(extra[key] ?? []), value];
  }
  return { username, uid, groups, extra };
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
