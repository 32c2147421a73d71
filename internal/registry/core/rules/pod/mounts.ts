import { isObject, type JsonObject } from '../../../../machinery/json.js';
import type { FieldNode } from '../../../generic/field-node.js';
import { checkDescendingPath, checkNoBacksteps } from '../paths.js';

/** The volumes of a pod that are in order, by name. */
export type Volumes = ReadonlyMap<string, JsonObject>;

const PROPAGATIONS = ['Bidirectional', 'HostToContainer', 'None'];
const RECURSIVE = ['Disabled', 'Enabled', 'IfPossible'];

/** Field errors of members of a mount are at the list, without its index, as in kube-apiserver. */
const listPath = (mount: FieldNode): string => mount.path.slice(0, mount.path.lastIndexOf('['));

const atList = (mount: FieldNode): FieldNode => mount.movedTo(listPath(mount));

function checkPropagation(list: FieldNode, container: FieldNode): void {
  if (!list.has('mountPropagation')) return;
  list.requireOneOf('mountPropagation', PROPAGATIONS);
  const privileged = container.child('securityContext')?.flag('privileged') === true;
  if (list.text('mountPropagation') === 'Bidirectional' && !privileged) {
    list.forbidden('mountPropagation', 'Bidirectional mount propagation is available only to privileged containers');
  }
}

function checkRecursiveReadOnly(list: FieldNode): void {
  const mode = list.text('recursiveReadOnly');
  if (!list.has('recursiveReadOnly') || mode === 'Disabled') return;
  if (mode !== 'Enabled' && mode !== 'IfPossible') {
    list.unsupported('recursiveReadOnly', RECURSIVE);
    return;
  }
  if (!list.flag('readOnly')) list.forbidden('recursiveReadOnly', 'may only be specified when readOnly is true');
  const propagation = list.text('mountPropagation');
  if (list.has('mountPropagation') && propagation !== 'None') {
    list.forbidden('recursiveReadOnly', 'may only be specified when mountPropagation is None or not specified');
  }
}

/** `volumeMounts` of a container (ValidateVolumeMounts). */
export function checkVolumeMounts(container: FieldNode, volumes: Volumes): void {
  const mounts = container.list('volumeMounts');
  if (mounts.length === 0) return;
  const devices = container.list('volumeDevices');
  const deviceNames = new Set(devices.map((d) => d.text('name')));
  const devicePaths = new Set(devices.map((d) => d.text('devicePath')));
  const taken = new Set<string>();
  for (const mount of mounts) {
    const name = mount.text('name');
    const path = mount.text('mountPath');
    if (name === '') mount.required('name');
    if (!volumes.has(name)) mount.notFound('name');
    if (path === '') mount.required('mountPath');
    if (taken.has(path)) mount.invalid('mountPath', 'must be unique', path);
    taken.add(path);
    if (deviceNames.has(name)) mount.invalid('name', 'must not already exist in volumeDevices');
    if (devicePaths.has(path)) mount.invalid('mountPath', 'must not already exist as a path in volumeDevices');
    const list = atList(mount);
    if (mount.text('subPath') !== '') checkDescendingPath(list, 'subPath');
    if (mount.text('subPathExpr') !== '') {
      if (mount.text('subPath') !== '') mount.invalid('subPathExpr', 'subPathExpr and subPath are mutually exclusive');
      checkDescendingPath(list, 'subPathExpr');
    }
    checkPropagation(list, container);
    checkRecursiveReadOnly(list);
  }
}

/** `volumeDevices` of a container (ValidateVolumeDevices). */
export function checkVolumeDevices(container: FieldNode, volumes: Volumes): void {
  const devices = container.list('volumeDevices');
  if (devices.length === 0) return;
  const mounts = container.list('volumeMounts');
  const mountNames = new Set(mounts.map((m) => m.text('name')));
  const mountPaths = new Set(mounts.map((m) => m.text('mountPath')));
  const names = new Set<string>();
  const paths = new Set<string>();
  for (const device of devices) {
    const name = device.text('name');
    const path = device.text('devicePath');
    if (name === '') device.required('name');
    if (names.has(name)) device.invalid('name', 'must be unique');
    const volume = volumes.get(name);
    if (volume === undefined) device.notFound('name');
    else if (!isObject(volume['persistentVolumeClaim']) && !isObject(volume['ephemeral'])) {
      device.invalid('name', 'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode');
    }
    if (path === '') device.required('devicePath');
    if (paths.has(path)) device.invalid('devicePath', 'must be unique');
    const before = device.problems.length;
    checkNoBacksteps(device, 'devicePath');
    if (device.problems.length > before) {
      device.problems.length = before;
      device.invalid('devicePath', "can not contain backsteps ('..')");
    } else paths.add(path);
    if (mountNames.has(name)) device.invalid('name', 'must not already exist in volumeMounts');
    if (mountPaths.has(path)) device.invalid('devicePath', 'must not already exist as a path in volumeMounts');
    if (name !== '') names.add(name);
  }
}
