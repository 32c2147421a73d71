import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { certificateMetrics } from './certificate-metrics.js';
import { constantMetrics } from './constant-metrics.js';
import { VERSION } from './version.js';

test('When certificates expire is shown in seconds, as it is when it is asked', async () => {
  const registry = new Registry();
  const expiries = new Map([['serving', 1_700_000_000_500]]);
  certificateMetrics(registry, () => expiries);
  const name = 'quorate_certificate_expiration_timestamp_seconds';
  expect(await registry.metrics()).toContain(`${name}{name="serving"} 1700000000.5\n`);
  expiries.set('serving', 1_800_000_000_000).set('client-ca', 0);
  const text = await registry.metrics();
  expect(text).toContain(`${name}{name="serving"} 1800000000\n`);
  expect(text).toContain(`${name}{name="client-ca"} 0\n`);
});

test('What cannot happen here is counted as 0, under the names of kube-apiserver', () => {
  const lines = constantMetrics.split('\n').filter((line) => !line.startsWith('# HELP'));
  const names = [
    'disabled_metrics_total',
    'hidden_metrics_total',
    'apiserver_validation_declarative_validation_mismatch_total',
    'apiserver_validation_declarative_validation_panic_total',
  ];
  expect(lines).toEqual([...names.flatMap((name) => [`# TYPE ${name} counter`, `${name} 0`]), '']);
});

test('/version is what clients expect of this release', () => {
  expect(VERSION).toMatchObject({
    major: '1',
    minor: '36',
    emulationMajor: '1',
    emulationMinor: '36',
    minCompatibilityMajor: '1',
    minCompatibilityMinor: '35',
    gitVersion: expect.stringMatching(/^v1\.36\.\d+\+quorate$/),
    gitTreeState: 'clean',
    goVersion: `node${process.versions.node}`,
    compiler: 'tsc',
    platform: 'linux/amd64',
  });
});
