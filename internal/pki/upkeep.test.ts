import { X509Certificate } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ensurePki } from './pki.js';
import { CertificateUpkeep } from './upkeep.js';

const DAY_MS = 86_400_000;
const dir = mkdtempSync(join(tmpdir(), 'quorate-upkeep-'));
const other = join(dir, 'other');
const pki = join(dir, 'pki');
afterAll(() => rmSync(dir, { recursive: true }));
beforeAll(async () => {
  for (const place of [pki, other]) await ensurePki(place, { serviceIp: '10.96.0.1', extraNames: ['api.example'] });
});

const kept = (place: string, name: string, followed = true): { name: string; file: string; followed: boolean } => ({
  name,
  file: join(place, `${name}.crt`),
  followed,
});
const certificate = (place: string, name: string): X509Certificate =>
  new X509Certificate(readFileSync(join(place, `${name}.crt`)));
const inDays =
  (days: number): (() => number) =>
  () =>
    Date.now() + days * DAY_MS;

function upkeep(
  certificates: Parameters<typeof kept>[],
  now: () => number,
  renew = true,
): { it: CertificateUpkeep; said: string[] } {
  const said: string[] = [];
  const options = { renew, now, say: (level: string, text: string): void => void said.push(`${level} ${text}`) };
  return {
    it: new CertificateUpkeep(
      certificates.map((c) => kept(...c)),
      options,
    ),
    said,
  };
}

test('a certificate is issued anew when a quarter of its time is left, and not before', async () => {
  const before = certificate(pki, 'peer/peer');
  await upkeep([[pki, 'peer/peer']], inDays(270)).it.look();
  expect(certificate(pki, 'peer/peer').serialNumber).toBe(before.serialNumber);
  const { it, said } = upkeep([[pki, 'peer/peer']], inDays(280));
  await it.look();
  const after = certificate(pki, 'peer/peer');
  expect(after.serialNumber).not.toBe(before.serialNumber);
  expect([after.subject, after.subjectAltName]).toEqual([before.subject, before.subjectAltName]);
  expect(after.verify(certificate(pki, 'peer/ca').publicKey)).toBe(true);
  expect(said).toEqual([`info ${join(pki, 'peer/peer')}.crt was about to expire, and is issued anew`]);
  expect(existsSync(join(pki, 'peer/.renewing'))).toBe(false);
});

test('what is not ours, not followed, or not to be renewed stays, and is warned of', async () => {
  // Another authority issued it than the one beside it.
  writeFileSync(join(pki, 'apiserver.crt'), readFileSync(join(other, 'apiserver.crt')));
  const serials = (): string[] =>
    [certificate(pki, 'apiserver'), certificate(other, 'apiserver')].map((c) => c.serialNumber);
  const before = serials();
  await upkeep([[pki, 'apiserver']], inDays(350)).it.look();
  await upkeep([[other, 'apiserver', false]], inDays(350)).it.look();
  await upkeep([[other, 'apiserver']], inDays(350), false).it.look();
  const { it } = upkeep(
    [
      [other, 'apiserver', false],
      [other, 'ca'],
    ],
    inDays(366),
  );
  await it.look();
  expect(serials()).toEqual(before);
  expect(it.warnings()).toEqual([expect.stringMatching(/^certificate apiserver has expired at \d{4}-.*Z$/)]);
  expect(upkeep([[other, 'apiserver', false]], inDays(300)).it.warnings()).toEqual([]);
  expect(upkeep([[other, 'apiserver', false]], inDays(340)).it.warnings()).toEqual([
    expect.stringContaining('expires at'),
  ]);
});

test('of several authorities in one file the last to expire counts', () => {
  const file = join(dir, 'both.crt');
  writeFileSync(file, `${readFileSync(join(pki, 'ca.crt'), 'utf8')}${readFileSync(join(other, 'ca.crt'), 'utf8')}`);
  const { it } = upkeep([[dir, 'both']], Date.now);
  expect(it.expiries().get('both')).toBe(Date.parse(certificate(other, 'ca').validTo));
});
