import { StatusError, unsupportedMediaType } from '../../machinery/status.js';
import type { ApiRequest } from '../types.js';

export type PatchType = 'json' | 'merge' | 'strategic' | 'apply';

const TYPES: Readonly<Record<string, PatchType>> = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
  'application/apply-patch+yaml': 'apply',
};

/** What custom resources, which have no type, can be patched with. */
const UNTYPED = ['application/json-patch+json', 'application/merge-patch+json', 'application/apply-patch+yaml'];

/**
 * The kind of patch that the Content-Type names. Throws 415: for types as kube-apiserver's router says it, for custom
 * resources, which it does not route, as their handler does.
 */
export function patchTypeOf(request: ApiRequest, typed: boolean): PatchType {
  const header = request.header('content-type');
  const semicolon = header.indexOf(';');
  const type = TYPES[(semicolon > 0 ? header.slice(0, semicolon) : header).trim()];
  if (type === undefined || (type === 'strategic' && !typed)) {
    if (!typed) throw unsupportedMediaType(UNTYPED);
    throw new StatusError(415, 'UnsupportedMediaType', '415: Unsupported Media Type', {});
  }
  return type;
}
