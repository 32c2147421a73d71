import { child, defaultString, defaultTo, ensureChild } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import type { Strategy } from '../types.js';

/** SetDefaults_PersistentVolumeClaimSpec. */
export function defaultClaimSpec(spec: JsonObject): void {
  defaultTo(spec, 'volumeMode', 'Filesystem');
}

/** SetDefaults_PersistentVolumeClaim; also for the claim templates of a StatefulSet. */
export function defaultClaim(claim: JsonObject): void {
  defaultString(ensureChild(claim, 'status'), 'phase', 'Pending');
  const spec = child(claim, 'spec');
  if (spec !== undefined) defaultClaimSpec(spec);
}

export const persistentVolumeClaims: Strategy = {
  defaults: defaultClaim,
  prepareForCreate(_ctx, claim) {
    claim['status'] = { phase: 'Pending' };
  },
};
