import { timingSafeEqual } from 'node:crypto';
import { child, str } from '../machinery/access.js';
import type { JsonObject } from '../machinery/json.js';
import { parseTime, TimeError } from '../machinery/time.js';
import { objectKey } from '../store/keys.js';
import type { StateReader } from '../store/types.js';
import { type Authenticator, bearerToken, withAuthenticatedGroup } from './authenticator.js';

const FORM = /^([a-z0-9]{6})\.([a-z0-9]{16})$/;
const GROUP_FORM = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/;

/** Users by the bootstrap tokens in Secrets of kube-system: how new nodes join (`--enable-bootstrap-token-auth`). */
export function bootstrapTokenAuthenticator(backend: StateReader, now: () => number): Authenticator {
  return {
    authenticate(credentials) {
      const [, id = '', secret = ''] = FORM.exec(bearerToken(credentials)) ?? [];
      if (id === '') return undefined;
      const stored = backend.get(objectKey('', 'secrets', 'kube-system', `bootstrap-token-${id}`));
      if (stored === undefined) return 'invalid';
      const object = JSON.parse(stored.value.toString()) as JsonObject;
      const data = child(object, 'data');
      const field = (name: string): string => Buffer.from(str(data, name), 'base64').toString();
      const isGood =
        str(object, 'type') === 'bootstrap.kubernetes.io/token' &&
        str(child(object, 'metadata'), 'deletionTimestamp') === '' &&
        field('token-id') === id &&
        isEqual(field('token-secret'), secret) &&
        field('usage-bootstrap-authentication') === 'true' &&
        isAhead(field('expiration'), now());
      if (!isGood) return 'invalid';
      const groups = field('auth-extra-groups')
        .split(',')
        .filter((g) => g !== '');
      if (!groups.every((g) => GROUP_FORM.test(g))) return 'invalid';
      return withAuthenticatedGroup({
        username: `system:bootstrap:${id}`,
        uid: '',
        groups: ['system:bootstrappers', ...groups],
        extra: {},
      });
    },
  };
}

/** Whether the time is still to come; '' never does. What cannot be read counts as over (bootstrap's GetExpiration). */
function isAhead(time: string, now: number): boolean {
  if (time === '') return true;
  try {
    const { seconds, nanos } = parseTime(time);
    return seconds * 1000 + nanos / 1e6 > now;
  } catch (error) {
    if (error instanceof TimeError) return false;
    throw error;
  }
}

function isEqual(a: string, b: string): boolean {
  const [x, y] = [Buffer.from(a), Buffer.from(b)];
  return x.length === y.length && timingSafeEqual(x, y);
}
