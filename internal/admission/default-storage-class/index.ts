import { child, ensureChild, str } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import { defaultOf } from '../lookup.js';
import type { AdmissionContext } from '../types.js';
import { mutating } from '../mutating.js';

/** A claim that names no class gets the default one, if there is one (plugin DefaultStorageClass). */
function admitDefaultStorageClass(ctx: AdmissionContext, claim: JsonObject): void {
  const spec = ensureChild(claim, 'spec');
  const annotations = child(child(claim, 'metadata'), 'annotations');
  if (
    spec['storageClassName'] !== undefined ||
    annotations?.['volume.beta.kubernetes.io/storage-class'] !== undefined
  ) {
    return;
  }
  const standard = defaultOf(
    ctx.reader.list('storage.k8s.io', 'storageclasses'),
    'storageclass.kubernetes.io/is-default-class',
    'storageclass.beta.kubernetes.io/is-default-class',
  );
  if (standard !== undefined) spec['storageClassName'] = str(child(standard, 'metadata'), 'name');
}

/** Claims get a class. */
export const defaultStorageClass = mutating('DefaultStorageClass', ['CREATE'], {
  group: '',
  resource: 'persistentvolumeclaims',
  change: admitDefaultStorageClass,
});
