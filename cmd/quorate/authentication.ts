import { readFileSync } from 'node:fs';
import { type Authenticator, authenticatorUnion, forAudiences } from '../../internal/auth/authenticator.js';
import { bootstrapTokenAuthenticator } from '../../internal/auth/bootstrap-token.js';
import { clientCertAuthenticator } from '../../internal/auth/client-cert.js';
import { requestHeaderAuthenticator } from '../../internal/auth/request-header.js';
import { serviceAccountAuthenticator } from '../../internal/auth/service-account.js';
import { tokenFileAuthenticator } from '../../internal/auth/token-file.js';
import { tokenWebhookAuthenticator } from '../../internal/auth/webhook/token-review.js';
import type { Callout } from '../../internal/callout/index.js';
import { logger } from '../../internal/machinery/log.js';
import type { Backend } from '../../internal/store/types.js';
import { configuredAuthentication } from './authentication-config.js';
import { readFlagFile, type ServingConfig } from './config.js';
import type { FlagValues } from './flags.js';
import { reviewServer } from './review-server.js';
import { audiences } from './service-account-flags.js';

const log = logger('authentication.ts');
/** kube-apiserver's, of one attempt. */
const WEBHOOK_TIMEOUT_MS = 10_000;

export interface AuthenticationParts {
  readonly flags: FlagValues;
  readonly serving: ServingConfig;
  readonly backend: Backend;
  readonly callout: Callout;
}

/** Who may be who, until it is stopped. */
export interface Authentication {
  readonly authenticator: Authenticator;
  stop(): void;
}

/** What is wrong with the flags about authentication, in kube-apiserver's words. */
export function authenticationFaults(flags: FlagValues): string[] {
  const version = flags.string('authentication-token-webhook-version');
  if (['v1', 'v1beta1'].includes(version)) return [];
  return [`--authentication-token-webhook-version ${JSON.stringify(version)} must be v1 or v1beta1`];
}

/** Front proxies, client certificates, tokens, in kube-apiserver's order. Throws FatalError for files that cannot be used. */
export function authentication({ flags, serving, backend, callout }: AuthenticationParts): Authentication {
  const list: Authenticator[] = [];
  const { authorities } = serving;
  const generation = (): number => authorities.generation;
  if (serving.requestHeaderCa !== '') {
    list.push(
      requestHeaderAuthenticator({
        allowedNames: flags.list('requestheader-allowed-names'),
        usernameHeaders: flags.list('requestheader-username-headers'),
        uidHeaders: flags.list('requestheader-uid-headers'),
        groupHeaders: flags.list('requestheader-group-headers'),
        extraPrefixes: flags.list('requestheader-extra-headers-prefix'),
        isFrontProxy: (facts) => authorities.isFrontProxy(facts),
        generation,
      }),
    );
  }
  if (serving.clientCa !== '') {
    // The port accepts both authorities; only one of them vouches for users.
    list.push(clientCertAuthenticator((facts) => authorities.isUser(facts), generation));
  }
  const own = audiences(flags);
  const tokens = tokenFile(flags);
  if (tokens !== undefined) list.push(forAudiences(own, tokens));
  list.push(
    serviceAccountAuthenticator({
      backend,
      issuers: flags.list('service-account-issuer'),
      audiences: own,
      keys: serving.serviceAccountKeys,
      now: Date.now,
      lookup: flags.bool('service-account-lookup'),
    }),
  );
  if (flags.bool('enable-bootstrap-token-auth')) {
    list.push(forAudiences(own, bootstrapTokenAuthenticator(backend, Date.now)));
  }
  const configured = configuredAuthentication(flags, callout, takesAnonymous(flags));
  list.push(forAudiences(own, configured.issuers));
  const webhook = tokenWebhook(flags, callout);
  if (webhook !== undefined) list.push(webhook);
  const union = authenticatorUnion(list, (credentials) => configured.mayBeAnonymous(credentials));
  return { authenticator: union, stop: () => configured.stop() };
}

/** The users of `--token-auth-file`; undefined without the flag. Throws FatalError for a file that cannot be used. */
export function tokenFile(flags: FlagValues): Authenticator | undefined {
  const file = flags.string('token-auth-file');
  if (file === '') return undefined;
  return tokenFileAuthenticator(readFlagFile(file, '--token-auth-file', readFileSync), file);
}

/** The webhook that is asked about tokens; undefined without one. Throws FatalError for a kubeconfig that cannot be used. */
export function tokenWebhook(flags: FlagValues, callout: Callout): Authenticator | undefined {
  const file = flags.string('authentication-token-webhook-config-file');
  if (file === '') return undefined;
  return tokenWebhookAuthenticator({
    server: reviewServer(file, callout, WEBHOOK_TIMEOUT_MS),
    version: flags.string('authentication-token-webhook-version') === 'v1' ? 'v1' : 'v1beta1',
    audiences: audiences(flags),
    cacheMs: flags.duration('authentication-token-webhook-cache-ttl'),
    now: Date.now,
  });
}

/** Whether requests without credentials are anonymous; never where everybody may do everything, as in kube-apiserver. */
function takesAnonymous(flags: FlagValues): boolean {
  if (!flags.bool('anonymous-auth')) return false;
  if (!flags.list('authorization-mode').includes('AlwaysAllow')) return true;
  log.warn('--anonymous-auth is off: it is not allowed with --authorization-mode=AlwaysAllow');
  return false;
}
