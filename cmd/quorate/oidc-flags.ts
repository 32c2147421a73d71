import { issuerOf } from '../../internal/auth/oidc/configuration.js';
import { mappingsOf } from '../../internal/auth/oidc/mappings.js';
import { type JwtAuthenticatorConfig, SIGNING_ALGS } from '../../internal/auth/oidc/types.js';
import { FatalError } from '../../internal/machinery/assert.js';
import { errorText, type FieldError } from '../../internal/machinery/field.js';
import type { JsonObject } from '../../internal/machinery/json.js';
import { readFlagFile } from './config.js';
import type { FlagValues } from './flags.js';

const NAMES = [
  'issuer-url',
  'client-id',
  'ca-file',
  'username-claim',
  'username-prefix',
  'groups-claim',
  'groups-prefix',
  'required-claim',
  'signing-algs',
];

/** Whether any `--oidc-*` flag is given. */
export const hasOidcFlags = (flags: FlagValues): boolean => NAMES.some((name) => flags.isGiven(`oidc-${name}`));

/**
 * The issuer that the `--oidc-*` flags name; undefined where there is none. It is an AuthenticationConfiguration of one
 * issuer, as in kube-apiserver. Throws FatalError with all that is wrong.
 */
export function oidcFromFlags(flags: FlagValues): JwtAuthenticatorConfig | undefined {
  if (!hasOidcFlags(flags)) return undefined;
  const of = (name: string): string => flags.string(`oidc-${name}`);
  if (of('issuer-url') === '' || of('client-id') === '') {
    throw new FatalError('oidc-issuer-url and oidc-client-id must be specified together when any oidc-* flags are set');
  }
  const errors: FieldError[] = [];
  const caFile = of('ca-file');
  const issuer = issuerOf(
    {
      url: of('issuer-url'),
      audiences: [of('client-id')],
      certificateAuthority: caFile === '' ? '' : readFlagFile(caFile, '--oidc-ca-file'),
    },
    'issuer',
    flags.list('service-account-issuer'),
    errors,
  );
  const mappings = mappingsOf(
    { claimMappings: claimMappings(flags), claimValidationRules: required(flags) },
    'jwt',
    errors,
  );
  const signingAlgs = flags.list('oidc-signing-algs');
  const wrong = errors.map(errorText);
  for (const alg of signingAlgs) {
    if (!SIGNING_ALGS.includes(alg)) wrong.push(`oidc: unsupported signing alg: ${JSON.stringify(alg)}`);
  }
  if (wrong.length > 0) throw new FatalError(`the --oidc-* flags: ${wrong.join(', ')}. Correct them.`);
  return { issuer: { ...issuer, signingAlgs }, ...mappings };
}

function claimMappings(flags: FlagValues): JsonObject {
  const claim = flags.string('oidc-username-claim');
  const prefix = flags.string('oidc-username-prefix');
  const groups = flags.string('oidc-groups-claim');
  const own = claim === 'email' ? '' : `${flags.string('oidc-issuer-url')}#`;
  return {
    username: { claim, prefix: prefix === '-' ? '' : prefix === '' ? own : prefix },
    ...(groups === '' ? {} : { groups: { claim: groups, prefix: flags.string('oidc-groups-prefix') } }),
  };
}

function required(flags: FlagValues): JsonObject[] {
  return flags.list('oidc-required-claim').map((pair) => {
    const at = pair.indexOf('=');
    if (at <= 0) throw new FatalError(`--oidc-required-claim ${pair} must be formatted as key=value: correct it`);
    return { claim: pair.slice(0, at), requiredValue: pair.slice(at + 1) };
  });
}
