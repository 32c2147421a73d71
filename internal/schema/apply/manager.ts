import { StatusError } from '../../machinery/status.js';

/** Bytes of a field manager's name. */
const MAX_BYTES = 128;

/** Go's unicode.IsPrint: letters, marks, numbers, punctuation, symbols and the ASCII space. */
const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;

/** The manager of a write that is not apply: the fieldManager parameter, or the User-Agent up to its first '/' (printable, 128 bytes). */
export function managerName(fieldManager: string, userAgent: string): string {
  if (fieldManager !== '') return fieldManager;
  const slash = userAgent.indexOf('/');
  let out = '';
  let bytes = 0;
  for (const c of slash < 0 ? userAgent : userAgent.slice(0, slash)) {
    if (!PRINTABLE.test(c)) continue;
    bytes += Buffer.byteLength(c);
    if (bytes > MAX_BYTES) break;
    out += c;
  }
  return out;
}

/** Throws the 422 of an apply patch without fieldManager. */
export function requireFieldManager(fieldManager: string): void {
  if (fieldManager !== '') return;
  const message = 'Required value: is required for apply patch';
  throw new StatusError(422, 'Invalid', `PatchOptions.meta.k8s.io "" is invalid: fieldManager: ${message}`, {
    group: 'meta.k8s.io',
    kind: 'PatchOptions',
    causes: [{ reason: 'FieldValueRequired', message, field: 'fieldManager' }],
  });
}
