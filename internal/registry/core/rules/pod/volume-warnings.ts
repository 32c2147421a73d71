import type { FieldNode } from '../../../generic/field-node.js';

/** Sources that no kubelet serves any more. */
export const REMOVED_SOURCES: Readonly<Record<string, string>> = {
  photonPersistentDisk: 'deprecated in v1.11, non-functional in v1.16+',
  gitRepo: 'deprecated in v1.11, and disabled by default in v1.33+',
  scaleIO: 'deprecated in v1.16, non-functional in v1.22+',
  flocker: 'deprecated in v1.22, non-functional in v1.25+',
  storageos: 'deprecated in v1.22, non-functional in v1.25+',
  quobyte: 'deprecated in v1.22, non-functional in v1.25+',
  glusterfs: 'deprecated in v1.25, non-functional in v1.26+',
  cephfs: 'deprecated in v1.28, non-functional in v1.31+',
  rbd: 'deprecated in v1.28, non-functional in v1.31+',
};

/** Sources that warnings call otherwise than the API does. */
const CALLED: Readonly<Record<string, string>> = { storageos: 'storageOS' };

/** Warnings about the sources of volumes. */
export function volumeWarnings(spec: FieldNode, warn: (text: string) => void): void {
  for (const volume of spec.list('volumes')) {
    for (const key of Object.keys(volume.value)) {
      const text = REMOVED_SOURCES[key];
      if (text !== undefined && volume.has(key)) warn(`${volume.at(CALLED[key] ?? key)}: ${text}`);
    }
  }
}
