import { admissionForbidden } from '../forbidden.js';
import type { AdmissionAttributes, AdmissionContext, AdmissionPlugin } from '../types.js';

function deny(_ctx: AdmissionContext, a: AdmissionAttributes): void {
  throw admissionForbidden(a, 'admission control is denying all modifications');
}

/** Refuses everything that changes or connects (plugin AlwaysDeny). */
export const alwaysDeny: AdmissionPlugin = { name: 'AlwaysDeny', handles: () => true, admit: deny, validate: deny };
