import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { createAuthority, issue } from '../../internal/pki/x509.js';
import { flagsOf } from './testing.js';
import { cipherList, namedCertificates, transportFaults } from './tls-flags.js';

const dir = mkdtempSync(join(tmpdir(), 'quorate-tls-flags-'));
afterAll(() => rmSync(dir, { recursive: true }));

test('cipher suites are known by the names of Go', () => {
  const list = (...args: string[]) => cipherList(flagsOf(...args));
  expect(list()).toBeUndefined();
  expect(list('--tls-min-version=VersionTLS12')).toBeUndefined();
  expect(
    list(
      '--tls-cipher-suites=TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,TLS_AES_128_GCM_SHA256,TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305',
    ),
  ).toBe('ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305');
  const nothingOf12 = 'ECDHE-PSK-AES128-CBC-SHA';
  expect(list('--tls-cipher-suites=TLS_AES_128_GCM_SHA256')).toBe(nothingOf12);
  expect(list('--tls-min-version=VersionTLS13', '--tls-cipher-suites=TLS_RSA_WITH_AES_128_CBC_SHA')).toBe(nothingOf12);
});

test('certificates by name: those that the flag gives come first, then those of the certificate', async () => {
  const ca = await createAuthority('ca');
  const pair = async (name: string, ...dnsNames: string[]): Promise<string> => {
    const { cert, key } = await issue(ca, { commonName: name, usages: ['server'], dnsNames });
    writeFileSync(join(dir, `${name}.crt`), cert);
    writeFileSync(join(dir, `${name}.key`), key);
    return `${join(dir, name)}.crt,${join(dir, name)}.key`;
  };
  const [a, b] = [await pair('a', 'a.org', '*.a.org'), await pair('b', 'b.org')];
  const named = namedCertificates(flagsOf(`--tls-sni-cert-key=${a}`, `--tls-sni-cert-key=${b}:x.org, *.x.org`));
  expect(named.map(({ names }) => names)).toEqual([
    ['x.org', '*.x.org'],
    ['a.org', '*.a.org'],
  ]);
  const mixed = `${join(dir, 'a')}.crt,${join(dir, 'b')}.key`;
  expect(() => namedCertificates(flagsOf(`--tls-sni-cert-key=${mixed}`))).toThrow('is not the key of');
  expect(() => namedCertificates(flagsOf('--tls-sni-cert-key=/no.crt,/no.key'))).toThrow('does not exist');
});

test('what cannot be meant is told', () => {
  const faults = (...args: string[]) => transportFaults(flagsOf(...args)).join('; ');
  expect(faults()).toBe('');
  expect(faults('--tls-min-version=1.3')).toContain('unknown tls version "1.3"');
  expect(faults('--tls-cipher-suites=RC4')).toBe("Cipher suite RC4 not supported or doesn't exist");
  expect(faults('--tls-sni-cert-key=only.crt')).toContain('expected comma separated certificate and key file paths');
  expect(faults('--strict-transport-security-directives=max-age=1,preload')).toBe('');
  expect(faults('--strict-transport-security-directives=max-age=x')).toContain(
    'invalid, allowed values: max-age=expireTime',
  );
  expect(faults('--cors-allowed-origins=//a\\.com(:|$),^https://b$')).toBe('');
  expect(faults('--cors-allowed-origins=a.com')).toContain('does not pin to start/end of host');
  expect(faults('--cors-allowed-origins=//a\\.com')).toContain('does not pin to start/end of host');
  expect(faults('--cors-allowed-origins=//a)$')).toContain('invalid regular expression');
  expect(faults('--goaway-chance=0.001')).toBe('');
  expect(faults('--goaway-chance=0.5')).toContain('can not be less than 0 or greater than 0.02');
  expect(faults('--goaway-chance=often')).toContain('--goaway-chance');
});
