import { StatusError } from '../machinery/status.js';
import type { ResourceDef } from '../schema/types.js';
import type { BytesReply } from './types.js';

/** 501 for a route of kube-apiserver that this server does not fill yet. */
export function notServed(def: ResourceDef, subresource: string): StatusError {
  const what = subresource === '' ? def.resource : `${def.resource}/${subresource}`;
  return new StatusError(501, '', `${what} is not implemented by this server`);
}

/** The answer for a path that no API knows: not a Status, in kube-apiserver neither. */
export function pageNotFound(): BytesReply {
  return {
    status: 404,
    contentType: 'text/plain; charset=utf-8',
    headers: { 'X-Content-Type-Options': 'nosniff' },
    body: '404 page not found\n',
  };
}
