import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { FatalError } from '../../internal/machinery/assert.js';
import { serverAccess } from './kubeconfig-file.js';

const dir = mkdtempSync(join(tmpdir(), 'quorate-kubeconfig-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const written = (text: string): string => {
  const file = join(dir, 'conf');
  writeFileSync(file, text);
  return file;
};

const TWO = `
clusters:
- {name: one, cluster: {server: 'https://10.0.0.1:6443'}}
- {name: two, cluster: {server: 'https://10.0.0.2:6443/', certificate-authority-data: ${btoa('ca')}}}
users:
- {name: ann, user: {token: a}}
- {name: bob, user: {token: b, client-certificate: crt.pem}}
contexts:
- {name: b2, context: {cluster: two, user: bob}}
`;

test('the current context decides; without one, the first cluster and user', () => {
  writeFileSync(join(dir, 'crt.pem'), 'crt');
  expect(serverAccess(written(`${TWO}current-context: b2`), undefined)).toEqual({
    server: 'https://10.0.0.2:6443',
    ca: Buffer.from('ca'),
    cert: Buffer.from('crt'),
    token: 'b',
  });
  expect(serverAccess(written(TWO), undefined)).toEqual({ server: 'https://10.0.0.1:6443', token: 'a' });
  expect(serverAccess(written(TWO), 'https://r3:1').server).toBe('https://r3:1');
});

test('what is no kubeconfig, or names nobody, is told in a sentence', () => {
  for (const text of ['', '[', 'x', 'clusters: []', 'clusters: x', `${TWO}current-context: gone`]) {
    expect(() => serverAccess(written(text), undefined), text).toThrow(FatalError);
  }
  expect(() => serverAccess(join(dir, 'nowhere'), undefined)).toThrow(/the kubeconfig: ENOENT.*nowhere/);
  for (const server of ['10.0.0.1:6443', 'http://10.0.0.1', 'x']) {
    expect(() => serverAccess(written(TWO), server), server).toThrow(/is no server: write e\.g\. https:/);
  }
});
