import { FatalError } from '../../internal/machinery/assert.js';
import type { TokenIssuer } from '../../internal/server/tokens/token-request.js';
import type { ServingConfig } from './config.js';
import type { FlagValues } from './flags.js';

const HOUR_S = 3600;
const MAX_TOKEN_S = 2 ** 32;

/** What is wrong with the flags about service accounts, in kube-apiserver's words. */
export function serviceAccountFaults(flags: FlagValues): string[] {
  const faults: string[] = [];
  const issuers = flags.string('service-account-issuer').split(',');
  if (issuers.includes('')) faults.push('service-account-issuer should not be an empty string');
  for (const issuer of issuers) {
    if (issuer.includes(':') && !URL.canParse(issuer)) {
      faults.push(`service-account-issuer ${JSON.stringify(issuer)} contained a ':' but was not a valid URL`);
    }
  }
  if (new Set(issuers).size < issuers.length) faults.push('service-account-issuer contains duplicate values');
  const maxSeconds = flags.duration('service-account-max-token-expiration') / 1000;
  if (maxSeconds !== 0 && (maxSeconds < HOUR_S || maxSeconds > MAX_TOKEN_S)) {
    faults.push('the service-account-max-token-expiration must be between 1 hour to 2^32 seconds');
  }
  if (flags.string('service-account-signing-endpoint') !== '') {
    faults.push(
      '--service-account-signing-endpoint: external signers of service account tokens are not supported: give --service-account-signing-key-file and --service-account-key-file instead',
    );
  }
  return faults;
}

/** Whom service account tokens must be meant for: the issuers unless `--api-audiences` says otherwise. */
export function audiences(flags: FlagValues): string[] {
  const named = flags.list('api-audiences');
  return named.length > 0 ? named : flags.list('service-account-issuer');
}

/** What signs service account tokens: the key, in the name of the first issuer. Undefined without a key. */
export function tokenIssuer(flags: FlagValues, serving: ServingConfig): TokenIssuer | undefined {
  if (serving.signingKey === undefined) return undefined;
  const [issuer] = flags.list('service-account-issuer');
  if (issuer === undefined) throw new FatalError('--service-account-issuer may not be empty: give at least one');
  return {
    issuer,
    audiences: audiences(flags),
    key: serving.signingKey,
    maxSeconds: flags.duration('service-account-max-token-expiration') / 1000,
    extend: flags.bool('service-account-extend-token-expiration'),
  };
}
