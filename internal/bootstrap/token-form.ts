import { randomInt } from 'node:crypto';
import { FatalError } from '../machinery/assert.js';

/** A token: its id, which is no secret, and its secret. */
export const TOKEN_FORM = /^([a-z0-9]{6})\.([a-z0-9]{16})$/;
const LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789';

/** A bootstrap token as kubeadm shows it. */
export interface BootstrapToken {
  readonly token: string;
  readonly description: string;
  /** RFC 3339; '' when it never expires. */
  readonly expires: string;
  readonly usages: readonly string[];
  readonly groups: readonly string[];
}

/** A new random token. */
export function generateToken(): string {
  const letters = (count: number): string =>
    Array.from({ length: count }, () => LETTERS[randomInt(LETTERS.length)]).join('');
  return `${letters(6)}.${letters(16)}`;
}

/** Id and secret of a token. Throws FatalError for what is none, in kubeadm's words. */
export function splitToken(token: string): { id: string; secret: string } {
  const [, id = '', secret = ''] = TOKEN_FORM.exec(token) ?? [];
  if (id === '')
    throw new FatalError(`the bootstrap token "${token}" was not of the form "\\A([a-z0-9]{6})\\.([a-z0-9]{16})\\z"`);
  return { id, secret };
}

/** Is its time over? */
export function isExpired(token: BootstrapToken, now: number): boolean {
  return token.expires !== '' && Date.parse(token.expires) <= now;
}
