import type { FieldNode } from '../generic/field-node.js';

const TYPES = ['boolean', 'date', 'integer', 'number', 'string'];
const FORMATS = ['byte', 'date', 'date-time', 'double', 'float', 'int32', 'int64', 'password'];

/** Whether the text is a JSON path of the simple kind; a field error at `at` otherwise. */
export function checkSimplePath(owner: FieldNode, at: string, path: string): boolean {
  if (path.startsWith('.')) return true;
  owner.invalid(at, 'must be a simple json path starting with .', path);
  return false;
}

/** Field errors of a column; kube-apiserver writes `JSONPath` where the field is `jsonPath`. */
export function checkColumn(column: FieldNode): void {
  column.requireText('name');
  const type = column.text('type');
  const oneOf = `must be one of ${TYPES.join(',')}`;
  if (type === '') column.required('type', oneOf);
  else if (!TYPES.includes(type)) column.invalid('type', oneOf);
  const format = column.text('format');
  if (format !== '' && !FORMATS.includes(format)) column.invalid('format', `must be one of ${FORMATS.join(',')}`);
  const path = column.text('jsonPath');
  if (path === '') column.required('JSONPath');
  else checkSimplePath(column, 'JSONPath', path);
}
