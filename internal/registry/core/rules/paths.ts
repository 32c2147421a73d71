import type { FieldNode } from '../../generic/field-node.js';

const NO_BACKSTEPS = "must not contain '..'";

/** A path may not lead upwards. */
export function checkNoBacksteps(node: FieldNode, key: string, value = node.text(key)): void {
  if (value.includes('..') && value.split('/').includes('..')) node.invalid(key, NO_BACKSTEPS, value);
}

/** A relative path that does not lead upwards. */
export function checkDescendingPath(node: FieldNode, key: string, value = node.text(key)): void {
  if (value.startsWith('/')) node.invalid(key, 'must be a relative path', value);
  checkNoBacksteps(node, key, value);
}

/** The same, and no name that the volume's own bookkeeping uses (`..data`). */
export function checkFilePath(node: FieldNode, key: string, value = node.text(key)): void {
  checkDescendingPath(node, key, value);
  // A first element of two dots was already told as a field error.
  if (value.startsWith('..') && !value.startsWith('../')) node.invalid(key, "must not start with '..'", value);
}

/** Permission bits, when given. */
export function checkFileMode(node: FieldNode, key: string): void {
  const mode = node.number(key);
  if (mode !== undefined && (mode < 0 || mode > 0o777)) {
    node.invalid(key, 'must be a number between 0 and 0777 (octal), both inclusive');
  }
}
