import { type StatusError, badRequest } from '../../machinery/status.js';
import type { GroupVersionKind } from '../types.js';

export type FieldValidation = 'Strict' | 'Warn' | 'Ignore';

/** `v1` or `apps/v1`. */
export function groupVersionText(gv: { readonly group: string; readonly version: string }): string {
  return gv.group === '' ? gv.version : `${gv.group}/${gv.version}`;
}

/** The first 30 bytes of a body: as text when they begin an object, else in hex (apiserver's summarizeData). */
function summary(body: Buffer): string {
  if (body.length === 0) return '<empty>';
  const head = body.subarray(0, 30);
  const text = head[0] === 0x7b ? head.toString() : head.toString('hex');
  return body.length > 30 ? `${text} ...` : text;
}

/** 400 for a body whose kind could not even be read. */
export function unrecognized(kind: string, why: string, body: Buffer): StatusError {
  return badRequest(`the object provided is unrecognized (must be of type ${kind}): ${why} (${summary(body)})`);
}

/** 400 for a body of the kind `actual` that is no good `kind`. */
export function cannotBeHandled(actual: GroupVersionKind, kind: string, why: string): StatusError {
  return badRequest(`${actual.kind} in version "${actual.version}" cannot be handled as a ${kind}: ${why}`);
}

/** What a strict decoding error says about everything it found. */
export function strictText(errors: readonly string[]): string {
  return `strict decoding error: ${errors.join(', ')}`;
}
