import { dns1123Label, dns1123Subdomain } from '../../../machinery/names.js';
import type { FieldNode } from '../../generic/field-node.js';
import { checkNoBacksteps } from './paths.js';
import { rangeText } from './texts.js';

// Sources that pods and persistent volumes share (validateVolumeSource, ValidatePersistentVolumeSpec).

/** Field errors of the name of a CSI driver: a subdomain in any case, at most 63 bytes. */
export function checkDriverName(node: FieldNode, key: string): void {
  const name = node.text(key);
  if (name === '') node.required(key);
  if (name.length > 63) node.tooLong(key, 63);
  for (const message of dns1123Subdomain(name.toLowerCase())) node.invalid(key, message, name);
}

const HOST_PATH_TYPES = [
  '',
  'BlockDevice',
  'CharDevice',
  'Directory',
  'DirectoryOrCreate',
  'File',
  'FileOrCreate',
  'Socket',
];

function checkHostPath(source: FieldNode): void {
  if (source.text('path') === '') {
    source.required('path');
    return;
  }
  checkNoBacksteps(source, 'path');
  source.checkOneOf('type', HOST_PATH_TYPES);
}

function checkNfs(source: FieldNode): void {
  source.requireText('server');
  source.requireText('path');
  if (!source.text('path').startsWith('/')) source.invalid('path', 'must be an absolute path', source.text('path'));
}

function checkByte(source: FieldNode, key: string): void {
  const v = source.number(key) ?? 0;
  if (v < 0 || v > 255) source.invalid(key, rangeText(0, 255), v);
}

const ISCSI_NAMES: readonly [prefix: string, form: RegExp][] = [
  ['iqn', /iqn\.\d{4}-\d{2}\.([0-9A-Za-z\-.]+)(:[^,;*&$|\s]+)$/],
  ['eui', /^eui.[0-9A-Za-z]{16}$/],
  ['naa', /^naa.[0-9A-Za-z]{32}$/],
];

/** `at`: where field errors of it go, which for the initiator is no member's name. */
function checkIscsiName(source: FieldNode, key: string, at = key): void {
  const name = source.text(key);
  const kind = ISCSI_NAMES.find(([prefix]) => name.startsWith(prefix));
  if (kind === undefined) source.invalid(at, 'must be valid format starting with iqn, eui, or naa', name);
  else if (!kind[1].test(name)) source.invalid(at, 'must be valid format', name);
}

function checkIscsi(source: FieldNode): void {
  source.requireText('targetPortal');
  if (source.text('iqn') === '') source.required('iqn');
  else checkIscsiName(source, 'iqn');
  checkByte(source, 'lun');
  if ((source.flag('chapAuthDiscovery') || source.flag('chapAuthSession')) && !source.has('secretRef')) {
    source.required('secretRef');
  }
  if (source.has('initiatorName')) checkIscsiName(source, 'initiatorName', 'initiatorname');
}

function checkFibreChannel(source: FieldNode): void {
  const names = source.count('targetWWNs');
  const ids = source.count('wwids');
  if (names === 0 && ids === 0) source.required('targetWWNs', 'must specify either targetWWNs or wwids, but not both');
  if (names > 0 && ids > 0) source.invalid('targetWWNs', 'targetWWNs and wwids can not be specified simultaneously');
  if (names === 0) return;
  if (source.has('lun')) checkByte(source, 'lun');
  else source.required('lun', 'lun is required if targetWWNs is specified');
}

function checkFlocker(source: FieldNode): void {
  const name = source.text('datasetName');
  const uuid = source.text('datasetUUID');
  if (name === '' && uuid === '') source.required('', 'one of datasetName and datasetUUID is required');
  if (name !== '' && uuid !== '') {
    source.invalid('', 'datasetName and datasetUUID can not be specified simultaneously', 'resource');
  }
  if (name.includes('/')) source.invalid('datasetName', "must not contain '/'");
}

const CACHING_MODES = ['None', 'ReadOnly', 'ReadWrite'];
const DISK_KINDS = ['Dedicated', 'Managed', 'Shared'];
const MANAGED_DISK = '/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}';
const BLOB_DISK = 'https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd';

function checkAzureDisk(source: FieldNode): void {
  source.requireText('diskName');
  source.requireText('diskURI');
  source.checkOneOf('cachingMode', CACHING_MODES);
  source.checkOneOf('kind', DISK_KINDS);
  if (!source.has('kind')) return;
  const managed = source.text('kind') === 'Managed';
  if (!source.text('diskURI').startsWith(managed ? '/subscriptions/' : 'https://')) {
    source.unsupported('diskURI', [managed ? MANAGED_DISK : BLOB_DISK]);
  }
}

/** A reference to a secret must name it. */
function checkSecretName(source: FieldNode): void {
  source.child('secretRef')?.requireText('name');
}

function checkStorageOs(source: FieldNode): void {
  source.requireText('volumeName', dns1123Label);
  if (source.text('volumeNamespace') !== '') source.checkText('volumeNamespace', dns1123Label);
  checkSecretName(source);
}

const REGISTRIES = 'must be a host:port pair or multiple pairs separated by commas';
/** What Go's net.SplitHostPort takes: one colon outside of brackets. */
const HOST_PORT = /^(\[[^[\]]*\]|[^:[\]]*):[^:[\]]*$/;

function checkQuobyte(source: FieldNode): void {
  const registry = source.text('registry');
  if (registry === '') source.required('registry', REGISTRIES);
  else if (source.text('tenant').length >= 65) {
    source.required('tenant', 'must be a UUID and may not exceed a length of 64 characters');
  } else {
    for (const pair of registry.split(',')) if (!HOST_PORT.test(pair)) source.invalid('registry', REGISTRIES);
  }
  source.requireText('volume');
}

function checkMonitors(source: FieldNode): void {
  if (source.count('monitors') === 0) source.required('monitors');
}

function checkFlexVolume(source: FieldNode): void {
  source.requireText('driver');
  for (const [key] of source.entries('options')) {
    const namespace = `.${(key.includes('/') ? key.slice(0, key.indexOf('/')) : key).toLowerCase()}`;
    if (namespace.endsWith('.kubernetes.io') || namespace.endsWith('.k8s.io')) {
      source.invalid(`options[${key}]`, 'kubernetes.io and k8s.io namespaces are reserved', key);
    }
  }
}

export type SourceCheck = (source: FieldNode) => void;

const requiring =
  (...keys: readonly string[]): SourceCheck =>
  (source) => {
    for (const key of keys) source.requireText(key);
  };

/** The check of each source by its JSON name. */
export const SHARED_SOURCES = {
  hostPath: checkHostPath,
  gcePersistentDisk: (source: FieldNode): void => {
    // Field errors of it name a source that is none.
    const disk = source.movedTo(source.path.replace(/gcePersistentDisk$/, 'persistentDisk'));
    disk.requireText('pdName');
    checkByte(disk, 'partition');
  },
  awsElasticBlockStore: (source: FieldNode): void => {
    source.requireText('volumeID');
    checkByte(source, 'partition');
  },
  nfs: checkNfs,
  iscsi: checkIscsi,
  glusterfs: requiring('endpoints', 'path'),
  flocker: checkFlocker,
  rbd: (source: FieldNode): void => {
    checkMonitors(source);
    source.requireText('image');
  },
  cinder: (source: FieldNode): void => {
    source.requireText('volumeID');
    checkSecretName(source);
  },
  cephfs: checkMonitors,
  quobyte: checkQuobyte,
  fc: checkFibreChannel,
  flexVolume: checkFlexVolume,
  azureFile: requiring('secretName', 'shareName'),
  vsphereVolume: requiring('volumePath'),
  photonPersistentDisk: requiring('pdID'),
  portworxVolume: requiring('volumeID'),
  azureDisk: checkAzureDisk,
  storageos: checkStorageOs,
  scaleIO: requiring('gateway', 'system', 'volumeName'),
} as const satisfies Record<string, SourceCheck>;

/** Where a second source is told as a field error, when it is not its own name. */
export const CONFLICT_NAMES: Readonly<Record<string, string>> = { cephfs: 'cephFS', downwardAPI: 'downwarAPI' };
