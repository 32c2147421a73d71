import { Command } from 'commander';
import { expect, test } from 'vitest';
import { FatalError } from '../../internal/machinery/assert.js';
import { portRange } from './addresses.js';
import { speakLikeCobra } from './flag-errors.js';
import { addFlags, type FlagValues, normalizeArguments } from './flags.js';
import { validateFlags } from './validate.js';

/** What `quorate serve ARGS` prints before it gives up, or '' with the values. */
function run(...args: string[]): { said: string; flags: () => FlagValues } {
  let said = '';
  const program = new Command('quorate').exitOverride().configureOutput({ writeErr: (text) => (said += text) });
  speakLikeCobra(program);
  const serve = program.command('serve').action(() => undefined);
  const flags = addFlags(serve);
  try {
    program.parse(normalizeArguments(['serve', ...args]), { from: 'user' });
  } catch (error) {
    if (said === '') throw error;
  }
  return { said, flags };
}

test.each([
  ['--no-such-flag=1', 'Error: unknown flag: --no-such-flag\n'],
  ['--no-such-flag', 'Error: unknown flag: --no-such-flag\n'],
  ['-z', "Error: unknown shorthand flag: 'z' in -z\n"],
  ['--secure-port', 'Error: flag needs an argument: --secure-port\n'],
  [
    '--secure-port=many',
    'Error: invalid argument "many" for "--secure-port" flag: strconv.ParseInt: parsing "many": invalid syntax\n',
  ],
  ['-v=x', 'Error: invalid argument "x" for "-v, --v" flag: strconv.ParseInt: parsing "x": invalid syntax\n'],
])('%s is refused in cobra’s words', (arg, text) => {
  expect(run(arg).said).toBe(text);
});

const wrong = (...args: string[]): string => {
  try {
    validateFlags(run(...args).flags());
  } catch (error) {
    if (error instanceof FatalError) return error.message;
    throw error;
  }
  return '';
};

test.each([
  ['--secure-port=99999', '--secure-port 99999 must be between 1 and 65535, inclusive. It cannot be turned off with 0'],
  ['--secure-port=0', '--secure-port 0 must be between 1 and 65535, inclusive. It cannot be turned off with 0'],
  ['--bind-address=here', '--bind-address: failed to parse IP: "here"'],
  ['--max-requests-inflight=-4', '--max-requests-inflight can not be negative value'],
  ['--service-account-issuer=', 'service-account-issuer should not be an empty string'],
  ['--authorization-mode=', 'at least one authorization-mode must be passed'],
  ['--enable-admission-plugins=Nope', 'enable-admission-plugins plugin "Nope" is unknown'],
  ['--admission-control=Nope', 'admission-control plugin "Nope" is unknown'],
  ['--disable-admission-plugins=Nope', 'disable-admission-plugins plugin "Nope" is unknown'],
  [
    '--authorization-mode=RBCA',
    'authorization-mode "RBCA" is not a valid mode: use ABAC, AlwaysAllow, AlwaysDeny, Node, RBAC, Webhook',
  ],
  [
    '--encryption-provider-config=e.yaml',
    '--encryption-provider-config is not built yet, and a server that went on without it would not be protected by it: leave it away',
  ],
  [
    '--service-account-issuer=https://[a',
    `service-account-issuer "https://[a" contained a ':' but was not a valid URL`,
  ],
  ['--endpoint-reconciler-type=leases', '--endpoint-reconciler-type "leases" must be lease or none'],
  ['--service-account-issuer=https://a,https://a', 'service-account-issuer contains duplicate values'],
  [
    '--service-account-max-token-expiration=59m',
    'the service-account-max-token-expiration must be between 1 hour to 2^32 seconds',
  ],
  [
    '--service-account-signing-endpoint=/run/signer.sock',
    '--service-account-signing-endpoint: external signers of service account tokens are not supported: give --service-account-signing-key-file and --service-account-key-file instead',
  ],
  ['--authentication-token-webhook-version=v2', '--authentication-token-webhook-version "v2" must be v1 or v1beta1'],
  ['--spdy-bind-port=70000', '--spdy-bind-port 70000 must be between 0 and 65535, inclusive. 0 for turning it off'],
  ['--spdy-bind-port=6443', '--spdy-bind-port must be another port than --secure-port'],
  [
    '--kubernetes-service-node-port=65536',
    "--kubernetes-service-node-port 65536 must be between 0 and 65535, inclusive. If 0, the Kubernetes master service will be of type ClusterIP; kubernetes service node port range 30000-32767 doesn't contain 65536",
  ],
  ['--kubernetes-service-node-port=29999', "kubernetes service node port range 30000-32767 doesn't contain 29999"],
  ['--service-node-port-range=9-1', '--service-node-port-range: the end port cannot be less than the start port: 9-1'],
])('%s is refused before anything is opened', (arg, text) => {
  expect(wrong(arg)).toBe(text);
});

test('several mistakes are told at once, and none where there is none', () => {
  expect(wrong('--secure-port=0', '--bind-address=x')).toMatch(/--secure-port 0 .*; --bind-address: /);
  expect(wrong()).toBe('');
  expect(wrong('--enable-admission-plugins=NodeRestriction,PodSecurity', '--bind-address=::')).toBe('');
});

test('the flag of old names all admission plugins, so no other flag may', () => {
  expect(wrong('--admission-control=NamespaceLifecycle')).toBe('');
  expect(wrong('--admission-control=NamespaceLifecycle', '--disable-admission-plugins=Priority')).toBe(
    'admission-control and enable-admission-plugins/disable-admission-plugins flags are mutually exclusive',
  );
});

test('elections must leave time for heartbeats', () => {
  const sentence = '--election-timeout must be at least twice --heartbeat-interval';
  expect(wrong('--election-timeout=100ms', '--heartbeat-interval=1s')).toBe(sentence);
  expect(wrong('--election-timeout=200ms', '--heartbeat-interval=100ms')).toBe('');
  expect(wrong('--archive-to=file:///d/archive', '--data-dir=/d', '--archive-interval=1ms')).toBe(
    '--archive-to file:///d/archive is within --data-dir, and would be lost with it: name another disk; ' +
      '--archive-interval must be at least 1s',
  );
  expect(wrong('--archive-to=/var/backups')).toContain('is no place for an archive: write e.g. file:///');
  expect(wrong('--heartbeat-interval=0s', '--log-keep-entries=-1')).toBe(
    '--heartbeat-interval must be at least 50ms; --log-keep-entries can not be negative value',
  );
});

test('a port range is written in three ways', () => {
  expect(portRange('30000-32767', '--f')).toEqual({ min: 30_000, max: 32_767 });
  expect(portRange('100+10', '--f')).toEqual({ min: 100, max: 110 });
  expect(portRange('80', '--f')).toEqual({ min: 80, max: 80 });
  for (const bad of ['', 'x', '1-', '70000']) expect(() => portRange(bad, '--f')).toThrow(FatalError);
});
