import { child } from '../../../../machinery/access.js';
import { asInGo } from '../../../generic/as-in-go.js';
import type { JsonObject } from '../../../../machinery/json.js';
import { mayBePrivileged } from '../../capabilities.js';
import type { FieldNode } from '../../../generic/field-node.js';
import { checkDescendingPath } from '../paths.js';
import { unixId } from '../texts.js';
import { checkWindowsOptions } from './windows-options.js';

const PROFILE_TYPES = ['Localhost', 'RuntimeDefault', 'Unconfined'];

function checkId(node: FieldNode, key: string): void {
  const id = node.number(key);
  if (id !== undefined) for (const message of unixId(id)) node.invalid(key, message);
}

function checkSeccomp(profile: FieldNode | undefined): void {
  if (profile === undefined) return;
  const type = profile.text('type');
  if (type === '') profile.required('type', 'type is required when seccompProfile is set');
  else profile.requireOneOf('type', PROFILE_TYPES);
  if (type !== 'Localhost') {
    if (profile.has('localhostProfile')) {
      profile.invalid('localhostProfile', 'can only be set when seccomp type is Localhost', {
        Type: type,
        LocalhostProfile: profile.text('localhostProfile'),
      });
    }
  } else if (profile.has('localhostProfile')) checkDescendingPath(profile, 'localhostProfile');
  else profile.required('localhostProfile', 'must be set when seccomp type is Localhost');
}

/** Bytes of the name of an AppArmor profile. */
const MAX_APPARMOR_PROFILE = 4095;

function checkAppArmor(profile: FieldNode | undefined): void {
  if (profile === undefined) return;
  const name = profile.text('localhostProfile');
  switch (profile.text('type')) {
    case 'Localhost':
      if (name.trim() !== name) profile.invalid('localhostProfile', 'must not be padded with whitespace');
      else if (name === '') profile.required('localhostProfile', 'must be set when AppArmor type is Localhost');
      if (name.length > MAX_APPARMOR_PROFILE) profile.tooLong('localhostProfile', MAX_APPARMOR_PROFILE);
      return;
    case 'RuntimeDefault':
    case 'Unconfined':
      if (profile.has('localhostProfile')) {
        profile.invalid('localhostProfile', 'can only be set when AppArmor type is Localhost');
      }
      return;
    case '':
      profile.required('type', 'type is required when appArmorProfile is set');
      return;
    default:
      profile.unsupported('type', PROFILE_TYPES);
  }
}

/** The security context of a container (ValidateSecurityContext). */
export function checkContainerSecurityContext(context: FieldNode | undefined, hostUsers: boolean): void {
  if (context === undefined) return;
  if (context.flag('privileged') && !mayBePrivileged()) {
    context.forbidden('privileged', 'disallowed by cluster policy');
  }
  checkId(context, 'runAsUser');
  checkId(context, 'runAsGroup');
  if (context.has('procMount')) {
    context.requireOneOf('procMount', ['Default', 'Unmasked']);
    if (hostUsers && context.text('procMount') === 'Unmasked') {
      context.invalid('procMount', '`hostUsers` must be false to use `Unmasked`');
    }
  }
  checkSeccomp(context.child('seccompProfile'));
  if (context.get('allowPrivilegeEscalation') === false) {
    const shown = (): JsonObject => asInGo(context.value, 'core.v1.SecurityContext');
    if (context.flag('privileged')) {
      context.invalid('', 'cannot set `allowPrivilegeEscalation` to false and `privileged` to true', shown());
    }
    if (context.child('capabilities')?.texts('add').includes('CAP_SYS_ADMIN') === true) {
      const text = 'cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN';
      context.invalid('', text, shown());
    }
  }
  checkWindowsOptions(context.child('windowsOptions'));
  checkAppArmor(context.child('appArmorProfile'));
}

const SYSCTL_SEGMENT = '[a-z0-9]([-_a-z0-9]*[a-z0-9])?';
const SYSCTL_FMT = `^(${SYSCTL_SEGMENT}[\\./])*${SYSCTL_SEGMENT}$`;
const SYSCTL = new RegExp(SYSCTL_FMT);
const MAX_SYSCTL = 253;
/** What belongs to the IPC namespace. */
const IPC_SYSCTL = /^(kernel\.shm|kernel\.msg|kernel\.sem$|fs\.mqueue\.)/;

/** `/` and `.` both separate; the first of them that occurs decides which is which. */
function dotted(name: string): string {
  const first = /[./]/.exec(name)?.[0];
  if (first !== '/') return name;
  return name.replace(/[./]/g, (c) => (c === '/' ? '.' : '/'));
}

function checkSysctls(context: FieldNode, spec: FieldNode): void {
  const seen = new Set<string>();
  for (const sysctl of context.list('sysctls')) {
    const name = sysctl.text('name');
    if (name === '') sysctl.required('name');
    else if (name.length > MAX_SYSCTL || !SYSCTL.test(name)) {
      sysctl.invalid('name', `must have at most ${MAX_SYSCTL} characters and match regex ${SYSCTL_FMT}`);
    } else if (seen.has(name)) sysctl.duplicate('name');
    const plain = dotted(name);
    const ofHost = (flag: string): void => sysctl.invalid('name', `may not be specified when '${flag}' is true`, name);
    if (spec.flag('hostNetwork') && plain.startsWith('net.')) ofHost('hostNetwork');
    else if (spec.flag('hostIPC') && IPC_SYSCTL.test(plain)) ofHost('hostIPC');
    seen.add(name);
  }
}

/** The security context of a pod; host namespaces are beside it in the spec. `old`: the spec that is replaced. */
export function checkPodSecurityContext(spec: FieldNode, old: JsonObject | undefined): void {
  const context = spec.child('securityContext');
  if (context === undefined) return;
  checkId(context, 'fsGroup');
  checkId(context, 'runAsUser');
  checkId(context, 'runAsGroup');
  const groups = context.get('supplementalGroups');
  for (const [i, gid] of (Array.isArray(groups) ? groups : []).entries()) {
    for (const message of unixId(Number(gid))) context.invalid(`supplementalGroups[${i}]`, message, gid);
  }
  if (spec.flag('shareProcessNamespace') && spec.flag('hostPID')) {
    context.invalid('shareProcessNamespace', 'ShareProcessNamespace and HostPID cannot both be enabled', true);
  }
  checkSysctls(context, spec);
  context.checkOneOf('fsGroupChangePolicy', ['Always', 'OnRootMismatch']);
  checkSeccomp(context.child('seccompProfile'));
  checkWindowsOptions(context.child('windowsOptions'));
  checkAppArmor(context.child('appArmorProfile'));
  context.checkOneOf('supplementalGroupsPolicy', ['Merge', 'Strict']);
  // SELinuxMount is off: the other policy stays only where there was one.
  const before = child(old, 'securityContext')?.['seLinuxChangePolicy'];
  context.checkOneOf('seLinuxChangePolicy', before === undefined ? ['Recursive'] : ['MountOption', 'Recursive']);
}
