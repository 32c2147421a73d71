import { expect, it } from 'vitest';
import { FatalError } from '../machinery/assert.js';
import { addressOf, amountsOf, isMemberName, type ReplicaConfig, validateConfig } from './config.js';

const A = { name: 'a', address: '10.0.0.1:2380' };
const B = { name: 'b', address: '10.0.0.2:2380' };
const tls = { ca: 'c', cert: 'c', key: 'k' };

/** What is said of a replica `a` that is configured like this; '' when nothing is wrong. */
function said(config: Partial<ReplicaConfig>): string {
  try {
    validateConfig({ name: 'a', dataDir: '/data', ...config });
    return '';
  } catch (error) {
    expect(error).toBeInstanceOf(FatalError);
    return (error as Error).message;
  }
}

it('a replica alone needs neither peers nor TLS, and one of several needs both', () => {
  const listen = { peerListen: A.address };
  const NO_LISTEN = 'a cluster of several members needs --peer-listen host:port.';
  const NO_TLS = 'a cluster of several members needs TLS between them: give a CA, a certificate and a key.';
  expect(said({})).toBe('');
  expect(said({ initialCluster: [] })).toBe('');
  expect(said({ initialCluster: [A] })).toBe('');
  expect(said({ join: [] })).toBe('');
  expect(said({ initialCluster: [A, B] })).toBe(NO_LISTEN);
  expect(said({ initialCluster: [A, B], tls })).toBe(NO_LISTEN);
  expect(said({ join: [B.address], tls })).toBe(NO_LISTEN);
  expect(said({ initialCluster: [A, B], ...listen })).toBe(NO_TLS);
  expect(said({ join: [B.address], ...listen })).toBe(NO_TLS);
  expect(said({ join: [B.address], ...listen, unsafeNoPeerTls: false })).toBe(NO_TLS);
  expect(said({ initialCluster: [A, B], ...listen, tls })).toBe('');
  expect(said({ join: [B.address], ...listen, tls })).toBe('');
  expect(said({ join: [B.address], ...listen, unsafeNoPeerTls: true })).toBe('');
});

it('what a person may have got wrong of the members is told', () => {
  const more = { peerListen: A.address, tls };
  const cluster = (...initialCluster: (typeof A)[]) => said({ ...more, initialCluster });
  expect(said({ name: 'A_b' })).toBe(`--name "A_b" must be lower-case letters, digits, '-' or '.', at most 63.`);
  expect(cluster(B)).toBe('--initial-cluster does not name this replica (a). Add it, or correct --name.');
  expect(cluster(B, { ...B, name: 'c', address: 'x:1' })).toContain('does not name this replica');
  expect(cluster(A, { ...A, address: B.address })).toBe(
    '--initial-cluster names a member twice. Give every member a name of its own.',
  );
  expect(cluster(A, { ...B, address: A.address })).toBe(
    '--initial-cluster has an address twice. Give every member the address of its --peer-listen.',
  );
  expect(said({ ...more, initialCluster: [A], join: [B.address] })).toBe(
    'give either --initial-cluster or --join, not both.',
  );
});

it('a name is a DNS name of 63 characters at most', () => {
  const good = ['a', '0', 'a1', 'r-1.x', 'a'.repeat(63)];
  expect(good.filter((name) => !isMemberName(name))).toEqual([]);
  const bad = ['', 'A', 'a_b', '-a', 'a-', '.a', 'a.', 'a'.repeat(64), 'a b', 'a\n', 'x/a'];
  expect(bad.filter(isMemberName)).toEqual([]);
});

it('times and amounts are as they are given, or else the documented ones', () => {
  const defaults = {
    tickMs: 50,
    heartbeatMs: 100,
    electionMs: 500,
    compactionIntervalMs: 300_000,
    scrubIntervalMs: 3_600_000,
    logKeepEntries: 100_000,
    txnTimeoutMs: 10_000,
    readTimeoutMs: 5_000,
  };
  expect(amountsOf({ name: 'a', dataDir: '/data' })).toEqual(defaults);
  const given = Object.fromEntries(Object.keys(defaults).map((key, i) => [key, i])) as unknown as typeof defaults;
  expect(amountsOf({ name: 'a', dataDir: '/data', ...given })).toEqual(given);
});

it('a member is reached where it says, or else where the founders say, or else where it listens', () => {
  const config = { name: 'b', dataDir: '/data' };
  const members = [
    [1, 'a', '10.0.0.1:1'],
    [2, 'b', '10.0.0.2:1'],
  ] as const;
  const listen = '0.0.0.0:1';
  expect([
    addressOf({ ...config, peerAddress: 'b.example:1' }, listen, { id: 2, members }),
    addressOf(config, listen, { id: 2, members }),
    addressOf(config, listen, { id: 3, members }),
  ]).toEqual(['b.example:1', '10.0.0.2:1', listen]);
});
