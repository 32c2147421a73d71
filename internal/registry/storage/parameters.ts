import { semanticEqual } from '../../machinery/equal.js';
import type { JsonObject } from '../../machinery/json.js';
import { qualifiedName } from '../../machinery/names.js';
import type { FieldNode } from '../generic/field-node.js';

const MAX_PARAMETERS = 512;
/** Keys and values of all parameters together. */
const MAX_PARAMETER_BYTES = 256 * 1024;

/** A driver is named by a qualified name, in any case: it is checked and shown in lower case. */
export function checkDriver(root: FieldNode, key: string): void {
  const name = root.text(key).toLowerCase();
  if (name === '') root.required(key);
  else root.checkText(key, qualifiedName, name);
}

/** Bytes of all keys and values of a string map. */
export const mapBytes = (root: FieldNode, key: string): number =>
  root.entries(key).reduce((n, [k, v]) => n + Buffer.byteLength(k) + Buffer.byteLength(v), 0);

/** What is handed to a driver as it is: bounded in number and size, without empty keys. */
export function checkParameters(root: FieldNode, mayBeEmpty: boolean): void {
  const count = root.count('parameters');
  if (!mayBeEmpty && count === 0) {
    root.required('parameters', 'must contain at least one key/value pair');
    return;
  }
  if (count > MAX_PARAMETERS) {
    root.tooLong('parameters', MAX_PARAMETERS);
    return;
  }
  if (root.struct('parameters').has('')) root.invalid('parameters', 'field can not be empty.', '');
  if (mapBytes(root, 'parameters') > MAX_PARAMETER_BYTES) root.tooLong('parameters', MAX_PARAMETER_BYTES);
}

/** Classes promise that what they said once stays so. */
export function forbidUpdates(root: FieldNode, old: JsonObject, ...keys: readonly string[]): void {
  for (const key of keys) {
    if (!semanticEqual(root.get(key), old[key])) root.forbidden(key, `updates to ${key} are forbidden.`);
  }
}
