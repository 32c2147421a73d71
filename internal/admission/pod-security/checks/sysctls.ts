import { children, str } from '../../../machinery/access.js';
import type { Check, CheckPod } from '../check.js';

const SAFE = [
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ping_group_range',
  'net.ipv4.ip_unprivileged_port_start',
];
const SAFE_27 = [...SAFE, 'net.ipv4.ip_local_reserved_ports'];
const SAFE_29 = [
  ...SAFE_27,
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
];
const SAFE_32 = [...SAFE_29, 'net.ipv4.tcp_rmem', 'net.ipv4.tcp_wmem'];

function only(safe: readonly string[]): CheckPod {
  const allowed = new Set(safe);
  return (pod) => {
    const names = children(pod.security, 'sysctls').map((sysctl) => str(sysctl, 'name'));
    const bad = names.filter((name) => !allowed.has(name));
    return bad.length === 0 ? undefined : { reason: 'forbidden sysctls', detail: bad.join(', ') };
  };
}

/** Only settings of the kernel that concern the pod alone; each release has found more of them. */
export const sysctls: Check = {
  id: 'sysctls',
  level: 'baseline',
  versions: [
    { since: 0, check: only(SAFE) },
    { since: 27, check: only(SAFE_27) },
    { since: 29, check: only(SAFE_29) },
    { since: 32, check: only(SAFE_32) },
  ],
};
