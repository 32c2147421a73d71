import { child, strings } from '../../machinery/access.js';
import { admissionForbidden } from '../forbidden.js';
import type { AdmissionPlugin } from '../types.js';

/**
 * Services get no external IPs that they do not have already: who may set them can draw the traffic of others to himself
 * (plugin DenyServiceExternalIPs).
 */
export const denyServiceExternalIPs: AdmissionPlugin = {
  name: 'DenyServiceExternalIPs',
  handles: (operation) => operation === 'CREATE' || operation === 'UPDATE',
  validate(_ctx, a) {
    if (a.def.group !== '' || a.def.resource !== 'services' || a.subresource !== '') return;
    const before = new Set(strings(child(a.oldObject, 'spec'), 'externalIPs'));
    if (strings(child(a.object, 'spec'), 'externalIPs').every((ip) => before.has(ip))) return;
    throw admissionForbidden(a, 'Use of external IPs is denied by admission control');
  },
};
