import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { asks, openStore, type TestStore, user } from '../../internal/auth/testing.js';
import { Callout } from '../../internal/callout/index.js';
import { startWebhookServer, type WebhookServer } from '../../internal/testing/webhook-server.js';
import { type Authorization, authorization, authorizationFaults, checkAuthorization } from './authorization.js';
import { flagsOf } from './testing.js';

const dir = mkdtempSync(join(tmpdir(), 'quorate-authorization-'));
const callout = new Callout();
const kubeconfig = join(dir, 'webhook.conf');
let store: TestStore;
let server: WebhookServer;
beforeAll(async () => {
  [store, server] = await Promise.all([openStore(), startWebhookServer()]);
  const cluster = { server: `${server.url}/access`, 'certificate-authority-data': server.caBundle };
  writeFileSync(kubeconfig, JSON.stringify({ clusters: [{ name: 'w', cluster }] }));
  server.on('/access', () => ({
    raw: JSON.stringify({
      kind: 'SubjectAccessReview',
      apiVersion: 'authorization.k8s.io/v1',
      status: { allowed: true, reason: 'the webhook' },
    }),
  }));
});
afterAll(async () => {
  callout.close();
  await server.close();
  await store.close();
  rmSync(dir, { recursive: true });
});

const pods = asks(user('ann', 'system:authenticated'), 'get', 'pods', { namespace: 'ns' });
const start = (...args: string[]): Authorization => authorization(flagsOf(...args), store.backend, callout);
const ask = async ({ authorizer }: Authorization) => authorizer.authorize(pods);

test('modes are asked in their order', async () => {
  const policies = join(dir, 'policies.jsonl');
  writeFileSync(policies, '{"user":"ann","readonly":true}');
  const abac = `--authorization-policy-file=${policies}`;
  expect((await ask(start('--authorization-mode=RBAC,ABAC', abac))).decision).toBe('allow');
  expect(await ask(start('--authorization-mode=AlwaysDeny,RBAC'))).toEqual({
    decision: 'noOpinion',
    reason: 'Everything is forbidden.',
  });
  const everything = start('--authorization-mode=RBAC,AlwaysAllow');
  expect((await ask(everything)).decision).toBe('allow');
  expect((await ask(start('--authorization-mode=AlwaysAllow'))).decision).toBe('allow');
  const webhook = [`--authorization-webhook-config-file=${kubeconfig}`, '--authorization-webhook-version=v1'];
  const may = start('--authorization-mode=RBAC,Webhook', ...webhook);
  expect(await ask(may)).toEqual({ decision: 'allow', reason: 'the webhook' });
  expect(may.authorizer.rulesFor(pods.user, 'ns')).toMatchObject({
    incomplete: true,
    errors: ['webhook authorizer does not support user rule resolution'],
  });
});

test('a file is followed; a mistake in it changes nothing', async () => {
  const file = join(dir, 'authorization.json');
  const webhook = {
    authorizedTTL: '1s',
    unauthorizedTTL: '1s',
    timeout: '3s',
    subjectAccessReviewVersion: 'v1',
    failurePolicy: 'Deny',
    connectionInfo: { type: 'KubeConfigFile', kubeConfigFile: kubeconfig },
  };
  const write = (...authorizers: object[]): void => {
    const head = { apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AuthorizationConfiguration' };
    writeFileSync(file, JSON.stringify({ ...head, authorizers }));
  };
  write({ type: 'RBAC', name: 'rbac' });
  const may = start(`--authorization-config=${file}`);
  expect((await ask(may)).decision).toBe('noOpinion');
  const errors = vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
  write({ type: 'AlwaysAllow' });
  await vi.waitFor(() => expect(errors.mock.calls.join('\n')).toContain('what was in force stays'), {
    timeout: 30_000,
  });
  errors.mockRestore();
  expect((await ask(may)).decision).toBe('noOpinion');
  write({ type: 'RBAC', name: 'rbac' }, { type: 'Webhook', name: 'w', webhook });
  await vi.waitFor(async () => expect((await ask(may)).reason).toBe('the webhook'), { timeout: 30_000 });
  may.stop();
});

test('what does not go together ends the start', () => {
  const faults = (...args: string[]) => authorizationFaults(flagsOf(...args)).join('; ');
  expect(faults()).toBe('');
  expect(faults('--authorization-mode=Some')).toContain('"Some" is not a valid mode');
  expect(faults('--authorization-mode=')).toContain('at least one authorization-mode must be passed');
  expect(faults('--authorization-mode=RBAC,RBAC')).toContain('has mode specified more than once');
  expect(faults('--authorization-mode=ABAC')).toContain("mode ABAC's authorization policy-file not passed");
  expect(faults('--authorization-policy-file=x')).toContain(
    'cannot specify --authorization-policy-file without mode ABAC',
  );
  expect(faults('--authorization-mode=Webhook')).toContain('webhook-config-file not passed');
  expect(faults('--authorization-config=x', '--authorization-mode=RBAC')).toContain('can not be specified when');
  expect(faults('--authorization-webhook-version=v2')).toContain('must be v1 or v1beta1');
  expect(() => checkAuthorization(flagsOf('--authorization-config=/nowhere'), callout)).toThrow('cannot read /nowhere');
  const missing = ['--authorization-mode=Webhook', '--authorization-webhook-config-file=/nowhere'];
  expect(() => checkAuthorization(flagsOf(...missing), callout)).toThrow('/nowhere');
});
