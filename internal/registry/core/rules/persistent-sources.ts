import { dns1123Label, dns1123Subdomain } from '../../../machinery/names.js';
import type { FieldNode } from '../../generic/field-node.js';
import { checkNoBacksteps } from './paths.js';
import { checkDriverName, SHARED_SOURCES, type SourceCheck } from './volume-sources.js';

// Rules: k8s.io/kubernetes pkg/apis/core/validation, the sources that a persistent volume can have.

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
    ref?.requireText('name', dns1123Subdomain);
    ref?.requireText('namespace', dns1123Label);
  }
}

function checkLocal(local: FieldNode): void {
  local.requireText('path');
  checkNoBacksteps(local, 'path');
}

/** A volume is in no namespace: what it refers to says in which one it is. */
const MORE: Readonly<Record<string, SourceCheck>> = {
  azureFile: (source) => {
    if (source.has('secretNamespace')) source.requireText('secretNamespace');
  },
  cinder: (source) => source.child('secretRef')?.requireText('namespace'),
  iscsi: (source) => source.child('secretRef')?.requireText('name'),
  storageos: (source) => source.child('secretRef')?.requireText('namespace'),
};

const SOURCES: Readonly<Record<string, SourceCheck>> = { ...SHARED_SOURCES, csi: checkCsi, local: checkLocal };

/** Complaints about one source of a persistent volume, `source` its field name. */
export function checkPersistentSource(source: string, node: FieldNode): void {
  SOURCES[source]?.(node);
  MORE[source]?.(node);
}
