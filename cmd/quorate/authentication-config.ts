import type { Credentials } from '../../internal/auth/authenticator.js';
import { authenticationReloads, authMetrics } from '../../internal/auth/metrics.js';
import { oidcAuthenticator } from '../../internal/auth/oidc/authenticator.js';
import {
  type AnonymousConfig,
  type AuthenticationConfiguration,
  authenticationConfiguration as configurationOf,
} from '../../internal/auth/oidc/configuration.js';
import { JwtIssuers } from '../../internal/auth/oidc/issuers.js';
import type { Callout } from '../../internal/callout/index.js';
import { FatalError } from '../../internal/machinery/assert.js';
import { atOnce, inTurns, type Steps } from '../../internal/machinery/breathe.js';
import { logger } from '../../internal/machinery/log.js';
import { prepareYaml } from '../../internal/schema/codec/index.js';
import { watchFiles } from '../../internal/machinery/watched-files.js';
import { readConfigurationFile } from '../../internal/schema/codec/configuration.js';
import { advertisedAddress } from './config.js';
import type { FlagValues } from './flags.js';
import { hasOidcFlags, oidcFromFlags } from './oidc-flags.js';

const log = logger('authentication-config.ts');
const FLAG = 'authentication-config';

/** Issuers of JSON web tokens, and who may be anonymous: by the flags, or by a file that is followed. */
export interface ConfiguredAuthentication {
  readonly issuers: JwtIssuers;
  mayBeAnonymous(credentials: Credentials): boolean;
  stop(): void;
}

/** Reads what the flags or the file say, before anything is opened. Throws FatalError with what is wrong. */
export function authenticationConfiguration(flags: FlagValues): AuthenticationConfiguration & { bytes?: Buffer } {
  const file = flags.string(FLAG);
  if (file === '') {
    const issuer = oidcFromFlags(flags);
    return { jwt: issuer === undefined ? [] : [issuer], anonymous: undefined };
  }
  if (hasOidcFlags(flags)) {
    throw new FatalError('authentication-config file and oidc-* flags are mutually exclusive: give either');
  }
  const bytes = readConfigurationFile(file, `--${FLAG}`);
  return { ...atOnce(parsed(flags, bytes)), bytes };
}

function* parsed(flags: FlagValues, bytes: Buffer): Steps<AuthenticationConfiguration> {
  const file = flags.string(FLAG);
  const config = yield* configurationOf(bytes, file, flags.list('service-account-issuer'));
  if (config.anonymous !== undefined && flags.isGiven('anonymous-auth')) {
    throw new FatalError(
      '--anonymous-auth flag cannot be set when anonymous field is configured in authentication configuration file: leave one of them away',
    );
  }
  return config;
}

/** `byDefault`: whether requests without credentials are anonymous where no file says so. */
export function configuredAuthentication(
  flags: FlagValues,
  callout: Callout,
  byDefault: boolean,
): ConfiguredAuthentication {
  const { jwt, anonymous, bytes } = authenticationConfiguration(flags);
  const issuers = new JwtIssuers(jwt, (config) =>
    oidcAuthenticator(config, {
      callout,
      now: Date.now,
      fetched: (keys) => authMetrics.keysFetched(config.issuer.url, keys),
    }),
  );
  let present = anonymous;
  const file = flags.string(FLAG);
  authenticationReloads.of(advertisedAddress(flags));
  if (bytes !== undefined) authenticationReloads.inForce(bytes);
  const reload = async (contents: Buffer): Promise<void> => {
    try {
      await prepareYaml(contents);
      const next = await inTurns(parsed(flags, contents));
      await issuers.replace(next.jwt);
      present = next.anonymous;
      authenticationReloads.inForce(contents);
      authenticationReloads.reloaded('success');
      log.info(`reloaded authentication config from ${file}`);
    } catch (error) {
      authenticationReloads.reloaded('failure');
      log.error(`${file} is not used, and what was in force stays: ${error instanceof Error ? error.message : ''}`);
    }
  };
  const following =
    bytes === undefined
      ? undefined
      : watchFiles([file], [bytes], ([contents]) => (contents === undefined ? undefined : reload(contents)));
  return {
    issuers,
    mayBeAnonymous: (credentials) => (present === undefined ? byDefault : isAnonymousAllowed(present, credentials)),
    stop() {
      following?.stop();
      issuers.stop();
    },
  };
}

function isAnonymousAllowed({ enabled, paths }: AnonymousConfig, { path = '' }: Credentials): boolean {
  return enabled && (paths.length === 0 || paths.includes(path));
}
