import { child, str } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import { compareQuantity, parseQuantity, type Quantity } from '../../machinery/quantity.js';
import { admissionForbidden } from '../forbidden.js';
import type { AdmissionContext, AdmissionPlugin } from '../types.js';

function sizeOf(claim: JsonObject): Quantity {
  const requests = child(child(child(claim, 'spec'), 'resources'), 'requests');
  return parseQuantity(str(requests, 'storage') || '0');
}

function classOf(claim: JsonObject): string {
  const annotation = str(child(child(claim, 'metadata'), 'annotations'), 'volume.beta.kubernetes.io/storage-class');
  return annotation === '' ? str(child(claim, 'spec'), 'storageClassName') : annotation;
}

function expandable(ctx: AdmissionContext, claim: JsonObject, old: JsonObject): boolean {
  const name = classOf(claim);
  if (name === '' || name !== classOf(old)) return false;
  return ctx.reader.get('storage.k8s.io', 'storageclasses', '', name)?.['allowVolumeExpansion'] === true;
}

/** A claim grows when it is bound and its class lets it (plugin PersistentVolumeClaimResize, KEP-284). */
export const persistentVolumeClaimResize: AdmissionPlugin = {
  name: 'PersistentVolumeClaimResize',
  handles: (operation) => operation === 'UPDATE',
  validate(ctx, a) {
    const { group, resource } = a.def.storage;
    if (group !== '' || resource !== 'persistentvolumeclaims' || a.subresource !== '') return;
    if (a.object === undefined || a.oldObject === undefined) return;
    if (compareQuantity(sizeOf(a.object), sizeOf(a.oldObject)) <= 0) return;
    if (str(child(a.oldObject, 'status'), 'phase') !== 'Bound') {
      throw admissionForbidden(a, 'Only bound persistent volume claims can be expanded');
    }
    if (!expandable(ctx, a.object, a.oldObject)) {
      throw admissionForbidden(
        a,
        'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize',
      );
    }
  },
};
