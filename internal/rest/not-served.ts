import { StatusError } from '../machinery/status.js';
import type { ResourceDef } from '../schema/types.js';

/** 501 for a route of the reference that this server does not fill yet. */
export function notServed(def: ResourceDef, subresource: string): StatusError {
  const what = subresource === '' ? def.resource : `${def.resource}/${subresource}`;
  return new StatusError(501, '', `${what} is not implemented by this server`);
}
