import { child, ensureChild, str } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import { defaultOf, lookupAll } from '../lookup.js';
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
    lookupAll(ctx.backend, 'storage.k8s.io', 'storageclasses'),
    'storageclass.kubernetes.io/is-default-class',
    'storageclass.beta.kubernetes.io/is-default-class',
  );
  if (standard !== undefined) spec['storageClassName'] = str(child(standard, 'metadata'), 'name');
}

/** Claims get a class. */
export const defaultStorageClass = mutating(
  'DefaultStorageClass',
  { operations: ['CREATE'], group: '', resources: ['persistentvolumeclaims'] },
  (ctx, claim) => admitDefaultStorageClass(ctx, claim),
);
