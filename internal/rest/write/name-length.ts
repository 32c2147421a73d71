import { type GroupKind, invalid, invalidValue, tooLong } from '../../machinery/field.js';

/**
 * The longest name in bytes of UTF-8. Most kinds take 253 characters at most by their own rules; names of roles and the like
 * are bounded in kube-apiserver by the size of an object only, here by what a key of the store holds beside the resource
 * and the namespace.
 */
const MAX_NAME_BYTES = 1_400;

/** Throws 422 for a name under which nothing can be stored. */
export function checkNameLength(kind: GroupKind, name: string): void {
  if (name.length * 3 > MAX_NAME_BYTES && Buffer.byteLength(name) > MAX_NAME_BYTES) {
    throw invalid(kind, name.slice(0, MAX_NAME_BYTES), [tooLong('metadata.name', MAX_NAME_BYTES)]);
  }
  if (name.includes('\0')) throw invalid(kind, name, [invalidValue('metadata.name', name, 'must not contain NUL')]);
}
