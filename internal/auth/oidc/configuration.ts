import { child, children, str, strings } from '../../machinery/access.js';
import { FatalError } from '../../machinery/assert.js';
import type { Steps } from '../../machinery/breathe.js';
import {
  duplicate,
  errorText,
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
  tooMany,
} from '../../machinery/field.js';
import type { JsonObject } from '../../machinery/json.js';
import { decodeConfiguration } from '../../schema/codec/configuration.js';
import { checkShape, type Shape } from '../../schema/codec/configuration-shape.js';
import { parseBundle } from '../client-cert.js';
import { mappingsOf } from './mappings.js';
import { type Issuer, type JwtAuthenticatorConfig, SIGNING_ALGS } from './types.js';

const GROUP = 'apiserver.config.k8s.io';
const VERSIONS = [`${GROUP}/v1`, `${GROUP}/v1beta1`, `${GROUP}/v1alpha1`];
/** kube-apiserver's. */
const MAX_ISSUERS = 64;

/** Who may be anonymous: all, or those who ask for one of the paths. */
export interface AnonymousConfig {
  readonly enabled: boolean;
  /** None: every path. */
  readonly paths: readonly string[];
}

/** What `--authentication-config` says. */
export interface AuthenticationConfiguration {
  readonly jwt: readonly JwtAuthenticatorConfig[];
  /** Undefined where the flag `--anonymous-auth` decides. */
  readonly anonymous: AnonymousConfig | undefined;
}

/**
 * Reads an AuthenticationConfiguration (apiserver.config.k8s.io v1, v1beta1, v1alpha1), in the words of kube-apiserver's
 * validation, issuer by issuer. `disallowedIssuers` are the issuers of service accounts. Throws FatalError with all that is
 * wrong.
 */
export function* authenticationConfiguration(
  bytes: Buffer,
  path: string,
  disallowedIssuers: readonly string[],
): Steps<AuthenticationConfiguration> {
  const object = decodeConfiguration(bytes, path, 'AuthenticationConfiguration', VERSIONS);
  checkShape(object, path, SHAPE);
  const errors: FieldError[] = [];
  const jwt = children(object, 'jwt');
  if (jwt.length > MAX_ISSUERS) errors.push(tooMany('jwt', jwt.length, MAX_ISSUERS));
  const seen = new Set<string>();
  const configOf = (authenticator: JsonObject, i: number): JwtAuthenticatorConfig => {
    const at = `jwt[${i}]`;
    const issuer = issuerOf(child(authenticator, 'issuer') ?? {}, `${at}.issuer`, disallowedIssuers, errors);
    if (issuer.url !== '' && seen.has(issuer.url)) errors.push(duplicate(`${at}.issuer.url`, issuer.url));
    seen.add(issuer.url);
    if (issuer.discoveryUrl !== '' && seen.has(issuer.discoveryUrl)) {
      errors.push(duplicate(`${at}.issuer.discoveryURL`, issuer.discoveryUrl));
    }
    if (issuer.discoveryUrl !== '') seen.add(issuer.discoveryUrl);
    return { issuer, ...mappingsOf(authenticator, at, errors) };
  };
  const configs: JwtAuthenticatorConfig[] = [];
  for (const [i, authenticator] of jwt.slice(0, MAX_ISSUERS).entries()) {
    configs.push(configOf(authenticator, i));
    yield;
  }
  const anonymous = anonymousOf(child(object, 'anonymous'), errors);
  if (errors.length > 0) throw new FatalError(`${path}: ${errors.map(errorText).join(', ')}. Mend the file.`);
  return { jwt: configs, anonymous };
}

const CLAIM = { claim: 'string', prefix: 'string', expression: 'string' } as const;
const SHAPE: Shape = {
  apiVersion: 'string',
  kind: 'string',
  anonymous: { enabled: 'boolean', conditions: [{ path: 'string' }] },
  jwt: [
    {
      issuer: {
        url: 'string',
        discoveryURL: 'string',
        certificateAuthority: 'string',
        audiences: ['string'],
        audienceMatchPolicy: 'string',
        egressSelectorType: 'string',
      },
      claimValidationRules: [{ claim: 'string', requiredValue: 'string', expression: 'string', message: 'string' }],
      claimMappings: {
        username: CLAIM,
        groups: CLAIM,
        uid: { claim: 'string', expression: 'string' },
        extra: [{ key: 'string', valueExpression: 'string' }],
      },
      userValidationRules: [{ expression: 'string', message: 'string' }],
    },
  ],
};

function anonymousOf(anonymous: JsonObject | undefined, errors: FieldError[]): AnonymousConfig | undefined {
  if (anonymous === undefined) return undefined;
  const enabled = anonymous['enabled'] === true;
  const paths = children(anonymous, 'conditions').map((condition) => str(condition, 'path'));
  if (!enabled && paths.length > 0) {
    errors.push(
      invalidValue(
        'anonymous.conditions',
        anonymous['conditions'],
        'enabled should be set to true when conditions are defined',
      ),
    );
  }
  return { enabled, paths };
}

/** An issuer as it is configured; what is wrong goes into `errors`. */
export function issuerOf(given: JsonObject, at: string, disallowed: readonly string[], errors: FieldError[]): Issuer {
  const url = str(given, 'url');
  const discoveryUrl = str(given, 'discoveryURL');
  errors.push(...urlErrors(url, `${at}.url`, disallowed));
  if (discoveryUrl !== '') {
    if (discoveryUrl.replace(/\/+$/, '') === url.replace(/\/+$/, '')) {
      errors.push(invalidValue(`${at}.discoveryURL`, discoveryUrl, 'discoveryURL must be different from URL'));
    }
    errors.push(...urlErrors(discoveryUrl, `${at}.discoveryURL`, []));
  }
  const audiences = strings(given, 'audiences');
  errors.push(...audienceErrors(audiences, str(given, 'audienceMatchPolicy'), at));
  const certificateAuthority = str(given, 'certificateAuthority');
  if (certificateAuthority !== '' && !isBundle(certificateAuthority)) {
    errors.push(
      invalidValue(
        `${at}.certificateAuthority`,
        '<omitted>',
        'data does not contain any valid RSA or ECDSA certificates',
      ),
    );
  }
  if (str(given, 'egressSelectorType') !== '') {
    errors.push(forbiddenField(`${at}.egressSelectorType`, 'there are no egress selectors here: leave it away'));
  }
  return { url, discoveryUrl, certificateAuthority, audiences, signingAlgs: SIGNING_ALGS };
}

function urlErrors(text: string, at: string, disallowed: readonly string[]): FieldError[] {
  if (text === '') return [required(at, 'URL is required')];
  if (disallowed.includes(text)) {
    return [invalidValue(at, text, `URL must not overlap with disallowed issuers: [${disallowed.join(' ')}]`)];
  }
  if (!URL.canParse(text)) return [invalidValue(at, text, 'it is no URL')];
  const url = new URL(text);
  const problems: string[] = [];
  if (url.protocol !== 'https:') problems.push('URL scheme must be https');
  if (url.username !== '' || url.password !== '') problems.push('URL must not contain a username or password');
  if (text.includes('?')) problems.push('URL must not contain a query');
  if (text.includes('#')) problems.push('URL must not contain a fragment');
  return problems.map((problem) => invalidValue(at, text, problem));
}

function audienceErrors(audiences: readonly string[], policy: string, at: string): FieldError[] {
  if (audiences.length === 0) return [required(`${at}.audiences`, `at least one ${at}.audiences is required`)];
  const errors: FieldError[] = [];
  for (const [i, audience] of audiences.entries()) {
    if (audience === '') errors.push(required(`${at}.audiences[${i}]`, "audience can't be empty"));
    if (audiences.indexOf(audience) < i) errors.push(duplicate(`${at}.audiences[${i}]`, audience));
  }
  if (policy !== '' && policy !== 'MatchAny') {
    errors.push(notSupported(`${at}.audienceMatchPolicy`, policy, ['MatchAny']));
  } else if (audiences.length > 1 && policy === '') {
    errors.push(
      invalidValue(`${at}.audienceMatchPolicy`, policy, 'audienceMatchPolicy must be MatchAny for multiple audiences'),
    );
  }
  return errors;
}

function isBundle(pem: string): boolean {
  try {
    return parseBundle(pem).length > 0;
  } catch {
    return false; // what it is instead does not matter
  }
}
