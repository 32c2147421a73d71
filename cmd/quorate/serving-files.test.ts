import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { afterAll, expect, test, vi } from 'vitest';
import { certificateFacts } from '../../internal/auth/client-cert.js';
import { createAuthority, issue, type KeyPair } from '../../internal/pki/x509.js';
import { listen } from '../../internal/server/uws/listener.js';
import { freeBase } from '../../internal/testing/ports.js';
import { servingConfig } from './config.js';
import { followServingFiles, tlsFiles } from './serving-files.js';
import { flagsOf } from './testing.js';

const dir = mkdtempSync(join(tmpdir(), 'quorate-serving-files-'));
afterAll(() => rmSync(dir, { recursive: true }));

const write = (name: string, text: string): string => {
  writeFileSync(join(dir, name), text);
  return join(dir, name);
};

test('a certificate and an authority that are replaced hold without a restart', async () => {
  const [ca, users, others] = await Promise.all(['ca', 'users', 'users'].map((name) => createAuthority(name)));
  const pair = (commonName: string): Promise<KeyPair> =>
    issue(ca as KeyPair, { commonName, usages: ['server'], ips: ['127.0.0.1'] });
  const [first, second] = await Promise.all([pair('first'), pair('second')]);
  const jane = certificateFacts((await issue(users as KeyPair, { commonName: 'jane', usages: ['client'] })).cert);
  const flags = flagsOf(
    `--data-dir=${dir}`,
    `--tls-cert-file=${write('tls.crt', first.cert)}`,
    `--tls-private-key-file=${write('tls.key', first.key)}`,
    `--client-ca-file=${write('users.crt', (users as KeyPair).cert)}`,
  );
  const serving = await servingConfig(flags);
  const port = await freeBase([0]);
  const listener = await listen(
    { host: '127.0.0.1', port, ...tlsFiles(flags, serving) },
    { serve: () => ({ reply: { status: 200, contentType: '', body: '' }, auditId: '' }) },
  );
  const shown = (): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const socket = tls.connect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
        resolve(socket.getPeerCertificate().subject?.CN);
        socket.destroy();
      });
      socket.on('error', reject);
    });
  const files = followServingFiles(flags, serving, listener);
  expect(await shown()).toBe('first');
  const errors = vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
  // Half of a pair is none.
  write('tls.crt', second.cert);
  await vi.waitFor(() => expect(errors.mock.calls.join('\n')).toContain('those before them stay'), { timeout: 30_000 });
  expect(await shown()).toBe('first');
  write('tls.key', second.key);
  await vi.waitFor(async () => expect(await shown()).toBe('second'), { timeout: 30_000 });
  expect([serving.authorities.isUser(jane), serving.authorities.generation]).toEqual([true, 0]);
  write('users.crt', (others as KeyPair).cert);
  await vi.waitFor(() => expect(serving.authorities.isUser(jane)).toBe(false), { timeout: 30_000 });
  errors.mockRestore();
  files.stop();
  await listener.close(1000);
});
