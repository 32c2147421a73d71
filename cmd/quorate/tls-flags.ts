import { resolve } from 'node:path';
import { compileRe2, Re2CostError, Re2SyntaxError } from '../../internal/machinery/re2.js';
import type { NamedCertificate } from '../../internal/server/http-listener.js';
import { checkPair } from './config.js';
import type { FlagValues } from './flags.js';

/** Go's names of the cipher suites of TLS 1.2 and what OpenSSL calls them. */
const SUITES: Readonly<Record<string, string>> = {
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: 'ECDHE-ECDSA-AES128-GCM-SHA256',
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: 'ECDHE-ECDSA-AES256-GCM-SHA384',
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305: 'ECDHE-ECDSA-CHACHA20-POLY1305',
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-ECDSA-CHACHA20-POLY1305',
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: 'ECDHE-RSA-AES128-GCM-SHA256',
  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: 'ECDHE-RSA-AES256-GCM-SHA384',
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305: 'ECDHE-RSA-CHACHA20-POLY1305',
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-RSA-CHACHA20-POLY1305',
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA: 'ECDHE-ECDSA-AES128-SHA',
  TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA: 'ECDHE-ECDSA-AES256-SHA',
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA: 'ECDHE-RSA-AES128-SHA',
  TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA: 'ECDHE-RSA-AES256-SHA',
  TLS_RSA_WITH_AES_128_GCM_SHA256: 'AES128-GCM-SHA256',
  TLS_RSA_WITH_AES_256_GCM_SHA384: 'AES256-GCM-SHA384',
  TLS_RSA_WITH_AES_128_CBC_SHA: 'AES128-SHA',
  TLS_RSA_WITH_AES_256_CBC_SHA: 'AES256-SHA',
};
/** Those of TLS 1.3 are always all spoken, as in Go. */
const SUITES_13 = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'];
/** A suite that needs a secret which nobody has: with no other, TLS 1.2 comes to nothing, and 1.3 is what remains. */
const NO_TLS12 = 'ECDHE-PSK-AES128-CBC-SHA';
/** The TLS layer speaks nothing older than 1.2, whatever is allowed. */
const VERSIONS = ['VersionTLS10', 'VersionTLS11', 'VersionTLS12', 'VersionTLS13'];
const HSTS = /^(max-age=\d+|includeSubDomains|preload)$/;
const MAX_GOAWAY_CHANCE = 0.02;

/** What is wrong with the flags about TLS and about what browsers are told, in kube-apiserver's words. */
export function transportFaults(flags: FlagValues): string[] {
  const faults: string[] = [];
  const version = flags.string('tls-min-version');
  if (version !== '' && !VERSIONS.includes(version)) {
    faults.push(`unknown tls version ${JSON.stringify(version)}: --tls-min-version is one of ${VERSIONS.join(', ')}`);
  }
  for (const suite of flags.list('tls-cipher-suites')) {
    if (!Object.hasOwn(SUITES, suite) && !SUITES_13.includes(suite)) {
      faults.push(`Cipher suite ${suite} not supported or doesn't exist`);
    }
  }
  for (const pair of flags.each('tls-sni-cert-key')) {
    if (partsOf(pair) === undefined)
      faults.push(`--tls-sni-cert-key ${pair}: expected comma separated certificate and key file paths`);
  }
  const directives = flags.list('strict-transport-security-directives');
  if (!directives.every((directive) => HSTS.test(directive))) {
    faults.push(
      `--strict-transport-security-directives invalid, allowed values: max-age=expireTime, includeSubDomains, preload: ${directives.join(',')}`,
    );
  }
  for (const origin of flags.list('cors-allowed-origins')) {
    const begins = origin.startsWith('^') || origin.includes('//');
    const ends = ['$', ':', '(:|$)'].some((end) => origin.endsWith(end));
    if (!begins || !ends) {
      faults.push(
        `--cors-allowed-origins: ${JSON.stringify(origin)} regular expression does not pin to start/end of host in the origin header, ensure each expression matches the entire hostname by anchoring to the start with '^' or including the '//' prefix, and by anchoring to the end with '$' or including the ':' port separator suffix`,
      );
    }
  }
  faults.push(...flags.list('cors-allowed-origins').flatMap(patternFaults));
  const chance = Number(flags.string('goaway-chance'));
  if (!(chance >= 0 && chance <= MAX_GOAWAY_CHANCE)) {
    faults.push('--goaway-chance can not be less than 0 or greater than 0.02');
  }
  return faults;
}

function patternFaults(pattern: string): string[] {
  try {
    compileRe2(pattern);
    return [];
  } catch (error) {
    if (!(error instanceof Re2SyntaxError || error instanceof Re2CostError)) throw error;
    return [`--cors-allowed-origins has an invalid regular expression: ${error.message}`];
  }
}

/** OpenSSL's list of the cipher suites that are spoken; undefined for what is so by default. */
export function cipherList(flags: FlagValues): string | undefined {
  if (flags.string('tls-min-version') === 'VersionTLS13') return NO_TLS12;
  const named = flags.list('tls-cipher-suites');
  if (named.length === 0) return undefined;
  const old = named.map((suite) => SUITES[suite]).filter((suite) => suite !== undefined);
  return old.length === 0 ? NO_TLS12 : [...new Set(old)].join(':');
}

/**
 * The certificates of `--tls-sni-cert-key`: for the names that the flag gives with them, else for those that they are made
 * for. Names that are given come first. Throws FatalError for files that cannot be used.
 */
export function namedCertificates(flags: FlagValues): NamedCertificate[] {
  const flag = '--tls-sni-cert-key';
  const pairs = flags.each('tls-sni-cert-key').map((text) => {
    const { cert = '', key = '', names = [] } = partsOf(text) ?? {};
    const certificate = checkPair({ file: cert, flag }, { file: key, flag });
    return { certFile: resolve(cert), keyFile: resolve(key), names, own: certificate.subjectAltName ?? '' };
  });
  const given = pairs.filter(({ names }) => names.length > 0);
  const made = pairs
    .filter(({ names }) => names.length === 0)
    .map((pair) => ({
      ...pair,
      names: pair.own.split(', ').flatMap((n) => (n.startsWith('DNS:') ? [n.slice(4)] : [])),
    }));
  return [...given, ...made].map(({ certFile, keyFile, names }) => ({ certFile, keyFile, names }));
}

/** `cert,key` or `cert,key:name,name`; undefined for what has not that form. */
function partsOf(text: string): { cert: string; key: string; names: string[] } | undefined {
  const match = /^([^,:]+),([^,:]+)(?::(.*))?$/.exec(text.trim());
  if (match === null) return undefined;
  const names = (match[3] ?? '').split(',').map((name) => name.trim());
  return { cert: match[1]?.trim() ?? '', key: match[2]?.trim() ?? '', names: names.filter((name) => name !== '') };
}
