import type { Strategy } from '../types.js';
import { csiDrivers } from './csi-driver.js';
import { csiNodes } from './csi-node.js';
import { csiStorageCapacities } from './csi-storage-capacity.js';
import { storageClasses } from './storage-class.js';
import { volumeAttachments } from './volume-attachment.js';
import { volumeAttributesClasses } from './volume-attributes-class.js';

/** Resources of the storage.k8s.io group by their plural name. */
export const storage: Readonly<Record<string, Strategy>> = {
  csidrivers: csiDrivers,
  csinodes: csiNodes,
  csistoragecapacities: csiStorageCapacities,
  storageclasses: storageClasses,
  volumeattachments: volumeAttachments,
  volumeattributesclasses: volumeAttributesClasses,
};
