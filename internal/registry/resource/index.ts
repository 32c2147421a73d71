import type { Strategy } from '../types.js';
import { resourceClaims, resourceClaimTemplates } from './claim.js';
import { deviceClasses } from './device-class.js';
import { resourceSlices } from './slice.js';

/** Resources of the resource.k8s.io group by their plural name. */
export const resource: Readonly<Record<string, Strategy>> = {
  deviceclasses: deviceClasses,
  resourceclaims: resourceClaims,
  resourceclaimtemplates: resourceClaimTemplates,
  resourceslices: resourceSlices,
};
