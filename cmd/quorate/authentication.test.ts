import { once } from 'node:events';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { AuthenticationResult } from '../../internal/auth/authenticator.js';
import { ClientAuthorities } from '../../internal/auth/client-authorities.js';
import { authMetrics } from '../../internal/auth/metrics.js';
import { credentials, openStore, type TestStore } from '../../internal/auth/testing.js';
import { Callout } from '../../internal/callout/index.js';
import { createAuthority, issue } from '../../internal/pki/x509.js';
import { type Authentication, authentication } from './authentication.js';
import { authenticationConfiguration } from './authentication-config.js';
import type { ServingConfig } from './config.js';
import { flagsOf } from './testing.js';

const dir = mkdtempSync(join(tmpdir(), 'quorate-authentication-'));
const callout = new Callout();
const serving: ServingConfig = {
  certFile: '',
  keyFile: '',
  clientCaBundle: undefined,
  clientCa: '',
  requestHeaderCa: '',
  clientCaFile: '',
  requestHeaderCaFile: '',
  authorities: new ClientAuthorities('', ''),
  serviceAccountKeys: [],
  signingKey: undefined,
};
let store: TestStore;
let issuer: Issuer;
beforeAll(async () => {
  store = await openStore();
  issuer = await startProvider();
});
afterAll(async () => {
  callout.close();
  issuer.close();
  await store.close();
  rmSync(dir, { recursive: true });
});

interface Issuer {
  readonly url: string;
  readonly ca: string;
  /** The access token of the client `robot`, whose groups are `robots`. */
  token(): Promise<string>;
  close(): void;
}

/** Looked up when it runs, for it has no types. */
const PROVIDER: string = 'oidc-provider';

/** oidc-provider, a certified OpenID issuer, whose access tokens are JSON web tokens. */
async function startProvider(): Promise<Issuer> {
  const { Provider } = (await import(PROVIDER)) as {
    Provider: new (url: string, configuration: object) => { callback(): RequestListener };
  };
  const ca = await createAuthority('issuers');
  const pair = await issue(ca, { commonName: 'localhost', usages: ['server'], ips: ['127.0.0.1'] });
  const server = createServer({ key: pair.key, cert: pair.cert });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const api = { scope: 'api', audience: 'kubernetes', accessTokenFormat: 'jwt', accessTokenTTL: 3600 };
  const client = { client_id: 'robot', client_secret: 'secret', grant_types: ['client_credentials'] };
  const provider = new Provider(url, {
    clients: [{ ...client, redirect_uris: [], response_types: [] }],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: { enabled: true, getResourceServerInfo: () => api },
    },
    ttl: { ClientCredentials: 3600 },
    extraTokenClaims: () => ({ groups: ['robots'] }),
  });
  server.on('request', provider.callback());
  return {
    url,
    ca: ca.cert,
    async token() {
      const headers = {
        'content-type': 'application/x-www-form-urlencoded',
        authorization: `Basic ${Buffer.from('robot:secret').toString('base64')}`,
      };
      const body = 'grant_type=client_credentials&resource=urn:api&scope=api';
      const target = { url: `${url}/token`, tls: { ca: ca.cert } };
      const answer = await callout.call(target, { method: 'POST', headers, body });
      return (JSON.parse(answer.body.toString()) as { access_token: string }).access_token;
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

const start = (...args: string[]): Authentication =>
  authentication({ flags: flagsOf(...args), serving, backend: store.backend, callout });
/** As the chain would ask. */
const ask = async (who: Authentication, brought: { token?: string; path?: string }): Promise<AuthenticationResult> =>
  who.authenticator.authenticate({ ...credentials(brought), ...(brought.path === undefined ? {} : brought) });
/** Asks until the keys of the issuer are known. */
const known = (who: Authentication, token: string, username: string) =>
  vi.waitFor(async () => expect(await ask(who, { token })).toMatchObject({ username }), { timeout: 30_000 });

test('a token of a real issuer is taken by the --oidc flags', async () => {
  const ca = join(dir, 'ca.crt');
  writeFileSync(ca, issuer.ca);
  const flags = [`--oidc-issuer-url=${issuer.url}`, '--oidc-client-id=kubernetes', `--oidc-ca-file=${ca}`];
  const who = start(...flags, '--oidc-groups-claim=groups', '--oidc-groups-prefix=oidc:');
  const token = await issuer.token();
  await known(who, token, `${issuer.url}#robot`);
  expect(await ask(who, { token })).toMatchObject({ groups: ['oidc:robots', 'system:authenticated'] });
  expect(await ask(who, { token: `${token}x` })).toBe('invalid');
  who.stop();
  const picky = start(...flags, '--oidc-username-prefix=-', '--oidc-required-claim=client_id=other');
  const easy = start(...flags, '--oidc-username-prefix=-', '--oidc-required-claim=client_id=robot,scope=api');
  await known(easy, token, 'robot');
  expect(await ask(picky, { token })).toBe('invalid');
  picky.stop();
  easy.stop();
});

describe('--authentication-config', () => {
  const file = join(dir, 'authentication.yaml');
  const write = (prefix: string, anonymous: string): void => {
    const ca = issuer.ca.trim().split('\n').join('\n      ');
    const text = `apiVersion: apiserver.config.k8s.io/v1
kind: AuthenticationConfiguration
jwt:
- issuer:
    url: ${issuer.url}
    audiences: [kubernetes]
    certificateAuthority: |
      ${ca}
  claimMappings:
    username:
      expression: '"${prefix}" + claims.sub'
anonymous: ${anonymous}
`;
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
  };

  test('is followed; a mistake in it changes nothing', async () => {
    const registry = new Registry();
    for (const metric of authMetrics.all) registry.registerMetric(metric);
    const reloads = async (status: string): Promise<number> => {
      const metric = await registry
        .getSingleMetric('apiserver_authentication_config_controller_automatic_reloads_total')
        ?.get();
      return metric?.values.find((v) => v.labels['status'] === status)?.value ?? 0;
    };
    write('first:', '{enabled: true, conditions: [{path: /livez}]}');
    const who = start(`--authentication-config=${file}`);
    const token = await issuer.token();
    await known(who, token, 'first:robot');
    expect(await ask(who, { path: '/livez' })).toMatchObject({ username: 'system:anonymous' });
    expect(await ask(who, { path: '/livez/' })).toBeUndefined();
    expect(await ask(who, { path: '/api' })).toBeUndefined();
    write('broken" + ', '{enabled: true}');
    await vi.waitFor(async () => expect(await reloads('failure')).toBe(1), { timeout: 30_000 });
    expect(await ask(who, { token })).toMatchObject({ username: 'first:robot' });
    expect(await ask(who, { path: '/api' })).toBeUndefined();
    write('second:', '{enabled: false}');
    await vi.waitFor(async () => expect(await reloads('success')).toBe(1), { timeout: 30_000 });
    await known(who, token, 'second:robot');
    expect(await ask(who, { path: '/livez' })).toBeUndefined();
    who.stop();
  });

  test('does not go together with flags that say the same', () => {
    write('x', '{enabled: true}');
    const read = (...more: string[]) =>
      authenticationConfiguration(flagsOf(`--authentication-config=${file}`, ...more));
    expect(read().anonymous).toEqual({ enabled: true, paths: [] });
    expect(() => read('--anonymous-auth=true')).toThrow('--anonymous-auth flag cannot be set when anonymous field');
    expect(() => read('--oidc-client-id=x')).toThrow('are mutually exclusive');
    expect(() => authenticationConfiguration(flagsOf('--oidc-client-id=x'))).toThrow('must be specified together');
    const accounts = `--service-account-issuer=${issuer.url}`;
    expect(() => read(accounts)).toThrow('must not overlap with disallowed issuers');
  });
});

test('anonymous requests are taken by default, not with the flag off, and never where all is allowed', async () => {
  const of = (...args: string[]) => ask(start(...args), { path: '/' });
  expect(await of()).toMatchObject({ username: 'system:anonymous' });
  expect(await of('--anonymous-auth=false')).toBeUndefined();
  expect(await of('--authorization-mode=AlwaysAllow')).toBeUndefined();
});
