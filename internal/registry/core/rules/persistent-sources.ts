import { dns1123Label, dns1123Subdomain } from '../../../machinery/names.js';
import type { FieldNode } from '../../generic/field-node.js';
import { checkNoBacksteps } from './paths.js';
import { checkDriverName, SHARED_SOURCES, type SourceCheck } from './volume-sources.js';

// Rules: k8s.io/kubernetes pkg/apis/core/validation, the sources that a persistent volume can have.

/** Secrets that a driver is given for a step; they are in a namespace of their own. */
const SECRETS = [
  'controllerPublishSecretRef',
  'controllerExpandSecretRef',
  'nodePublishSecretRef',
  'nodeExpandSecretRef',
];

function checkCsi(csi: FieldNode): void {
  checkDriverName(csi, 'driver');
  csi.requireText('volumeHandle');
  for (const key of SECRETS) {
    const ref = csi.child(key);
    if (ref === undefined) continue;
    ref.requireText('name', dns1123Subdomain);
    ref.requireText('namespace', dns1123Label);
  }
}

const CHECKS: Readonly<Record<string, SourceCheck>> = {
  ...SHARED_SOURCES,
  azureFile(source) {
    SHARED_SOURCES.azureFile(source);
    if (source.has('secretNamespace')) source.requireText('secretNamespace');
  },
  local(source) {
    source.requireText('path');
    checkNoBacksteps(source, 'path');
  },
  csi: checkCsi,
};

const ORDER = (
  'hostPath gcePersistentDisk awsElasticBlockStore glusterfs flocker nfs rbd quobyte cephfs iscsi cinder fc flexVolume ' +
  'azureFile vsphereVolume photonPersistentDisk portworxVolume azureDisk scaleIO local storageos csi'
).split(' ');

/** The check of each source by its JSON name, in the order in which kube-apiserver looks for them. */
export const PERSISTENT_SOURCES: Readonly<Record<string, SourceCheck>> = Object.fromEntries(
  ORDER.flatMap((name) => (CHECKS[name] === undefined ? [] : [[name, CHECKS[name]]])),
);
