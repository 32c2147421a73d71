import { defaultTo, ensureChild, strings } from '../../machinery/access.js';
import type { Strategy } from '../types.js';

// Rules: k8s.io/kubernetes pkg/apis/storage/v1/defaults.go.

const storageClasses: Strategy = {
  defaults(c) {
    defaultTo(c, 'reclaimPolicy', 'Delete');
    defaultTo(c, 'volumeBindingMode', 'Immediate');
  },
};

const csiDrivers: Strategy = {
  defaults(driver) {
    const spec = ensureChild(driver, 'spec');
    defaultTo(spec, 'attachRequired', true);
    defaultTo(spec, 'podInfoOnMount', false);
    defaultTo(spec, 'storageCapacity', false);
    defaultTo(spec, 'fsGroupPolicy', 'ReadWriteOnceWithFSType');
    if (strings(spec, 'volumeLifecycleModes').length === 0) spec['volumeLifecycleModes'] = ['Persistent'];
    defaultTo(spec, 'requiresRepublish', false);
    defaultTo(spec, 'seLinuxMount', false);
  },
};

const csiNodes: Strategy = {};

const volumeAttachments: Strategy = {
  prepareForCreate(_ctx, attachment) {
    attachment['status'] = { attached: false };
  },
};

const csiStorageCapacities: Strategy = {};
const volumeAttributesClasses: Strategy = {};

/** Resources of the storage.k8s.io group by their plural name. */
export const storage: Readonly<Record<string, Strategy>> = {
  csidrivers: csiDrivers,
  csinodes: csiNodes,
  csistoragecapacities: csiStorageCapacities,
  storageclasses: storageClasses,
  volumeattachments: volumeAttachments,
  volumeattributesclasses: volumeAttributesClasses,
};
