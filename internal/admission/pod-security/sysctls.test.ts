import { expect, test } from 'vitest';
import type { CheckPod } from './check.js';
import { sysctls } from './checks/sysctls.js';

/** Which of these the check of this minor release forbids. */
function forbidden(minor: number, ...names: string[]): string | undefined {
  const check: CheckPod | undefined = sysctls.versions.findLast(({ since }) => since <= minor)?.check;
  if (check === undefined) throw new Error(`no check for 1.${minor}`);
  const security = { sysctls: names.map((name) => ({ name, value: '1' })) };
  return check({ security } as unknown as Parameters<CheckPod>[0])?.detail;
}

const ALWAYS = [
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ping_group_range',
  'net.ipv4.ip_unprivileged_port_start',
];
const SINCE: readonly [minor: number, ...names: string[]][] = [
  [27, 'net.ipv4.ip_local_reserved_ports'],
  [
    29,
    'net.ipv4.tcp_keepalive_time',
    'net.ipv4.tcp_fin_timeout',
    'net.ipv4.tcp_keepalive_intvl',
    'net.ipv4.tcp_keepalive_probes',
  ],
  [32, 'net.ipv4.tcp_rmem', 'net.ipv4.tcp_wmem'],
];

test('each release finds more settings safe, and keeps what was', () => {
  expect(forbidden(0, ...ALWAYS)).toBeUndefined();
  expect(forbidden(36, ...ALWAYS)).toBeUndefined();
  for (const [minor, ...names] of SINCE) {
    for (const name of names) {
      expect(forbidden(minor - 1, name)).toBe(name);
      expect(forbidden(minor, name), name).toBeUndefined();
      expect(forbidden(36, name), name).toBeUndefined();
    }
  }
  expect(forbidden(36, 'kernel.msgmax', ALWAYS[0] ?? '', 'net.core.somaxconn')).toBe(
    'kernel.msgmax, net.core.somaxconn',
  );
});
