import { isObject } from '../machinery/json.js';
import { forbidden, type StatusError } from '../machinery/status.js';
import type { AdmissionAttributes } from './types.js';

/** The 403 of a plugin; an object without a name yet is called by its generateName (admission.NewForbidden). */
export function admissionForbidden(a: AdmissionAttributes, why: string): StatusError {
  let { name } = a;
  if (name === '') {
    name = 'Unknown';
    const meta = a.object?.['metadata'];
    if (isObject(meta)) {
      if (typeof meta['name'] === 'string' && meta['name'] !== '') name = meta['name'];
      else if (typeof meta['generateName'] === 'string' && meta['generateName'] !== '') name = meta['generateName'];
    }
  }
  return forbidden(a.def, name, why);
}
