import { StatusError } from '../../machinery/status.js';
import type { ApiRequest } from '../types.js';

export type PatchType = 'json' | 'merge' | 'strategic' | 'apply';

const TYPES: Readonly<Record<string, PatchType>> = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
  'application/apply-patch+yaml': 'apply',
};

/** The kind of patch that the Content-Type names. Throws 415; strategic merge needs a type, which custom resources have not. */
export function patchTypeOf(request: ApiRequest, typed: boolean): PatchType {
  const header = request.header('content-type');
  const semicolon = header.indexOf(';');
  const type = TYPES[(semicolon > 0 ? header.slice(0, semicolon) : header).trim()];
  if (type === undefined || (type === 'strategic' && !typed)) {
    throw new StatusError(415, 'UnsupportedMediaType', '415: Unsupported Media Type', {});
  }
  return type;
}
