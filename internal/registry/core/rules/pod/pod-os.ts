import { child, children } from '../../../../machinery/access.js';
import type { FieldNode } from '../../../generic/field-node.js';
import { mayBePrivileged } from '../../capabilities.js';

const ALL_CONTAINERS = ['initContainers', 'containers', 'ephemeralContainers'];

const containersOf = (spec: FieldNode): FieldNode[] => ALL_CONTAINERS.flatMap((key) => spec.list(key));

const NOT_ON_WINDOWS = 'cannot be set for a windows pod';
/** In the order of the checks; without a dot it is beside the security context, where the API has it. */
const POD_NOT_ON_WINDOWS = [
  'securityContext.appArmorProfile',
  'securityContext.seLinuxOptions',
  'hostUsers',
  'hostPID',
  'hostIPC',
  'securityContext.seccompProfile',
  'securityContext.fsGroup',
  'securityContext.fsGroupChangePolicy',
  'securityContext.sysctls',
  'shareProcessNamespace',
  'securityContext.runAsUser',
  'securityContext.runAsGroup',
  'securityContext.supplementalGroups',
  'securityContext.supplementalGroupsPolicy',
];
const CONTAINER_NOT_ON_WINDOWS = [
  'appArmorProfile',
  'seLinuxOptions',
  'seccompProfile',
  'capabilities',
  'readOnlyRootFilesystem',
  'privileged',
  'allowPrivilegeEscalation',
  'procMount',
  'runAsUser',
  'runAsGroup',
];

function checkWindows(spec: FieldNode): void {
  const context = spec.struct('securityContext');
  for (const key of POD_NOT_ON_WINDOWS) {
    const [owner, name] = key.startsWith('securityContext.')
      ? [context, key.slice('securityContext.'.length)]
      : [spec, key];
    const v = owner.get(name);
    // Flags that are no pointers in Go are unset when they are false.
    const unset = v === undefined || (v === false && (name === 'hostPID' || name === 'hostIPC'));
    if (!unset && !(name === 'sysctls' && context.count(name) === 0)) spec.forbidden(key, NOT_ON_WINDOWS);
  }
  for (const container of containersOf(spec)) {
    const own = container.child('securityContext');
    for (const key of CONTAINER_NOT_ON_WINDOWS) if (own?.has(key) === true) own.forbidden(key, NOT_ON_WINDOWS);
  }
}

function checkLinux(spec: FieldNode): void {
  for (const owner of [spec, ...containersOf(spec)]) {
    const context = owner.child('securityContext');
    if (context?.has('windowsOptions') === true) {
      context.forbidden('windowsOptions', 'windows options cannot be set for a linux pod');
    }
  }
}

/** `os`, and what does not go with it. */
export function checkOs(spec: FieldNode): void {
  const os = spec.child('os');
  if (os === undefined) return;
  const name = os.text('name');
  if (name === '') os.required('name');
  else if (name === 'linux') checkLinux(spec);
  else if (name === 'windows') checkWindows(spec);
  else os.unsupported('', ['linux', 'windows'], name);
}

const hasWindowsOptions = (spec: FieldNode): boolean =>
  ALL_CONTAINERS.some((key) =>
    children(spec.value, key).some((c) => child(child(c, 'securityContext'), 'windowsOptions')),
  );

/** HostProcess containers of Windows: all or none, and in the host's network. */
export function checkHostProcess(spec: FieldNode): void {
  const ofPod = spec.child('securityContext')?.child('windowsOptions')?.get('hostProcess');
  if (ofPod === undefined && !hasWindowsOptions(spec)) return;
  let hostProcesses = 0;
  const containers = containersOf(spec);
  for (const container of containers) {
    const options = container.child('securityContext')?.child('windowsOptions');
    const own = options?.get('hostProcess');
    if (options !== undefined && own !== undefined && ofPod !== undefined && own !== ofPod) {
      options.invalid(
        'hostProcess',
        `pod hostProcess value must be identical if both are specified, was ${ofPod === true}`,
      );
    }
    if ((own ?? ofPod) === true) hostProcesses++;
  }
  if (hostProcesses === 0) return;
  if (hostProcesses !== containers.length) {
    const text = 'If pod contains any hostProcess containers then all containers must be HostProcess containers';
    spec.invalid('', text, '');
  }
  if (!spec.flag('hostNetwork')) {
    spec.invalid('hostNetwork', 'hostNetwork must be true if pod contains any hostProcess containers', false);
  }
  if (!mayBePrivileged()) spec.forbidden('', 'hostProcess containers are disallowed by cluster policy');
}

/** A pod with users of its own shares no other namespace with the host, and no block devices. */
export function checkHostUsers(spec: FieldNode): void {
  if (spec.get('hostUsers') !== false) return;
  const text = 'when `hostUsers` is false';
  // Two of the paths are those of Go.
  for (const [key, at] of [
    ['hostNetwork', 'hostNetwork'],
    ['hostPID', 'HostPID'],
    ['hostIPC', 'HostIPC'],
  ] as const) {
    if (spec.flag(key)) spec.forbidden(at, text);
  }
  for (const container of containersOf(spec)) {
    if (container.count('volumeDevices') > 0) container.forbidden('volumeDevices', text);
  }
}
