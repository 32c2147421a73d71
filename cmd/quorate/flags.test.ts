import { Command } from 'commander';
import { expect, test } from 'vitest';
import { FatalError } from '../../internal/machinery/assert.js';
import { firstServiceIp, hostPort } from './addresses.js';
import { addFlags, ignoredFlags, parseDuration, refusedFlags } from './flags.js';
import { flagsOf as parse } from './testing.js';

test('a kubeadm command line is understood', () => {
  const flags = parse(
    '--advertise-address=192.0.2.1',
    '--allow-privileged=true',
    '--authorization-mode=Node,RBAC',
    '--client-ca-file=/etc/kubernetes/pki/ca.crt',
    '--enable-admission-plugins=NodeRestriction',
    '--enable-bootstrap-token-auth=true',
    '--etcd-servers=https://127.0.0.1:2379',
    '--kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname',
    '--requestheader-allowed-names=front-proxy-client',
    '--requestheader-username-headers=X-Remote-User',
    '--secure-port=6443',
    '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
    '--service-cluster-ip-range=10.96.0.0/12',
    '--profiling=false',
    '-v=4',
  );
  expect(flags.int('secure-port')).toBe(6443);
  expect(flags.list('authorization-mode')).toEqual(['Node', 'RBAC']);
  expect(flags.bool('enable-bootstrap-token-auth')).toBe(true);
  expect(flags.int('v')).toBe(4);
  expect(ignoredFlags(flags)).toContainEqual({
    name: 'etcd-servers',
    why: 'there is no etcd: the replicas keep the data themselves',
  });
  expect(refusedFlags(flags)).toEqual([]);
});

test('defaults are kube-apiserver’s', () => {
  const flags = parse();
  expect(flags.int('min-request-timeout')).toBe(1800);
  expect(flags.duration('event-ttl')).toBe(3_600_000);
  expect(flags.bool('anonymous-auth')).toBe(true);
  expect(flags.string('service-account-issuer')).toBe('https://kubernetes.default.svc.cluster.local');
});

test('every flag shows its default in the help', () => {
  const command = new Command('serve');
  addFlags(command);
  const help = command.helpInformation();
  expect(help).toContain('Port to serve HTTPS on. (default 6443)');
  expect(help).toContain('(default "lease")');
  expect(help).toMatch(/--anonymous-auth \[bool\].*\(default true\)/s);
});

test('booleans, underscores and repeated flags are read as kube-apiserver reads them', () => {
  expect(parse('--anonymous-auth=false').bool('anonymous-auth')).toBe(false);
  expect(parse('--enable-bootstrap-token-auth').bool('enable-bootstrap-token-auth')).toBe(true);
  expect(parse('--secure_port=7443').int('secure-port')).toBe(7443);
  expect(
    parse('--service-account-key-file=a', '--service-account-key-file=b').list('service-account-key-file'),
  ).toEqual(['a', 'b']);
  expect(parse('--service-account-issuer=x').list('service-account-issuer')).toEqual(['x']);
});

test('what cannot be understood is refused', () => {
  expect(() => parse('--no-such-flag=1')).toThrow(/unknown option '--no-such-flag/);
  expect(() => parse('--secure-port=many')).toThrow(/strconv.ParseInt: parsing "many": invalid syntax/);
  expect(() => parse('--anonymous-auth=perhaps')).toThrow(/strconv.ParseBool: parsing "perhaps": invalid syntax/);
  expect(() => parse('--event-ttl=1x')).toThrow(/invalid duration "1x"/);
});

test('durations are Go durations', () => {
  expect(parseDuration('1h30m')).toBe(5_400_000);
  expect(parseDuration('1.5s')).toBe(1500);
  expect(parseDuration('0')).toBe(0);
  expect(() => parseDuration('5')).toThrow();
});

test('the kubernetes service has the first address of the range', () => {
  expect(firstServiceIp('10.96.0.0/12')).toBe('10.96.0.1');
  expect(firstServiceIp('10.96.3.7/12')).toBe('10.96.0.1');
  expect(firstServiceIp('192.168.255.128/25')).toBe('192.168.255.129');
  expect(firstServiceIp('fd00:10:96::/112')).toBe('fd00:10:96::1');
  expect(firstServiceIp('10.96.0.0/12, fd00:10:96::/112')).toBe('10.96.0.1');
  for (const wrong of ['10.96.0.0', '10.96.0.0/31', '', '10.96.0.0/12,', '10.96.0.0/12,10.97.0.0/16', '::/200'])
    expect(() => firstServiceIp(wrong)).toThrow(FatalError);
  expect(() => hostPort('nowhere', '--peer-listen')).toThrow(/--peer-listen nowhere is not host:port/);
});
