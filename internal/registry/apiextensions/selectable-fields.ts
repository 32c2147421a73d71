import { type Schema, typeOf } from '../../extensions/structural/schema.js';
import type { FieldNode } from '../generic/field-node.js';
import { followPath } from './field-paths.js';

const MAX_FIELDS = 8;
const SELECTABLE = ['string', 'boolean', 'integer'];

/** Field errors of the fields that can be selected by; `schema` is that of the whole object. */
export function checkSelectableFields(owner: FieldNode, schema: Schema): void {
  const seen = new Set<string>();
  for (const field of owner.list('selectableFields')) {
    const path = field.text('jsonPath');
    if (path === '') {
      field.required('jsonPath');
      continue;
    }
    const found = followPath(path, schema, false);
    if (typeof found === 'string') {
      field.invalid('jsonPath', `is an invalid path: ${found}`);
      continue;
    }
    if (found.names[0] === 'metadata') field.invalid('jsonPath', 'must not point to fields in metadata');
    if (!SELECTABLE.includes(typeOf(found.schema))) {
      field.invalid(
        'jsonPath',
        'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.',
      );
    }
    const name = found.names.join('.');
    if (seen.has(name)) field.duplicate('jsonPath');
    seen.add(name);
  }
  if (seen.size > MAX_FIELDS) owner.tooMany('selectableFields', seen.size, MAX_FIELDS);
}
