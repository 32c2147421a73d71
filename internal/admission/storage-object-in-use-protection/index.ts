import { ensureChild, strings } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import { mutating } from '../mutating.js';
import type { AdmissionAttributes, AdmissionContext } from '../types.js';

const FINALIZERS: Readonly<Record<string, string>> = {
  persistentvolumeclaims: 'kubernetes.io/pvc-protection',
  persistentvolumes: 'kubernetes.io/pv-protection',
  volumeattributesclasses: 'kubernetes.io/vac-protection',
};

/** Storage in use outlives its deletion until its controller lets it go (plugin StorageObjectInUseProtection). */
function protect(_ctx: AdmissionContext, o: JsonObject, a: AdmissionAttributes): void {
  const finalizer = FINALIZERS[a.def.storage.resource];
  if (finalizer === undefined) return;
  const metadata = ensureChild(o, 'metadata');
  const finalizers = strings(metadata, 'finalizers');
  if (!finalizers.includes(finalizer)) metadata['finalizers'] = [...finalizers, finalizer];
}

/** Volumes, claims and volume attributes classes. */
export const storageObjectInUseProtection = mutating(
  'StorageObjectInUseProtection',
  ['CREATE'],
  { group: '', resource: 'persistentvolumeclaims', change: protect },
  { group: '', resource: 'persistentvolumes', change: protect },
  { group: 'storage.k8s.io', resource: 'volumeattributesclasses', change: protect },
);
