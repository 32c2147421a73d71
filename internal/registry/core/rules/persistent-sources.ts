import { dns1123Subdomain } from '../../../machinery/names.js';
import type { FieldNode } from '../../generic/field-node.js';

// Rules: k8s.io/kubernetes pkg/apis/core/validation, the sources that a persistent volume can have.

/** Members that must not be empty, by source. */
const REQUIRED: Readonly<Record<string, readonly string[]>> = {
  awsElasticBlockStore: ['volumeID'],
  azureDisk: ['diskName', 'diskURI'],
  azureFile: ['secretName', 'shareName'],
  cinder: ['volumeID'],
  flexVolume: ['driver'],
  gcePersistentDisk: ['pdName'],
  glusterfs: ['endpoints', 'path'],
  hostPath: ['path'],
  iscsi: ['targetPortal'],
  local: ['path'],
  nfs: ['server', 'path'],
  photonPersistentDisk: ['pdID'],
  portworxVolume: ['volumeID'],
  quobyte: ['volume'],
  rbd: ['image'],
  scaleIO: ['gateway', 'system', 'volumeName'],
  vsphereVolume: ['volumePath'],
};

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
const BYTE = 'must be between 0 and 255, inclusive';

function checkNoBacksteps(owner: FieldNode, key: string): void {
  if (owner.text(key).split('/').includes('..')) owner.invalid(key, "must not contain '..'");
}

function checkByte(owner: FieldNode, key: string): void {
  const value = owner.number(key) ?? 0;
  if (value < 0 || value > 255) owner.invalid(key, BYTE, value);
}

function checkIqn(iscsi: FieldNode): void {
  const iqn = iscsi.text('iqn');
  if (iqn === '') iscsi.required('iqn');
  else if (!/^(iqn|eui|naa)\./.test(iqn)) {
    iscsi.invalid('iqn', 'must be valid format starting with iqn, eui, or naa');
  } else if (
    !(iqn.startsWith('iqn') && /^iqn\.\d{4}-\d{2}\.([A-Za-z0-9.-]+)(:[^\s,]+)?$/i.test(iqn)) &&
    !(iqn.startsWith('eui') && /^eui\.[A-Za-z0-9]{16}$/.test(iqn)) &&
    !(iqn.startsWith('naa') && /^naa\.[A-Za-z0-9]{32}$/.test(iqn))
  ) {
    iscsi.invalid('iqn', 'must be valid format');
  }
}

const SECRETS = [
  'controllerPublishSecretRef',
  'controllerExpandSecretRef',
  'nodePublishSecretRef',
  'nodeExpandSecretRef',
];

function checkCsi(csi: FieldNode): void {
  const driver = csi.text('driver');
  if (driver === '') csi.required('driver');
  else {
    if (driver.length > 63) csi.tooLong('driver', 63);
    csi.checkText('driver', dns1123Subdomain, driver.toLowerCase());
  }
  if (csi.text('volumeHandle') === '') csi.required('volumeHandle');
  for (const key of SECRETS) {
    const ref = csi.child(key);
    if (ref === undefined) continue;
    for (const part of ['name', 'namespace']) ref.requireText(part);
  }
}

function checkFibreChannel(fc: FieldNode): void {
  const [targets, ids] = [fc.count('targetWWNs'), fc.count('wwids')];
  if (targets === 0 && ids === 0) {
    fc.required('targetWWNs', 'must specify either targetWWNs or wwids, but not both');
  } else if (targets > 0 && ids > 0) {
    fc.invalid('targetWWNs', 'targetWWNs and wwids can not be specified simultaneously', fc.texts('targetWWNs'));
  }
  if (targets === 0) return;
  if (!fc.has('lun')) fc.required('lun', 'lun is required if targetWWNs is specified');
  else checkByte(fc, 'lun');
}

/** Complaints about one source of a persistent volume, `source` its field name. */
export function checkPersistentSource(source: string, node: FieldNode): void {
  if (source === 'rbd' || source === 'cephfs') {
    if (node.count('monitors') === 0) node.required('monitors');
  }
  for (const key of REQUIRED[source] ?? []) node.requireText(key);
  switch (source) {
    case 'hostPath':
      if (node.text('path') === '') return;
      checkNoBacksteps(node, 'path');
      node.checkOneOf('type', HOST_PATH_TYPES);
      return;
    case 'local':
    case 'azureFile':
      checkNoBacksteps(node, source === 'local' ? 'path' : 'shareName');
      return;
    case 'nfs':
      if (!node.text('path').startsWith('/')) node.invalid('path', 'must be an absolute path', node.text('path'));
      return;
    case 'gcePersistentDisk':
    case 'awsElasticBlockStore':
      checkByte(node, 'partition');
      return;
    case 'iscsi':
      checkIqn(node);
      checkByte(node, 'lun');
      return;
    case 'fc':
      checkFibreChannel(node);
      return;
    case 'csi':
      checkCsi(node);
      return;
  }
}
