import { dns1035Label } from '../../machinery/names.js';
import type { FieldNode } from '../generic/field-node.js';

/** Field errors of a label, all in one sentence. */
export function checkLabel(owner: FieldNode, key: string, value: string): void {
  const fieldErrors = dns1035Label(value);
  if (fieldErrors.length > 0) owner.invalid(key, fieldErrors.join(','), value);
}

function checkKind(names: FieldNode, key: string): void {
  const kind = names.text(key);
  if (kind === '') return;
  const fieldErrors = dns1035Label(kind.toLowerCase());
  if (fieldErrors.length > 0) {
    names.invalid(key, `may have mixed case, but should otherwise match: ${fieldErrors.join(',')}`);
  }
}

/** Field errors of the names of a custom resource; which of them must be there is said elsewhere. */
export function checkNames(names: FieldNode): void {
  for (const key of ['plural', 'singular']) if (names.text(key) !== '') checkLabel(names, key, names.text(key));
  checkKind(names, 'kind');
  checkKind(names, 'listKind');
  for (const [i, name] of names.texts('shortNames').entries()) checkLabel(names, `shortNames[${i}]`, name);
  if (names.text('kind') !== '' && names.text('kind') === names.text('listKind')) {
    names.invalid('listKind', 'kind and listKind may not be the same');
  }
  for (const [i, name] of names.texts('categories').entries()) checkLabel(names, `categories[${i}]`, name);
}
