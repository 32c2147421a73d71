import { ensureChild, strings } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import { mutating } from '../mutating.js';

const FINALIZERS: Readonly<Record<string, string>> = {
  persistentvolumeclaims: 'kubernetes.io/pvc-protection',
  persistentvolumes: 'kubernetes.io/pv-protection',
  volumeattributesclasses: 'kubernetes.io/vac-protection',
};

/** Storage in use outlives its deletion until its controller lets it go (plugin StorageObjectInUseProtection). */
function admitStorageProtection(resource: string, o: JsonObject): void {
  const finalizer = FINALIZERS[resource];
  if (finalizer === undefined) return;
  const metadata = ensureChild(o, 'metadata');
  const finalizers = strings(metadata, 'finalizers');
  if (!finalizers.includes(finalizer)) metadata['finalizers'] = [...finalizers, finalizer];
}

/** Volumes and claims. */
export const storageObjectInUseProtection = mutating(
  'StorageObjectInUseProtection',
  { operations: ['CREATE'], group: '', resources: ['persistentvolumeclaims', 'persistentvolumes'] },
  (_ctx, o, a) => admitStorageProtection(a.def.storage.resource, o),
);

/** Volume attributes classes. */
export const volumeAttributesClassProtection = mutating(
  'StorageObjectInUseProtection',
  { operations: ['CREATE'], group: 'storage.k8s.io', resources: ['volumeattributesclasses'] },
  (_ctx, o, a) => admitStorageProtection(a.def.storage.resource, o),
);
