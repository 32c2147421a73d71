import type { FieldNode } from '../generic/field-node.js';

/** Conditions of flow control: each has a type, and no other the same. */
export function checkFlowConditions(status: FieldNode): void {
  const types = new Set<string>();
  for (const condition of status.list('conditions')) {
    const type = condition.text('type');
    if (types.has(type)) condition.duplicate('type', type);
    types.add(type);
    if (type === '') condition.required('type');
  }
}
