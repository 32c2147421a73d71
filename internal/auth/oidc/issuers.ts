import type { AuthenticationResult, Authenticator, Credentials } from '../authenticator.js';
import type { Awaitable } from '../../machinery/awaitable.js';
import type { OidcAuthenticator } from './authenticator.js';
import type { JwtAuthenticatorConfig } from './types.js';

/** How long the keys of new issuers may take before a new configuration is given up, as in kube-apiserver. */
const READY_MS = 60_000;

/**
 * The issuers whose tokens are taken now. A new set takes the place of the old one as a whole, and only once the keys of
 * each of its issuers are known: a mistake in a file locks nobody out.
 */
export class JwtIssuers implements Authenticator {
  private current: readonly OidcAuthenticator[];

  constructor(
    configs: readonly JwtAuthenticatorConfig[],
    private readonly make: (config: JwtAuthenticatorConfig) => OidcAuthenticator,
  ) {
    this.current = configs.map(make);
  }

  /** Rejects with Error, and changes nothing, when not all issuers have told their keys within `readyMs`. */
  async replace(configs: readonly JwtAuthenticatorConfig[], readyMs = READY_MS): Promise<void> {
    const next = configs.map(this.make);
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`not all issuers have told their keys within ${readyMs} ms`)), readyMs);
    });
    try {
      await Promise.race([Promise.all(next.map(({ ready }) => ready)), tooLate]);
    } catch (error) {
      for (const authenticator of next) authenticator.stop();
      throw error;
    } finally {
      clearTimeout(timer);
    }
    this.stop();
    this.current = next;
  }

  authenticate(credentials: Credentials): Awaitable<AuthenticationResult> {
    // A token names one issuer: at most one of them has something to say.
    for (const authenticator of this.current) {
      const result = authenticator.authenticate(credentials);
      if (result !== undefined) return result;
    }
    return undefined;
  }

  stop(): void {
    for (const authenticator of this.current) authenticator.stop();
  }
}
