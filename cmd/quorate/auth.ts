import { type Authenticator, authenticatorUnion, forAudiences } from '../../internal/auth/authenticator.js';
import {
  alwaysAllow,
  alwaysDeny,
  authorizerUnion,
  mastersAuthorizer,
  publicInfoAuthorizer,
} from '../../internal/auth/authorizers.js';
import { type CertificateFacts, clientCertAuthenticator, parseBundle } from '../../internal/auth/client-cert.js';
import { NodeAuthorizer } from '../../internal/auth/node.js';
import { RbacAuthorizer } from '../../internal/auth/rbac.js';
import {
  everythingAllowed,
  nodeRules,
  nothingAllowed,
  type RuleResolver,
  rulesUnion,
} from '../../internal/auth/rules.js';
import { requestHeaderAuthenticator } from '../../internal/auth/request-header.js';
import { bootstrapTokenAuthenticator } from '../../internal/auth/bootstrap-token.js';
import { serviceAccountAuthenticator } from '../../internal/auth/service-account.js';
import { tokenFileAuthenticator } from '../../internal/auth/token-file.js';
import type { Authorizer } from '../../internal/auth/types.js';
import { FatalError } from '../../internal/machinery/assert.js';
import { logger } from '../../internal/machinery/log.js';
import type { Backend } from '../../internal/store/types.js';
import type { TokenIssuer } from '../../internal/server/tokens/token-request.js';
import { readFlagFile, type ServingConfig } from './config.js';
import type { FlagValues } from './flags.js';

const log = logger('auth.ts');

/** Who may be who: front proxies, client certificates, tokens, in kube-apiserver's order. */
export function authenticator(flags: FlagValues, serving: ServingConfig, backend: Backend): Authenticator {
  const list: Authenticator[] = [];
  if (serving.requestHeaderCa !== '') {
    list.push(
      requestHeaderAuthenticator({
        allowedNames: flags.list('requestheader-allowed-names'),
        usernameHeaders: flags.list('requestheader-username-headers'),
        uidHeaders: flags.list('requestheader-uid-headers'),
        groupHeaders: flags.list('requestheader-group-headers'),
        extraPrefixes: flags.list('requestheader-extra-headers-prefix'),
        isFrontProxy: signedBy(serving.requestHeaderCa),
      }),
    );
  }
  if (serving.clientCa !== '') {
    // The port accepts both authorities; only one of them vouches for users.
    const only = serving.requestHeaderCa === '' ? () => true : signedBy(serving.clientCa);
    list.push(clientCertAuthenticator(only));
  }
  const tokens = tokenFile(flags);
  if (tokens !== undefined) list.push(forAudiences(audiences(flags), tokens));
  list.push(
    serviceAccountAuthenticator({
      backend,
      issuers: flags.list('service-account-issuer'),
      audiences: audiences(flags),
      keys: serving.serviceAccountKeys,
      now: Date.now,
      lookup: flags.bool('service-account-lookup'),
    }),
  );
  if (flags.bool('enable-bootstrap-token-auth')) {
    list.push(forAudiences(audiences(flags), bootstrapTokenAuthenticator(backend, Date.now)));
  }
  return authenticatorUnion(list, takesAnonymous(flags));
}

/** The users of `--token-auth-file`; undefined without the flag. Throws FatalError for a file that cannot be used. */
export function tokenFile(flags: FlagValues): Authenticator | undefined {
  const file = flags.string('token-auth-file');
  if (file === '') return undefined;
  return tokenFileAuthenticator(readFlagFile(file, '--token-auth-file'), file);
}

/** Whether requests without credentials are anonymous; never where everybody may do everything, as in kube-apiserver. */
function takesAnonymous(flags: FlagValues): boolean {
  if (!flags.bool('anonymous-auth')) return false;
  if (!flags.list('authorization-mode').includes('AlwaysAllow')) return true;
  log.warn('--anonymous-auth is off: it is not allowed with --authorization-mode=AlwaysAllow');
  return false;
}

/** Whom service account tokens must be meant for: the issuer unless `--api-audiences` says otherwise. */
export function audiences(flags: FlagValues): string[] {
  const named = flags.list('api-audiences');
  return named.length > 0 ? named : flags.list('service-account-issuer');
}

const HOUR_S = 3600;
const MAX_TOKEN_S = 2 ** 32;

/** What signs service account tokens; undefined without a key. Throws FatalError for a lifetime that is not allowed. */
export function tokenIssuer(flags: FlagValues, serving: ServingConfig): TokenIssuer | undefined {
  const maxSeconds = flags.duration('service-account-max-token-expiration') / 1000;
  if (maxSeconds !== 0 && (maxSeconds < HOUR_S || maxSeconds > MAX_TOKEN_S)) {
    throw new FatalError('--service-account-max-token-expiration must be between 1h and 2^32 seconds: correct it');
  }
  if (serving.signingKey === undefined) return undefined;
  return {
    issuer: flags.list('service-account-issuer')[0] ?? '',
    audiences: audiences(flags),
    key: serving.signingKey,
    maxSeconds,
    extend: flags.bool('service-account-extend-token-expiration'),
  };
}

function signedBy(bundle: string): (facts: CertificateFacts) => boolean {
  const authorities = parseBundle(bundle);
  return ({ certificate }) => authorities.some((ca) => certificate.checkIssued(ca) && certificate.verify(ca.publicKey));
}

/** Who may do what. */
export interface Authorizers {
  readonly authorizer: Authorizer;
  readonly rbac: RbacAuthorizer;
  /** What users may do, as far as the modes can list it. */
  readonly rules: RuleResolver;
}

/** The authorizers that `--authorization-mode` names, after the privileged group. */
export function authorizers(flags: FlagValues, backend: Backend): Authorizers {
  const rbac = new RbacAuthorizer(backend);
  const modes = flags.list('authorization-mode').map((mode): [Authorizer, RuleResolver] => {
    if (mode === 'AlwaysAllow') return [alwaysAllow, everythingAllowed];
    if (mode === 'AlwaysDeny') return [alwaysDeny, nothingAllowed];
    if (mode === 'RBAC') return [rbac, rbac];
    if (mode === 'Node') return [new NodeAuthorizer(backend, rbac), nodeRules];
    throw new FatalError(`--authorization-mode ${mode} is not known: use AlwaysAllow, AlwaysDeny, Node or RBAC`);
  });
  // Health and version answer also while the roles that open them cannot be read.
  return {
    authorizer: authorizerUnion([mastersAuthorizer, publicInfoAuthorizer, ...modes.map(([authorizer]) => authorizer)]),
    rbac,
    rules: rulesUnion(modes.map(([, rules]) => rules)),
  };
}
