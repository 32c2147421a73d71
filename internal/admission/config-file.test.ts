import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { FatalError } from '../machinery/assert.js';
import { readAdmissionConfiguration } from './config-file.js';
import { admissionChain } from './plugins.js';

const dir = mkdtempSync(join(tmpdir(), 'admission-'));
afterAll(() => rmSync(dir, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(dir, name);
  writeFileSync(path, text);
  return path;
}
const HEAD = 'apiVersion: apiserver.config.k8s.io/v1\nkind: AdmissionConfiguration\n';
const POD_SECURITY = 'apiVersion: pod-security.admission.config.k8s.io/v1\nkind: PodSecurityConfiguration\n';
const inPlace = (text: string): string => text.replaceAll(/^/gm, '    ');
const chainOf = (text: string) =>
  admissionChain({ configurations: readAdmissionConfiguration(file('config.yaml', HEAD + text)) });

test('plugins are configured in place, or by a file beside this one', () => {
  file('beside.yaml', POD_SECURITY);
  const text = `plugins:\n- name: A\n  path: beside.yaml\n- name: B\n  configuration:\n${inPlace(POD_SECURITY)}\n- name: C\n`;
  const found = readAdmissionConfiguration(file('config.yaml', HEAD + text));
  expect([...found.keys()]).toEqual(['A', 'B']);
  expect(found.get('A')?.object).toEqual(found.get('B')?.object);
  expect(found.get('A')?.path).toBe(join(dir, 'beside.yaml'));
});

test('the defaults and exemptions of PodSecurity are checked, all of them', () => {
  const plugin = (text: string) => `plugins:\n- name: PodSecurity\n  configuration:\n${inPlace(POD_SECURITY + text)}\n`;
  expect(() => chainOf(plugin('defaults:\n  enforce: baseline\n  enforce-version: v1.30\n'))).not.toThrow();
  const wrong = `defaults:\n  enforce: low\n  warn-version: "1"\nexemptions:\n  namespaces: [A_b, ok, ok]\n  usernames: [""]\n`;
  expect(() => chainOf(plugin(wrong))).toThrow(FatalError);
  expect(() => chainOf(plugin(wrong))).toThrow(
    /defaults.enforce: Invalid value: "low": must be one of.*defaults.warn-version: Invalid value: "1".*exemptions.namespaces\[0\]: Invalid value: "A_b".*exemptions.namespaces\[2\]: Duplicate value: "ok".*exemptions.usernames\[0\]: Invalid value: "": username must not be empty/,
  );
  expect(() => chainOf(plugin('default: {}\n'))).toThrow('strict decoding error: unknown field "default"');
});

test('a file that is missing, is no such configuration, or says a thing twice ends the start', () => {
  expect(() => readAdmissionConfiguration(join(dir, 'absent'))).toThrow(/cannot read .*absent: ENOENT/);
  expect(() => readAdmissionConfiguration(file('c.yaml', 'kind: X\n'))).toThrow('no kind "X" is registered');
  expect(() => chainOf('plugins: []\nplugins: []\n')).toThrow('already set');
  expect(() => chainOf('plugins: [{path: x}]\n')).toThrow('plugins[0].name: Required value');
  expect(() => chainOf('plugins: [{name: x, path: absent.yaml}]\n')).toThrow(/cannot read .*absent.yaml/);
});
