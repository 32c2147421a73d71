import { type Authenticator, withAuthenticatedGroup } from './authenticator.js';
import { type CertificateFacts, certificateFacts } from './client-cert.js';
import { emptyRecord } from '../machinery/record.js';
import { Lru } from './lru.js';

/** The `--requestheader-*` flags. */
export interface RequestHeaderOptions {
  /** Common names of front proxies that are believed; any that the authority signed when empty. */
  readonly allowedNames: readonly string[];
  readonly usernameHeaders: readonly string[];
  readonly uidHeaders: readonly string[];
  readonly groupHeaders: readonly string[];
  readonly extraPrefixes: readonly string[];
  readonly isFrontProxy: (facts: CertificateFacts) => boolean;
  /** What `isFrontProxy` says is remembered while this stays the same; for ever when absent. */
  readonly generation?: () => number;
}

/** Users by the headers that an authenticating front proxy sets, believed only with its client certificate. */
export function requestHeaderAuthenticator(options: RequestHeaderOptions): Authenticator {
  const trusted = new Lru<{ trusted: boolean; notAfter: number; generation: number }>(256);
  const { generation = () => 0 } = options;
  const lower = (names: readonly string[]): string[] => names.map((n) => n.toLowerCase());
  const usernameHeaders = lower(options.usernameHeaders);
  const uidHeaders = lower(options.uidHeaders);
  const groupHeaders = lower(options.groupHeaders);
  const extraPrefixes = lower(options.extraPrefixes);
  return {
    authenticate(credentials) {
      const pem = credentials.peerCertificate;
      if (pem === '') return undefined;
      let known = trusted.get(pem);
      if (known === undefined || known.generation !== generation()) {
        const facts = certificateFacts(pem);
        const named = options.allowedNames.length === 0 || options.allowedNames.includes(facts.commonName);
        known = {
          trusted: named && options.isFrontProxy(facts),
          notAfter: facts.notAfter,
          generation: generation(),
        };
        trusted.set(pem, known);
      }
      // A certificate that is no front proxy's may be a user's: the next authenticator says.
      if (!known.trusted) return 'invalid';
      const username = usernameHeaders.map((h) => credentials.header(h)).find((v) => v !== '');
      if (username === undefined) return undefined;
      if (!(Date.now() <= known.notAfter)) return 'invalid';
      const extra = emptyRecord<string[]>();
      for (const prefix of extraPrefixes) {
        for (const [name, value] of credentials.headersWithPrefix(prefix)) {
          const key = unescapeKey(name.slice(prefix.length));
          extra[key] = [...(extra[key] ?? []), value];
        }
      }
      return withAuthenticatedGroup({
        username,
        uid: uidHeaders.map((h) => credentials.header(h)).find((v) => v !== '') ?? '',
        groups: groupHeaders.flatMap((h) => credentials.headerValues(h)).filter((g) => g !== ''),
        extra,
      });
    },
  };
}

/** Extra keys travel percent-encoded in header names; one that does not decode is taken as it is. */
export function unescapeKey(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch (error) {
    if (error instanceof URIError) return key;
    throw error;
  }
}
