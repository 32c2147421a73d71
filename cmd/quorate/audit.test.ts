import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { event } from '../../internal/audit/testing/events.js';
import { FatalError } from '../../internal/machinery/assert.js';
import { auditFaults, auditOf } from './audit.js';
import { FlagValues } from './flags.js';
import { KNOWN_FLAGS } from './known-flags.js';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'audit-flags-'));
  writeFileSync(join(dir, 'policy.yaml'), 'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n- level: Metadata\n');
});
afterAll(() => rmSync(dir, { recursive: true }));

function flags(given: Readonly<Record<string, string>>): FlagValues {
  const values = new Map<string, string>();
  for (const { name, default: value } of KNOWN_FLAGS) {
    const text = given[name] ?? value;
    if (text !== undefined) values.set(name, text);
  }
  return new FlagValues(values);
}
const policy = (): Record<string, string> => ({ 'audit-policy-file': join(dir, 'policy.yaml') });

test('the defaults of kube-apiserver are right; what cannot be is told in its words', () => {
  expect(auditFaults(flags({ 'audit-log-path': '-', 'audit-webhook-config-file': 'x' }))).toEqual([]);
  expect(
    auditFaults(
      flags({
        'audit-log-path': '-',
        'audit-log-format': 'xml',
        'audit-log-mode': 'batch',
        'audit-log-batch-max-size': '0',
        'audit-log-batch-throttle-enable': 'true',
        'audit-log-maxage': '-1',
        'audit-log-truncate-max-batch-size': '1',
        'audit-log-version': 'audit.k8s.io/v1beta1',
      }),
    ),
  ).toEqual([
    'invalid audit batch log throttle QPS 0, must be a positive number',
    'invalid audit batch log max size 0, must be a positive number',
    'invalid audit batch log throttle burst 0, must be a positive number',
    'invalid audit truncate log max batch size 1, must be greater than max event size (102400)',
    'invalid group version, allowed versions are ["audit.k8s.io/v1"]: --audit-log-version audit.k8s.io/v1beta1',
    'invalid audit log format xml, allowed formats are "legacy,json"',
    "--audit-log-maxage -1 can't be a negative number",
  ]);
  expect(auditFaults(flags({ 'audit-webhook-config-file': 'x', 'audit-webhook-mode': 'often' }))).toEqual([
    'invalid audit webhook mode often, allowed modes are "batch,blocking,blocking-strict"',
  ]);
});

test('without a policy, or without a place to record to, nothing is recorded', () => {
  expect(auditOf(flags({ 'audit-log-path': join(dir, 'none.log') }), new Registry())).toBeUndefined();
  expect(auditOf(flags(policy()), new Registry())).toBeUndefined();
});

test('the log is made with its directory, for nobody else to read', async () => {
  const path = join(dir, 'logs', 'audit.log');
  const audit = auditOf(flags({ ...policy(), 'audit-log-path': path }), new Registry());
  expect(await audit?.backend.processEvents([event('a')])).toBe(true);
  await audit?.backend.shutdown();
  expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ kind: 'Event', auditID: 'a' });
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(statSync(join(dir, 'logs')).mode & 0o777).toBe(0o700);
});

test('a log that cannot be written ends the start', () => {
  expect(() => auditOf(flags({ ...policy(), 'audit-log-path': dir }), new Registry())).toThrow(FatalError);
});
